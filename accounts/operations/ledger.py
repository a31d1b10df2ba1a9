"""Book entries: all lines of a business fact at once, balanced, once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import IntegrityError

from accounts.ledger.chart import CHART, CUSTOMER_DEPOSITS
from accounts.ledger.sql import MOVES_NO_MONEY
from accounts.models import JournalEntry, Posting
from core.clock import business_date
from core.db.asks import Ask, alone
from core.db.constraints import violated
from core.db.rows import Row, as_json, new_row
from core.errors import Problem, StateConflict
from core.operations import within_transaction

BOOK: Final = "SELECT accounts_book(%s)"


class InsufficientFunds(Problem):
    """The account has less than the amount that is to be taken from it."""

    code = "insufficient_funds"
    status = 422
    title = "账户余额不足，请先转入资金"


class AccountNotActive(Problem):
    """The account is not one that money can move on now."""

    code = "account_not_active"
    status = 422
    title = "账户当前不可用，请更换账户或联系开户网点"


class BalanceLimitExceeded(Problem):
    """The account would have more than an account of its class may have (ACC-07)."""

    code = "balance_limit_exceeded"
    status = 422
    title = "超过该类账户的余额上限，请减少金额或使用其他账户"


class DayChanging(StateConflict):
    """The business day was closed between the first line of the request and its entry; the same may be sent again."""

    replayable = False

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("系统正在切换营业日，请重试")


REFUSALS: Final[Mapping[str, Callable[[], Problem]]] = {
    "accounts_balance_not_negative": InsufficientFunds,
    "accounts_held_within_balance": InsufficientFunds,
    "accounts_frozen_stays": InsufficientFunds,
    "accounts_debits_stopped": AccountNotActive,
    "accounts_account_stands": AccountNotActive,
    MOVES_NO_MONEY: AccountNotActive,
    "accounts_balance_within_cap": BalanceLimitExceeded,
    "accounts_day_is_open": DayChanging,
}
"""What each guard of the database means: a constraint's or a trigger's name, and the problem that it becomes."""


@contextmanager
def guards_told() -> Iterator[None]:
    """Turn the database's refusal into the problem that it means; any other error stays what it is.

    Raises:
        Problem: one of `REFUSALS`.
    """
    try:
        yield
    except IntegrityError as error:
        problem = REFUSALS.get(violated(error))
        if problem is None:
            raise
        raise problem() from error


class UnbalancedEntry(ValueError):
    """Raised where the lines of an entry do not sum to zero, are fewer than two, or name no account of the chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an entry: a debit (positive) or credit (negative) in fen; on customers' deposits with the account."""

    gl_code: str
    amount_fen: int
    account_id: uuid.UUID | None = None


@within_transaction
def post_entry(
    *,
    business_ref: str,
    kind: str,
    lines: Sequence[Line],
    memo: str = "",
    value_date: date | None = None,
    reverses_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Book one entry on the current business date and move the balances of the deposit accounts that it names.

    All of it is one statement (`accounts.ledger.sql`). The balance of each account is guarded and never falls below
    zero; a reference that is booked already changes nothing and raises, because the caller's transaction must not go
    on as if it had booked.

    Raises:
        UnbalancedEntry: the lines are no entry.
        InsufficientFunds: an account has less than is taken, what is held or frozen left aside.
        AccountNotActive: an account is not active, is kept by the core system, or pays nothing out by an order.
        BalanceLimitExceeded: an account would have more than its class may have.
        DayChanging: the day has been closed under the caller; nothing was booked.
        django.db.IntegrityError: the business reference is booked already.
    """
    today = business_date()
    entry = new_row(
        JournalEntry,
        business_ref=business_ref,
        kind=kind,
        booking_date=today,
        value_date=value_date or today,
        memo=memo,
        reverses_id=reverses_id,
    )
    alone(booking(entry=entry, lines=lines))
    entry_id: uuid.UUID = entry["id"]
    return entry_id


@within_transaction
def booking(
    *, entry: Row, lines: Sequence[Line], payments: Sequence[Row] = (), claims: Sequence[Row] = ()
) -> Ask[None]:
    """Book an entry together with other statements; with it the payment that it books, and claims on the account.

    Entry, payments and claims are new rows by column (`core.db.rows.new_row`).

    The postings on deposit accounts come last and in a fixed order, in which the accounts are locked.

    Raises:
        UnbalancedEntry: the lines are no entry.
    """
    check_lines(lines)
    postings = [
        new_row(
            Posting, entry_id=entry["id"], gl_code=line.gl_code, account_id=line.account_id, amount_fen=line.amount_fen
        )
        for line in sorted(lines, key=lambda line: (line.account_id is not None, str(line.account_id)))
    ]
    new = {"entry": entry, "lines": postings, "payments": payments, "claims": claims}
    return Ask(BOOK, [as_json(new)], lambda _: None, REFUSALS)


def check_lines(lines: Sequence[Line]) -> None:
    """Refuse lines that are no entry.

    Raises:
        UnbalancedEntry: they do not sum to zero, are fewer than two, or name no account of the chart.
    """
    if len(lines) < 2 or sum(line.amount_fen for line in lines) != 0:  # noqa: PLR2004 -- a double entry
        raise UnbalancedEntry("the lines of an entry must be at least two and sum to zero")
    for line in lines:
        if line.gl_code not in CHART or (line.account_id is not None) != (line.gl_code == CUSTOMER_DEPOSITS):
            raise UnbalancedEntry(f"line on {line.gl_code}: unknown code, or account and code do not fit")
