"""The stages of a day end, each one transaction that also says that it is done.

A stage that is recorded is skipped; one that died before its commit has left nothing. The figures of a stage are what staff
see of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from django.db import connection

from accounts import operations as accounts
from core.clock import move_business_date
from core.db.asks import Ask, alone
from core.db.rows import insert
from core.operations import opens_snapshot, opens_transaction, within_transaction
from core.steps.queue import enqueue
from lending.closing.dues import pass_dues, queue_debits
from lending.closing.income import book_income
from lending.closing.overdue import classify_loans
from lending.closing.provisions import book_provisions
from lending.models import DayEndStage
from lending.models.closing import BOOKS, DUES, INCOME, MOVE, OVERDUE, PROVISIONS
from lending.operations.auto_debit import owe_rounds
from lending.operations.day_change import DAY_CHANGED

# A bank of a million loans takes seconds, where the web login's usual limits are for requests of customers. What a stage
# looks for is found by indexes; on the disks of today that costs little more than reading on.
ROOM: Final = """
SELECT set_config('statement_timeout', '600s', true), set_config('work_mem', '64MB', true),
       set_config('random_page_cost', '1.1', true)
"""
RECORDED: Final = "SELECT stage FROM lending_day_end_stage WHERE closed_date = %s"
Figures = dict[str, Any]


def recorded(closed_date: date) -> set[str]:
    """Return the stages of a day's end that are done."""
    return alone(Ask(RECORDED, [closed_date], lambda rows: {stage for (stage,) in rows.found}))


@within_transaction
def record_stage(*, closed_date: date, stage: str, figures: Figures) -> None:
    """Say that a stage is done, in the transaction that did it.

    Raises:
        django.db.IntegrityError: somebody else did it meanwhile; the caller's transaction is undone.
    """
    insert(DayEndStage(closed_date=closed_date, stage=stage, figures=figures))


@opens_snapshot
def close_income(*, closed_date: date) -> None:
    """Book the income of the business day."""
    _do(closed_date, INCOME, lambda: book_income(day=closed_date))


@opens_snapshot
def close_provisions(*, closed_date: date) -> None:
    """Bring the allowance for losses to what the loans' stages call for."""
    _do(closed_date, PROVISIONS, lambda: book_provisions(day=closed_date))


@opens_transaction
def move_on(*, closed_date: date) -> None:
    """Move the business date to the next day, and owe what hangs on that day."""
    _do(closed_date, MOVE, lambda: _move(closed_date))


def _move(closed_date: date) -> Figures:
    day = closed_date + timedelta(days=1)
    former = move_business_date(to_date=day)
    enqueue(DAY_CHANGED, day.isoformat())
    owe_rounds(day=day)
    left_out = [name for name, _ in ENDING if name != MOVE and name not in recorded(closed_date)]
    return {"from": former.isoformat(), "to": day.isoformat(), "left_out": left_out}


@opens_transaction
def close_ledger(*, closed_date: date) -> None:
    """Close the general ledger of the day that is over."""
    _do(closed_date, BOOKS, lambda: {"days": accounts.close_books(day=closed_date)})


@opens_transaction
def fall_due(*, closed_date: date) -> None:
    """Let fall due what falls due on the new day, and list what is to be collected on it."""
    day = closed_date + timedelta(days=1)
    _do(closed_date, DUES, lambda: {"due": pass_dues(day=day), "auto_debit": queue_debits(day=day)})


@opens_transaction
def fall_overdue(*, closed_date: date) -> None:
    """Find what is overdue on the new day, and classify."""
    _do(closed_date, OVERDUE, lambda: classify_loans(day=closed_date + timedelta(days=1)))


def _do(closed_date: date, stage: str, work: Callable[[], Figures]) -> None:
    if stage in recorded(closed_date):
        return
    with connection.cursor() as cursor:
        cursor.execute(ROOM)
    record_stage(closed_date=closed_date, stage=stage, figures=work())


Stage = Callable[..., None]
ENDING: Final[tuple[tuple[str, Stage], ...]] = (
    (INCOME, close_income),
    (PROVISIONS, close_provisions),
    (MOVE, move_on),
)
"""The stages of the day that ends, while the bank's books are still at it."""

BEGINNING: Final[tuple[tuple[str, Stage], ...]] = (
    (BOOKS, close_ledger),
    (DUES, fall_due),
    (OVERDUE, fall_overdue),
)
"""The stages of the day that begins."""
