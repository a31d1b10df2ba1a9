"""The all-in rate that is shown to the customer (LN-10)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.money import yuan_to_fen
from lending.loans.all_in_rate import all_in_rate
from lending.loans.day_count import DayCount
from lending.loans.errors import InstalmentTooSmallError, InvalidTermError
from lending.loans.schedule import build_schedule
from lending.loans.terms import AllInRate, ScheduleTerms


def shown(
    yuan: str,
    rate: str,
    method: str,
    periods: int,
    start: str,
    day_count: str,
    *,
    fee: str = "0.00",
    **more: Any,
) -> AllInRate:
    """Return the all-in rate of a loan with the same fee beside each instalment."""
    terms = ScheduleTerms(
        principal_fen=yuan_to_fen(yuan),
        annual_rate=Decimal(rate),
        method=method,
        periods=periods,
        start_date=date.fromisoformat(start),
        day_count=day_count,
        **more,
    )
    rows = build_schedule(terms).instalments
    return all_in_rate(terms, rows, fees_fen=[yuan_to_fen(fee)] * len(rows))


class TestInternalRate:
    def test_a_flat_fee_of_six_per_mille_a_month_is_thirteen_per_cent_a_year(self) -> None:
        rate = shown("10000", "0", "equal_principal", 12, "2024-01-15", "30/360", fee="60.00")
        assert rate.basis == "irr"
        assert str(rate.annual_rate)[:5] == "13.03"
        monthly = rate.annual_rate / 12
        assert round(monthly, 4) == Decimal("1.0862")
        assert round((1 + monthly / 100) ** 12 * 100 - 100, 2) == Decimal("13.84")

    @pytest.mark.parametrize("method", ["equal_instalment", "equal_principal", "interest_only"])
    def test_whole_months_at_a_twelfth_show_the_contract_rate(self, method: str) -> None:
        assert shown("100000", "6", method, 12, "2024-01-15", "30/360") == AllInRate(Decimal("6.0000"), "irr")

    def test_month_ends_are_whole_months(self) -> None:
        assert shown("100000", "6", "interest_only", 12, "2024-01-31", "30/360").basis == "irr"
        after_february: dict[str, Any] = {"first_due_date": date(2024, 3, 31), "due_day": 31}
        assert shown("100000", "6", "interest_only", 12, "2024-02-29", "30/360", **after_february).basis == "irr"

    def test_a_bullet_of_one_month_is_one_whole_month(self) -> None:
        assert shown("100000", "6", "bullet", 1, "2024-01-15", "30/360") == AllInRate(Decimal("6.0000"), "irr")

    def test_a_fee_makes_the_loan_dearer(self) -> None:
        cheap = shown("10000", "6", "equal_instalment", 12, "2024-01-15", "30/360", fee="1.00")
        dear = shown("10000", "6", "equal_instalment", 12, "2024-01-15", "30/360", fee="1.01")
        assert Decimal(6) < cheap.annual_rate < dear.annual_rate

    def test_an_absurd_fee_still_has_a_rate(self) -> None:
        rate = shown("0.01", "0", "bullet", 1, "2024-01-15", "30/360", fee="9999999999999.99")
        assert rate.annual_rate == Decimal(12 * 100 * (10**15 - 1)).quantize(Decimal("0.0001"))

    @given(st.integers(1, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=24))
    def test_the_present_value_of_what_is_paid_is_the_loan(self, principal: int, fees: list[int]) -> None:
        terms = ScheduleTerms(
            principal_fen=principal,
            annual_rate=Decimal(0),
            method="interest_only",
            periods=len(fees),
            start_date=date(2024, 1, 15),
            day_count="30/360",
        )
        rows = build_schedule(terms).instalments
        rate = all_in_rate(terms, rows, fees_fen=fees).annual_rate
        payments = [row.total_fen + fee for row, fee in zip(rows, fees, strict=True)]
        step = Decimal("0.00005")
        assert _present_value(payments, rate - step) >= principal > _present_value(payments, rate + step)


class TestSimpleRate:
    @pytest.mark.parametrize(
        ("rate", "day_count", "expected"),
        [
            ("5.4", "act/360", "5.4750"),
            ("5.4", "act/365", "5.4000"),
            ("6", "act/360", "6.0833"),
            ("6", "act/365", "6.0000"),
        ],
    )
    @pytest.mark.parametrize("method", ["bullet", "interest_only", "equal_principal", "equal_instalment"])
    def test_actual_days_show_365_over_the_base(self, method: str, rate: str, day_count: str, expected: str) -> None:
        found = shown("9000000", rate, method, 12, "2024-01-15", day_count)
        assert found == AllInRate(Decimal(expected), "simple")

    def test_m3_and_m4(self) -> None:
        assert shown("50000", "5.4", "interest_only", 6, "2024-01-15", "act/360", due_day=21) == AllInRate(
            Decimal("5.4750"), "simple"
        )
        assert shown(
            "50000", "5.4", "bullet", 1, "2025-11-19", "act/360", first_due_date=date(2026, 2, 17)
        ) == AllInRate(Decimal("5.4750"), "simple")

    def test_a_fee_is_part_of_the_cost(self) -> None:
        found = shown("10000", "0", "bullet", 12, "2025-01-15", "act/365", fee="720.00")
        assert found == AllInRate(Decimal("7.2000"), "simple")

    def test_a_broken_first_period_is_labelled_simple(self) -> None:
        assert shown("100000", "6", "equal_instalment", 12, "2024-01-15", "30/360", due_day=21).basis == "simple"

    def test_rounding_to_the_fen_never_hides_the_contract_rate(self) -> None:
        assert shown("0.01", "6", "bullet", 12, "2024-01-15", "act/360").annual_rate == Decimal("6.0833")

    @pytest.mark.parametrize("fees", [[1], [0] * 11, [0] * 13, [-1, *[0] * 11]])
    def test_fees_that_do_not_match_the_rows_are_refused(self, fees: list[int]) -> None:
        terms = ScheduleTerms(
            principal_fen=100,
            annual_rate=Decimal(6),
            method="interest_only",
            periods=12,
            start_date=date(2024, 1, 15),
            day_count="30/360",
        )
        rows = build_schedule(terms).instalments
        with pytest.raises(InvalidTermError, match="逐期给出"):
            all_in_rate(terms, rows, fees_fen=fees)


class TestEveryRate:
    @given(
        principal_fen=st.integers(1, 10**10),
        units=st.integers(0, 240_000),
        method=st.sampled_from(["equal_instalment", "equal_principal", "interest_only", "bullet"]),
        periods=st.integers(1, 36),
        start_date=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
        day_count=st.sampled_from(DayCount),
        due_day=st.none() | st.integers(1, 31),
    )
    def test_is_never_below_the_contract(self, units: int, day_count: DayCount, **fields: Any) -> None:
        terms = ScheduleTerms(annual_rate=Decimal(units).scaleb(-4), day_count=day_count, **fields)
        try:
            schedule = build_schedule(terms)
        except InstalmentTooSmallError:
            assume(False)
            raise
        base = 365 if schedule.all_in_basis == "irr" else day_count.base
        least = floor(Fraction(units * 365, base) + Fraction(1, 2))
        assert schedule.all_in_annual_rate * 10_000 >= least
        if day_count is not DayCount.THIRTY_360:
            assert schedule.all_in_basis == "simple"


def _present_value(payments: list[int], annual_rate: Decimal) -> Fraction:
    growth = 1 + Fraction(annual_rate) / 1200
    worth, discount = Fraction(0), Fraction(1)
    for payment in payments:
        discount /= growth
        worth += payment * discount
    return worth
