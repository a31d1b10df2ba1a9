"""The five-element check of a bound card at the bank that issued it (ACC-03, 银发〔2016〕302号)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class BoundCardResult(enum.StrEnum):
    """Whether name, ID number, phone and card number belong together."""

    MATCH = "match"
    MISMATCH = "mismatch"


class CardElement(enum.StrEnum):
    """An element that can disagree; an unknown card is CARD_NUMBER."""

    NAME = "name"
    ID_NUMBER = "id_number"
    PHONE = "phone"
    CARD_NUMBER = "card_number"


class CardAccountClass(enum.StrEnum):
    """What is behind a card. Only CLASS_I and CREDIT may be bound to a Class II account (ACC-03)."""

    CLASS_I = "I"
    CLASS_II = "II"
    CLASS_III = "III"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCardAnswer:
    """What the issuer answered.

    `issuer_bank` is the code of a bank of the union, empty for any other; `issuer_name` may be empty too.
    `account_class` is None for an unknown card.
    """

    result: BoundCardResult
    mismatched: frozenset[CardElement]
    issuer_bank: str
    issuer_name: str
    account_class: CardAccountClass | None


class BoundCardCheck(Protocol):
    """Asks the issuing bank."""

    name: str

    def verify(self, *, name: str, id_number: str, phone: str, card_number: str, request_id: str) -> BoundCardAnswer:
        """Ask whether the elements belong together. PURE; every answer is paid.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
