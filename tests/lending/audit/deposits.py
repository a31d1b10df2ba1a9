"""The deposit accounts of a bank under audit: balances, holds, orders, quotas, transfers on their way (ACC-05, ACC-15).

All accounts are of Class II. Quotas count what moves with accounts that are not bound, by business day and calendar year;
loans and repayments are not counted (ACC-06), and a movement that fails gives its quota back on the day it was counted.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from tests.lending.audit import books

A_DAY, A_YEAR = 10_000_00, 200_000_00
Span = tuple[uuid.UUID, str, date]


@dataclass
class Account:
    """One account: whose it is and what is on it. One that was confirmed face to face takes money from others (ACC-04)."""

    id: uuid.UUID
    owner: uuid.UUID
    number: str
    name: str
    face_to_face: bool
    balance: int = 0
    held: int = 0
    frozen: int = 0

    @property
    def available(self) -> int:
        """Return what can be taken from it: neither what is on its way out nor what an order keeps."""
        return max(0, self.balance - self.held - self.frozen)


@dataclass
class Sent:
    """Money on its way to another bank."""

    id: uuid.UUID
    account: Account
    amount: int
    day: date


@dataclass
class Deposits:
    """All accounts, by the rules."""

    accounts: list[Account]
    used: Counter[Span] = field(default_factory=Counter)
    on_their_way: list[Sent] = field(default_factory=list)
    orders: list[tuple[uuid.UUID, Account, int]] = field(default_factory=list)
    went_out: int = 0

    def __iter__(self) -> Iterator[Account]:
        return iter(self.accounts)

    def of(self, account_id: uuid.UUID) -> Account:
        """Return an account by its id."""
        return next(account for account in self.accounts if account.id == account_id)

    def count(self, account: Account, direction: str, amount: int, day: date) -> None:
        """Count a movement, or give it back where the amount is negative."""
        for span in _spans(account, direction, day):
            self.used[span] += amount

    def exceeds(self, account: Account, direction: str, amount: int, day: date) -> bool:
        """Tell whether a movement is more than the quota of the day or of the year leaves."""
        of_day, of_year = _spans(account, direction, day)
        return self.used[of_day] + amount > A_DAY or self.used[of_year] + amount > A_YEAR

    def left(self, account: Account, direction: str, day: date) -> int:
        """Return what the quotas leave."""
        of_day, of_year = _spans(account, direction, day)
        return min(A_DAY - self.used[of_day], A_YEAR - self.used[of_year])

    def refusal_of_transfer(self, payer: Account, payee: Account | None, amount: int, day: date) -> str | None:
        """Say as what a transfer is refused: to an account here, or (None) to one at another bank."""
        if payee is not None and not payee.face_to_face:
            return "payee_refused"
        if self.exceeds(payer, "out", amount, day):
            return "quota_exceeded"
        if payee is not None and self.exceeds(payee, "in", amount, day):
            return "payee_refused"
        return None if amount <= payer.available else "insufficient_funds"

    def transfer(self, payer: Account, payee: Account | None, amount: int, day: date) -> None:
        """Move the money of a transfer, or set it aside."""
        self.count(payer, "out", amount, day)
        if payee is None:
            payer.held += amount
            return
        self.count(payee, "in", amount, day)
        payer.balance -= amount
        payee.balance += amount

    def conclude(self, sent: Sent, *, arrived: bool) -> None:
        """Let a transfer have arrived, or fail."""
        self.on_their_way.remove(sent)
        sent.account.held -= sent.amount
        if arrived:
            sent.account.balance -= sent.amount
            self.went_out += sent.amount
        else:
            self.count(sent.account, "out", -sent.amount, sent.day)

    def compare(self, state: books.State) -> None:
        """Compare every account and every quota with what the product keeps."""
        told = {pk: tuple(figures) for pk, _, _, *figures in state["account"]}
        assert told == {str(a.id): (a.balance, a.held, a.frozen, 0) for a in self.accounts}
        used = {(pk, span, first): fen for pk, span, first, fen, *_ in state["quota"] if fen}
        assert used == {(str(pk), span, first): fen for (pk, span, first), fen in self.used.items() if fen}


def _spans(account: Account, direction: str, day: date) -> tuple[Span, Span]:
    return (account.id, f"{direction}/day", day), (account.id, f"{direction}/year", day.replace(month=1, day=1))
