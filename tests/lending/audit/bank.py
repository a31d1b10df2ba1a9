"""One bank under audit: every operation is done twice, by the product and by the rules, and the two are compared.

What the rules refuse must be refused by the product with the code that is documented, and leave every row as it was. What
they allow must leave every figure as they have it.
"""

from __future__ import annotations

import uuid
from datetime import date
from fractions import Fraction

from django.db import transaction

from accounts import operations as accounts
from core.steps.registry import Then
from lending import operations
from lending.loans.standing import Owed
from lending.models import Loan as LoanRow
from lending.models import Repayment
from lending.models.repayment import CUSTOMER
from lending.operations import loan_changes
from lending.operations.loan_locks import lock_line
from lending.operations.repayment import COLLECTED, lock_repayable
from lending.operations.repayment_posting import post_repayment
from lending.operations.reversal import reverse_repayment
from lending.repayment_amounts import legs_of
from tests.lending import borrowers
from tests.lending.audit import books
from tests.lending.audit.bank_days import BankDays
from tests.lending.audit.deposits import Account
from tests.lending.audit.extending import longer
from tests.lending.audit.lent import Lent, next_price_day, refusal_or_total
from tests.lending.audit.loan import Loan, Misuse, MoneyIn, NewDates
from tests.lending.audit.offers import AT_ONCE, LEAST, MOST, TERMS, Line
from tests.lending.audit.risk import LOSS

SHORT = 12


class Bank(BankDays):
    """The bank: what its customers and its staff do."""

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
            id=row.pk, line=line, months=months, loan=loan, next_price=next_price_day(line, self.today, self.today),
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
            lent.happens(NewDates(day=self.today, due_dates=longer(lent, months)), self.today)
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
