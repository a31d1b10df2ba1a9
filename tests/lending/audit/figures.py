"""The figures of a bank under audit, by the rules, and their comparison with the product's."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from core.errors import Problem
from tests.lending.audit import books, comparing
from tests.lending.audit.deposits import Account, Deposits
from tests.lending.audit.lent import Lent, next_price_day
from tests.lending.audit.loan import MoneyIn, NewRate
from tests.lending.audit.offers import Line
from tests.lending.audit.rounds import Debit


@dataclass
class Figures:
    """What a bank's customers have, what it has lent, what day it is."""

    today: date
    lines: list[Line]
    deposits: Deposits
    lent: list[Lent] = field(default_factory=list)
    held: dict[uuid.UUID, int] = field(default_factory=dict)
    brought: int = 0
    by_card: int = 0
    begun: date | None = None
    closed: Counter[str] = field(default_factory=Counter)
    debits: list[Debit] = field(default_factory=list)
    unauthorised: set[uuid.UUID] = field(default_factory=set)
    read: dict[uuid.UUID, comparing.Read] = field(default_factory=dict)
    _digest: list[tuple[Any, ...]] | None = None

    def refused(self, code: str, act: Callable[[], Any]) -> None:
        """Do what the rules forbid: it is refused with its code and changes nothing."""
        before = self._digest or books.digest()
        with pytest.raises(Problem) as refusal:
            act()
        assert refusal.value.code == code
        self._digest = books.digest()
        assert self._digest == before, f"refused as {code}, but something has changed"

    def has_changed(self) -> None:
        """Take note that rows are no more as they were when they were last looked at."""
        self._digest = None

    def drawn(self, line: Line) -> int:
        """Return the principal that the loans of a line owe."""
        return sum(lent.loan.outstanding for lent in self.lent if lent.line.id == line.id)

    def _enter(self, lent: Lent, account: Account, money: MoneyIn) -> None:
        assert isinstance(money.key, uuid.UUID)
        lent.repayments.append(money.key)
        account.balance -= money.total
        lent.happens(money, self.today)

    def _new_price(self, lent: Lent) -> Fraction:
        """Give a loan the price of its day by the rules; return it."""
        day = lent.next_price
        assert day is not None
        lent.next_price = next_price_day(lent.line, lent.loan.contract.start, day)
        price = lent.line.new_price(start=lent.loan.contract.start, day=day)
        if price != lent.loan.contract_rate(self.today):
            lent.happens(NewRate(day=day, rate=price), self.today)
        return price

    def _has_no_new_price(self, lent: Lent) -> bool:
        return lent.loan.is_over or lent.next_price is None or lent.next_price > self.today

    def _balances(self) -> Counter[str]:
        """Return every account of the ledger by the rules."""
        on_the_books = [lent.loan for lent in self.lent if not lent.is_given_up]
        found = books.balances(
            on_the_books, given_up=[lent.loan for lent in self.lent if lent.is_given_up],
            deposits=sum(account.balance for account in self.deposits), brought=self.brought,
            sent=self.deposits.went_out - self.by_card,
        )  # fmt: skip
        for code, fen in self.closed.items():
            found[code] += fen
        return found

    def check(self, touched: Sequence[Lent] = (), *, is_folded: bool = True) -> None:
        """Compare every figure: of the loans that were touched, of all lines, accounts, quotas and books.

        What of a touched loan's row is for the day end is of today only where it was folded today, or the day has begun.
        """
        self.has_changed()
        found = books.state()
        self.read |= comparing.read_loans([lent.id for lent in touched])
        for lent in touched:
            comparing.compare_lent(lent, self.read[lent.id], is_touched=is_folded)
        lines = {line.id: (self.drawn(line), self.held.get(line.id, 0)) for line in self.lines}
        comparing.compare_lines(found["line"], lines)
        self.deposits.compare(found)
        comparing.compare_books(
            found["posted"], {account.id: account.balance for account in self.deposits}, self._balances()
        )  # fmt: skip
