"""S17: a loan walks from its due date to a year overdue; falls at once, rises only after observation (RISK-01, -02, -04)."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any, Final

import pytest
from django.db import transaction

from accounts.models import Customer
from core.clock import business_date
from lending.closing.runner import close_until
from lending.closing.stages import fall_overdue
from lending.models import CreditLine, DayEndStage, Loan, LoanEvent
from lending.operations.loan_changes import extend_loan
from tests.lending.applicants import change_product
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.closing.random_loans import DAY, begin
from tests.made_once import made_once
from verification import queries as verified

DUE: Final = date(2024, 2, 15)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def lend_bullet() -> tuple[Borrower, Loan]:
    """Lend by one instalment, due on 2024-02-15."""
    set_day(date(2024, 1, 15))
    who = make_borrower(product="XF03")
    loan = lend(who, 50_000_00, term_months=1, method="bullet")
    give_money(who, 200_000_00)
    return who, loan


bullet_once = made_once(lend_bullet, scope="class")


@pytest.fixture
def bullet(bullet_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give each test a borrower of one instalment."""
    del bank_a
    return deepcopy(bullet_once)


def again() -> Loan:
    return Loan.objects.get()


def stand() -> tuple[str, int, bool]:
    loan = again()
    return loan.category, loan.stage, loan.is_non_accrual


def events() -> list[dict[str, Any]]:
    return list(LoanEvent.objects.filter(kind="classified").order_by("business_date").values_list("detail", flat=True))


class TestRisk01TheWalk:
    def test_every_day_from_0_to_361_and_the_books_at_the_turns(self, bullet: tuple[Borrower, Loan]) -> None:
        expected = {0: ("normal", 1, False), 1: ("special_mention", 1, False), 31: ("special_mention", 2, False),
                    91: ("substandard", 3, True), 271: ("doubtful", 3, True), 361: ("loss", 3, True)}  # fmt: skip
        standing = expected[0]
        begin(DUE)
        for days in range(362):
            set_day(DUE + days * DAY)
            fall_overdue(closed_date=DUE + (days - 1) * DAY)
            standing = expected.get(days, standing)
            loan = again()
            assert (loan.category, loan.stage, loan.is_non_accrual) == standing, days
            assert loan.overdue_since_date == (DUE if days else None)
        turns = [event["overdue_days"] for event in events()]
        assert turns == [1, 31, 91, 271, 361]
        assert events()[2] == {
            "from": "special_mention", "to": "substandard", "overdue_days": 91, "from_stage": 2, "stage": 3,
            "from_non_accrual": False, "non_accrual": True,
        }  # fmt: skip
        dates = list(LoanEvent.objects.filter(kind="classified").values_list("business_date", flat=True))
        assert sorted(dates) == [DUE + days * DAY for days in turns]

    def test_by_the_day_end_itself_around_a_turn(self, bullet: tuple[Borrower, Loan]) -> None:
        set_day(DUE + 89 * DAY)
        close_until(to_date=DUE + 92 * DAY)
        assert [(event["to"], event["overdue_days"]) for event in events()] == [
            ("special_mention", 89),
            ("substandard", 91),
        ]
        figures = DayEndStage.objects.get(closed_date=DUE + 90 * DAY, stage="overdue").figures
        assert figures == {
            "changed": 1, "classified": 1, "became_overdue": 0, "cured": 0,
            "overdue": {"substandard": {"loans": 1, "principal_fen": 50_000_00}},
        }  # fmt: skip


class TestRisk02Observation:
    def test_waits_for_six_months_after_the_arrears_are_cleared(self, bullet: tuple[Borrower, Loan]) -> None:
        who, _ = bullet
        longer = lend(who, 50_000_00, term_months=12, method="interest_only")
        first = longer.instalments.get(number=1).due_date
        begin(first + 95 * DAY)
        longer.refresh_from_db()
        assert (longer.category, longer.is_non_accrual) == ("substandard", True)
        cured = business_date()
        repay(who, longer)
        begin(cured + DAY)
        longer.refresh_from_db()
        assert (longer.category, longer.overdue_since_date) == ("substandard", None)
        until = longer.observed_until_date
        assert until is not None
        assert until == date(cured.year, cured.month + 6, cured.day)
        pay_in_time(who, longer, until=until - DAY)
        longer.refresh_from_db()
        assert (longer.category, longer.is_non_accrual, longer.stage) == ("substandard", True, 3)
        begin(until)
        longer.refresh_from_db()
        assert (longer.category, longer.is_non_accrual, longer.stage) == ("normal", False, 1)
        assert longer.observed_until_date is None
        assert events()[-1] | {"overdue_days": 0} == events()[-1]
        assert (events()[-1]["from"], events()[-1]["to"]) == ("substandard", "normal")

    def test_begins_anew_when_something_is_overdue_again(self, bullet: tuple[Borrower, Loan]) -> None:
        who, _ = bullet
        longer = lend(who, 50_000_00, term_months=12, method="interest_only")
        first = longer.instalments.get(number=1).due_date
        begin(first + 5 * DAY)
        repay(who, longer)
        begin(first + 6 * DAY)
        longer.refresh_from_db()
        assert longer.category == "special_mention"
        former = longer.observed_until_date
        second = longer.instalments.get(number=2).due_date
        begin(second)
        longer.refresh_from_db()
        assert longer.observed_until_date == former
        begin(second + DAY)
        longer.refresh_from_db()
        assert (longer.overdue_since_date, longer.observed_until_date) == (second, None)
        begin(second + 3 * DAY)
        repay(who, longer)
        begin(second + 4 * DAY)
        longer.refresh_from_db()
        assert longer.observed_until_date is not None
        assert former is not None
        assert longer.observed_until_date > former

    def test_does_not_begin_anew_when_an_instalment_of_nothing_closes(self, bullet: tuple[Borrower, Loan]) -> None:
        who, _ = bullet
        longer = lend(who, 50_000_00, term_months=12, method="interest_only")
        first, second = longer.instalments.order_by("number").values_list("due_date", flat=True)[:2]
        begin(first + 5 * DAY)
        repay(who, longer)
        longer.refresh_from_db()
        repay(who, longer, kind="early_partial", amount_fen=longer.outstanding_fen - 20)
        begin(second + DAY)  # a month of interest on 20 fen is nothing: it closed by itself on its due date
        longer.refresh_from_db()
        assert longer.instalments.get(number=2, replaced_by_version=None).closed_date == second
        cured = first + 5 * DAY
        assert longer.observed_until_date == cured.replace(month=cured.month + 6)

    def test_what_falls_due_on_the_very_day_must_be_paid_first(self, bullet: tuple[Borrower, Loan]) -> None:
        who, _ = bullet
        longer = lend(who, 50_000_00, term_months=12, method="interest_only")
        dates = list(longer.instalments.order_by("number").values_list("due_date", flat=True))
        begin(dates[1])
        repay(who, longer)  # the first late, the second on its day: observed from due date to due date
        begin(dates[1] + DAY)
        longer.refresh_from_db()
        assert longer.observed_until_date == dates[7]
        pay_in_time(who, longer, until=dates[6])
        begin(dates[7])
        longer.refresh_from_db()
        assert longer.category == "special_mention"
        repay(who, longer)
        begin(dates[7] + DAY)
        longer.refresh_from_db()
        assert longer.category == "normal"

    def test_partly_cured_it_stays_where_it_fell(self, bullet: tuple[Borrower, Loan]) -> None:
        who, _ = bullet
        longer = lend(who, 50_000_00, term_months=12, method="interest_only")
        first, second = longer.instalments.order_by("number")[:2]
        begin(first.due_date + 95 * DAY)
        owed_fen = first.interest_fen * 2
        repay(who, longer, amount_fen=owed_fen)  # principal first, and none is due: the oldest interest, then its cost
        begin(business_date() + DAY)
        longer.refresh_from_db()
        assert longer.overdue_since_date is not None
        assert longer.overdue_since_date > first.due_date
        assert (longer.category, longer.is_non_accrual) == ("substandard", True)
        del second


class TestInt07Grace:
    def test_within_the_days_of_grace_nothing_is_overdue_and_after_them_all_days_count(self) -> None:
        set_day(date(2024, 1, 15))
        change_product("XF01", grace_days=3)
        lend(make_borrower(), 100_000_00)
        for days, category in ((1, "normal"), (3, "normal"), (4, "special_mention")):
            begin(DUE + days * DAY)
            assert again().category == category
        assert events()[0]["overdue_days"] == 4
        assert again().overdue_since_date == DUE


class TestRisk02Restructured:
    def test_is_special_mention_at_best_for_a_year_and_stage_two(self) -> None:
        set_day(date(2024, 1, 15))
        who = make_borrower()
        give_money(who, 300_000_00)
        loan = lend(who, 100_000_00, term_months=24)
        CreditLine.objects.filter(pk=who.line_id).update(valid_until_date=date(2030, 1, 1))
        begin(date(2024, 2, 10))
        with transaction.atomic():
            extend_loan(loan_id=loan.pk, months=1, actor="test", reason="测试")
        begin(date(2024, 2, 11))
        assert stand() == ("special_mention", 2, False)
        pay_in_time(who, again(), until=date(2025, 2, 9))
        begin(date(2025, 2, 9))
        assert stand() == ("special_mention", 2, False)
        begin(date(2025, 2, 10))
        assert stand() == ("normal", 1, False)


class TestWrittenOff:
    def test_is_classified_no_more_but_its_dates_go_on(self, bullet: tuple[Borrower, Loan]) -> None:
        begin(DUE + 361 * DAY)
        Loan.objects.update(status="written_off", written_off_date=business_date())
        before = LoanEvent.objects.count()
        begin(DUE + 362 * DAY)
        assert stand() == ("loss", 3, True)
        assert LoanEvent.objects.count() == before


def pay_in_time(who: Borrower, loan: Loan, *, until: date) -> None:
    """Pay every instalment on its due date, up to a day."""
    for day in loan.instalments.filter(replaced_by_version=None, closed_date=None).values_list("due_date", flat=True):
        if day <= until:
            begin(day)
            repay(who, loan)
    begin(max(until, business_date()))


class TestRisk02PerLoan:
    """RISK-02: borrowers are natural persons, so that the retail branch applies: loans are classified one by one."""

    def test_a_bad_loan_leaves_the_same_persons_other_loan_as_it_is(self) -> None:
        set_day(date(2024, 1, 15))
        who = make_borrower(product="XF03")
        bad = lend(who, 50_000_00, term_months=1, method="bullet")  # five sixths of the person's debt
        good = lend(who, 10_000_00, term_months=12, method="bullet")
        begin(DUE + 91 * DAY)
        found = dict(Loan.objects.values_list("pk", "category"))
        assert found == {bad.pk: "substandard", good.pk: "normal"}

    def test_whoever_borrows_is_known_by_an_id_card(self) -> None:
        who = make_borrower(product="XF03")
        known = verified.identity(who.customer_id)
        assert known is not None
        assert known.id_number[6:14] == f"{known.birth_date:%Y%m%d}"
        assert Loan._meta.get_field("customer").remote_field.model is Customer
