"""Due dates (INT-06): the start's day or a fixed one, month ends that come back, broken first periods."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lending.loans.due_dates import due_dates, falls_on, months_after
from lending.loans.errors import InvalidTermError

days = st.dates(date(1990, 1, 1), date(2150, 12, 31))
terms = st.integers(1, 60)


def written(start: str, periods: int, *, first_due: str | None = None, due_day: int | None = None) -> list[str]:
    """Return the due dates as text."""
    due = due_dates(
        start_date=date.fromisoformat(start),
        periods=periods,
        first_due_date=None if first_due is None else date.fromisoformat(first_due),
        due_day=due_day,
    )
    return [day.isoformat() for day in due.dates]


class TestStartDay:
    def test_instalments_fall_on_the_day_of_the_start(self) -> None:
        assert written("2024-01-15", 3) == ["2024-02-15", "2024-03-15", "2024-04-15"]

    def test_a_missing_day_is_the_last_of_its_month_and_comes_back(self) -> None:
        assert written("2024-10-31", 6) == [
            "2024-11-30",
            "2024-12-31",
            "2025-01-31",
            "2025-02-28",
            "2025-03-31",
            "2025-04-30",
        ]

    @pytest.mark.parametrize(
        ("start", "expected"),
        [
            ("2024-01-29", ["2024-02-29", "2024-03-29"]),
            ("2023-01-29", ["2023-02-28", "2023-03-29"]),
            ("2024-01-30", ["2024-02-29", "2024-03-30"]),
            ("2024-02-29", ["2024-03-29", "2024-04-29"]),
        ],
    )
    def test_february_is_no_exception(self, start: str, expected: list[str]) -> None:
        assert written(start, 2) == expected

    def test_a_leap_day_returns_after_a_year(self) -> None:
        assert written("2024-02-29", 12)[-1] == "2025-02-28"
        assert written("2024-02-29", 48)[-1] == "2028-02-29"


class TestDueDay:
    def test_the_last_date_is_maturity_and_a_broken_first_period_costs_one_more(self) -> None:
        assert written("2024-01-15", 6, due_day=21) == [
            "2024-01-21",
            "2024-02-21",
            "2024-03-21",
            "2024-04-21",
            "2024-05-21",
            "2024-06-21",
            "2024-07-15",
        ]

    def test_a_day_before_the_starts_day_begins_next_month(self) -> None:
        assert written("2024-01-25", 2, due_day=21) == ["2024-02-21", "2024-03-21", "2024-03-25"]

    def test_the_day_is_strictly_after_the_start(self) -> None:
        assert written("2024-01-21", 2, due_day=21) == ["2024-02-21", "2024-03-21"]

    def test_the_day_before_the_due_day_gives_a_period_of_one_day(self) -> None:
        assert written("2024-01-20", 1, due_day=21) == ["2024-01-21", "2024-02-20"]

    def test_the_31st_is_every_months_last(self) -> None:
        assert written("2024-01-15", 3, due_day=31) == [
            "2024-01-31",
            "2024-02-29",
            "2024-03-31",
            "2024-04-15",
        ]

    def test_a_start_on_a_short_months_last_day_breaks_nothing_for_the_31st(self) -> None:
        assert written("2024-02-29", 12, due_day=31)[0] == "2024-03-31"
        assert len(written("2024-02-29", 12, due_day=31)) == 12

    def test_a_due_day_after_maturity_leaves_maturity_alone(self) -> None:
        assert written("2024-04-30", 1, due_day=31) == ["2024-05-30"]

    @given(days, terms, st.integers(1, 31))
    def test_there_are_as_many_rows_as_months_and_one_more_where_the_first_is_broken(
        self, start: date, periods: int, due_day: int
    ) -> None:
        due = due_dates(start_date=start, periods=periods, due_day=due_day)
        assert due.dates[-1] == months_after(start, periods, anchor_day=start.day)
        assert all(falls_on(day, due_day) for day in due.dates[:-1])
        assert periods <= len(due.dates) <= periods + 1
        if start.day <= 28 and due_day <= 28:
            assert len(due.dates) == periods + (start.day != due_day)


class TestFirstDue:
    def test_there_are_exactly_as_many_rows_from_there(self) -> None:
        assert written("2024-03-08", 3, first_due="2024-04-20") == ["2024-04-20", "2024-05-20", "2024-06-20"]

    def test_the_due_day_may_be_given_as_well(self) -> None:
        assert written("2024-03-08", 2, first_due="2024-04-20", due_day=20) == ["2024-04-20", "2024-05-20"]

    def test_a_due_day_of_31_brings_the_month_ends_back(self) -> None:
        assert written("2024-01-08", 3, first_due="2024-02-29", due_day=31) == [
            "2024-02-29",
            "2024-03-31",
            "2024-04-30",
        ]

    def test_a_first_date_where_the_starts_day_falls_keeps_the_starts_day(self) -> None:
        assert written("2025-01-31", 3, first_due="2025-02-28") == ["2025-02-28", "2025-03-31", "2025-04-30"]

    def test_any_other_first_date_sets_its_own_day(self) -> None:
        assert written("2025-01-15", 3, first_due="2025-02-28") == ["2025-02-28", "2025-03-28", "2025-04-28"]
        assert written("2025-01-15", 3, first_due="2025-01-31") == ["2025-01-31", "2025-02-28", "2025-03-31"]

    @pytest.mark.parametrize("first_due", ["2024-03-08", "2024-03-07", "2023-12-31"])
    def test_a_first_date_that_is_not_after_the_start_is_refused(self, first_due: str) -> None:
        with pytest.raises(InvalidTermError, match="首次还款日应在起始日之后") as caught:
            written("2024-03-08", 3, first_due=first_due)
        assert caught.value.field == "first_due_date"

    def test_a_first_date_that_is_not_on_the_due_day_is_refused(self) -> None:
        with pytest.raises(InvalidTermError, match="不一致") as caught:
            written("2024-03-08", 3, first_due="2024-04-25", due_day=20)
        assert "2024-04-20" in caught.value.next_step

    @given(days, st.integers(1, 400), terms)
    def test_the_first_row_stands_where_it_was_put(self, start: date, gap: int, periods: int) -> None:
        first_due = date.fromordinal(start.toordinal() + gap)
        due = due_dates(start_date=start, periods=periods, first_due_date=first_due)
        assert due.dates[0] == first_due
        assert len(due.dates) == periods


class TestEveryPlan:
    @given(days, terms, st.none() | st.integers(1, 31), st.none() | st.integers(1, 400))
    def test_dates_are_strictly_increasing_and_one_a_month(
        self, start: date, periods: int, due_day: int | None, gap: int | None
    ) -> None:
        first_due = None if gap is None else date.fromordinal(start.toordinal() + gap)
        assume(first_due is None or due_day is None or falls_on(first_due, due_day))
        dates = due_dates(start_date=start, periods=periods, first_due_date=first_due, due_day=due_day).dates
        assert start < dates[0]
        assert all(a < b for a, b in pairwise(dates))
        months = [day.year * 12 + day.month for day in dates[:-1]]
        assert months == list(range(months[0], months[0] + len(months))) if months else len(dates) == 1

    def test_a_date_beyond_the_calendar_is_an_error(self) -> None:
        with pytest.raises(OverflowError, match="beyond the calendar"):
            months_after(date(9999, 12, 1), 1, anchor_day=1)
