"""What hangs on a new business day in this room: owed as steps, each restartable and idempotent by itself."""

from __future__ import annotations

from datetime import date
from typing import Final

import structlog

from accounts.balances import deposits_equal_ledger, holds_equal_accounts, suspense_agrees
from accounts.filing_days import filings_agree
from accounts.operations.complaints import flag_overdue_complaints
from accounts.operations.dormancy import suspend_dormant
from accounts.operations.filings import flag_overdue_filings
from accounts.operations.id_expiry import remind_of_id_expiry, suspend_expired
from accounts.operations.opening import lapse_openings
from accounts.operations.reconciliation import owe_reconciliations
from accounts.operations.restrictions import end_restrictions
from accounts.operations.turnover import demand_documents, suspend_undocumented
from core.operations import within_transaction
from core.steps.queue import enqueue

LAPSE_OPENINGS: Final = "accounts.lapse_openings"
SUSPEND_DORMANT: Final = "accounts.suspend_dormant"
FOLLOW_ID_CARDS: Final = "accounts.follow_id_cards"
WATCH_FILINGS: Final = "accounts.watch_filings"
END_RESTRICTIONS: Final = "accounts.end_restrictions"
WATCH_BOOKS: Final = "accounts.watch_books"
FOLLOW_TURNOVER: Final = "accounts.follow_turnover"
WATCH_COMPLAINTS: Final = "accounts.watch_complaints"
PIECES: Final = (
    LAPSE_OPENINGS,
    SUSPEND_DORMANT,
    FOLLOW_ID_CARDS,
    WATCH_FILINGS,
    END_RESTRICTIONS,
    WATCH_BOOKS,
    FOLLOW_TURNOVER,
    WATCH_COMPLAINTS,
)
log = structlog.get_logger(__name__)


@within_transaction
def follow_day(*, day: date) -> None:
    """Owe this room's daily work for a business day, in the transaction that begins the day.

    Dormancy, ID cards, filings, stale openings, orders past their day, the books' agreement, the turnover of Class III
    accounts and complaints are one step each; past days that were not compared with the core yet are one step each as
    well. Owing it twice is owing it once, and a piece may run again: it finds its work done.
    """
    for piece in PIECES:
        enqueue(piece, day.isoformat())
    owe_reconciliations(before=day)


@within_transaction
def do_piece(*, piece: str, day: date) -> None:
    """Do one piece of a day's work.

    Raises:
        KeyError: there is no such piece.
    """
    {
        LAPSE_OPENINGS: _lapse,
        SUSPEND_DORMANT: _sleep,
        FOLLOW_ID_CARDS: _follow_cards,
        WATCH_FILINGS: _watch,
        END_RESTRICTIONS: _end_orders,
        WATCH_BOOKS: _watch_books,
        FOLLOW_TURNOVER: _follow_turnover,
        WATCH_COMPLAINTS: _watch_complaints,
    }[piece](day)


def _lapse(day: date) -> None:
    lapse_openings(day=day)


def _sleep(day: date) -> None:
    suspend_dormant(day=day)


def _follow_cards(day: date) -> None:
    remind_of_id_expiry(day=day)
    suspend_expired(day=day)


def _follow_turnover(day: date) -> None:
    demand_documents(day=day)
    suspend_undocumented(day=day)


def _end_orders(day: date) -> None:
    del day  # the business date itself says which are over
    end_restrictions()


def _watch_books(day: date) -> None:
    """Alarm where the books and what stands behind them differ: deposits, money in suspense, and what is held."""
    checks = {"deposits": deposits_equal_ledger, "suspense": suspense_agrees, "holds": holds_equal_accounts}
    for name, agrees in checks.items():
        if not agrees():
            log.error("books.disagree", day=day.isoformat(), what=name)


def _watch_complaints(day: date) -> None:
    flag_overdue_complaints(day=day)


def _watch(day: date) -> None:
    flag_overdue_filings(day=day)
    agreement = filings_agree(date.fromordinal(day.toordinal() - 1))
    if not agreement.agrees:
        log.warning("filing.disagree", day=agreement.on.isoformat(), differences=len(agreement.differences))
