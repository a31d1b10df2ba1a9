"""Interest by the day integral (INT-03, INT-04, INT-08, M4, M5, M9, M10, S16)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import fen_to_yuan, yuan_to_fen
from lending.loans.accrual import BalanceFrom, fen_days, interest_days, interest_on
from lending.loans.day_count import DayCount, counted_days

rates = st.integers(0, 1_000_000).map(lambda units: Decimal(units).scaleb(-4))
balances = st.integers(0, 10**13)


def charged(yuan: str, days: int, rate: str, day_count: DayCount = DayCount.ACT_360) -> str:
    """Return the interest on an amount for so many days, in yuan."""
    integral = yuan_to_fen(yuan) * days
    return fen_to_yuan(interest_on(integral, annual_rate=Decimal(rate), day_count=day_count))


class TestInterestOn:
    @pytest.mark.parametrize(
        ("rule", "yuan", "days", "rate", "expected"),
        [
            ("INT-04", "33333.33", 30, "4.35", "120.83"),
            ("INT-02", "100000.00", 365, "6", "6083.33"),
            ("INT-02", "100000.00", 366, "6", "6100.00"),
            ("M4", "50000.00", 90, "5.4", "675.00"),
            ("M6", "100000.00", 43, "6", "716.67"),
            ("M9 penalty", "8228.85", 10, "9", "20.57"),
            ("M9 compound", "377.79", 10, "9", "0.94"),
            ("M10 actual days", "100000.00", 29, "6", "483.33"),
            ("S16", "50000.00", 90, "5.4", "675.00"),
            ("S16 shifted", "50000.00", 97, "5.4", "727.50"),
        ],
    )
    def test_gives_the_worked_examples(self, rule: str, yuan: str, days: int, rate: str, expected: str) -> None:
        assert charged(yuan, days, rate) == expected, rule

    def test_a_base_of_365_is_cheaper(self) -> None:
        assert charged("50000.00", 90, "5.4", DayCount.ACT_365) == "665.75"

    def test_the_same_days_by_months_or_as_they_are(self) -> None:
        start, end = date(2024, 1, 31), date(2024, 4, 15)
        by_months = counted_days(DayCount.THIRTY_360, start, end)
        assert charged("100000.00", by_months, "6", DayCount.THIRTY_360) == "1250.00"

    @pytest.mark.parametrize(("end", "expected"), [(date(2026, 2, 17), "675.00"), (date(2026, 2, 24), "727.50")])
    def test_a_due_date_shifted_over_the_spring_festival_bears_its_extra_days(self, end: date, expected: str) -> None:
        assert charged("50000.00", interest_days(date(2025, 11, 19), end), "5.4") == expected

    def test_half_a_fen_is_a_fen(self) -> None:
        assert interest_on(5_000, annual_rate=Decimal("3.6000"), day_count=DayCount.ACT_360) == 1
        assert interest_on(4_999, annual_rate=Decimal("3.6000"), day_count=DayCount.ACT_360) == 0

    @given(st.integers(0, 10**20), rates, st.sampled_from(DayCount))
    def test_is_the_exact_quotient_rounded_half_up(self, integral: int, rate: Decimal, day_count: DayCount) -> None:
        exact = Fraction(integral) * Fraction(rate) / 100 / day_count.base
        assert interest_on(integral, annual_rate=rate, day_count=day_count) == floor(exact + Fraction(1, 2))

    @given(balances, st.integers(0, 4_000), rates, rates)
    def test_more_money_days_or_rate_never_costs_less(self, fen: int, days: int, rate: Decimal, other: Decimal) -> None:
        def cost(fen: int, days: int, rate: Decimal) -> int:
            return interest_on(fen * days, annual_rate=rate, day_count=DayCount.ACT_360)

        here = cost(fen, days, min(rate, other))
        assert here <= cost(fen + 1, days, min(rate, other))
        assert here <= cost(fen, days + 1, min(rate, other))
        assert here <= cost(fen, days, max(rate, other))


class TestFenDays:
    def test_m5_draws_and_repays_any_day(self) -> None:
        drawn = [
            BalanceFrom(date(2024, 3, 1), yuan_to_fen("30000.00")),
            BalanceFrom(date(2024, 3, 11), yuan_to_fen("50000.00")),
            BalanceFrom(date(2024, 3, 21), 0),
        ]
        integral = fen_days(drawn, until_date=date(2024, 4, 1))
        assert integral == 800_000 * 100
        assert interest_on(integral, annual_rate=Decimal("7.2"), day_count=DayCount.ACT_360) == yuan_to_fen("160.00")

    def test_the_first_day_counts_and_the_last_does_not(self) -> None:
        assert fen_days([BalanceFrom(date(2024, 3, 1), 100)], until_date=date(2024, 3, 2)) == 100
        assert fen_days([BalanceFrom(date(2024, 3, 1), 100)], until_date=date(2024, 3, 1)) == 0

    def test_the_last_balance_of_a_day_counts(self) -> None:
        moved = [BalanceFrom(date(2024, 3, 1), 100), BalanceFrom(date(2024, 3, 1), 30)]
        assert fen_days(moved, until_date=date(2024, 3, 11)) == 300

    def test_no_balance_bears_nothing(self) -> None:
        assert fen_days([], until_date=date(2024, 3, 1)) == 0

    def test_a_negative_balance_is_refused(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            fen_days([BalanceFrom(date(2024, 3, 1), -1)], until_date=date(2024, 3, 2))

    def test_dates_out_of_order_are_refused(self) -> None:
        moved = [BalanceFrom(date(2024, 3, 2), 1), BalanceFrom(date(2024, 3, 1), 1)]
        with pytest.raises(ValueError, match="cannot end on"):
            fen_days(moved, until_date=date(2024, 3, 3))
        with pytest.raises(ValueError, match="cannot end on"):
            fen_days(moved[:1], until_date=date(2024, 3, 1))

    @given(st.lists(st.tuples(st.integers(0, 40), balances), min_size=1, max_size=20), st.integers(0, 40))
    def test_equals_the_sum_over_every_single_day(self, moves: list[tuple[int, int]], tail: int) -> None:
        ordinal = date(2024, 1, 1).toordinal()
        spans: list[BalanceFrom] = []
        by_day: list[int] = []
        for gap, balance in moves:
            by_day += [spans[-1].balance_fen if spans else 0] * gap
            ordinal += gap
            spans.append(BalanceFrom(date.fromordinal(ordinal), balance))
        by_day += [spans[-1].balance_fen] * tail
        assert fen_days(spans, until_date=date.fromordinal(ordinal + tail)) == sum(by_day)


class TestInterestDays:
    def test_the_start_counts_and_the_repayment_day_does_not(self) -> None:
        assert interest_days(date(2024, 1, 15), date(2024, 1, 16)) == 1
        assert interest_days(date(2024, 1, 15), date(2024, 7, 15)) == 182

    def test_the_same_day_bears_none_unless_the_product_charges_one(self) -> None:
        assert interest_days(date(2024, 1, 15), date(2024, 1, 15)) == 0
        assert interest_days(date(2024, 1, 15), date(2024, 1, 15), min_days=1) == 1

    def test_time_runs_forward(self) -> None:
        with pytest.raises(ValueError, match="cannot end on"):
            interest_days(date(2024, 1, 16), date(2024, 1, 15))
