"""What is captured of a loan, at which moments, in which state (LN-17)."""

from __future__ import annotations

from datetime import date, timedelta

import jsonschema
import pytest
from django.db import transaction

from core.clock import business_date
from lending.bureau_records import AtEndOfDay, is_negative, payment_state
from lending.closing.runner import close_until
from lending.models import Loan, LoanEvent, Repayment
from lending.operations.reversal import reverse_repayment
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.bureau.reporting import DUE, SCHEMA, START, catch_up, line, pay, records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


class TestLN17Moments:
    def test_the_first_loan_is_captured_with_its_opening(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(START + timedelta(days=1))
        (row,) = records(loan, "open")
        assert (row.business_date, row.negative, row.released_date) == (START, False, business_date())
        assert {
            name: row.content[name]
            for name in ("account", "state", "balance_fen", "principal_fen", "moved_fen", "overdue_stage", "instalments")
        } == {
            "account": loan.contract.number, "state": "normal", "balance_fen": 100_000_00, "principal_fen": 100_000_00,
            "moved_fen": 100_000_00, "overdue_stage": 0, "instalments": 12,
        }  # fmt: skip

    def test_a_repayment_a_month_and_the_closing_follow(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        catch_up(DUE)
        pay(who, loan)
        catch_up(date(2026, 3, 10))
        pay(who, loan, "early_full")
        catch_up(date(2026, 4, 2))
        (paid, closed_by) = records(loan, "repayment")
        assert (paid.business_date, paid.content["moved_fen"], paid.content["balance_fen"]) == (
            DUE,
            8_606_64,
            91_893_36,
        )
        assert closed_by.business_date == date(2026, 3, 10)
        january, february = records(loan, "month_end")
        assert (january.business_date, january.content["payment_state"]) == (date(2026, 1, 31), "*")
        assert (february.business_date, february.content["payment_states"]) == (date(2026, 2, 28), "/" * 22 + "*N")
        assert (february.content["due_in_month_fen"], february.content["paid_in_month_fen"]) == (8_606_64, 8_606_64)
        (closed,) = records(loan, "close")
        assert closed.content["payment_states"] == "/" * 21 + "*NC"
        assert (closed.content["state"], closed.content["balance_fen"], closed.content["settled_date"]) == (
            "settled",
            0,
            "2026-03-10",
        )

    def test_a_change_of_class_is_captured_from_its_event_whoever_enters_it(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(DUE + timedelta(days=1))
        LoanEvent.objects.create(
            loan=loan, kind="classified", business_date=business_date(), amount_fen=0, outstanding_fen=100_000_00,
            detail={"to": "special_mention"},
        )  # fmt: skip
        catch_up(DUE + timedelta(days=2))
        (row,) = records(loan, "classification")
        assert row.content["classification"] == "special_mention"

    def test_a_day_is_told_what_the_loan_was_called_then_not_on_the_next_morning(self) -> None:
        set_day(date(2026, 1, 31))
        loan = lend(make_borrower(product="XF03"), 10_000_00, term_months=1, method="bullet")
        due = loan.maturity_date  # the last day of February: due, and not overdue
        set_day(due)
        close_until(to_date=due + timedelta(days=1))
        assert Loan.objects.get(pk=loan.pk).category == "special_mention"
        (row,) = [each for each in records(loan, "month_end") if each.business_date == due]
        assert (row.content["classification"], row.negative) == ("normal", False)

    def test_a_loan_that_is_open_again_keeps_the_string_of_its_months(self) -> None:
        set_day(date(2026, 1, 22))
        who = make_borrower(product="XF03")
        loan = lend(who, 10_000_00, term_months=12, method="bullet")
        give_money(who, 30_000_00)
        catch_up(date(2026, 2, 10))
        paid = repay(who, loan, kind="early_full")
        catch_up(date(2026, 4, 10))
        with transaction.atomic():
            reverse_repayment(repayment_id=paid.pk, actor="a+b", reason="误扣")
        catch_up(date(2026, 5, 1))
        strings = {row.business_date.month: row.content["payment_states"] for row in records(loan, "month_end")}
        assert strings == {1: "/" * 23 + "*", 4: "/" * 20 + "****"}

    def test_a_loan_that_is_settled_and_open_again_on_one_day_has_not_closed(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        pay(who, loan, "early_full")
        with transaction.atomic():
            reverse_repayment(repayment_id=Repayment.objects.get(loan=loan).pk, actor="a+b", reason="误扣")
        catch_up(START + timedelta(days=1))
        assert not records(loan, "close")
        (row,) = records(loan, "repayment")
        assert (row.content["moved_fen"], row.content["state"]) == (0, "normal")

    def test_a_change_of_stage_alone_is_no_change_of_class(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(DUE + timedelta(days=31))
        LoanEvent.objects.create(
            loan=loan, kind="classified", business_date=business_date(), amount_fen=0, outstanding_fen=100_000_00,
            detail={"from": "special_mention", "to": "special_mention", "from_stage": 1, "stage": 2},
        )  # fmt: skip
        catch_up(DUE + timedelta(days=32))
        assert not records(loan, "classification")

    def test_an_event_that_comes_in_late_is_reported_on_the_day_it_came(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(START + timedelta(days=5))
        LoanEvent.objects.create(
            loan=loan,
            kind="repaid",
            business_date=START + timedelta(days=1),
            amount_fen=5_00,
            outstanding_fen=99_995_00,
        )
        catch_up(START + timedelta(days=6))
        (row,) = records(loan, "repayment")
        assert (row.business_date, row.content["moved_fen"]) == (START + timedelta(days=5), 5_00)

    def test_a_repayment_that_is_taken_back_is_reported_turned_round(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        catch_up(DUE)
        pay(who, loan)
        catch_up(DUE + timedelta(days=1))
        with transaction.atomic():
            reverse_repayment(repayment_id=Repayment.objects.get().pk, actor="a+b", reason="误扣")
        catch_up(DUE + timedelta(days=2))
        paid, back = records(loan, "repayment")
        assert (paid.content["moved_fen"], back.content["moved_fen"]) == (8_606_64, -8_606_64)
        assert (back.content["balance_fen"], back.content["paid_in_month_fen"]) == (100_000_00, 0)
        assert back.negative
        assert not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(line(back)))

    def test_a_write_off_is_reported_and_its_months_after_it(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(date(2026, 3, 1))
        Loan.objects.filter(pk=loan.pk).update(status="written_off", category="loss", written_off_date=business_date())
        LoanEvent.objects.create(
            loan=loan, kind="written_off", business_date=business_date(), amount_fen=100_000_00,
            outstanding_fen=100_000_00,
        )  # fmt: skip
        catch_up(date(2026, 4, 1))
        (gone,) = records(loan, "write_off")
        assert (gone.content["state"], gone.content["payment_state"], gone.negative) == ("written_off", "B", True)
        assert records(loan, "month_end")[-1].content["payment_states"] == "/" * 21 + "*1B"
        assert not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(line(gone)))


class TestLN17States:
    @pytest.mark.parametrize(
        ("days", "due", "settled", "letter"),
        [
            (0, 0, False, "*"), (0, 1, False, "N"), (1, 1, False, "1"), (30, 0, False, "1"), (31, 1, False, "2"),
            (60, 1, False, "2"), (90, 1, False, "3"), (120, 1, False, "4"), (150, 1, False, "5"), (180, 1, False, "6"),
            (181, 1, False, "7"), (999, 1, False, "7"), (0, 1, True, "C"),
        ],
    )  # fmt: skip
    def test_a_month_has_its_letter(self, days: int, due: int, letter: str, *, settled: bool) -> None:
        state = AtEndOfDay(
            balance_fen=1, remaining_instalments=1, overdue_days=days, overdue_fen=0, arrears=(), classification="normal",
            due_in_month_fen=due, paid_in_month_fen=0, settled_date=START if settled else None,
        )  # fmt: skip
        assert payment_state(state) == letter

    def test_the_string_walks_through_the_stages_month_by_month(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(date(2026, 11, 1))
        last = records(loan, "month_end")[-1].content
        assert last["payment_states"] == "/" * 14 + "*123456777"
        assert (last["overdue_stage"], last["classification"], last["state"]) == (7, "substandard", "overdue")
        assert last["overdue_instalments"] == 9
        aged = sum(last[f"overdue_principal_{age}_fen"] for age in ("31_60", "61_90", "91_180", "over_180"))
        assert 0 < aged < last["overdue_principal_fen"]
        assert not list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(line(records(loan, "month_end")[-1])))

    @pytest.mark.parametrize(
        ("days", "category", "bad"), [(0, "normal", False), (1, "special_mention", True), (0, "special_mention", False),
                                      (0, "substandard", True)],
    )  # fmt: skip
    def test_overdue_and_the_three_bad_classes_are_bad_news(self, days: int, category: str, *, bad: bool) -> None:
        assert is_negative({"overdue_days": days, "classification": category}) is bad
