"""Repayments taken back: as if they had never been (ALLOC-03, S19)."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from accounts import queries as accounts
from accounts.models import Claim, DepositAccount, JournalEntry
from accounts.operations.payments import payment_arrived, payment_failed
from core.approvals.operations import propose
from core.clock import business_date
from core.errors import Problem, StateConflict
from core.money import yuan_to_fen
from core.states.models import StateChange
from lending import operations, queries
from lending.approvals import REVERSE_REPAYMENT
from lending.loan_columns import running_of
from lending.loan_records import facts_of, opening_record, policy_of, record_of
from lending.loans.replay import replay
from lending.models import CreditLine, Instalment, Loan, LoanEvent, Repayment, RepaymentShare
from lending.operations.lines import release_hold
from lending.operations.reversal import return_ended, reverse_repayment
from lending.queries.loans import loan_standing
from tests.lending.borrowers import (
    Borrower,
    draft,
    give_money,
    lend,
    make_borrower,
    priced,
    repay,
    set_day,
    signed,
)
from tests.lending.closing.random_loans import begin
from tests.lending.test_disbursement import books_agree
from tests.lending.test_repayment import again, lend_m1, m1, pay_first
from tests.made_once import made_once
from tests.second_person import approve, approve_within

DAY = date(2024, 4, 25)

lent_once = made_once(lend_m1, scope="class")


@pytest.fixture
def lent_m1(lent_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give M1, lent once for a class of which no test commits."""
    del bank_a
    return deepcopy(lent_once)


def decided(kind: str, subject: uuid.UUID, **values: object) -> None:
    """Propose by one, approve by another."""
    proposal = propose(kind=kind, subject=subject.hex, values=values, reason="测试", actor="maker")
    approve(proposal_id=proposal.pk, actor="checker", reason="同意")


def reverse(repayment: Repayment) -> Repayment:
    decided(REVERSE_REPAYMENT, repayment.pk)
    return Repayment.objects.get(pk=repayment.pk)


def snapshot(loan: Loan) -> tuple[object, ...]:
    """Return all that says how a loan stands, by value."""
    row = Loan.objects.prefetch_related("instalments__shares").get(pk=loan.pk)
    plan = [
        (
            each.number,
            each.due_date,
            each.principal_fen,
            each.interest_fen,
            each.paid_principal_fen,
            each.paid_interest_fen,
        )
        for each in row.instalments.filter(replaced_by_version=None).order_by("number")
    ]
    return row.status, row.outstanding_fen, plan, loan_standing(row).standing


def stands_as_folded(loan: Loan) -> None:
    """Assert that rows, columns and the fold of all facts say the same."""
    row = Loan.objects.prefetch_related("instalments__shares").get(pk=loan.pk)
    record, today = record_of(row), business_date()
    folded = replay(opening_record(row), lambda _: policy_of(row), facts_of(row)).loan
    assert record.outstanding_principal_fen == folded.outstanding_principal_fen == row.outstanding_fen
    assert [(each.due_date, each.principal_fen, each.interest_fen) for each in record.instalments] == [
        (each.due_date, each.principal_fen, each.interest_fen) for each in folded.instalments
    ]
    running = running_of(record, on_date=today)
    assert {name: getattr(row, name) for name in running.__slots__} == {
        name: getattr(running, name) for name in running.__slots__
    }


def lines_of(reference: str) -> dict[str, int]:
    entry = JournalEntry.objects.get(business_ref=reference)
    return {line.gl_code: line.amount_fen for line in entry.postings.all()}


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAlloc03Reversal:
    def test_two_people_of_the_longest_logins_may_decide(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        repayment = Repayment.objects.get()
        maker, checker = "m" * 150, "c" * 150  # the longest logins that Django has
        proposal = propose(
            kind=REVERSE_REPAYMENT, subject=repayment.pk.hex, values={}, reason="测试", actor=maker
        )  # fmt: skip
        approve(proposal_id=proposal.pk, actor=checker, reason="同意")
        history = StateChange.objects.filter(subject_id=repayment.pk, event="reverse")
        assert [row.actor for row in history] == [f"{maker}+{checker}"]

    def test_s19_an_early_settlement_taken_back_next_day_leaves_the_loan_as_if_it_had_never_been(self) -> None:
        who, twin = make_borrower(), make_borrower()
        loan, other = m1(who), m1(twin)
        pay_first(who, loan, 3)
        for number in range(1, 4):
            set_day(other.instalments.get(number=number).due_date)
            repay(twin, other)
        set_day(DAY)
        balance = who.account().balance_fen
        repayment = repay(who, again(loan), kind="early_full")
        assert again(loan).status == "settled"
        set_day(DAY + timedelta(days=1))
        taken_back = reverse(repayment)
        assert (taken_back.status, taken_back.reversed_date) == ("reversed", DAY + timedelta(days=1))
        assert who.account().balance_fen == balance
        assert snapshot(loan) == snapshot(other)
        assert who.line().drawn_fen == twin.line().drawn_fen
        assert Claim.objects.filter(account_id=who.account_id, released_at=None).count() == 1
        stands_as_folded(loan)
        books_agree()
        kinds = list(LoanEvent.objects.filter(loan=loan).order_by("pk").values_list("kind", flat=True))
        assert kinds[-3:] == ["settled", "reopened", "reversed"]

    def test_int01_a_loan_that_was_settled_on_its_repricing_day_has_the_price_of_that_day_once_it_is_open_again(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        Loan.objects.filter(pk=loan.pk).update(repricing="every_january", next_reprice_date=date(2025, 1, 1))
        pay_first(who, loan, 11)
        set_day(date(2024, 12, 20))
        settling = repay(who, again(loan), kind="early_full")
        set_day(date(2025, 1, 6))
        reverse(settling)
        row = again(loan)
        assert (row.annual_rate, row.next_reprice_date) == (Decimal("5.6500"), date(2026, 1, 1))
        last = Instalment.objects.get(loan=loan, number=12, replaced_by_version=None)
        assert last.interest_fen == yuan_to_fen("41.74")  # 8,563.87 × (17 days at 6 % + 13 at 5.65 %) / 360
        stands_as_folded(loan)
        books_agree()

    def test_what_was_paid_later_pays_the_older_debt_instead(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        set_day(date(2024, 2, 15))
        first = repay(who, loan)
        set_day(date(2024, 3, 15))
        second = repay(who, again(loan))
        assert second.penalty_fen == 0
        reverse(first)
        second.refresh_from_db()
        # The second payment now meets a first instalment that is 29 days late: its costs come first.
        assert second.total_fen == yuan_to_fen("8606.64")
        assert second.penalty_fen == yuan_to_fen("58.77")  # 8,106.64 × 29 days × 9 % / 360
        assert second.balance_after_fen == 100_000_00 - second.principal_fen == again(loan).outstanding_fen
        assert second.compound_fen == yuan_to_fen("3.63")
        assert set(second.rows.filter(correction=1).values_list("instalment__number", flat=True)) == {1, 2}
        entry = JournalEntry.objects.get(kind="repayment_reallocation")
        assert entry.value_date == date(2024, 3, 15)
        stands_as_folded(loan)
        books_agree()

    def test_the_reversal_is_an_entry_of_its_own_that_mirrors_what_was_paid(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        repayment = Repayment.objects.get()
        before = {code: accounts.gl_balance(code) for code in ("1301", "1302", "2011")}
        reverse(repayment)
        paid = {
            line.gl_code: line.amount_fen
            for line in JournalEntry.objects.get(business_ref=f"repayment:{repayment.pk.hex}").postings.all()
        }
        back = {
            line.gl_code: line.amount_fen
            for line in JournalEntry.objects.get(business_ref=f"repayment_reversal:{repayment.pk.hex}").postings.all()
        }
        assert back == {code: -fen for code, fen in paid.items()}
        assert {code: accounts.gl_balance(code) for code in before} == {
            code: fen + back[code] for code, fen in before.items()
        }

    def test_the_same_is_taken_back_once(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        repayment = reverse(Repayment.objects.get())
        proposal = propose(kind=REVERSE_REPAYMENT, subject=repayment.pk.hex, values={}, reason="再", actor="maker")
        with pytest.raises(StateConflict), transaction.atomic():
            approve_within(proposal_id=proposal.pk, actor="checker", reason="")
        assert JournalEntry.objects.filter(kind="repayment_reversal").count() == 1

    def test_a_line_drawn_again_meanwhile_stands_above_its_limit_until_it_is_repaid(self) -> None:
        who = make_borrower(limit_fen=100_000_00)
        loan = m1(who)
        pay_first(who, loan, 1)
        again_drawn = lend(who, 8_000_00)
        reverse(Repayment.objects.get(loan=loan))
        line = who.line()
        assert (line.drawn_fen, line.over_limit_fen) == (108_000_00, 8_000_00)
        with pytest.raises(operations.LineExceeded):
            draft(who, 500_00)
        repay(who, again(again_drawn), kind="early_full")
        assert who.line().over_limit_fen == 0
        books_agree()

    def test_what_was_held_and_is_given_back_no_longer_stands_above_the_limit(self) -> None:
        who = make_borrower(limit_fen=100_000_00)
        loan = m1(who)
        pay_first(who, loan, 1)
        drawdown = signed(who, 8_000_00)
        reverse(Repayment.objects.get(loan=loan))
        line = who.line()
        assert (line.held_fen, line.over_limit_fen) == (8_000_00, 8_000_00)
        with transaction.atomic():
            release_hold(line_id=who.line_id, amount_fen=drawdown.amount_fen)
        line = who.line()
        assert (line.drawn_fen, line.held_fen, line.over_limit_fen) == (100_000_00, 0, 0)

    def test_shares_are_never_changed_only_added_to(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 1)
        repayment = Repayment.objects.get()
        reverse(repayment)
        rows = list(RepaymentShare.objects.filter(repayment=repayment).order_by("correction"))
        assert [row.correction for row in rows] == [0, 1]
        assert sum(row.principal_fen for row in rows) == sum(row.interest_fen for row in rows) == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestEarlyPartial:
    def test_m8_over_the_operation(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 3)
        repayment = repay(who, again(loan), kind="early_partial", amount_fen=20_000_00)
        assert (repayment.total_fen, repayment.principal_fen) == (20_000_00, 20_000_00)
        rows = Instalment.objects.filter(loan=loan, replaced_by_version=None, due_date__gt=date(2024, 4, 15))
        assert rows.count() == 9
        first = rows.earliest("number")
        assert first.principal_fen + first.interest_fen == yuan_to_fen("6328.50")
        assert Instalment.objects.filter(loan=loan, replaced_by_version=2).count() == 9
        assert who.line().drawn_fen == yuan_to_fen("55558.28")
        stands_as_folded(loan)
        books_agree()
        pay_first_from(who, loan, 4)
        assert again(loan).status == "settled"
        books_agree()

    def test_taken_back_the_former_plan_stands_again(self, lent_m1: tuple[Borrower, Loan]) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 3)
        before = snapshot(loan)
        repayment = repay(who, again(loan), kind="early_partial", amount_fen=20_000_00)
        assert snapshot(loan) != before
        reverse(repayment)
        assert snapshot(loan) == before
        stands_as_folded(loan)

    @pytest.mark.parametrize(("amount", "problem"), [
        (None, queries.AmountOutOfRange), (0, queries.AmountOutOfRange), (75_558_28, queries.RepaymentExceedsDebt),
        (99_999_999_99, queries.RepaymentExceedsDebt),
    ])  # fmt: skip
    def test_nothing_and_everything_is_refused(
        self, amount: int | None, problem: type[Problem], lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        pay_first(who, loan, 3)
        with pytest.raises(problem):
            repay(who, again(loan), kind="early_partial", amount_fen=amount)


def pay_first_from(who: Borrower, loan: Loan, number: int) -> None:
    """Pay the rest of the present plan, each instalment on its day."""
    rows = Instalment.objects.filter(loan=loan, replaced_by_version=None, number__gte=number).order_by("number")
    for row in list(rows):
        set_day(row.due_date)
        repay(who, again(loan))


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestInCore:
    """The core keeps the account: the loan follows when it has credited it, and stays as it is when it will not."""

    def answered(self, repayment: Repayment, refusal: str = "") -> Repayment:
        back = reverse(repayment)
        assert (back.status, back.reversal_payment_id is None) == ("posted", False)
        with pytest.raises(StateConflict), transaction.atomic():
            reverse_repayment(repayment_id=repayment.pk, actor="a+b", reason="再")
        with transaction.atomic():
            if refusal:
                payment_failed(payment_id=back.reversal_payment_id, code=refusal)  # type: ignore[arg-type]
            else:
                payment_arrived(payment_id=back.reversal_payment_id, core_reference="CR1")  # type: ignore[arg-type]
            return_ended(repayment_id=repayment.pk)
        back.refresh_from_db()
        return back

    def test_what_the_core_refuses_is_taken_back_another_time(self) -> None:
        who = make_borrower()
        loan = m1(who)
        set_day(loan.instalments.get(number=1).due_date)
        before = snapshot(loan)
        pay_first(who, loan, 1)
        paid, repayment = snapshot(loan), Repayment.objects.get()
        DepositAccount.objects.filter(pk=who.account_id).update(keeper="core")
        for _ in range(2):
            back = self.answered(repayment, "account_not_found")
            assert (back.status, back.reason_code, snapshot(loan)) == ("posted", "account_not_active", paid)
        assert self.answered(repayment).status == "reversed"
        assert snapshot(loan) == before
        assert queries.loan_book_agrees()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAnyDay:
    def lent(self) -> tuple[Borrower, Loan]:
        who = make_borrower()
        set_day(date(2024, 3, 1))
        priced(who, "7.2000")
        CreditLine.objects.filter(pk=who.line_id).update(
            starts_date=date(2024, 1, 1), valid_until_date=date(2025, 3, 1)
        )
        return who, lend(who, 30_000_00, method="pay_any_day")

    def test_m5_thirty_thousand_for_twenty_days(self) -> None:
        who, loan = self.lent()
        give_money(who, 1_000_00)
        assert loan.day_count == "act/360"
        set_day(date(2024, 3, 21))
        repayment = repay(who, loan, kind="any")
        assert (repayment.interest_fen, repayment.principal_fen) == (120_00, 30_000_00)
        assert again(loan).status == "settled"
        assert who.line().drawn_fen == 0
        books_agree()

    def test_a_part_pays_the_interest_that_runs_and_then_principal(self) -> None:
        who, loan = self.lent()
        set_day(date(2024, 3, 21))
        repayment = repay(who, loan, kind="any", amount_fen=10_120_00)
        assert (repayment.interest_fen, repayment.principal_fen, repayment.balance_after_fen) == (
            120_00,
            10_000_00,
            20_000_00,
        )
        assert who.line().drawn_fen == 20_000_00
        stands_as_folded(loan)
        set_day(date(2024, 3, 31))
        assert queries.plan_repayment(again(loan), kind="any", amount_fen=None).total.interest_fen == 40_00
        books_agree()

    def test_part_of_the_interest_is_carried(self) -> None:
        who, loan = self.lent()
        set_day(date(2024, 3, 21))
        repay(who, loan, kind="any", amount_fen=100_00)
        assert again(loan).carried_interest_fen == 20_00
        stands_as_folded(loan)
        set_day(date(2024, 3, 31))
        assert queries.plan_repayment(again(loan), kind="any", amount_fen=None).total.interest_fen == 80_00

    def test_more_than_the_debt_is_not_taken(self) -> None:
        who, loan = self.lent()
        give_money(who, 1_000_00)
        set_day(date(2024, 3, 21))
        with pytest.raises(queries.RepaymentExceedsDebt):
            repay(who, loan, kind="any", amount_fen=30_120_01)
        assert repay(who, loan, kind="any", amount_fen=30_120_00).status == "posted"


class TestRisk01JudgedAnew:
    def test_a_loan_whose_repayment_is_taken_back_falls_at_once_not_on_the_next_morning(
        self, lent_m1: tuple[Borrower, Loan]
    ) -> None:
        who, loan = lent_m1
        give_money(who, 10_000_00)
        pay_first(who, loan, 2)
        paid = Repayment.objects.earliest("pk")
        begin(date(2024, 3, 31))
        reverse(paid)
        row = again(loan)  # 45 days overdue at the month's end: its provision is of stage 2
        assert (row.category, row.stage, row.is_non_accrual) == ("special_mention", 2, False)
