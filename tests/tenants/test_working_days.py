"""Working days by the holiday calendar (domain C4): swaps count, and a year that nobody has entered counts weekends only."""

from __future__ import annotations

from datetime import date

import pytest

from tenants.queries import is_working_day, working_day_after

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 28), False),
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2026, 10, 10), True),  # a Saturday that makes up for it
        (date(2026, 9, 20), True),  # a Sunday that makes up for the Mid-Autumn Festival
        (date(2099, 1, 1), True),  # a Thursday of a year that nobody has entered
        (date(2099, 1, 3), False),
    ],
)
def test_a_day(day: date, *, works: bool) -> None:
    assert is_working_day(day) is works


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2026, 11, 23), 1, date(2026, 11, 24)),
        (date(2026, 11, 27), 1, date(2026, 11, 30)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 9, 30), 2, date(2026, 10, 9)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # a working Saturday before the Spring Festival
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2026, 12, 30), 30, date(2027, 2, 10)),  # New Year's Day 2027 is in no notice yet: a Friday that works
        (date(2099, 1, 1), 5, date(2099, 1, 8)),
    ],
)
def test_so_many_after_a_day(day: date, count: int, expected: date) -> None:
    assert working_day_after(day, count) == expected


def test_days_are_counted_forwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        working_day_after(date(2026, 11, 23), -1)
