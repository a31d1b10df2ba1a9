"""Render an agreement's text: it names this bank and, where known, this person and this business (LN-06, LN-07).

The same version, bank, person and business give the same text to the last character, for its SHA-256 is what
the customer agrees to. So a text carries no date and nothing else that changes between showing and
confirming.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.crypto.masking import mask_id_number
from core.tenancy import current_bank
from tenants import directory

if TYPE_CHECKING:
    from verification.acts import AgreementContext
    from verification.identity import Identity
    from verification.models import AgreementText

PLACE: Final = re.compile(r"\{([a-z_]+)\}")
PLACES: Final = frozenset({"bank", "bank_phone", "complaint_phone", "person", "business"})
ANY_PERSON: Final = "登录本小程序并完成身份核验的本人"
ANY_BUSINESS: Final = "本人在贵行办理的线上业务"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedAgreement:
    """A text as the customer sees it."""

    text: str

    @property
    def sha256(self) -> bytes:
        """Return the SHA-256 of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).digest()


def render(
    agreement: AgreementText, *, person: Identity | None = None, business: AgreementContext | None = None
) -> RenderedAgreement:
    """Fill in a version's text for the current bank, and for a person and a business where they are given.

    The name stands in full, since it says who authorises; the ID number as the customer's own screens show
    it.

    Raises:
        KeyError: the text has a place that nobody fills.
        LookupError: the bank is not in the directory.
    """
    card = directory.card_of(current_bank().code)
    if card is None:
        msg = f"bank {current_bank().code} is not in the directory"
        raise LookupError(msg)
    values = {
        "bank": card.name,
        "bank_phone": card.phone,
        "complaint_phone": card.complaint_phone,
        "person": ANY_PERSON if person is None else f"{person.name}（证件号码：{mask_id_number(person.id_number)}）",
        "business": ANY_BUSINESS if business is None else business.business,
    }
    return RenderedAgreement(text=PLACE.sub(lambda place: values[place.group(1)], agreement.text))
