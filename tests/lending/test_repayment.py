"""Repayment: due, late, in full; spread, booked, given back to the line (ALLOC-01, PEN-01, M7, M9, S18, S20)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import queries as accounts
from accounts.models import Claim, DepositAccount, JournalEntry
from accounts.operations import AccountNotActive, InsufficientFunds
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.money import yuan_to_fen
from core.steps import engine
from core.steps.models import Step
from core.steps.registry import KINDS, LEDGER
from core.tenancy import PROVINCE, at, in_bank
from lending import operations, queries
from lending.loan_records import policy_of
from lending.loans.standing import Owed
from lending.models import CreditLine, Instalment, Loan, LoanEvent, Repayment, RepaymentShare
from tenants import directory
from tenants.models import Bank
from tenants.parameters import set_for_bank
from tests.at_once import at_once, told
from tests.lending.applicants import change_product, due_now
from tests.lending.borrowers import (
    Borrower,
    disburse,
    draft,
    give_money,
    lend,
    make_account,
    make_borrower,
    priced,
    repay,
    set_day,
    signed,
)
from tests.lending.test_disbursement import books_agree, credits_of, in_core
from tests.made_once import made_once
from tests.running_sandbox import Sandbox
from verification.models import Subject

RunSteps = Callable[..., int]
START = date(2024, 1, 15)
HUNDRED_THOUSAND = 100_000_00


def m1(who: Borrower) -> Loan:
    """Lend M1: 100,000.00 at 6 % over twelve equal instalments from 2024-01-15; the money is there to repay from."""
    set_day(START)
    CreditLine.objects.filter(pk=who.line_id).update(starts_date=START, valid_until_date=date(2026, 1, 15))
    priced(who)
    loan = lend(who, HUNDRED_THOUSAND)
    give_money(who, 10_000_00)
    return loan


def lend_m1() -> tuple[Borrower, Loan]:
    """Lend M1 to a new borrower."""
    who = make_borrower()
    return who, m1(who)


lent_once = made_once(lend_m1, scope="class")


@pytest.fixture
def lent_m1(lent_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give M1, lent once for a class of which no test commits."""
    del bank_a
    return deepcopy(lent_once)


def pay_first(who: Borrower, loan: Loan, count: int) -> None:
    """Pay the first instalments, each on its day."""
    for number in range(1, count + 1):
        set_day(loan.instalments.get(number=number).due_date)
        assert repay(who, loan).status == "posted"


def again(loan: Loan) -> Loan:
    return Loan.objects.get(pk=loan.pk)


def plan(loan: Loan, kind: str = "due", amount_fen: int | None = None) -> Owed:
    return queries.plan_repayment(again(loan), kind=kind, amount_fen=amount_fen).total


def yuan(owed: Owed) -> tuple[str, ...]:
    kinds = (owed.fee_fen, owed.compound_fen, owed.penalty_fen, owed.interest_fen, owed.principal_fen)
    return tuple(f"{fen / 100:.2f}" for fen in kinds)


def postings(repayment: Repayment) -> dict[str, int]:
    entry = JournalEntry.objects.get(business_ref=f"repayment:{repayment.pk.hex}")
    return {line.gl_code: line.amount_fen for line in entry.postings.all()}


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestDue:
    def test_the_first_instalment_on_its_day(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        set_day(date(2024, 2, 15))
        repayment = repay(who, loan)
        assert repayment.status == "posted"
        assert repayment.balance_after_fen == yuan_to_fen("91893.36")
        assert postings(repayment) == {
            "2011": yuan_to_fen("8606.64"),
            "1301": -yuan_to_fen("8106.64"),
            "1302": -yuan_to_fen("500.00"),
        }
        first = Instalment.objects.get(loan=loan, number=1)
        assert (first.paid_principal_fen, first.paid_interest_fen) == (first.principal_fen, first.interest_fen)
        assert first.closed_date == date(2024, 2, 15)
        assert who.line().drawn_fen == yuan_to_fen("91893.36")
        books_agree()

    def test_repaid_principal_can_be_drawn_again(self) -> None:
        who = make_borrower(limit_fen=HUNDRED_THOUSAND)
        loan = m1(who)
        set_day(date(2024, 2, 15))
        with pytest.raises(operations.LineExceeded):
            draft(who, 500_00)
        repay(who, loan)
        assert draft(who, yuan_to_fen("8106.64")).status == "draft"

    def test_it_leaves_an_event_shares_and_figures_to_push(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        repayment = Repayment.objects.get()
        event = LoanEvent.objects.get(kind="repaid")
        assert (event.amount_fen, event.outstanding_fen) == (repayment.total_fen, again(loan).outstanding_fen)
        assert RepaymentShare.objects.get().principal_fen == repayment.principal_fen
        assert Step.objects.filter(kind="province.push_figures", subject=f"repaid:{repayment.pk.hex}").exists()

    def test_nothing_is_due_before_its_day(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        set_day(date(2024, 2, 14))
        assert plan(loan) == Owed()
        with pytest.raises(queries.RepaymentExceedsDebt):
            repay(who, loan)

    def test_the_last_instalment_settles_the_loan_and_releases_the_account(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 12)
        settled = again(loan)
        assert (settled.status, settled.outstanding_fen) == ("settled", 0)
        assert settled.settled_date == date(2025, 1, 15)
        assert who.line().drawn_fen == 0
        assert Claim.objects.get(account_id=who.account_id).released_at is not None
        assert LoanEvent.objects.filter(loan=loan, kind="settled").count() == 1
        assert -accounts.gl_balance("1302") == yuan_to_fen("3279.73")  # income is the day end's to book
        books_agree()
        with pytest.raises(StateConflict):
            repay(who, loan)

    def test_m9_ten_days_late(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 3)
        set_day(date(2024, 5, 25))
        assert yuan(plan(loan)) == ("0.00", "0.94", "20.57", "377.79", "8228.85")
        repayment = repay(who, loan)
        assert postings(repayment) == {
            "2011": yuan_to_fen("8628.15"),
            "1301": -yuan_to_fen("8228.85"),
            "1302": -yuan_to_fen("377.79"),
            "1303": -yuan_to_fen("21.51"),
        }
        fourth = Instalment.objects.get(loan=loan, number=4)
        assert (fourth.paid_penalty_fen, fourth.paid_compound_fen) == (2057, 94)
        assert plan(loan) == Owed()
        books_agree()

    def test_s18_a_thousand_against_two_overdue_instalments(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        set_day(date(2024, 3, 25))
        repayment = repay(who, loan, amount_fen=1_000_00)
        assert [share["number"] for share in repayment.shares] == [1]
        assert yuan(Owed(**{name: getattr(repayment, name) for name in Owed.__dataclass_fields__})) == (
            "0.00", "4.88", "79.04", "500.00", "416.08",
        )  # fmt: skip
        assert Instalment.objects.get(loan=loan, number=1).closed_date is None
        books_agree()

    def test_s18_more_than_ninety_days_overdue_principal_comes_first(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        set_day(date(2024, 5, 20))
        repayment = repay(who, loan, amount_fen=1_000_00)
        assert repayment.principal_fen == 1_000_00
        books_agree()

    def test_a_signed_contract_keeps_its_order_and_the_next_one_has_the_new(self) -> None:
        """S25: a parameter never changes a signed contract: principal first from day 31 on is for those signed later."""
        who = make_borrower()
        loan = m1(who)
        with transaction.atomic():
            for name, value in (
                ("loan.non_accrual_days", 30), ("repayment.order", "fee,interest,principal,compound,penalty"),
            ):  # fmt: skip
                set_for_bank(name=name, value=value, effective_date=START + timedelta(days=1), actor="maker")
        set_day(date(2024, 3, 25))
        before = policy_of(loan).allocation
        assert repay(who, loan, amount_fen=1_000_00).principal_fen == yuan_to_fen("416.08")
        assert (before.order[1], before.principal_first_above_days) == ("compound_fen", 90)
        later = policy_of(lend(make_borrower(), HUNDRED_THOUSAND)).allocation
        assert (later.order[1], later.principal_first_above_days) == ("interest_fen", 30)

    def test_parts_paid_on_different_days_cost_what_the_days_cost_and_no_fen_more(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        set_day(date(2024, 3, 5))
        repay(who, loan, amount_fen=3_000_00)
        set_day(date(2024, 3, 10))
        repay(who, loan)
        shares = RepaymentShare.objects.all()
        # 8,106.64 for 19 days, then the rest for 5; 500.00 for 19 days; at 9 % over 360.
        first, second = shares.order_by("value_date")
        rest = yuan_to_fen("8106.64") - first.principal_fen
        integral = yuan_to_fen("8106.64") * 19 + rest * 5
        assert sum(share.penalty_fen for share in shares) == round(integral * 9 / 100 / 360)
        assert sum(share.compound_fen for share in shares) == round(50_000 * 19 * 9 / 100 / 360)
        assert second.principal_fen == rest
        assert Instalment.objects.get(loan=loan, number=1).closed_date == date(2024, 3, 10)
        assert plan(loan) == Owed()

    def test_less_than_is_due_is_taken_only_when_overdue(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        set_day(date(2024, 2, 15))
        for amount in (1_000_00, 0):
            with pytest.raises(queries.AmountOutOfRange):
                repay(who, loan, amount_fen=amount)
        assert repay(who, loan, amount_fen=yuan_to_fen("8606.64")).status == "posted"

    def test_more_than_is_due_is_not_taken(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        set_day(date(2024, 2, 15))
        with pytest.raises(queries.RepaymentExceedsDebt):
            repay(who, loan, amount_fen=yuan_to_fen("8606.65"))
        assert not Repayment.objects.exists()

    def test_a_loan_by_instalments_is_not_repaid_any_day(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        with pytest.raises(queries.RepaymentKindNotOffered):
            repay(who, loan, kind="any")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestEarlyFull:
    def test_m7_ten_days_into_the_fourth_period(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 3)
        set_day(date(2024, 4, 25))
        assert yuan(plan(loan, "early_full")) == ("0.00", "0.00", "0.00", "125.93", "75558.28")
        repayment = repay(who, loan, kind="early_full")
        assert repayment.total_fen == yuan_to_fen("75684.21")
        assert repayment.balance_after_fen == 0
        assert again(loan).status == "settled"
        assert not Instalment.objects.filter(loan=loan, closed_date=None).exists()
        assert who.line().drawn_fen == 0
        books_agree()

    def test_on_the_first_day_it_costs_no_interest(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        repayment = repay(who, loan, kind="early_full")
        assert (repayment.interest_fen, repayment.principal_fen) == (0, HUNDRED_THOUSAND)
        assert again(loan).status == "settled"
        books_agree()

    def test_what_is_overdue_is_settled_with_it(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 3)
        set_day(date(2024, 5, 25))
        repayment = repay(who, loan, kind="early_full")
        assert (repayment.compound_fen, repayment.penalty_fen) == (94, 2057)
        assert again(loan).status == "settled"
        books_agree()

    def test_a_product_with_a_fee_charges_it_on_what_was_not_due(self) -> None:
        change_product("XF01", early_repayment_fee_percent=1)
        who = make_borrower()
        loan = m1(who)
        repayment = repay(who, loan, kind="early_full")
        assert repayment.fee_fen == 1_000_00
        assert postings(repayment)["6011"] == -1_000_00
        books_agree()

    def test_it_takes_exactly_what_settles(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        with pytest.raises(queries.AmountOutOfRange):
            repay(who, loan, kind="early_full", amount_fen=HUNDRED_THOUSAND - 1)
        with pytest.raises(queries.RepaymentExceedsDebt):
            repay(who, loan, kind="early_full", amount_fen=HUNDRED_THOUSAND + 1)
        assert again(loan).status == "active"


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAcc13RepayingStaysPossible:
    def test_s20_with_an_expired_id_card_a_frozen_line_a_closed_product_and_a_suspended_bank(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        Subject.objects.filter(pk=who.customer_id).update(valid_until_date=START - timedelta(days=1))
        CreditLine.objects.filter(pk=who.line_id).update(status="frozen")
        with at(PROVINCE):
            Bank.objects.filter(code="125").update(stage="suspended")
        directory.forget()
        set_day(date(2024, 2, 15))
        assert repay(who, loan).status == "posted"

    def test_without_the_money_nothing_changes(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        DepositAccount.objects.filter(pk=who.account_id).update(balance_fen=100)
        set_day(date(2024, 2, 15))
        with pytest.raises(InsufficientFunds):
            repay(who, loan)
        assert not Repayment.objects.exists()
        assert again(loan).outstanding_fen == HUNDRED_THOUSAND

    def test_only_from_an_active_account_of_ones_own(self) -> None:
        who, other = make_borrower(), make_borrower()
        loan = m1(who)
        set_day(date(2024, 2, 15))
        closed = make_account(who.customer_id, status="closed")
        for account_id in (other.account_id, closed.pk, loan.pk):
            with pytest.raises(AccountNotActive):
                operations.repay_loan(
                    loan_id=loan.pk, customer_id=who.customer_id, kind="due", amount_fen=None, account_id=account_id
                )

    @pytest.mark.parametrize("account_class", ["II", "III"])
    def test_another_of_ones_accounts_will_do_whatever_its_class(
        self, lent_m1: tuple[Borrower, Loan], account_class: str
    ) -> None:
        """ACC-07: a loan may be repaid from a Class III account, beyond what may leave it in a day."""
        who, loan = lent_m1
        account = make_account(who.customer_id, account_class=account_class)
        second = Borrower(who.bank, who.customer_id, who.line_id, account.pk)
        set_day(date(2024, 2, 20))  # overdue, so that a part will do
        for _ in range(2):
            give_money(second, 2_000_00)
            assert repay(second, loan, amount_fen=2_000_00).status == "posted"
        assert second.account().balance_fen == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestStanding:
    @pytest.mark.parametrize(
        ("days", "category"),
        [
            (0, "normal"), (1, "special_mention"), (90, "special_mention"), (91, "substandard"),
            (270, "substandard"), (271, "doubtful"), (360, "doubtful"), (361, "loss"),
        ],
    )  # fmt: skip
    def test_the_clock_walks_days_overdue_and_category(
        self, days: int, category: str, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        _, loan = lent_m1
        found = queries.loan_standing(loan, on=date(2024, 2, 15) + timedelta(days=days))
        assert found.standing.overdue_days == days
        assert found.category == category

    def test_what_is_next_and_what_has_accrued(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        before = queries.loan_standing(loan, on=date(2024, 1, 25))
        assert before.next_due is not None
        assert (before.next_due.due_date, before.next_due.amount_fen) == (date(2024, 2, 15), yuan_to_fen("8606.64"))
        assert before.standing.accrued_interest_fen == yuan_to_fen("166.67")
        late = queries.loan_standing(loan, on=date(2024, 2, 25))
        assert late.next_due is not None
        assert late.next_due.amount_fen == late.standing.overdue.total_fen
        pay_first(who, loan, 12)
        after = queries.loan_standing(again(loan), on=date(2025, 6, 1))
        assert after.next_due is None
        assert after.standing.accrued_interest_fen == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGuards:
    @pytest.mark.parametrize("model", [RepaymentShare, LoanEvent])
    def test_what_was_paid_never_changes(self, model: Any) -> None:
        who = make_borrower()
        pay_first(who, m1(who), 1)
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            model.objects.all()._raw_delete("default")
        field = "value_date" if model is RepaymentShare else "business_date"
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            model.objects.update(**{field: date(2020, 1, 1)})

    def test_an_instalment_keeps_its_terms(self, lent_m1: tuple[Borrower, Loan]) -> None:
        _, loan = lent_m1
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            Instalment.objects.filter(loan=loan).update(due_date=date(2030, 1, 1))

    def test_the_database_refuses_more_paid_than_owed(self, lent_m1: tuple[Borrower, Loan]) -> None:
        _, loan = lent_m1
        with pytest.raises(IntegrityError, match="lending_instalment_paid_within_owed"), transaction.atomic():
            Instalment.objects.filter(loan=loan, number=1).update(paid_interest_fen=50_001)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestInCore:
    @pytest.fixture
    def lent(self, bank_a: str, vendors: Sandbox, run_steps: RunSteps) -> tuple[Borrower, Loan]:
        who = in_core(make_borrower(keeper="core"))
        disburse(who, signed(who))
        run_steps()
        loan = Loan.objects.get()
        set_day(loan.instalments.get(number=1).due_date)
        return who, loan

    def test_the_core_debits_and_then_everything_follows_once(
        self, lent: tuple[Borrower, Loan], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who, loan = lent
        repayment = repay(who, loan)
        assert repayment.status == "posting"
        with pytest.raises(StateConflict):
            repay(who, loan)
        vendors.fault("core", drop_after=True, count=1)
        run_steps()
        assert Repayment.objects.get().status == "posting"
        due_now()
        run_steps()
        assert Repayment.objects.get().status == "posted"
        assert len(credits_of(vendors, who)) == 2
        assert postings(repayment)["1011"] == repayment.total_fen
        assert again(loan).outstanding_fen == loan.principal_fen - repayment.principal_fen
        assert queries.loan_book_agrees()

    def test_a_refusal_for_want_of_money_fails_it_and_another_may_follow(
        self, lent: tuple[Borrower, Loan], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who, loan = lent
        debit = of_core(who, loan.principal_fen)
        assert debit
        repayment = repay(who, loan)
        run_steps()
        failed = Repayment.objects.get(pk=repayment.pk)
        assert (failed.status, failed.reason_code) == ("failed", "insufficient_funds")
        assert not RepaymentShare.objects.exists()
        assert repay(who, loan).status == "posting"

    def test_a_worker_that_dies_after_the_core_has_answered_books_once(
        self, lent: tuple[Borrower, Loan], vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        who, loan = lent
        repay(who, loan)
        moving = engine.lease([LEDGER])
        assert moving is not None
        engine.work(moving)
        lost = engine.lease([KINDS["repayment.collected"].lane])
        assert lost is not None
        due_now()
        run_steps()
        engine.work(lost)
        assert RepaymentShare.objects.count() == 1
        assert again(loan).outstanding_fen == loan.principal_fen - Repayment.objects.get().principal_fen


def of_core(who: Borrower, amount_fen: int) -> str:
    """Take money off the account in the core, behind our back."""
    from accounts import vendors as of_accounts
    from core.ids import new_id

    number = who.account().number or ""
    booked = of_accounts.core_system().debit(
        account_number=number, amount_fen=amount_fen, memo="test", request_id=new_id().hex
    )
    return booked.reference


@pytest.mark.django_db(transaction=True)
def test_twenty_repayments_at_once_pay_once() -> None:
    with in_bank("125"):
        who = make_borrower()
        loan = lend(who)
        set_day(loan.instalments.get(number=1).due_date)
        due_fen = plan(loan).total_fen
    outcomes = told(at_once("125", [lambda: repay(who, loan).status] * 20))
    with in_bank("125"):
        assert outcomes == ["posted"] + ["repayment_exceeds_debt"] * 19
        assert who.account().balance_fen == loan.principal_fen - due_fen
        books_agree()


@pytest.mark.django_db
def test_at_another_bank_a_loan_is_absent(bank_a: str) -> None:
    who = make_borrower()
    loan = lend(who)
    with in_bank("116"):
        with pytest.raises(NotFound):
            repay(who, loan)
        with pytest.raises(NotFound):
            queries.access_loan(who.customer_id, loan.pk.hex)
    assert again(loan).outstanding_fen == loan.principal_fen
    assert business_date() == loan.start_date
