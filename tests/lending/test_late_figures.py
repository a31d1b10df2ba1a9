"""D20: the figures of a day are worked out again from dated records; what comes late re-opens the last three days only."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta

import pytest
from django.db import transaction

from accounts.models import DepositAccount
from accounts.operations.payments import payment_arrived
from core.clock import business_date
from lending import operations
from lending.closing.runner import close_until
from lending.models import Loan, Repayment
from lending.operations.repayment import collection_ended
from lending.operations.reversal import return_ended, reverse_repayment
from lending.queries.figures import figures_now, figures_on
from lending.reporting import push_figures
from tenants.models import PushedFigure
from tenants.operations import BORROWERS, DRAWN, GRANTED
from tests.accounts.holders import give
from tests.lending.borrowers import set_day
from tests.lending.test_receipt_repayment import came_in, owe_m1, pay
from tests.made_once import made_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
FIRST, TODAY = date(2024, 3, 4), date(2024, 3, 10)
OPEN_FROM = TODAY - timedelta(days=3)
LENT, FIRST_PRINCIPAL = 100_000_00, 8_106_64


def a_week() -> Loan:
    """M1, and the days from FIRST to TODAY, each closed as the day end does."""
    _, loan = owe_m1()
    set_day(FIRST)
    close_until(to_date=TODAY)
    return loan


week_once = made_once(a_week)


@pytest.fixture
def loan(week_once: Loan, bank_a: str) -> Loan:
    """Give the loan on the morning of TODAY."""
    del bank_a
    assert business_date() == TODAY
    return deepcopy(week_once)


def stored(kind: str) -> dict[date, int]:
    rows = PushedFigure.objects.filter(bank="125", kind=kind, date__gte=FIRST).order_by("date")
    return dict(rows.values_list("date", "value"))


def day(number: int) -> date:
    return date(2024, 3, number)


class TestLateEvents:
    def test_within_three_days_change_the_days_from_which_they_count(self, loan: Loan) -> None:
        before = stored(DRAWN)
        assert set(before.values()) == {LENT}
        assert sorted(before)[-4:] == [day(7), day(8), day(9), TODAY]
        pay(loan, came_in(9_000_00), day(8))
        push_figures()
        assert stored(DRAWN) == before | dict.fromkeys((day(8), day(9), TODAY), LENT - FIRST_PRINCIPAL)

    def test_older_ones_change_no_day_that_is_final(self, loan: Loan) -> None:
        before = stored(DRAWN)
        pay(loan, came_in(9_000_00), day(5))
        push_figures()
        push_figures(is_new_day=True)
        after = stored(DRAWN)
        assert {on: fen for on, fen in after.items() if on < OPEN_FROM} == {
            on: fen for on, fen in before.items() if on < OPEN_FROM
        }
        assert {after[on] for on in after if on >= OPEN_FROM} == {LENT - FIRST_PRINCIPAL}
        assert after != before

    def test_a_customer_who_has_paid_everything_owed_nothing_from_that_day_on(self, loan: Loan) -> None:
        before = stored(BORROWERS)
        assert set(before.values()) == {1}
        pay(loan, came_in(120_000_00), day(8), "early_full")
        push_figures()
        assert stored(BORROWERS) == before | dict.fromkeys((day(8), day(9), TODAY), 0)
        assert stored(DRAWN)[day(8)] == 0


class TestASnapshot:
    def test_is_the_same_whenever_it_is_taken_again(self, loan: Loan) -> None:
        del loan
        before = {kind: stored(kind) for kind in (DRAWN, BORROWERS, GRANTED)}
        push_figures(is_new_day=True)
        push_figures(is_new_day=True)
        assert {kind: stored(kind) for kind in before} == before
        for on, fen in before[DRAWN].items():
            assert (figures_on(on).drawn_fen, figures_on(on).borrowing_customers) == (fen, before[BORROWERS][on])

    def test_holds_what_a_push_was_too_late_for(self, loan: Loan) -> None:
        """What was booked in the evening and pushed after midnight is in the figures of its own day."""
        pay(loan, came_in(9_000_00), TODAY)
        close_until(to_date=TODAY + timedelta(days=1))  # and no step has pushed before the day was over
        assert stored(DRAWN)[TODAY] == LENT - FIRST_PRINCIPAL
        assert (figures_now().drawn_fen, stored(DRAWN)[TODAY + timedelta(days=1)]) == (LENT - FIRST_PRINCIPAL,) * 2


def repaid_in_full(loan: Loan) -> Repayment:
    """Repay everything from the borrower's account."""
    return operations.repay_loan(
        loan_id=loan.pk, customer_id=loan.customer_id, kind="early_full", amount_fen=None, account_id=loan.account_id
    )


def kept_by_the_core(loan: Loan) -> None:
    DepositAccount.objects.filter(pk=loan.account_id).update(keeper="core", balance_fen=0)


class TestWhatTheCoreAnswersLate:
    def test_counts_from_the_day_on_which_the_customer_paid(self, loan: Loan) -> None:
        kept_by_the_core(loan)
        before = stored(DRAWN)
        repayment = repaid_in_full(loan)
        close_until(to_date=TODAY + timedelta(days=1))
        assert stored(DRAWN)[TODAY] == LENT
        with transaction.atomic():
            payment_arrived(payment_id=repayment.payment_id, core_reference="DR1")  # type: ignore[arg-type]
            collection_ended(repayment_id=repayment.pk)
        push_figures()
        assert stored(DRAWN) == before | {TODAY: 0, TODAY + timedelta(days=1): 0}
        assert figures_on(TODAY).borrowing_customers == 0


class TestWhatIsTakenBack:
    @pytest.mark.parametrize("keeper", ["own", "core"])
    def test_was_never_paid_on_any_day(self, loan: Loan, keeper: str) -> None:
        days = (TODAY, TODAY + timedelta(days=1))
        give(loan.account_id, 200_000_00)
        if keeper == "core":
            kept_by_the_core(loan)
        before = {on: (figures_on(on).drawn_fen, figures_on(on).borrowing_customers) for on in days}
        repayment = repaid_in_full(loan)
        if keeper == "core":
            with transaction.atomic():
                payment_arrived(payment_id=repayment.payment_id, core_reference="DR1")  # type: ignore[arg-type]
                collection_ended(repayment_id=repayment.pk)
        close_until(to_date=TODAY + timedelta(days=1))
        assert stored(DRAWN)[TODAY] == 0
        with transaction.atomic():
            back = reverse_repayment(repayment_id=repayment.pk, actor="a+b", reason="错扣")
            if keeper == "core":
                payment_arrived(payment_id=back.reversal_payment_id, core_reference="CR1")  # type: ignore[arg-type]
                return_ended(repayment_id=repayment.pk)
        push_figures()
        assert {on: (figures_on(on).drawn_fen, figures_on(on).borrowing_customers) for on in days} == before
        assert [stored(DRAWN)[on] for on in days] == [LENT, LENT]
