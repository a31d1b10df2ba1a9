"""Hold what was filed with the central bank against what happened to accounts, day by day (ACC-11: T+1)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Q

from accounts.models import DepositAccount, Filing
from accounts.models.deposit_account import CLASS_ONE
from accounts.models.filing import ACKNOWLEDGED, CLOSE, KINDS, OPEN, REFUSED

NOT_FILED: Final = "not_filed"
NOT_ACKNOWLEDGED: Final = "not_acknowledged"
SENT_BACK: Final = "refused"
WITHOUT_FACT: Final = "without_fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingCount:
    """Of one kind on one day: how many accounts it happened to, how many filings there are, how many are acknowledged.

    What changed is known from the filings alone, so their `accounts` are the filings.
    """

    kind: str
    accounts: int
    filed: int
    acknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingDifference:
    """One account of which a filing is missing, on its way, sent back, or about nothing that happened that day."""

    account_id: uuid.UUID
    kind: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingAgreement:
    """One day's count; it agrees where nothing differs."""

    on: date
    counts: tuple[FilingCount, ...]
    differences: tuple[FilingDifference, ...]

    @property
    def agrees(self) -> bool:
        """Tell whether every fact of the day is acknowledged, and nothing else was filed."""
        return not self.differences


def filings_agree(on: date) -> FilingAgreement:
    """Compare the filings of one business day with the accounts that were opened and closed on it."""
    opened_here = DepositAccount.objects.exclude(account_class=CLASS_ONE)
    facts = {
        OPEN: set(opened_here.filter(opened_date=on).values_list("pk", flat=True)),
        CLOSE: set(opened_here.filter(closed_date=on).values_list("pk", flat=True)),
    }
    filings = list(Filing.objects.filter(event_date=on).order_by("pk"))
    counts = []
    differences = []
    for kind, _ in KINDS:
        rows = [row for row in filings if row.kind == kind]
        happened = facts.get(kind, {row.account_id for row in rows})
        counts.append(
            FilingCount(
                kind=kind,
                accounts=len(happened) if kind in facts else len(rows),
                filed=len(rows),
                acknowledged=sum(row.status == ACKNOWLEDGED for row in rows),
            )
        )
        differences += _differences(kind, rows, happened)
    return FilingAgreement(on=on, counts=tuple(counts), differences=tuple(differences))


def _differences(kind: str, rows: list[Filing], happened: set[uuid.UUID]) -> list[FilingDifference]:
    words: Mapping[str, str] = {ACKNOWLEDGED: "", REFUSED: SENT_BACK}
    found = [(row.account_id, words.get(row.status, NOT_ACKNOWLEDGED)) for row in rows if row.account_id in happened]
    filed = {row.account_id for row in rows}
    found += [(account_id, NOT_FILED) for account_id in sorted(happened - filed)]
    found += [(account_id, WITHOUT_FACT) for account_id in sorted(filed - happened)]
    return [FilingDifference(account_id=account_id, kind=kind, what=what) for account_id, what in found if what]


def overdue_filings() -> int:
    """Count the filings that were found overdue and are not acknowledged yet."""
    return Filing.objects.filter(~Q(status=ACKNOWLEDGED), overdue_date__isnull=False).count()
