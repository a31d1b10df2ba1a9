"""Schedules by the four methods (M1-M4, M6, M8, M10, INT-05, INT-06, INT-08), and what holds for each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.money import fen_to_yuan, yuan_to_fen
from lending.loans.errors import InstalmentTooSmallError
from lending.loans.schedule import build_schedule
from lending.loans.terms import Schedule, ScheduleTerms


def terms_of(yuan: str, rate: str, method: str, periods: int, start: str, day_count: str, **more: Any) -> ScheduleTerms:
    """Make terms from readable values."""
    return ScheduleTerms(
        principal_fen=yuan_to_fen(yuan),
        annual_rate=Decimal(rate),
        method=method,
        periods=periods,
        start_date=date.fromisoformat(start),
        day_count=day_count,
        **more,
    )


def rows_of(schedule: Schedule) -> list[tuple[str, str, str]]:
    """Return principal, interest and balance of each row in yuan."""
    return [
        (fen_to_yuan(row.principal_fen), fen_to_yuan(row.interest_fen), fen_to_yuan(row.balance_fen))
        for row in schedule.instalments
    ]


def interests_of(schedule: Schedule) -> list[str]:
    """Return the interest of each row in yuan."""
    return [fen_to_yuan(row.interest_fen) for row in schedule.instalments]


class TestEqualInstalment:
    def test_m1(self) -> None:
        schedule = build_schedule(terms_of("100000", "6", "equal_instalment", 12, "2024-01-15", "30/360"))
        rows = rows_of(schedule)
        assert rows[:4] == [
            ("8106.64", "500.00", "91893.36"),
            ("8147.17", "459.47", "83746.19"),
            ("8187.91", "418.73", "75558.28"),
            ("8228.85", "377.79", "67329.43"),
        ]
        assert rows[10:] == [("8521.21", "85.43", "8563.87"), ("8563.87", "42.82", "0.00")]
        assert {row.total_fen for row in schedule.instalments[:-1]} == {yuan_to_fen("8606.64")}
        assert schedule.instalments[-1].total_fen == yuan_to_fen("8606.69")
        assert schedule.total_interest_fen == yuan_to_fen("3279.73")
        assert schedule.total_fen == yuan_to_fen("103279.73")
        assert schedule.maturity_date == date(2025, 1, 15)
        assert (str(schedule.all_in_annual_rate), schedule.all_in_basis) == ("6.0000", "irr")

    def test_m6_a_long_first_period_bears_its_days(self) -> None:
        for more in (
            {"first_due_date": date(2024, 4, 20)},
            {"first_due_date": date(2024, 4, 20), "due_day": 20},
        ):
            schedule = build_schedule(terms_of("100000", "6", "equal_instalment", 12, "2024-03-08", "act/360", **more))
            assert len(schedule.instalments) == 12
            assert schedule.instalments[0].interest_fen == yuan_to_fen("716.67")
            assert {row.total_fen for row in schedule.instalments[:-1]} == {yuan_to_fen("8629.09")}

    def test_m8_what_is_left_after_a_prepayment_has_a_new_instalment(self) -> None:
        schedule = build_schedule(terms_of("55558.28", "6", "equal_instalment", 9, "2024-04-15", "30/360"))
        assert schedule.instalments[0].total_fen == yuan_to_fen("6328.50")

    def test_a_broken_first_period_by_months_and_odd_days(self) -> None:
        schedule = build_schedule(
            terms_of(
                "100000",
                "6",
                "equal_instalment",
                12,
                "2024-03-08",
                "30/360",
                first_due_date=date(2024, 4, 20),
            )
        )
        assert schedule.instalments[0].interest_fen == yuan_to_fen("700.00")
        assert schedule.all_in_basis == "simple"

    def test_month_ends_are_whole_months(self) -> None:
        schedule = build_schedule(terms_of("100000", "6", "interest_only", 4, "2025-01-31", "30/360"))
        assert interests_of(schedule) == ["500.00"] * 4

    @pytest.mark.parametrize(
        ("multiple", "instalment"),
        [("1", "8607.00"), ("0.1", "8606.60"), ("10", "8610.00"), ("0.01", "8606.64")],
    )
    def test_the_instalment_is_rounded_to_the_nearest_multiple(self, multiple: str, instalment: str) -> None:
        schedule = build_schedule(
            terms_of(
                "100000",
                "6",
                "equal_instalment",
                12,
                "2024-01-15",
                "30/360",
                instalment_multiple_fen=yuan_to_fen(multiple),
            )
        )
        assert {row.total_fen for row in schedule.instalments[:-1]} == {yuan_to_fen(instalment)}
        assert schedule.instalments[-1].balance_fen == 0

    def test_exactly_half_a_multiple_goes_up(self) -> None:
        terms = terms_of(
            "1001",
            "0",
            "equal_instalment",
            2,
            "2024-01-15",
            "30/360",
            instalment_multiple_fen=yuan_to_fen("1"),
        )
        assert [row.total_fen for row in build_schedule(terms).instalments] == [50_100, 50_000]

    def test_a_coarse_multiple_ends_the_schedule_with_the_row_that_clears_it(self) -> None:
        schedule = build_schedule(
            terms_of(
                "10000",
                "6",
                "equal_instalment",
                12,
                "2024-01-15",
                "30/360",
                instalment_multiple_fen=yuan_to_fen("1000"),
            )
        )
        assert [row.total_fen for row in schedule.instalments[:-1]] == [100_000] * 10
        last = schedule.instalments[-1]
        assert (last.number, last.balance_fen) == (11, 0)
        assert 0 < last.total_fen <= 100_000

    @pytest.mark.parametrize("multiple", ["5000", "100000"])
    def test_a_multiple_that_rounds_the_instalment_away_is_refused(self, multiple: str) -> None:
        terms = terms_of(
            "10000",
            "6",
            "equal_instalment",
            12,
            "2024-01-15",
            "30/360",
            instalment_multiple_fen=yuan_to_fen(multiple),
        )
        with pytest.raises(InstalmentTooSmallError, match="更小的取整单位") as caught:
            build_schedule(terms)
        assert caught.value.field == "instalment_multiple_fen"

    def test_a_multiple_below_the_interest_is_refused(self) -> None:
        terms = terms_of(
            "10000",
            "12",
            "equal_instalment",
            360,
            "2024-01-15",
            "30/360",
            instalment_multiple_fen=yuan_to_fen("95"),
        )
        with pytest.raises(InstalmentTooSmallError, match=r"95\.00 元不足以支付当期利息 100\.00 元") as caught:
            build_schedule(terms)
        assert caught.value.field == "instalment_multiple_fen"

    def test_a_first_period_too_long_for_the_term_is_refused(self) -> None:
        terms = terms_of(
            "100000", "6", "equal_instalment", 240, "2024-01-15", "act/360", first_due_date=date(2024, 7, 15)
        )
        with pytest.raises(InstalmentTooSmallError, match="不足以支付当期利息") as caught:
            build_schedule(terms)
        assert caught.value.field == "first_due_date"

    def test_long_months_at_an_extreme_rate_over_thirty_years_are_refused(self) -> None:
        with pytest.raises(InstalmentTooSmallError) as caught:
            build_schedule(terms_of("100000", "100", "equal_instalment", 360, "2024-01-01", "act/360"))
        assert caught.value.field == "periods"


class TestEqualPrincipal:
    def test_m2(self) -> None:
        schedule = build_schedule(terms_of("100000", "6", "equal_principal", 12, "2024-01-15", "30/360"))
        assert [fen_to_yuan(row.principal_fen) for row in schedule.instalments] == ["8333.33"] * 11 + ["8333.37"]
        assert interests_of(schedule) == [
            "500.00",
            "458.33",
            "416.67",
            "375.00",
            "333.33",
            "291.67",
            "250.00",
            "208.33",
            "166.67",
            "125.00",
            "83.33",
            "41.67",
        ]
        assert schedule.total_interest_fen == yuan_to_fen("3250.00")
        assert schedule.instalments[0].total_fen == yuan_to_fen("8833.33")
        assert schedule.instalments[-1].total_fen == yuan_to_fen("8375.04")

    def test_a_broken_first_period_has_a_share_of_its_own(self) -> None:
        schedule = build_schedule(terms_of("70000", "5.4", "equal_principal", 6, "2024-01-15", "act/360", due_day=21))
        assert [row.principal_fen for row in schedule.instalments] == [1_000_000] * 7
        assert interests_of(schedule)[:2] == ["63.00", "279.00"]

    def test_m6(self) -> None:
        schedule = build_schedule(
            terms_of(
                "100000",
                "6",
                "equal_principal",
                12,
                "2024-03-08",
                "act/360",
                first_due_date=date(2024, 4, 20),
            )
        )
        assert interests_of(schedule)[0] == "716.67"


class TestInterestOnly:
    def test_m3(self) -> None:
        schedule = build_schedule(terms_of("50000", "5.4", "interest_only", 6, "2024-01-15", "act/360", due_day=21))
        assert interests_of(schedule) == ["45.00", "232.50", "217.50", "232.50", "225.00", "232.50", "180.00"]
        assert [row.due_date.isoformat() for row in schedule.instalments][::6] == ["2024-01-21", "2024-07-15"]
        assert schedule.total_interest_fen == yuan_to_fen("1365.00")
        assert schedule.instalments[-1].total_fen == yuan_to_fen("50180.00")
        assert all(row.principal_fen == 0 for row in schedule.instalments[:-1])
        assert (str(schedule.all_in_annual_rate), schedule.all_in_basis) == ("5.4750", "simple")


class TestBullet:
    @pytest.mark.parametrize(("day_count", "interest"), [("act/360", "675.00"), ("act/365", "665.75")])
    def test_m4(self, day_count: str, interest: str) -> None:
        schedule = build_schedule(
            terms_of("50000", "5.4", "bullet", 1, "2025-11-19", day_count, first_due_date=date(2026, 2, 17))
        )
        assert rows_of(schedule) == [("50000.00", interest, "0.00")]
        assert schedule.instalments[0].total_fen == yuan_to_fen("50000.00") + yuan_to_fen(interest)

    def test_m4_is_shown_at_its_simple_rate(self) -> None:
        schedule = build_schedule(
            terms_of("50000", "5.4", "bullet", 1, "2025-11-19", "act/360", first_due_date=date(2026, 2, 17))
        )
        assert (str(schedule.all_in_annual_rate), schedule.all_in_basis) == ("5.4750", "simple")

    def test_m10(self) -> None:
        schedule = build_schedule(
            terms_of("100000", "6", "bullet", 1, "2024-01-31", "30/360", first_due_date=date(2024, 4, 15))
        )
        assert interests_of(schedule) == ["1250.00"]

    @pytest.mark.parametrize(("day_count", "interest"), [("30/360", "500.00"), ("act/360", "483.33")])
    def test_m10_the_contract_decides_what_february_costs(self, day_count: str, interest: str) -> None:
        schedule = build_schedule(terms_of("100000", "6", "bullet", 1, "2024-02-01", day_count))
        assert interests_of(schedule) == [interest]

    @pytest.mark.parametrize("more", [{}, {"due_day": 21}])
    def test_there_is_one_row_at_maturity_whatever_the_due_day(self, more: dict[str, int]) -> None:
        schedule = build_schedule(terms_of("50000", "5.4", "bullet", 3, "2024-01-15", "act/360", **more))
        assert [(row.number, row.due_date) for row in schedule.instalments] == [(1, date(2024, 4, 15))]

    @pytest.mark.parametrize(("method", "months"), [("bullet", 1), ("bullet", 3), ("interest_only", 1)])
    def test_whole_months_from_a_short_months_last_day_are_whole_whatever_the_due_day(
        self, method: str, months: int
    ) -> None:
        """February 28 to March 28 is a month, to May 28 three, though the contract names the 31st."""
        schedule = build_schedule(terms_of("100000", "6", method, months, "2025-02-28", "30/360", due_day=31))
        assert interests_of(schedule) == [fen_to_yuan(500_00 * months)]
        assert schedule.all_in_basis == ("irr" if months == 1 else "simple")

    def test_a_first_due_date_puts_maturity_so_many_months_on(self) -> None:
        terms = terms_of("50000", "5.4", "bullet", 3, "2024-01-15", "act/360", first_due_date=date(2024, 2, 21))
        assert build_schedule(terms).maturity_date == date(2024, 4, 21)
