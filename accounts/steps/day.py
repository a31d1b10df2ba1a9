"""The pieces of a business day's work, and the comparison with the core system's statement."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Final

from accounts import vendors
from accounts.operations import day, reconciliation
from accounts.providers.core_system import StatementLine
from core.steps.registry import VENDOR, Done, Outcome, StepRun, register_step

MOST_PAGES: Final = 10_000


def _piece(run: StepRun) -> Outcome:
    return Done(partial(day.do_piece, piece=run.kind, day=date.fromisoformat(run.subject)))


@register_step(day.LAPSE_OPENINGS)
def lapse_openings(run: StepRun) -> Outcome:
    """End the openings that have waited too long for a face."""
    return _piece(run)


@register_step(day.SUSPEND_DORMANT)
def suspend_dormant(run: StepRun) -> Outcome:
    """Suspend the accounts that nobody uses (ACC-08)."""
    return _piece(run)


@register_step(day.FOLLOW_ID_CARDS)
def follow_id_cards(run: StepRun) -> Outcome:
    """Remind of ID cards that end, and suspend for those that have ended (ACC-13)."""
    return _piece(run)


@register_step(day.WATCH_FILINGS)
def watch_filings(run: StepRun) -> Outcome:
    """Alarm where filings are overdue, and where a day's filings and accounts do not agree (ACC-11)."""
    return _piece(run)


@register_step(day.END_RESTRICTIONS)
def end_restrictions(run: StepRun) -> Outcome:
    """End the orders on accounts whose last day is over (ACC-15)."""
    return _piece(run)


@register_step(day.WATCH_BOOKS)
def watch_books(run: StepRun) -> Outcome:
    """Alarm where the ledger does not agree with the deposits, or with what is in suspense."""
    return _piece(run)


@register_step(day.FOLLOW_TURNOVER)
def follow_turnover(run: StepRun) -> Outcome:
    """Demand ID cards by the turnover of Class III accounts, and suspend where none was shown in time (ACC-07)."""
    return _piece(run)


@register_step(day.WATCH_COMPLAINTS)
def watch_complaints(run: StepRun) -> Outcome:
    """Mark the complaints whose answer is overdue, and alarm once for each (CUST-01)."""
    return _piece(run)


@register_step(reconciliation.RECONCILE, lane=VENDOR)
def reconcile_core(run: StepRun) -> Outcome:
    """Fetch the core's statement of a day, all pages (PURE), and compare it with our orders of that day."""
    order_date = date.fromisoformat(run.subject)
    lines = _statement(order_date, run.request_id)
    return Done(
        partial(reconciliation.compare_with_statement, order_date=order_date, lines=lines), {"lines": len(lines)}
    )


def _statement(order_date: date, request_id: str) -> list[StatementLine]:
    core = vendors.core_system()
    lines: list[StatementLine] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = core.statement(order_date=order_date, cursor=cursor, request_id=request_id)
        lines += page.lines
        cursor = page.following
        if cursor is None:
            return lines
    raise RuntimeError("the core's statement has no last page")
