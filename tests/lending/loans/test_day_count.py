"""Day counts (INT-02, INT-03, INT-05): what a period costs, in days over a base."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lending.loans.day_count import DayCount, PeriodLength, counted_days, period_length
from lending.loans.due_dates import months_after

days = st.dates(date(1990, 1, 1), date(2150, 12, 31))


def day(text: str) -> date:
    """Read a date."""
    return date.fromisoformat(text)


class TestPeriodLength:
    @pytest.mark.parametrize(
        ("start", "end", "months", "odd_days"),
        [
            ("2024-01-31", "2024-04-15", 2, 15),  # M10
            ("2024-02-01", "2024-03-01", 1, 0),  # M10
            ("2024-03-08", "2024-04-20", 1, 12),  # M6
            ("2024-01-15", "2024-01-15", 0, 0),
            ("2024-01-15", "2024-01-21", 0, 6),
            ("2024-01-31", "2024-02-29", 1, 0),
            ("2024-01-31", "2024-02-28", 0, 28),
            ("2023-01-31", "2023-02-28", 1, 0),
            ("2024-01-30", "2024-03-01", 1, 1),
            ("2023-11-30", "2024-02-29", 3, 0),
            ("2024-02-29", "2025-02-28", 12, 0),
            ("2024-12-20", "2025-01-19", 0, 30),
            ("2024-01-15", "2025-01-15", 12, 0),
        ],
    )
    def test_months_run_from_date_to_same_date(self, start: str, end: str, months: int, odd_days: int) -> None:
        assert period_length(day(start), day(end)) == PeriodLength(months, odd_days)

    @pytest.mark.parametrize(
        ("start", "end", "anchor_day", "months", "odd_days"),
        [
            ("2025-02-28", "2025-03-31", 31, 1, 0),
            ("2025-02-28", "2025-03-30", 30, 1, 0),
            ("2025-02-28", "2025-03-31", None, 1, 3),
            ("2024-04-30", "2024-05-31", 31, 1, 0),
            ("2024-06-30", "2024-07-30", 31, 0, 30),
            ("2024-01-15", "2024-02-21", 21, 1, 6),
        ],
    )
    def test_a_loan_due_on_the_31st_counts_from_month_end_to_month_end(
        self, start: str, end: str, anchor_day: int | None, months: int, odd_days: int
    ) -> None:
        assert period_length(day(start), day(end), anchor_day=anchor_day) == PeriodLength(months, odd_days)

    def test_a_period_that_ends_before_it_starts_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cannot end on"):
            period_length(day("2024-02-01"), day("2024-01-31"))

    @given(days, st.integers(0, 60))
    def test_so_many_months_later_is_so_many_whole_months(self, start: date, months: int) -> None:
        end = months_after(start, months, anchor_day=start.day)
        assert period_length(start, end) == PeriodLength(months, 0)

    @given(days, st.integers(0, 2_000), st.none() | st.integers(1, 31))
    def test_odd_days_are_fewer_than_a_month(self, start: date, gap: int, anchor_day: int | None) -> None:
        length = period_length(start, start + timedelta(days=gap), anchor_day=anchor_day)
        assert 0 <= length.odd_days <= 30


class TestCountedDays:
    @pytest.mark.parametrize(
        ("day_count", "counted", "base"),
        [(DayCount.THIRTY_360, 75, 360), (DayCount.ACT_360, 75, 360), (DayCount.ACT_365, 75, 365)],
    )
    def test_days_stand_over_their_base(self, day_count: DayCount, counted: int, base: int) -> None:
        assert counted_days(day_count, day("2024-01-31"), day("2024-04-15")) == counted
        assert day_count.base == base

    @pytest.mark.parametrize("end", ["2024-02-15", "2024-03-15", "2024-04-15"])
    def test_a_whole_month_is_a_twelfth_whatever_its_days(self, end: str) -> None:
        start = months_after(day(end), -1, anchor_day=15)
        assert counted_days(DayCount.THIRTY_360, start, day(end)) == 30

    def test_a_leap_year_has_366_days_over_365(self) -> None:
        assert counted_days(DayCount.ACT_365, day("2024-01-15"), day("2025-01-15")) == 366

    @pytest.mark.parametrize("day_count", list(DayCount))
    @given(start=days, gap=st.integers(0, 2_000), anchor_day=st.none() | st.integers(1, 31))
    def test_a_day_more_never_costs_less(
        self, day_count: DayCount, start: date, gap: int, anchor_day: int | None
    ) -> None:
        shorter = counted_days(day_count, start, start + timedelta(days=gap), anchor_day=anchor_day)
        longer = counted_days(day_count, start, start + timedelta(days=gap + 1), anchor_day=anchor_day)
        assert 0 <= shorter <= longer <= shorter + 4
