"""INT-01 to INT-08 by table: price, day counts, days, the integral, months, due dates, holidays, rounding."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import pytest
from django.core.exceptions import ValidationError

from core.money import fen_to_yuan, yuan_to_fen
from lending.decision.policy import lpr_tenor
from lending.loans.accrual import BalanceFrom, fen_days, interest_days, interest_on
from lending.loans.day_count import DayCount
from lending.loans.due_dates import due_dates, quarterly_due_dates
from lending.loans.errors import InvalidTermError
from lending.loans.repaying import Policy, RepaymentKind, repay, settlement
from lending.loans.replay import RateFact, changed
from lending.loans.repricing import next_repricing, price
from lending.loans.schedule import build_schedule
from lending.loans.standing import standing_on
from lending.models import ProductVersion
from tests.lending.rules.loans_at_hand import day, loan, m1, terms

FESTIVAL: Final = frozenset(date(2026, 2, number) for number in range(15, 24))
"""The Spring Festival of 2026: 15 to 23 February (C4)."""


def whole_cost(**asked: Any) -> str:
    """Return the interest of a loan that is repaid at its end."""
    return fen_to_yuan(build_schedule(terms(method="bullet", **asked)).total_interest_fen)


class TestInt01Price:
    @pytest.mark.parametrize(
        ("lpr", "spread_bp", "rate"),
        [
            ("3.00", 300, "6.00"),
            ("3.00", 0, "3.00"),
            ("3.10", 85, "3.95"),
            ("3.35", -30, "3.05"),
            ("3.60", 1, "3.61"),
        ],
    )
    def test_is_lpr_and_basis_points(self, lpr: str, spread_bp: int, rate: str) -> None:
        assert price(Decimal(lpr), spread_bp) == Decimal(rate)

    @pytest.mark.parametrize(("months", "tenor"), [(1, "1Y"), (12, "1Y"), (13, "1Y"), (60, "1Y"), (61, "5Y")])
    def test_takes_the_five_year_lpr_beyond_five_years_only(self, months: int, tenor: str) -> None:
        assert lpr_tenor(months) == tenor

    @pytest.mark.parametrize(
        ("rule", "start", "after", "next_day"),
        [
            ("fixed", "2024-06-15", "2024-06-15", None),
            ("every_january", "2024-06-15", "2024-06-15", "2025-01-01"),
            ("every_january", "2024-12-31", "2024-12-31", "2025-01-01"),
            ("every_january", "2024-12-31", "2025-01-01", "2026-01-01"),
            ("anniversary", "2024-06-15", "2024-06-15", "2025-06-15"),
            ("anniversary", "2024-06-15", "2025-06-14", "2025-06-15"),
            ("anniversary", "2024-06-15", "2025-06-15", "2026-06-15"),
            ("anniversary", "2024-02-29", "2024-02-29", "2025-02-28"),
            ("anniversary", "2024-02-29", "2027-02-28", "2028-02-29"),
        ],
    )
    def test_is_renewed_on_1_january_or_the_anniversary_or_never(
        self, rule: str, start: str, after: str, next_day: str | None
    ) -> None:
        expected = None if next_day is None else day(next_day)
        assert next_repricing(rule, day(start), after=day(after)) == expected

    @pytest.mark.parametrize(
        ("on", "rate", "interest"),
        [
            ("2024-04-15", "5.4", "340.01"),  # 75,558.28 × 30 × 5.4 % ÷ 360: the whole month at the new price
            ("2024-04-16", "5.4", "341.27"),  # 1 day at 6 %, 29 at 5.4 %: 75,558.28 × 1.626 ÷ 360
            ("2024-05-14", "5.4", "376.53"),  # 29 days at 6 %, 1 at 5.4 %: 75,558.28 × 1.794 ÷ 360
            ("2024-04-25", "7.2", "428.16"),  # 10 days at 6 %, 20 at 7.2 %: 75,558.28 × 2.04 ÷ 360
        ],
    )
    def test_counts_from_its_day_on_and_not_before(self, on: str, rate: str, interest: str) -> None:
        repriced = changed(m1(paid=3), RateFact(value_date=day(on), annual_rate=Decimal(rate)))
        assert fen_to_yuan(repriced.ahead_of(day(on))[0].interest_fen) == interest


class TestInt02Year:
    @pytest.mark.parametrize(
        ("start", "day_count", "interest", "shown"),
        [
            ("2023-01-15", "act/360", "6083.33", "6.0833"),  # 365 days
            ("2024-01-15", "act/360", "6100.00", "6.0833"),  # 366 days
            ("2023-01-15", "act/365", "6000.00", "6.0000"),
            ("2024-01-15", "act/365", "6016.44", "6.0000"),
            ("2024-01-15", "30/360", "6000.00", "6.0833"),  # one period of a year: not below 6 % × 365 ÷ 360
        ],
    )
    def test_of_100000_at_6_per_cent(self, start: str, day_count: str, interest: str, shown: str) -> None:
        schedule = build_schedule(terms(method="bullet", start=day(start), day_count=day_count))
        assert fen_to_yuan(schedule.total_interest_fen) == interest
        assert str(schedule.all_in_annual_rate) == shown


class TestInt03Days:
    @pytest.mark.parametrize(
        ("start", "end", "min_days", "days"),
        [
            ("2024-01-15", "2024-01-15", 0, 0),
            ("2024-01-15", "2024-01-15", 1, 1),
            ("2024-01-15", "2024-01-16", 0, 1),
            ("2024-01-15", "2024-01-16", 1, 1),
            ("2024-02-28", "2024-03-01", 0, 2),
            ("2023-02-28", "2023-03-01", 0, 1),
            ("2024-12-31", "2025-01-01", 0, 1),
            ("2025-11-19", "2026-02-17", 0, 90),
        ],
    )
    def test_count_the_first_and_not_the_last(self, start: str, end: str, min_days: int, days: int) -> None:
        assert interest_days(day(start), day(end), min_days=min_days) == days

    @pytest.mark.parametrize(
        ("after_days", "min_days", "interest"),
        [(0, 0, "0.00"), (0, 1, "16.67"), (1, 0, "16.67"), (1, 1, "16.67"), (2, 1, "33.33")],
    )
    def test_a_loan_that_is_settled_soon_costs_them(self, after_days: int, min_days: int, interest: str) -> None:
        record = loan(terms(day_count="act/360"), min_days=min_days)
        on = record.start_date + timedelta(days=after_days)
        total_fen = sum(debt.owed.total_fen for debt in settlement(record, Policy(), on_date=on))
        done = repay(record, Policy(), kind=RepaymentKind.EARLY_FULL, total_fen=total_fen, on_date=on)
        assert fen_to_yuan(done.total.interest_fen) == interest


class TestInt04Integral:
    @pytest.mark.parametrize(
        ("balances", "until", "rate", "interest"),
        [
            ([("2024-04-01", "33333.33")], "2024-05-01", "4.35", "120.83"),  # not 30 × 4.03 = 120.90
            ([("2024-03-01", "30000"), ("2024-03-11", "50000"), ("2024-03-21", "0")], "2024-04-01", "7.2", "160.00"),
            ([("2024-03-01", "10000"), ("2024-03-02", "5000"), ("2024-03-04", "0")], "2024-03-31", "7.2", "4.00"),
            ([("2024-03-01", "10000"), ("2024-03-01", "5000")], "2024-03-11", "7.2", "10.00"),
            ([("2024-03-01", "0.01")], "2024-03-02", "7.2", "0.00"),
            ([("2024-03-01", "24.99")], "2024-03-02", "7.2", "0.00"),  # 0.4998 fen
            ([("2024-03-01", "25.00")], "2024-03-02", "7.2", "0.01"),  # half a fen goes up
        ],
    )
    def test_is_rounded_once(self, balances: list[tuple[str, str]], until: str, rate: str, interest: str) -> None:
        spans = [BalanceFrom(day(start), yuan_to_fen(amount)) for start, amount in balances]
        integral = fen_days(spans, until_date=day(until))
        assert fen_to_yuan(interest_on(integral, annual_rate=Decimal(rate), day_count=DayCount.ACT_360)) == interest


class TestInt05ByMonths:
    @pytest.mark.parametrize(
        ("start", "end", "by_months", "by_days"),
        [
            ("2024-01-31", "2024-04-15", "1250.00", "1250.00"),  # M10: two months and 15 days; 75 days
            ("2024-02-01", "2024-03-01", "500.00", "483.33"),  # M10: one month; 29 days
            ("2024-01-30", "2024-03-01", "516.67", "516.67"),  # to 29 February, and a day; 31 days
            ("2023-01-30", "2023-03-01", "516.67", "500.00"),  # to 28 February, and a day; 30 days
            ("2025-01-31", "2025-02-28", "500.00", "466.67"),
            ("2024-02-29", "2025-02-28", "6000.00", "6083.33"),
            ("2024-03-08", "2024-04-20", "700.00", "716.67"),  # M6: a month and 12 days; 43 days
            ("2024-01-15", "2024-01-16", "16.67", "16.67"),
        ],
    )
    def test_the_contract_says_which(self, start: str, end: str, by_months: str, by_days: str) -> None:
        asked = {"start": day(start), "periods": 1, "first_due_date": day(end)}
        assert whole_cost(day_count="30/360", **asked) == by_months
        assert whole_cost(day_count="act/360", **asked) == by_days


class TestInt06DueDays:
    @pytest.mark.parametrize(
        ("start", "periods", "due_day", "dates"),
        [
            ("2024-01-15", 2, None, "2024-02-15 2024-03-15"),
            ("2024-01-31", 3, None, "2024-02-29 2024-03-31 2024-04-30"),
            ("2023-01-29", 2, None, "2023-02-28 2023-03-29"),
            ("2024-01-29", 2, None, "2024-02-29 2024-03-29"),
            ("2024-12-30", 3, None, "2025-01-30 2025-02-28 2025-03-30"),
            ("2024-01-15", 2, 21, "2024-01-21 2024-02-21 2024-03-15"),
            ("2024-01-21", 2, 21, "2024-02-21 2024-03-21"),
            ("2024-01-22", 2, 21, "2024-02-21 2024-03-21 2024-03-22"),
            ("2024-01-31", 2, 28, "2024-02-28 2024-03-28 2024-03-31"),
            ("2024-12-01", 1, 1, "2025-01-01"),
        ],
    )
    def test_come_every_month_and_back_after_a_short_one(
        self, start: str, periods: int, due_day: int | None, dates: str
    ) -> None:
        due = due_dates(start_date=day(start), periods=periods, due_day=due_day)
        assert " ".join(each.isoformat() for each in due.dates) == dates

    @pytest.mark.parametrize(("due_day", "offered"), [(0, False), (1, True), (28, True), (29, False)])
    def test_that_a_product_fixes_lie_between_the_1st_and_the_28th(self, due_day: int, *, offered: bool) -> None:
        assert offers("due_day", due_day) is offered


class TestInt06Quarters:
    """INT-06: interest by quarter is settled with the 20th of March, June, September and December, and booked on the 21st."""

    @pytest.mark.parametrize(
        ("start", "periods", "dates"),
        [
            ("2024-01-10", 12, "2024-03-21 2024-06-21 2024-09-21 2024-12-21 2025-01-10"),
            ("2024-03-20", 6, "2024-03-21 2024-06-21 2024-09-20"),  # one day is settled on the 20th
            ("2024-03-21", 6, "2024-06-21 2024-09-21"),  # the last quarter is maturity
            ("2024-03-22", 6, "2024-06-21 2024-09-21 2024-09-22"),
            ("2024-08-31", 6, "2024-09-21 2024-12-21 2025-02-28"),
            ("2024-04-15", 2, "2024-06-15"),
            ("2024-12-21", 3, "2025-03-21"),
        ],
    )
    def test_fall_on_the_21st_and_on_maturity(self, start: str, periods: int, dates: str) -> None:
        due = quarterly_due_dates(start_date=day(start), periods=periods)
        assert " ".join(each.isoformat() for each in due.dates) == dates

    @pytest.mark.parametrize("method", ["interest_only", "pay_any_day"])
    @pytest.mark.parametrize(
        ("day_count", "interest"),
        [
            # 100,000 at 6 %: 2 months and 11 days, three quarters of three months, 20 days.
            ("30/360", ["1183.33", "1500.00", "1500.00", "1500.00", "333.33"]),
            # 71, 92, 92, 91 and 20 days.
            ("act/360", ["1183.33", "1533.33", "1533.33", "1516.67", "333.33"]),
            ("act/365", ["1167.12", "1512.33", "1512.33", "1495.89", "328.77"]),
        ],
    )
    def test_cost_the_days_between_them(self, method: str, day_count: str, interest: list[str]) -> None:
        asked = terms(method=method, start=day("2024-01-10"), day_count=day_count, settlement="quarterly")
        rows = build_schedule(asked).instalments
        assert [fen_to_yuan(row.interest_fen) for row in rows] == interest
        assert [fen_to_yuan(row.principal_fen) for row in rows] == ["0.00"] * 4 + ["100000.00"]

    def test_move_with_the_holidays(self) -> None:
        weekend = frozenset({day("2024-09-21"), day("2024-09-22")})
        asked = terms(
            method="interest_only", start=day("2024-07-01"), periods=3, non_working=weekend, settlement="quarterly"
        )
        dates = asked.due_dates().dates
        assert [each.isoformat() for each in dates] == ["2024-09-23", "2024-10-01"]

    @pytest.mark.parametrize(
        "more",
        [
            {"method": "equal_instalment"},
            {"method": "equal_principal"},
            {"method": "bullet"},
            {"method": "interest_only", "due_day": 21},
            {"method": "interest_only", "first_due_date": date(2024, 3, 21)},
        ],
    )
    def test_are_for_what_falls_due_at_the_end_and_have_no_other_day(self, more: dict[str, Any]) -> None:
        with pytest.raises(InvalidTermError, match="按季结息"):
            terms(settlement="quarterly", **more)

    def test_what_is_repaid_any_day_owes_the_rest_at_the_next_quarter(self) -> None:
        asked = terms(method="pay_any_day", start=day("2024-01-10"), day_count="act/360", settlement="quarterly")
        opened = loan(asked, paid=1)
        on = day("2024-04-20")  # 30 days: 500.00 of interest
        after = repay(opened, Policy(), kind=RepaymentKind.ANY, total_fen=yuan_to_fen("40500.00"), on_date=on).loan
        ahead = [(row.due_date.isoformat(), fen_to_yuan(row.interest_fen)) for row in after.ahead_of(on)]
        # 60,000 at 6 %: 62, 92, 91 and 20 days.
        assert ahead == [
            ("2024-06-21", "620.00"), ("2024-09-21", "920.00"), ("2024-12-21", "910.00"), ("2025-01-10", "200.00"),
        ]  # fmt: skip

    @pytest.mark.parametrize(("word", "offered"), [("monthly", True), ("quarterly", True), ("yearly", False)])
    def test_are_a_choice_of_the_product(self, word: str, *, offered: bool) -> None:
        assert offers("settlement", word) is offered


class TestInt07Holidays:
    @pytest.mark.parametrize(
        ("non_working", "due", "interest"),
        [
            (frozenset(), "2026-02-17", "675.00"),  # S16: 90 days
            (FESTIVAL, "2026-02-24", "727.50"),  # 97 days
            (frozenset({date(2026, 2, 18)}), "2026-02-17", "675.00"),
        ],
    )
    def test_move_a_due_date_only_where_the_contract_says_so(
        self, non_working: frozenset[date], due: str, interest: str
    ) -> None:
        asked = terms(
            "50000.00", rate="5.4", method="bullet", periods=1, start=date(2025, 11, 19), day_count="act/360",
            first_due_date=date(2026, 2, 17), non_working=non_working,
        )  # fmt: skip
        (row,) = build_schedule(asked).instalments
        assert (row.due_date, fen_to_yuan(row.interest_fen)) == (day(due), interest)
        standing = standing_on(loan(asked), on_date=row.due_date)
        assert (standing.overdue_days, standing.due_in_all.penalty_fen) == (0, 0)

    @pytest.mark.parametrize(
        ("grace_days", "late", "overdue_days", "penalty"),
        [
            (0, 0, 0, "0.00"),
            (0, 1, 1, "2.06"),  # 8,228.85 × 1 × 9 % ÷ 360
            (1, 1, 0, "0.00"),
            (1, 2, 2, "4.11"),
            (3, 3, 0, "0.00"),
            (3, 4, 4, "8.23"),  # after the days of grace all days count
        ],
    )
    def test_days_of_grace_cost_nothing_unless_they_are_exceeded(
        self, grace_days: int, late: int, overdue_days: int, penalty: str
    ) -> None:
        standing = standing_on(m1(paid=3, grace_days=grace_days), on_date=date(2024, 5, 15) + timedelta(days=late))
        assert (standing.overdue_days, fen_to_yuan(standing.due_in_all.penalty_fen)) == (overdue_days, penalty)

    @pytest.mark.parametrize(("grace_days", "offered"), [(0, True), (3, True), (4, False)])
    def test_a_product_gives_three_days_of_grace_at_most(self, grace_days: int, *, offered: bool) -> None:
        assert offers("grace_days", grace_days) is offered


class TestInt08Rounding:
    @pytest.mark.parametrize("principal", ["0.01", "0.12", "500.00", "9999.99", "33333.33", "200000.00"])
    @pytest.mark.parametrize(
        "method", ["equal_instalment", "equal_principal", "interest_only", "bullet", "pay_any_day"]
    )
    @pytest.mark.parametrize(("day_count", "base"), [("30/360", 360), ("act/360", 360), ("act/365", 365)])
    def test_principal_adds_up_and_each_interest_is_rounded_half_up(
        self, principal: str, method: str, day_count: str, base: int
    ) -> None:
        asked = terms(principal, rate="7.3501", method=method, periods=7, start=date(2023, 12, 31), day_count=day_count)
        rows = build_schedule(asked).instalments
        assert sum(row.principal_fen for row in rows) == asked.principal_fen
        assert rows[-1].balance_fen == 0
        balance_fen = asked.principal_fen
        for start, row in zip((asked.start_date, *(row.due_date for row in rows)), rows, strict=False):
            months = (row.due_date.year - start.year) * 12 + row.due_date.month - start.month
            days = 30 * months if day_count == "30/360" else (row.due_date - start).days
            exact = Decimal(balance_fen) * days * asked.annual_rate / 100 / base
            assert row.interest_fen == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
            assert row.principal_fen >= 0
            balance_fen -= row.principal_fen


EVERY_FIELD: Final = {each.name for each in ProductVersion._meta.concrete_fields}


def offers(field: str, value: object) -> bool:
    """Tell whether a product may be published with a value, by the column's own bounds."""
    try:
        ProductVersion(**{field: value}).clean_fields(exclude=EVERY_FIELD - {field})
    except ValidationError:
        return False
    return True
