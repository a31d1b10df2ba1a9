"""The days of a bank under audit: they pass, end and begin, and rounds of automatic debits are run."""

from __future__ import annotations

from collections import Counter
from datetime import date

from core.clock.models import BusinessDay
from lending.closing import stages
from lending.closing.collecting import collect_round
from lending.closing.repricing import reprice_loans
from lending.models import AutoDebit
from lending.models.repayment import AUTO_DEBIT
from tests.lending.audit import books, comparing
from tests.lending.audit.days import ONE_DAY
from tests.lending.audit.figures import Figures
from tests.lending.audit.loan import MoneyIn
from tests.lending.audit.risk import allowance
from tests.lending.audit.rounds import day_list


class BankDays(Figures):
    """A bank whose days pass."""

    def move_to(self, day: date) -> None:
        """Let the days pass."""
        self.today = day
        BusinessDay.objects.update(date=day)
        for lent in self.lent:
            lent.loan.live_until(day)
            comparing.compare_lent(lent, self.read[lent.id], is_touched=False)

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
