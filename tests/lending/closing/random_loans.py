"""Loans of every sort with random histories, made by the product's own operations; everything follows from a seed."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from core.clock import business_date
from core.errors import Problem
from lending.closing.repricing import reprice_loans
from lending.closing.stages import fall_due, fall_overdue
from lending.loan_records import record_of
from lending.loans.standing import standing_on
from lending.models import CreditLine, DayEndStage, Loan, Repayment
from lending.models.loan import SETTLED
from lending.models.product import NEXT_WORKING_DAY, NOT_SHIFTED
from lending.models.repayment import POSTED
from lending.operations.loan_changes import extend_loan, mark_misused
from lending.operations.reversal import reverse_repayment
from tests.lending.applicants import change_product
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.whole_loans import whole_loans

METHODS: Final = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_any_day")
PLAIN: Final[dict[str, Any]] = {
    "methods": list(METHODS),
    "terms_months": [1, 3, 6, 12, 24],
    "grace_days": 0,
    "repricing": "fixed",
    "compound_penalty": True,
    "compound_on_penalty": False,
    "due_day": None,
    "first_period_min_days": 0,
    "holiday_rule": NOT_SHIFTED,
    "overdue_markup_percent": Decimal(50),
    "misuse_markup_percent": Decimal(100),
}
SORTS: Final[tuple[dict[str, Any], ...]] = (
    {"day_count": "30/360", "repricing": "every_january"},
    {"day_count": "act/360", "grace_days": 3, "compound_penalty": False, "holiday_rule": NEXT_WORKING_DAY},
    {
        "day_count": "act/365",
        "grace_days": 1,
        "repricing": "anniversary",
        "overdue_markup_percent": Decimal(35),
        "compound_on_penalty": True,
    },
    {
        "day_count": "30/360",
        "due_day": 20,
        "first_period_min_days": 10,
        "misuse_markup_percent": Decimal(50),
        "compound_on_penalty": True,
    },
)
DAY: Final = timedelta(days=1)


class LoanBook:
    """The loans of one test, each with its borrower, and the chance that drives them."""

    def __init__(self, seed: int) -> None:
        """Begin with no loan."""
        self.chance = random.Random(seed)
        self.loans: list[tuple[Borrower, Loan]] = []

    def open(self, count: int, *, start: date) -> None:
        """Lend so many loans of every method and sort, on random days from `start` on."""
        set_day(start)
        versions = [change_product("XF01", **{**PLAIN, **sort}) for sort in SORTS]
        for number in range(count):
            set_day(business_date() + timedelta(days=self.chance.randrange(4)))
            who = make_borrower(spread_bp=self.chance.choice((250, 310, 400)))  # a new price at the first repricing
            version = versions[number % len(SORTS)]
            CreditLine.objects.filter(pk=who.line_id).update(product_version=version)
            method = METHODS[number % len(METHODS)]
            term = self.chance.choice((1, 3, 6, 12) if method in METHODS[2:] else (3, 6, 12, 24))
            amount_fen = self.chance.randrange(1_000_00, 150_000_00)
            self.loans.append((who, lend(who, amount_fen, term_months=term, method=method)))
            give_money(who, 1_000_000_00)

    def again(self) -> list[Loan]:
        """Read all loans anew, with instalments and shares."""
        return whole_loans([loan.pk for _, loan in self.loans])

    def jump(self, *, most_days: int) -> date:
        """Go forward by some days and begin the day that is reached; return it."""
        day = business_date() + timedelta(days=self.chance.randint(1, most_days))
        begin(day)
        return day

    def act(self, count: int) -> None:
        """Do random things to random loans, but never to a fifth of them; what a loan refuses is not done."""
        for _ in range(count):
            who, loan = self.chance.choice(self.loans[len(self.loans) // 5 :])
            (current,) = whole_loans([loan.pk])
            if current.status != SETTLED:
                with contextlib.suppress(Problem):
                    self.chance.choice(self._acts())(who, current)

    def _acts(self) -> list[Callable[[Borrower, Loan], None]]:
        often = [self._pay_due, self._pay_due, self._pay_due, self._pay_part, self._pay_part]
        return [*often, self._prepay, self._prepay, self._settle, self._misuse, self._extend, self._take_back]

    def _pay_due(self, who: Borrower, loan: Loan) -> None:
        repay(who, loan)

    def _pay_part(self, who: Borrower, loan: Loan) -> None:
        owed_fen = standing_on(record_of(loan), on_date=business_date()).due_in_all.total_fen
        repay(who, loan, amount_fen=self.chance.randint(1, max(1, owed_fen)))

    def _prepay(self, who: Borrower, loan: Loan) -> None:
        if loan.method != "pay_any_day":
            repay(who, loan, kind="early_partial", amount_fen=self.chance.randint(1, max(1, loan.outstanding_fen // 2)))
            return
        running_fen = standing_on(record_of(loan), on_date=business_date()).running_interest_fen
        most_fen = self.chance.choice((running_fen, loan.outstanding_fen))  # less than the interest: some is carried
        repay(who, loan, kind="any", amount_fen=self.chance.randint(1, max(1, most_fen)))

    def _settle(self, who: Borrower, loan: Loan) -> None:
        if self.chance.random() < 0.2:
            repay(who, loan, kind="early_full")

    def _misuse(self, who: Borrower, loan: Loan) -> None:
        from_date = max(loan.start_date, business_date() - timedelta(days=self.chance.randrange(20)))
        with transaction.atomic():
            mark_misused(loan_id=loan.pk, from_date=from_date, actor="test", reason="测试")

    def _extend(self, who: Borrower, loan: Loan) -> None:
        with transaction.atomic():
            extend_loan(loan_id=loan.pk, months=self.chance.randint(1, 3), actor="test", reason="测试")

    def _take_back(self, who: Borrower, loan: Loan) -> None:
        posted = Repayment.objects.filter(loan=loan, status=POSTED).order_by("pk")
        if posted:
            with transaction.atomic():
                reverse_repayment(repayment_id=self.chance.choice(list(posted)).pk, actor="test", reason="测试")


def begin(day: date) -> None:
    """Put the books at a day and begin it as the day end does, however many days lie between; twice is allowed."""
    set_day(day)
    DayEndStage.objects.filter(closed_date=day - DAY).delete()
    fall_due(closed_date=day - DAY)
    fall_overdue(closed_date=day - DAY)
    reprice_loans(closed_date=day - DAY, until=float("inf"))
