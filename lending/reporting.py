"""What this bank tells the province: its figures (D7, D19), and the signed heads of its evidence log.

Each is pushed by a step of its own transaction, because a transaction writes one schema. Both may be done twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection

from accounts import queries as accounts
from core import evidence
from core.clock import business_date
from core.evidence import SignedHead
from core.tenancy import current_bank
from lending.models import DayEndStage
from lending.models.closing import MOVE
from lending.queries.figures import figures_now, figures_on
from lending.signers import current_signer
from tenants import operations as tenants
from tenants.readiness import facts_now

SEQUENCE: Final = "evidence.sequence"
AT_ONCE: Final = 1000
PUSH_FIGURES: Final = "province.push_figures"
DAY: Final = timedelta(days=1)
TRY_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


class AnotherPush(Exception):
    """Somebody else is pushing this bank's figures at this moment; try again shortly."""


def push_figures(*, is_new_day: bool = False) -> dict[str, int]:
    """Push the figures as they are now, under the business date, and those of the days that are open again; return the first.

    Open again are the last `figures.reopen_days` days: from the day on from which something counts that was booked today,
    and all of them when a day begins, so that whatever a push was too late for is in the figures of its own day (D20). What
    is granted has no value date: of a day that is over it stays what was pushed last on it.

    Reading and writing are one turn under a lock of the session, because they cannot be one transaction (it would write
    two schemas): so the last to push has seen the last change. Every change owes a push of its own.

    Raises:
        AnotherPush: see there.
        TransactionForbidden: a transaction is open.
    """
    key = f"lending.push_figures:{current_bank().schema}"
    if not _ask(TRY_LOCK, key):
        raise AnotherPush
    try:
        figures = figures_now()
        _restate_open_days(is_new_day=is_new_day)
        tenants.record_figures(
            on=business_date(),
            figures={
                tenants.GRANTED: figures.granted_fen,
                tenants.DRAWN: figures.drawn_fen,
                tenants.BORROWERS: figures.borrowing_customers,
                **facts_now(),
            },
        )
    finally:
        _ask(UNLOCK, key)
    return {"granted": figures.granted_fen, "drawn": figures.drawn_fen, "borrowers": figures.borrowing_customers}


def _restate_open_days(*, is_new_day: bool) -> None:
    today, first = business_date(), tenants.earliest_open_date()
    late = first if is_new_day else accounts.late_value_date(booked_on=today)
    if late is None:
        return
    closed = DayEndStage.objects.filter(stage=MOVE, closed_date__range=(max(first, late), today - DAY))
    for day in closed.order_by("closed_date").values_list("closed_date", flat=True):
        past = figures_on(day)
        tenants.record_figures(
            on=day, figures={tenants.DRAWN: past.drawn_fen, tenants.BORROWERS: past.borrowing_customers}
        )


def _ask(statement: str, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return bool(cursor.fetchone()[0])


def sequence_leaves() -> int:
    """Place every pending leaf, this room's and the others', in batches; return how many were placed."""
    placed = last = evidence.sequence(AT_ONCE)
    while last == AT_ONCE:
        last = evidence.sequence(AT_ONCE)
        placed += last
    return placed


def commit_head() -> SignedHead | None:
    """Sign the log as it is on the business date and push the head to the province; an empty log has none.

    Raises:
        LogRewritten: the log does not extend its last head.
        HeadRefused: the province has a head that this one does not extend.
        HeadOvertaken: another head was signed meanwhile.
    """
    sequence_leaves()
    if evidence.tree_size() == 0:
        return None
    _, signer = current_signer()
    head = evidence.sign_head(signer.sign)
    tenants.push_evidence_head(head)
    return head
