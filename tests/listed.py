"""People on a watchlist, as a test wants them there, and what compliance says of them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import date

from core.approvals.operations import propose
from tests.second_person import approve
from verification.approvals import CLEAR_ALERT
from verification.models import ScreeningAlert
from verification.operations.judging import confirm_alert
from verification.screening.readers import ListedEntry
from verification.screening.versions import import_version

_versions = itertools.count(1)
OPINION = "出生日期不符"


def list_people(*names: str, ids: Sequence[str] = (), born: date | None = None, code: str = "test") -> None:
    """Import the next version of a list, on which there is one entry under these names, or nobody where there is none."""
    births = () if born is None else ((born, born),)
    entry = ListedEntry(entry="E1", names=names, births=births, id_numbers=tuple(ids))
    import_version(list_code=code, entries=[entry] if names else [], source=f"test {next(_versions)}".encode())


def clear(alert: ScreeningAlert, *, first: str = "compliance-1", second: str = "compliance-2") -> None:
    """Clear an alert by two people."""
    proposal = propose(kind=CLEAR_ALERT, subject=alert.pk.hex, values={}, reason=OPINION, actor=first)
    approve(proposal_id=proposal.pk, actor=second, reason="同意")


def confirm(alert: ScreeningAlert) -> None:
    """Confirm an alert."""
    confirm_alert(alert_id=alert.pk, opinion="证件号相同", actor="compliance-1")


def alert_of(business_id: uuid.UUID) -> ScreeningAlert:
    """Return the only alert about a business object."""
    return ScreeningAlert.objects.get(check_row__business_id=business_id.hex)
