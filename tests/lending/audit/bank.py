"""One bank under audit: every operation is done twice, by the product and by the rules, and the two are compared.

What the rules refuse must be refused by the product with the code that is documented, and leave every row as it was. What
they allow must leave every figure as they have it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction

from accounts.operations import Line as Posted
from accounts.operations import post_entry
from core.errors import Problem
from core.ids import new_id
from lending import operations
from lending.models import Loan as LoanRow
from lending.models import Repayment
from lending.operations import loan_changes
from lending.operations.reversal import reverse_repayment
from tests.lending import borrowers
from tests.lending.audit import books, comparing
from tests.lending.audit.days import ONE_DAY, same_day_of, working_day
from tests.lending.audit.loan import Happening, Loan, Misuse, MoneyIn, NewDates, NewRate, lived, total_of
from tests.lending.audit.offers import AT_ONCE, LEAST, MOST, TERMS, Line, holidays_from, price_on

LONGEST = 60
SHORT = 12


@dataclass
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

    def live_again(self, today: date) -> None:
        """Live it through again from the first day, because its past has changed (ALLOC-03)."""
        self.loan = lived(self.loan.contract, self.happened, today)

    def happens(self, what: Happening, today: date) -> None:
        """Let something happen: today, or on a day that is over."""
        latest = max((each.day for each in self.happened), default=what.day)
        self.happened.append(what)
        if what.day == today and latest <= today:
            self.loan.happens(what)
        else:
            self.live_again(today)


@dataclass
class Bank:
    """The bank: what its customers have, what it has lent, what day it is."""

    today: date
    lines: list[Line]
    accounts: dict[uuid.UUID, tuple[uuid.UUID, int]]
    lent: list[Lent] = field(default_factory=list)
    held: dict[uuid.UUID, int] = field(default_factory=dict)
    brought: int = 0

    # Operations.

    def refused(self, code: str, act: Callable[[], Any]) -> None:
        """Do what the rules forbid: it is refused with its code and changes nothing."""
        before = books.digest()
        with pytest.raises(Problem) as refusal:
            act()
        assert refusal.value.code == code
        assert books.digest() == before, f"refused as {code}, but something has changed"

    def move_to(self, day: date) -> None:
        """Let the days pass."""
        self.today = day
        borrowers.set_day(day)
        for lent in self.lent:
            lent.loan.live_until(day)
        self.check()

    def bring(self, account_id: uuid.UUID, fen: int) -> None:
        """Bring money to an account (negative: take it away)."""
        owner, balance = self.accounts[account_id]

        def act() -> None:
            with transaction.atomic():
                post_entry(
                    business_ref=f"brought:{new_id().hex}", kind="test",
                    lines=[
                        Posted(gl_code=books.ELSEWHERE, amount_fen=fen),
                        Posted(gl_code=books.DEPOSITS, amount_fen=-fen, account_id=account_id),
                    ],
                )  # fmt: skip

        if balance + fen < 0:
            self.refused("insufficient_funds", act)
            return
        act()
        self.accounts[account_id] = (owner, balance + fen)
        self.brought += fen
        self.check([])

    def draw(self, line: Line, account_id: uuid.UUID, amount: int, months: int, method: str) -> None:
        """Draw on a line."""
        who = borrowers.Borrower(
            bank="", customer_id=line.customer_id, line_id=line.id, account_id=account_id
        )  # fmt: skip
        terms = {"term_months": months, "method": method}
        refusal = self.refusal_of_draft(line, account_id, amount, months, method)
        if refusal is not None:
            self.refused(refusal, lambda: borrowers.draft(who, amount, **terms))
            return
        drawdown = borrowers.signed(who, amount, **terms)
        self.held[line.id] = self.held.get(line.id, 0) + amount
        if any(lent.loan.overdue_days for lent in self.lent if lent.line.customer_id == line.customer_id):
            token = borrowers.pass_face(who, drawdown, "drawdown")
            self.refused(
                "loan_overdue",
                lambda: operations.disburse_drawdown(
                    drawdown_id=drawdown.pk, customer_id=line.customer_id, face_token=token
                ),
            )
            return
        borrowers.disburse(who, drawdown)
        self.held[line.id] -= amount
        self._change(account_id, amount)
        loan = Loan(line.contract(amount=amount, months=months, method=method, start=self.today))
        row = LoanRow.objects.get(drawdown=drawdown)
        lent = Lent(
            id=row.pk, line=line, months=months, loan=loan, next_price=_next_price(line, self.today, self.today)
        )
        self.lent.append(lent)
        self.check([lent])

    def refusal_of_draft(self, line: Line, account_id: uuid.UUID, amount: int, months: int, method: str) -> str | None:
        if not LEAST <= amount <= MOST:
            return "amount_out_of_range"
        if months not in TERMS or (months > SHORT and method in {*AT_ONCE, "interest_only"}):
            return "terms_not_offered"
        if self.today > line.valid_until:
            return "line_expired"
        if amount > line.limit - self.drawn(line) - self.held.get(line.id, 0):
            return "line_exceeded"
        return None if self.accounts[account_id][0] == line.customer_id else "account_not_active"

    def repay(self, lent: Lent, account_id: uuid.UUID, kind: str, amount: int | None, keep: str | None) -> None:
        """Repay a loan from an account."""
        owner, balance = self.accounts[account_id]
        refusal, total = refusal_or_total(lent, kind, amount)
        if refusal is None and owner != lent.line.customer_id:
            refusal = "account_not_active"
        if refusal is None and balance < total:
            refusal = "insufficient_funds"

        def act() -> Repayment:
            return operations.repay_loan(
                loan_id=lent.id, customer_id=lent.line.customer_id, kind=kind, amount_fen=amount, account_id=account_id,
                keep=keep,
            )  # fmt: skip

        if refusal is not None:
            self.refused(refusal, act)
            return
        row = act()
        lent.repayments.append(row.pk)
        self._change(account_id, -total)
        keeps = keep or lent.line.terms.prepayment_keeps
        lent.happens(MoneyIn(key=row.pk, day=self.today, kind=kind, total=total, keep=keeps), self.today)
        self.check([lent])

    def reverse(self, lent: Lent, repayment_id: uuid.UUID) -> None:
        """Take a repayment back."""

        def act() -> None:
            with transaction.atomic():
                reverse_repayment(repayment_id=repayment_id, actor="test", reason="test")

        if repayment_id in lent.reversed:
            self.refused("state_conflict", act)
            return
        account_id = Repayment.objects.values_list("account_id", flat=True).get(pk=repayment_id)
        act()
        money = next(each for each in lent.happened if isinstance(each, MoneyIn) and each.key == repayment_id)
        lent.reversed.add(repayment_id)
        lent.happened.remove(money)
        self._change(account_id, money.total)
        lent.live_again(self.today)
        self.check([lent])

    def reprice(self, lent: Lent) -> None:
        """Give a loan its new price (INT-01): the one-year rate of its day and the agreed spread."""
        before = books.digest() if self._has_no_new_price(lent) else None
        rate = loan_changes.reprice_loan(loan_id=lent.id)
        if before is not None:
            assert books.digest() == before, "repriced before its day"
            return
        day = lent.next_price
        assert day is not None
        lent.next_price = _next_price(lent.line, lent.loan.contract.start, day)
        price = price_on(day, lent.line.spread_bp)
        assert Fraction(rate) / 100 == price
        if price == lent.loan.contract_rate(self.today):
            self.check([])
            return
        lent.happens(NewRate(day=day, rate=price), self.today)
        self.check([lent])

    def _has_no_new_price(self, lent: Lent) -> bool:
        return lent.loan.is_over or lent.next_price is None or lent.next_price > self.today

    def misuse(self, lent: Lent, day: date) -> None:
        """Find that a loan is misused from a day on."""

        def act() -> None:
            with transaction.atomic():
                loan_changes.mark_misused(loan_id=lent.id, from_date=day, actor="test", reason="test")

        if lent.loan.is_over or lent.is_misused or not lent.loan.contract.start <= day <= self.today:
            self.refused("state_conflict", act)
            return
        act()
        lent.is_misused = True
        lent.happens(Misuse(day=day), self.today)
        self.check([lent])

    def extend(self, lent: Lent, months: int) -> None:
        """Extend a loan (EXT-01): by its own term at most where that is a year or less, else to five years in all."""

        def act() -> None:
            with transaction.atomic():
                loan_changes.extend_loan(loan_id=lent.id, months=months, actor="test", reason="test")

        allowed = lent.months if lent.months <= SHORT else LONGEST - lent.months
        if lent.loan.is_over or lent.loan.overdue_days or not lent.loan.not_due:
            self.refused("state_conflict", act)
        elif months < 1 or lent.extended + months > allowed:
            self.refused("extension_too_long", act)
        else:
            act()
            lent.extended += months
            lent.happens(NewDates(day=self.today, due_dates=_longer(lent, months)), self.today)
            self.check([lent])

    def write_off(self, lent: Lent) -> None:
        """Try to write a loan off that is not of the category loss."""

        def act() -> None:
            with transaction.atomic():
                loan_changes.write_off_loan(loan_id=lent.id, actor="test", reason="test")

        self.refused("state_conflict", act)

    # Comparison.

    def _change(self, account_id: uuid.UUID, fen: int) -> None:
        owner, balance = self.accounts[account_id]
        self.accounts[account_id] = (owner, balance + fen)

    def drawn(self, line: Line) -> int:
        """Return the principal that the loans of a line owe."""
        return sum(lent.loan.outstanding for lent in self.lent if lent.line.id == line.id)

    def check(self, touched: list[Lent] | None = None) -> None:
        """Compare every figure: of the loans that were touched (default: of all), of the lines, of the books."""
        books.check_deferred()
        comparing.compare_loans(self.lent if touched is None else touched, self.today)
        for lent in touched or ():
            comparing.compare_day_end_columns(lent)
        comparing.compare_lines({line.id: (self.drawn(line), self.held.get(line.id, 0)) for line in self.lines})
        deposits = {account_id: balance for account_id, (_, balance) in self.accounts.items()}
        comparing.compare_books(deposits, books.balances(deposits, [lent.loan for lent in self.lent], self.brought))


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


def _next_price(line: Line, start: date, after: date) -> date | None:
    """Return the day on which a floating loan takes a new price: January 1, or the same day of the year (INT-01)."""
    if line.terms.repricing == "fixed":
        return None
    if line.terms.repricing == "every_january":
        return date(after.year + 1, 1, 1)
    years = 1
    while (day := same_day_of(start, 12 * years, start.day)) <= after:
        years += 1
    return day


def _longer(lent: Lent, months: int) -> tuple[date, ...]:
    """Return the dates of what is not due after an extension, moved by the holidays as the contract says (INT-07)."""
    contract, ahead = lent.loan.contract, [row.due_date for row in lent.loan.ahead]
    last, is_moved = ahead[-1], lent.line.terms.holiday_rule == "next_working_day"
    holidays = holidays_from(last - timedelta(days=40), months + 2) if is_moved else frozenset()
    month_before = same_day_of(last.replace(day=1) - ONE_DAY, 0, contract.anchor)
    own = month_before if working_day(month_before, holidays) == last else last
    more = [working_day(same_day_of(own, k, contract.anchor), holidays) for k in range(1, months + 1)]
    return (more[-1],) if contract.method in AT_ONCE else tuple(dict.fromkeys([*ahead, *more]))
