"""One bank under audit: every operation is done twice, by the product and by the rules, and the two are compared.

What the rules refuse must be refused by the product with the code that is documented, and leave every row as it was. What
they allow must leave every figure as they have it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction

from accounts import operations as accounts
from core.clock.models import BusinessDay
from core.errors import Problem
from core.steps.registry import Then
from lending import operations
from lending.closing import stages
from lending.closing.collecting import collect_round
from lending.closing.repricing import reprice_loans
from lending.loans.standing import Owed
from lending.models import AutoDebit, Repayment
from lending.models import Loan as LoanRow
from lending.models.repayment import AUTO_DEBIT, CUSTOMER
from lending.operations import loan_changes
from lending.operations.loan_locks import lock_line
from lending.operations.repayment import COLLECTED, lock_repayable
from lending.operations.repayment_posting import post_repayment
from lending.operations.reversal import reverse_repayment
from lending.repayment_amounts import legs_of
from tests.lending import borrowers
from tests.lending.audit import books, comparing
from tests.lending.audit.days import ONE_DAY, due_dates_of, same_day_of, working_day
from tests.lending.audit.deposits import Account, Deposits
from tests.lending.audit.loan import Happening, Loan, Misuse, MoneyIn, NewDates, NewRate, total_of
from tests.lending.audit.offers import AT_ONCE, LEAST, MOST, TERMS, Line, holidays_from
from tests.lending.audit.risk import LOSS, Risk, allowance, lived_and_judged
from tests.lending.audit.rounds import Debit, day_list

SHORT = 12


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


@dataclass
class Bank:
    """The bank: what its customers have, what it has lent, what day it is."""

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

    # Operations.

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

    def move_to(self, day: date) -> None:
        """Let the days pass."""
        self.today = day
        BusinessDay.objects.update(date=day)
        for lent in self.lent:
            lent.loan.live_until(day)
            comparing.compare_lent(lent, self.read[lent.id], is_touched=False)

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
        self.has_changed()
        refusal = self.refusal_of_payout(line, self.deposits.of(account_id))
        if refusal is not None:
            token = borrowers.pass_face(who, drawdown, "drawdown")
            self.refused(
                refusal,
                lambda: operations.disburse_drawdown(
                    drawdown_id=drawdown.pk, customer_id=line.customer_id, face_token=token
                ),
            )
            return
        borrowers.disburse(who, drawdown)
        self.held[line.id] -= amount
        self.deposits.of(account_id).balance += amount
        loan = Loan(line.contract(amount=amount, months=months, method=method, start=self.today))
        row = LoanRow.objects.get(drawdown=drawdown)
        lent = Lent(
            id=row.pk, line=line, months=months, loan=loan, next_price=_next_price(line, self.today, self.today),
            account_id=account_id,
        )  # fmt: skip
        self.lent.append(lent)
        self.check([lent])

    def refusal_of_draft(self, line: Line, account_id: uuid.UUID, amount: int, months: int, method: str) -> str | None:
        if not LEAST <= amount <= MOST:
            return "amount_out_of_range"
        if months not in TERMS or (months > SHORT and method in {*AT_ONCE, "interest_only"}):
            return "terms_not_offered"
        if self.today > line.valid_until:
            return "line_expired"
        if any(lent.is_misused for lent in self.lent if lent.line.id == line.id):
            return "line_frozen"  # a misuse stops all further draws (LN-12)
        if amount > line.limit - self.drawn(line) - self.held.get(line.id, 0):
            return "line_exceeded"
        return None if self.deposits.of(account_id).owner == line.customer_id else "account_not_active"

    def refusal_of_payout(self, line: Line, account: Account) -> str | None:
        """Nobody is lent what an order on the account would keep (ACC-15), and nobody who is overdue anything new."""
        if account.frozen > account.balance - account.held:
            return "account_not_active"
        is_overdue = any(lent.loan.overdue_days for lent in self.lent if lent.line.customer_id == line.customer_id)
        return "loan_overdue" if is_overdue else None

    def repay(self, lent: Lent, account_id: uuid.UUID, kind: str, amount: int | None, keep: str | None) -> None:
        """Repay a loan from an account."""
        account = self.deposits.of(account_id)
        refusal, total = refusal_or_total(lent, kind, amount)
        if refusal is None and account.owner != lent.line.customer_id:
            refusal = "account_not_active"
        if refusal is None and account.available < total:
            refusal = "insufficient_funds"

        def act() -> Repayment:
            return operations.repay_loan(
                loan_id=lent.id, customer_id=lent.line.customer_id, kind=kind, amount_fen=amount, account_id=account_id,
                keep=keep,
            )  # fmt: skip

        if refusal is not None:
            self.refused(refusal, act)
            return
        keeps = keep or lent.line.terms.prepayment_keeps
        self._paid(lent, account, MoneyIn(key=act().pk, day=self.today, kind=kind, total=total, keep=keeps))

    def repay_as_of(self, lent: Lent, account_id: uuid.UUID, day: date, amount: int) -> None:
        """Repay as of a day that is over; what is more than the debt of that day stays the customer's (ALLOC-03)."""
        account = self.deposits.of(account_id)
        if lent.loan.is_over:
            self.refused("state_conflict", lambda: enter_as_of(lent.id, account_id, day, amount))
        elif account.available < amount:
            self.refused("insufficient_funds", lambda: enter_as_of(lent.id, account_id, day, amount))
        else:
            key = enter_as_of(lent.id, account_id, day, amount)
            self._paid(lent, account, MoneyIn(key=key, day=day, kind="due", total=amount))

    def _paid(self, lent: Lent, account: Account, money: MoneyIn) -> None:
        self._enter(lent, account, money)
        self.check([lent])

    def _enter(self, lent: Lent, account: Account, money: MoneyIn) -> None:
        assert isinstance(money.key, uuid.UUID)
        lent.repayments.append(money.key)
        account.balance -= money.total
        lent.happens(money, self.today)

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
        self.deposits.of(account_id).balance += money.total
        was_over = lent.loan.is_over
        lent.live_again(self.today)
        while was_over and not self._has_no_new_price(lent):  # as if it had never been settled
            self._new_price(lent)
        self.check([lent])

    def reprice(self, lent: Lent) -> None:
        """Give a loan its new price (INT-01): the one-year rate of its day and the agreed spread."""
        before = books.digest() if self._has_no_new_price(lent) else None
        rate = loan_changes.reprice_loan(loan_id=lent.id)
        if before is not None:
            assert books.digest() == before, "repriced before its day"
            return
        assert Fraction(rate) / 100 == self._new_price(lent)
        self.check([lent])

    def _new_price(self, lent: Lent) -> Fraction:
        """Give a loan the price of its day by the rules; return it."""
        day = lent.next_price
        assert day is not None
        lent.next_price = _next_price(lent.line, lent.loan.contract.start, day)
        price = lent.line.new_price(start=lent.loan.contract.start, day=day)
        if price != lent.loan.contract_rate(self.today):
            lent.happens(NewRate(day=day, rate=price), self.today)
        return price

    def _has_no_new_price(self, lent: Lent) -> bool:
        return lent.loan.is_over or lent.next_price is None or lent.next_price > self.today

    def misuse(self, lent: Lent, day: date) -> None:
        """Find that a loan is misused from a day on."""

        def act() -> None:
            with transaction.atomic():
                loan_changes.mark_misused(loan_id=lent.id, from_date=day, actor="test", reason="test")

        if (
            lent.loan.is_over
            or lent.is_given_up
            or lent.is_misused
            or not lent.loan.contract.start <= day <= self.today
        ):
            self.refused("state_conflict", act)
            return
        act()
        lent.is_misused = True
        lent.happens(Misuse(day=day), self.today)
        self.check([lent])

    def extend(self, lent: Lent, months: int) -> None:
        """Extend a loan (EXT-01): by its own term at most where that is a year or less, else to its product's longest term."""

        def act() -> None:
            with transaction.atomic():
                loan_changes.extend_loan(loan_id=lent.id, months=months, actor="test", reason="test")

        allowed = lent.months if lent.months <= SHORT else max(TERMS) - lent.months
        if lent.loan.is_over or lent.is_given_up or lent.loan.overdue_days or not lent.loan.not_due:
            self.refused("state_conflict", act)
        elif months < 1 or lent.extended + months > allowed:
            self.refused("extension_too_long", act)
        else:
            act()
            lent.extended += months
            lent.risk.restructured(self.today)
            lent.happens(NewDates(day=self.today, due_dates=_longer(lent, months)), self.today)
            self.check([lent])

    def write_off(self, lent: Lent) -> None:
        """Write a loan off that is judged to be of the category loss: it leaves the assets, its debt goes on."""

        def act() -> None:
            with transaction.atomic():
                loan_changes.write_off_loan(loan_id=lent.id, actor="test", reason="test")

        if lent.risk.place != LOSS or lent.loan.is_over or lent.is_given_up:
            self.refused("state_conflict", act)
            return
        act()
        lent.is_given_up = True
        self.check([lent], is_folded=self.begun == self.today)

    # Automatic debits.

    def collect(self, number: int) -> None:
        """Run a round of the day: it tries what the day's list holds, if the day has begun (PEN-02)."""
        assert collect_round(day=self.today, round_number=number, seconds=float("inf"))
        told = {
            row.loan_id: row
            for row in AutoDebit.objects.filter(debit_date=self.today).select_related("repayment").order_by("pk")
        }
        listed = self.debits if self.begun == self.today else []
        assert list(told) == [each.lent.id for each in listed]
        tried = [each for each in listed if each.is_tried_by(number)]
        for each in tried:
            lent = each.lent
            assert lent.account_id is not None
            account, is_authorised = self.deposits.of(lent.account_id), lent.line.id not in self.unauthorised
            if amount := each.try_for(number, available=account.available, is_authorised=is_authorised):
                row = told[lent.id].repayment
                assert row is not None, "not collected"
                assert row.source == AUTO_DEBIT
                assert row.pk not in lent.repayments, "not collected in this round"
                keep = lent.line.terms.prepayment_keeps
                self._enter(lent, account, MoneyIn(key=row.pk, day=self.today, kind="due", total=amount, keep=keep))
        assert [(row.status, row.rounds) for row in told.values()] == [(each.status, each.round) for each in listed]
        self.check([each.lent for each in tried])

    # The day end.

    def end_day(self) -> None:
        """End the business day and begin the next one, as the day end does stage by stage (RISK-01 to RISK-04)."""
        if self.begun != self.today:
            self._begin()
        stages.close_income(closed_date=self.today)
        stages.close_provisions(closed_date=self.today)
        stages.move_on(closed_date=self.today)
        self._close()
        self.today += ONE_DAY
        for lent in self.lent:
            lent.loan.live_until(self.today)
        self._begin()
        self.check(self.lent)

    def _begin(self) -> None:
        """Let a day begin: what falls due, what each loan is called, new prices."""
        stages.fall_due(closed_date=self.today - ONE_DAY)
        stages.fall_overdue(closed_date=self.today - ONE_DAY)
        reprice_loans(closed_date=self.today - ONE_DAY, until=float("inf"))
        self.debits = day_list(self.lent)
        for lent in self.lent:
            if not lent.is_given_up:
                lent.risk.judge(lent.loan)
            while not self._has_no_new_price(lent):
                self._new_price(lent)
        self.begun = self.today

    def _close(self) -> None:
        """Bring what is owed beside principal, and the allowance, to where they stand on the day that ends."""
        targets = Counter(dict.fromkeys(books.CONTRA, 0))
        stages_of: Counter[tuple[object, int]] = Counter()
        for lent in self.lent:
            owed = lent.loan.overdue()
            default, interest = owed["penalty"] + owed["compound"], lent.loan.contract_interest
            if lent.risk.is_non_accrual or lent.is_given_up:
                targets[books.MEMO] += interest + default
            else:
                targets[books.INTEREST] += interest
                targets[books.PENALTY] += default
            if not lent.is_given_up:
                stages_of[lent.line.product, lent.risk.stage] += lent.loan.outstanding
        targets[books.ALLOWANCE] = -allowance(stages_of)
        stands = self._balances()
        for code, contra in books.CONTRA.items():
            self.closed[code] += targets[code] - stands[code]
            self.closed[contra] -= targets[code] - stands[code]

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

    # Comparison.

    def drawn(self, line: Line) -> int:
        """Return the principal that the loans of a line owe."""
        return sum(lent.loan.outstanding for lent in self.lent if lent.line.id == line.id)

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


def enter_as_of(loan_id: uuid.UUID, account_id: uuid.UUID, day: date, amount: int) -> uuid.UUID:
    """Collect a repayment today and enter it as of another day, all of it too much at first; return its id."""
    with transaction.atomic():
        loan = lock_repayable(loan_id=loan_id)
        lock_line(line_id=loan.line_id)
        row = Repayment.objects.create(
            loan=loan, account_id=account_id, kind="due", source=CUSTOMER, keeps=loan.prepayment_keeps, value_date=day,
            total_fen=amount, excess_fen=amount, shares=[], **dict.fromkeys(Owed.__dataclass_fields__, 0),
        )  # fmt: skip
        paid = accounts.collect_from(
            account_id=account_id, amount_fen=amount, legs=legs_of(row), business_ref=f"repayment:{row.pk.hex}",
            kind="repayment", memo="test", then=Then(COLLECTED, row.pk.hex),
        )  # fmt: skip
        row.payment_id = paid.id
        row.save(update_fields=["payment_id"])
        return post_repayment(repayment=row, loan=loan).pk


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


def _later_quarters(lent: Lent) -> tuple[date, ...]:
    """Return the dates of what is not due where interest is settled by quarter to a maturity that has moved (INT-06)."""
    contract, months = lent.loan.contract, lent.months + lent.extended
    is_moved = lent.line.terms.holiday_rule == "next_working_day"
    dates, _ = due_dates_of(
        contract.start, months, by_quarter=True, holidays=holidays_from(contract.start, months) if is_moved else ()
    )
    return tuple(day for day in dates if day > lent.loan.today)


def _on_its_fixed_day(lent: Lent, months: int) -> tuple[date, ...] | None:
    """Return the dates of what is not due where a day is fixed: those of a loan that was made for the longer term.

    None where no day is fixed, or the plan ends sooner than it was made to: it goes on from where it ends.
    """
    terms, contract, today = lent.line.terms, lent.loan.contract, lent.loan.today
    if terms.due_day is None:
        return None

    def made_for(term: int) -> tuple[date, ...]:
        holidays = holidays_from(contract.start, term) if terms.holiday_rule == "next_working_day" else ()
        return due_dates_of(
            contract.start, term, due_day=terms.due_day, first_period_min_days=terms.first_period_min_days,
            one_row=contract.method in AT_ONCE, holidays=holidays,
        )[0]  # fmt: skip

    if lent.loan.ahead[-1].due_date != made_for(lent.months + lent.extended - months)[-1]:
        return None
    return tuple(day for day in made_for(lent.months + lent.extended) if day > today)


def _longer(lent: Lent, months: int) -> tuple[date, ...]:
    """Return the dates of what is not due after an extension, moved by the holidays as the contract says (INT-07)."""
    contract, ahead = lent.loan.contract, [row.due_date for row in lent.loan.ahead]
    if lent.line.is_by_quarter(contract.method):
        return _later_quarters(lent)
    if (whole := _on_its_fixed_day(lent, months)) is not None:
        return whole
    last, is_moved = ahead[-1], lent.line.terms.holiday_rule == "next_working_day"
    holidays = holidays_from(last - timedelta(days=40), months + 2) if is_moved else frozenset()
    month_before = same_day_of(last.replace(day=1) - ONE_DAY, 0, contract.anchor)
    own = month_before if working_day(month_before, holidays) == last else last
    more = [working_day(same_day_of(own, k, contract.anchor), holidays) for k in range(1, months + 1)]
    return (more[-1],) if contract.method in AT_ONCE else tuple(dict.fromkeys([*ahead, *more]))
