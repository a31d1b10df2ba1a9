"""Repaying over REST: prepaying a part, any day, due dates on holidays, two overdue instalments (M5, M8, S16, S18)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from core.tenancy import PROVINCE, at
from lending.approvals import REVERSE_REPAYMENT
from lending.closing.runner import close_until
from lending.day_end import follow_day
from lending.models import BureauRecord, CreditLine, Loan, LoanEvent
from lending.operations.bureau import capture_bureau_records
from lending.operations.loan_changes import extend_loan
from tenants.models import Holiday
from tenants.operations.province import mark_day
from tests.lending.applicants import change_product
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, priced, set_day
from tests.lending.test_loans_rest import caller, problem
from tests.lending.test_repayment import m1, pay_first
from tests.lending.test_reversal import decided, stands_as_folded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def pay(who: Borrower, loan: Loan, **body: Any) -> dict[str, Any]:
    answer = caller(who).post(f"loans/{loan.pk.hex}/repayments", {"account": who.account_id.hex, **body})
    assert answer.status_code == 202, answer.json()
    made: dict[str, Any] = answer.json()
    return made


def quote(who: Borrower, loan: Loan, **body: Any) -> dict[str, str]:
    answer = caller(who).post(f"loans/{loan.pk.hex}/repayments/quote", body)
    assert answer.status_code == 200, answer.json()
    quoted: dict[str, str] = answer.json()
    return quoted


def rows(who: Borrower, loan: Loan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller(who).get(f"loans/{loan.pk.hex}/schedule").json()["instalments"]
    return found


def lent(
    start: date, *, product: str = "XF03", amount_fen: int = 50_000_00, rate: str = "5.4000", **terms: Any
) -> tuple[Borrower, Loan]:
    """Lend from a day on, at a rate that LPR and a spread make."""
    who = make_borrower(product=product)
    set_day(start)
    priced(who, rate)
    CreditLine.objects.filter(pk=who.line_id).update(starts_date=start, valid_until_date=date(start.year + 2, 1, 1))
    loan = lend(who, amount_fen, **terms)
    give_money(who, 10_000_00)
    return who, loan


class TestEarlyPartial:
    def test_m8_is_quoted_and_paid_and_the_schedule_is_made_anew(self) -> None:
        who = make_borrower()
        loan = m1(who)
        pay_first(who, loan, 3)
        quoted = quote(who, loan, kind="early_partial", amount="20000.00")
        assert (quoted["principal"], quoted["interest"], quoted["total"]) == ("20000.00", "0.00", "20000.00")
        made = pay(who, loan, kind="early_partial", amount="20000.00")
        assert (made["status"], made["allocation"], made["balance_after"]) == ("posted", quoted, "55558.28")
        schedule = rows(who, loan)
        assert [row["number"] for row in schedule] == list(range(1, 13))
        assert schedule[3]["total"] == "6328.50"
        assert schedule[-1]["balance"] == "0.00"

    def test_the_customer_may_keep_the_instalment_instead(self) -> None:
        who = make_borrower()
        loan = m1(who)
        pay_first(who, loan, 3)
        pay(who, loan, kind="early_partial", amount="20000.00", keep="instalment")
        schedule = rows(who, loan)
        assert (len(schedule), schedule[3]["total"]) == (10, "8606.64")

    def test_an_unknown_choice_is_refused(self) -> None:
        who = make_borrower()
        loan = m1(who)
        body = {"kind": "early_partial", "amount": "1.00", "keep": "all", "account": who.account_id.hex}
        answer = caller(who).post(f"loans/{loan.pk.hex}/repayments", body)
        assert problem(answer) == (400, "invalid_request")
        assert answer.json()["errors"] == {"keep": ["没有“all”这一项，可选：term、instalment"]}


class TestRefused:
    """A refusal says what can be done instead."""

    @pytest.mark.parametrize(
        ("method", "body", "told"),
        [
            ("bullet", {"kind": "any"}, {"kind": ["可选：due、early_full、early_partial"]}),
            ("pay_any_day", {"kind": "early_partial", "amount": "1.00"}, {"kind": ["可选：due、early_full、any"]}),
            ("pay_any_day", {"kind": "any", "amount": "50000.01"}, {"amount": ["最多可还 50000.00 元"]}),
            (
                "pay_any_day",
                {"kind": "early_full", "amount": "49999.99"},
                "2024-03-01 结清应还 50000.00 元，须一次还清，请按该金额还款",
            ),
            ("bullet", {"kind": "due", "amount": "1.00"}, "当前没有到期应还的款项，如需还款请选择提前还款"),
        ],
    )
    def test_names_the_kinds_or_the_amount_that_would_be_taken(
        self, method: str, body: dict[str, str], told: dict[str, list[str]] | str
    ) -> None:
        who, loan = lent(date(2024, 3, 1), method=method)
        answer = caller(who).post(f"loans/{loan.pk.hex}/repayments/quote", body).json()
        assert answer["detail" if isinstance(told, str) else "errors"] == told

    def test_of_an_amount_say_how_much_is_owed_today_after_a_quote_of_yesterday_too(self) -> None:
        who = make_borrower()
        loan = m1(who)
        yesterday = quote(who, loan, kind="early_full")["total"]
        set_day(date(2024, 1, 16))

        def told(**body: Any) -> tuple[str, str]:
            answer = caller(who).post(f"loans/{loan.pk.hex}/repayments", {"account": who.account_id.hex, **body})
            assert answer.status_code == 422
            return answer.json()["code"], answer.json()["detail"]

        # A day at 6 % on 100,000.00 is 16.67.
        owed = "2024-01-16 结清应还 100016.67 元"
        assert told(kind="early_full", amount=yesterday) == (
            "amount_out_of_range",
            f"{owed}，须一次还清，请按该金额还款",
        )
        assert told(kind="early_full", amount="100016.68") == ("repayment_exceeds_debt", f"{owed}，请改为不超过该金额")
        set_day(date(2024, 2, 15))
        owed = "2024-02-15 到期款项应还 8606.64 元"
        assert told(kind="due", amount="8606.63") == ("amount_out_of_range", f"{owed}，须一次还清，请按该金额还款")


class TestAnyDay:
    def test_m5_is_quoted_paid_in_part_and_settled(self) -> None:
        who, loan = lent(date(2024, 3, 1), amount_fen=30_000_00, rate="7.2000", method="pay_any_day")
        set_day(date(2024, 3, 21))
        assert quote(who, loan, kind="any")["total"] == "30120.00"
        made = pay(who, loan, kind="any", amount="10120.00")
        assert (made["allocation"]["interest"], made["balance_after"]) == ("120.00", "20000.00")
        set_day(date(2024, 3, 31))
        assert quote(who, loan, kind="early_full")["interest"] == "40.00"
        assert pay(who, loan, kind="any")["balance_after"] == "0.00"
        assert caller(who).get(f"loans/{loan.pk.hex}").json()["status"] == "settled"

    def test_it_is_not_prepaid_in_part_and_others_are_not_repaid_any_day(self) -> None:
        who, loan = lent(date(2024, 3, 1), method="pay_any_day")
        path = f"loans/{loan.pk.hex}/repayments/quote"
        assert problem(caller(who).post(path, {"kind": "early_partial", "amount": "1.00"})) == (
            422, "repayment_kind_not_offered",
        )  # fmt: skip
        other, bullet = lent(date(2024, 3, 1), method="bullet")
        path = f"loans/{bullet.pk.hex}/repayments/quote"
        assert problem(caller(other).post(path, {"kind": "any"})) == (422, "repayment_kind_not_offered")


class TestInt07ByRest:
    """S16: due on 2026-02-17, the first day of the Spring Festival, which lasts until the 23rd."""

    @pytest.fixture(autouse=True)
    def _the_calendar_knows_the_festival(self) -> None:
        assert not Holiday.objects.get(date=date(2026, 2, 17)).is_working_day

    def test_s16_not_shifted(self) -> None:
        who, loan = lent(date(2025, 11, 19), term_months=3, method="bullet")
        assert [(row["due_date"], row["interest"]) for row in rows(who, loan)] == [("2026-02-19", "690.00")]

    def test_s16_shifted_to_the_next_working_day_costs_the_days_and_no_penalty(self) -> None:
        change_product("XF03", holiday_rule="next_working_day")
        who, loan = lent(date(2025, 11, 19), term_months=3, method="bullet")
        assert [(row["due_date"], row["interest"]) for row in rows(who, loan)] == [("2026-02-24", "727.50")]
        set_day(date(2026, 2, 24))
        assert quote(who, loan, kind="due") == {
            "fee": "0.00", "penalty": "0.00", "compound": "0.00", "interest": "727.50", "principal": "50000.00",
            "total": "50727.50",
        }  # fmt: skip

    @pytest.mark.parametrize("rule", ["next_working_day", "not_shifted"])
    def test_a_holiday_that_is_entered_after_the_loan_was_made_moves_its_due_dates_too(self, rule: str) -> None:
        change_product("XF03", holiday_rule=rule)
        who, loan = lent(date(2026, 11, 19), term_months=6, method="interest_only")
        plan = [date.fromisoformat(row["due_date"]) for row in rows(who, loan)]
        assert plan[2] == date(2027, 2, 19)  # a Friday of a year that the calendar does not know yet
        for due in plan[:2]:
            set_day(due)
            pay(who, loan, kind="due")
        prepaid = pay(who, loan, kind="early_partial", amount="10000.00")
        with at(PROVINCE), transaction.atomic():
            mark_day(day=plan[2], is_working_day=False, name="春节", actor="test")
        follow_day()
        shifted = rule == "next_working_day"
        found = [(row["due_date"], row["interest"]) for row in rows(who, loan)][2:4]
        # 40,000.00 for 34 and 25 days at 5.4 % instead of 31 and 28.
        assert found == (
            [("2027-02-22", "204.00"), ("2027-03-19", "150.00")]
            if shifted
            else [("2027-02-19", "186.00"), ("2027-03-19", "168.00")]
        )
        follow_day()
        moves = LoanEvent.objects.filter(loan=loan, kind="rescheduled")
        assert [event.detail for event in moves] == ([{"moved": {"2027-02-19": "2027-02-22"}}] if shifted else [])
        decided(REVERSE_REPAYMENT, UUID(prepaid["id"]))
        found = [(row["due_date"], row["interest"]) for row in rows(who, loan)][2:3]
        assert found == ([("2027-02-22", "255.00")] if shifted else [("2027-02-19", "232.50")])
        stands_as_folded(loan)
        set_day(date(2027, 2, 22))
        capture_bureau_records(day=plan[1])
        assert not BureauRecord.objects.filter(kind="extension").exists()
        assert caller(who).get(f"loans/{loan.pk.hex}").json()["overdue"]["days"] == (0 if shifted else 3)

    def test_a_holiday_that_is_entered_on_the_day_before_it_moves_the_due_date_too(self) -> None:
        change_product("XF03", holiday_rule="next_working_day")
        who, loan = lent(date(2026, 11, 19), term_months=1, method="bullet")
        due = date(2026, 12, 21)  # the first working day after the 19th, a Saturday
        set_day(due - timedelta(days=1))
        follow_day()
        with at(PROVINCE), transaction.atomic():
            mark_day(day=due, is_working_day=False, name="放假", actor="test")
        close_until(to_date=due + timedelta(days=1))
        assert [(row["due_date"], row["interest"]) for row in rows(who, loan)] == [("2026-12-22", "247.50")]
        assert caller(who).get(f"loans/{loan.pk.hex}").json()["overdue"]["days"] == 0

    def test_a_holiday_that_is_entered_while_a_loan_is_settled_moves_its_due_dates_once_it_is_open_again(self) -> None:
        change_product("XF03", holiday_rule="next_working_day")
        who, loan = lent(date(2026, 11, 19), term_months=6, method="interest_only")
        plan = [date.fromisoformat(row["due_date"]) for row in rows(who, loan)]
        for due in plan[:2]:
            set_day(due)
            pay(who, loan, kind="due")
        give_money(who, 1_000_00)
        settling = pay(who, loan, kind="early_full")
        with at(PROVINCE), transaction.atomic():
            mark_day(day=plan[2], is_working_day=False, name="春节", actor="test")
        set_day(date(2027, 2, 22))
        follow_day()
        decided(REVERSE_REPAYMENT, UUID(settling["id"]))
        assert [(row["due_date"], row["interest"]) for row in rows(who, loan)][2:3] == [("2027-02-22", "255.00")]
        assert caller(who).get(f"loans/{loan.pk.hex}").json()["overdue"]["days"] == 0
        stands_as_folded(loan)


class TestInt06ByRest:
    def test_m6_a_first_period_that_is_too_short_is_joined_to_the_next(self) -> None:
        change_product("XF03", due_day=20, first_period_min_days=15)
        who, loan = lent(date(2024, 3, 8), amount_fen=100_000_00, rate="6.0000", method="interest_only", term_months=6)
        first = rows(who, loan)[0]
        assert (first["due_date"], first["interest"]) == ("2024-04-20", "716.67")

    def test_a_fixed_day_has_a_broken_first_period(self) -> None:
        change_product("XF03", due_day=20)
        who, loan = lent(date(2024, 3, 8), amount_fen=100_000_00, rate="6.0000", method="interest_only", term_months=6)
        assert [row["due_date"] for row in rows(who, loan)][:2] == ["2024-03-20", "2024-04-20"]
        assert rows(who, loan)[0]["interest"] == "200.00"

    def test_a_product_settles_by_quarter_and_an_extension_goes_on_so(self) -> None:
        change_product("XF03", due_day=20, settlement="quarterly")
        who, loan = lent(date(2024, 3, 8), amount_fen=100_000_00, rate="6.0000", method="interest_only", term_months=6)
        # 13, 92 and 79 days over 360.
        assert [(row["due_date"], row["interest"], row["principal"]) for row in rows(who, loan)] == [
            ("2024-03-21", "216.67", "0.00"), ("2024-06-21", "1533.33", "0.00"), ("2024-09-08", "1316.67", "100000.00"),
        ]  # fmt: skip
        set_day(date(2024, 3, 21))
        assert quote(who, loan, kind="due")["total"] == "216.67"
        with transaction.atomic():
            extend_loan(loan_id=loan.pk, months=6, actor="a+b", reason="r")
        assert [row["due_date"] for row in rows(who, loan)][1:] == [
            "2024-06-21",
            "2024-09-21",
            "2024-12-21",
            "2025-03-08",
        ]

    def test_other_methods_of_that_product_stay_monthly(self) -> None:
        change_product("XF01", settlement="quarterly")
        who, loan = lent(date(2024, 3, 8), product="XF01", method="equal_instalment", term_months=6)
        assert [row["due_date"] for row in rows(who, loan)][:2] == ["2024-04-08", "2024-05-08"]


class TestOverdue:
    def test_s18_a_thousand_against_two_overdue_instalments(self) -> None:
        who = make_borrower()
        loan = m1(who)
        set_day(date(2024, 3, 25))
        made = pay(who, loan, kind="due", amount="1000.00")
        assert made["allocation"] == {
            "fee": "0.00", "penalty": "79.04", "compound": "4.88", "interest": "500.00", "principal": "416.08",
            "total": "1000.00",
        }  # fmt: skip

    def test_s18_more_than_ninety_days_late_it_is_principal(self) -> None:
        who = make_borrower()
        loan = m1(who)
        set_day(date(2024, 5, 20))
        assert pay(who, loan, kind="due", amount="1000.00")["allocation"]["principal"] == "1000.00"
