"""A loan as a bank under audit has it, and what the rules say of repaying it and of its next price.

Nothing here comes from the product.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date

from tests.lending.audit.days import same_day_of
from tests.lending.audit.loan import Happening, Loan, total_of
from tests.lending.audit.offers import Line
from tests.lending.audit.risk import Risk, lived_and_judged


@dataclass(eq=False)
class Lent:
    """A loan under audit: its row, its line, its life by the rules and what has happened in it."""

    id: uuid.UUID
    line: Line
    months: int
    loan: Loan
    happened: list[Happening] = field(default_factory=list)
    repayments: list[uuid.UUID] = field(default_factory=list)
    reversed: set[uuid.UUID] = field(default_factory=set)
    next_price: date | None = None
    extended: int = 0
    is_misused: bool = False
    is_given_up: bool = False
    account_id: uuid.UUID | None = None
    risk: Risk = field(init=False)

    def __post_init__(self) -> None:
        """Begin as a loan that nobody has judged yet."""
        self.risk = Risk(since=self.loan.contract.start)

    def live_again(self, today: date) -> None:
        """Live it through again from the first day, because its past has changed: it is judged anew as well (ALLOC-03)."""
        self.loan, risk = lived_and_judged(self.loan.contract, self.happened, today)
        if not self.is_given_up:
            self.risk = risk

    def happens(self, what: Happening, today: date) -> None:
        """Let something happen: today, or on a day that is over."""
        latest = max((each.day for each in self.happened), default=what.day)
        self.happened.append(what)
        if what.day == today and latest <= today:
            self.loan.happens(what)
        else:
            self.live_again(today)


def refusal_or_total(lent: Lent, kind: str, amount: int | None) -> tuple[str | None, int]:
    """Say what a repayment of a kind and an amount is by the rules: refused as what, or how much in all (ALLOC-02)."""
    loan = lent.loan
    if loan.is_over:
        return "state_conflict", 0
    any_day = loan.contract.method == "pay_any_day"
    if kind == ("early_partial" if any_day else "any"):
        return "repayment_kind_not_offered", 0
    if amount is not None and amount <= 0:
        return "amount_out_of_range", 0
    due = sum(map(total_of, loan.due().values()))
    if kind == "early_partial":
        return _part(loan, amount, due)
    whole = due if kind == "due" else sum(map(total_of, loan.settlement().values()))
    total = whole if amount is None else amount
    if total > whole or whole == 0:
        return "repayment_exceeds_debt", 0
    in_part = kind == "any" or (kind == "due" and loan.overdue_days > 0)
    return (None, total) if total == whole or in_part else ("amount_out_of_range", 0)


def _part(loan: Loan, amount: int | None, due: int) -> tuple[str | None, int]:
    if amount is None:
        return "amount_out_of_range", 0
    if amount >= loan.not_due:
        return "repayment_exceeds_debt", 0
    return None, due + total_of(loan.price_of_prepaying(amount))


def next_price_day(line: Line, start: date, after: date) -> date | None:
    """Return the day on which a floating loan takes a new price: January 1, or the same day of the year (INT-01)."""
    if line.terms.repricing == "fixed":
        return None
    if line.terms.repricing == "every_january":
        return date(after.year + 1, 1, 1)
    years = 1
    while (day := same_day_of(start, 12 * years, start.day)) <= after:
        years += 1
    return day
