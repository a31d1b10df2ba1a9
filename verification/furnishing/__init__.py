"""What every new bank starts with from this room: the standard text of each agreement, as version 1."""

from __future__ import annotations

from tenants.provisioning import BankOpening, register_furnishing
from verification.furnishing.texts import STANDARD_TEXTS
from verification.models import AgreementText


def furnish(opening: BankOpening) -> None:
    """Put the standard agreement texts into a new bank; they name the bank when they are shown."""
    del opening
    AgreementText.objects.bulk_create(
        AgreementText(purpose=purpose, version=1, title=standard.title, text=standard.text)
        for purpose, standard in STANDARD_TEXTS.items()
    )


register_furnishing("verification.agreements", furnish)
