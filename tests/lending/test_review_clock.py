"""The clock of the review queue, pure: hours that pass on working days only."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI
from lending.review_clock import AMBER, GREEN, RED, colour, due_at, overdue_before

FRIDAY = date(2026, 11, 27)
DAYS = [FRIDAY + timedelta(days=n) for n in range(-90, 90)]
WEEKENDS = frozenset(day for day in DAYS if day.weekday() >= 5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("opened", "hours", "due"),
    [
        ("2026-11-26T10:00", 24, "2026-11-27T10:00"),
        ("2026-11-27T10:00", 24, "2026-11-30T10:00"),  # Friday to Monday
        ("2026-11-28T10:00", 8, "2026-11-30T08:00"),  # came on Saturday: begins on Monday
        ("2026-11-27T16:00", 8, "2026-11-28T00:00"),  # exactly the day's end
        ("2026-11-26T10:00", 240, "2026-12-10T10:00"),
    ],
)
def test_days_off_do_not_count(opened: str, hours: int, due: str) -> None:
    assert due_at(at(opened), hours=hours, off=WEEKENDS) == at(due)


@given(
    opened=st.integers(0, 80 * 1440),
    moment=st.integers(0, 110 * 1440),
    hours=st.integers(1, 240),
    off=st.frozensets(st.sampled_from(DAYS), max_size=60),
)
def test_one_moment_sorts_all_cases_as_each_ones_own_end_does(
    opened: int, moment: int, hours: int, off: frozenset[date]
) -> None:
    came, now = (at("2026-10-01T00:00") + timedelta(minutes=minutes) for minutes in (opened, moment))
    is_overdue = now >= due_at(came, hours=hours, off=off)
    assert (came <= overdue_before(now, hours=hours, off=off)) == is_overdue


@pytest.mark.parametrize(
    ("now", "shown"),
    [("2026-11-27T05:59", GREEN), ("2026-11-27T06:00", AMBER), ("2026-11-27T09:59", AMBER), ("2026-11-27T10:00", RED)],
)
def test_the_colour_changes_before_and_at_the_end(now: str, shown: str) -> None:
    assert colour(at("2026-11-27T10:00"), now=at(now), amber_hours=4) == shown
