"""Due dates: one a month on a fixed day, a missing day on the month's last, coming back after it; or by quarter (INT-06).

A due date on a holiday moves to the next working day only where the contract says so (INT-07); which days work is
the caller's knowledge.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from lending.loans.errors import InvalidTermError

MONTHS_PER_YEAR = 12
QUARTER_MONTHS = frozenset({3, 6, 9, 12})
SETTLEMENT_DAY = 20
"""Interest by quarter is settled at the end of this day, which it includes, and booked on the next (INT-06)."""
MOST_KEPT = 4096  # on one day few terms are asked for, again and again


@dataclass(frozen=True, slots=True)
class DueDates:
    """When a loan falls due. `anchor_day` (1..31) is where its due dates stand, months permitting."""

    dates: tuple[date, ...]
    anchor_day: int


def months_after(start_date: date, months: int, *, anchor_day: int) -> date:
    """Return the anchor day of the month that lies so many months after that of `start_date`.

    Raises:
        OverflowError: the date lies beyond the calendar.
    """
    month_index = start_date.year * MONTHS_PER_YEAR + start_date.month - 1 + months
    year, month0 = divmod(month_index, MONTHS_PER_YEAR)
    if not date.min.year <= year <= date.max.year:
        msg = f"{months} months after {start_date} is beyond the calendar"
        raise OverflowError(msg)
    return date(year, month0 + 1, min(anchor_day, monthrange(year, month0 + 1)[1]))


def falls_on(day: date, anchor_day: int) -> bool:
    """Tell whether `day` is the anchor day of its month, or the last of a month that is too short for it."""
    return day == months_after(day, 0, anchor_day=anchor_day)


@lru_cache(maxsize=MOST_KEPT)
def due_dates(
    *, start_date: date, periods: int, first_due_date: date | None = None, due_day: int | None = None
) -> DueDates:
    """Return the due dates of a loan of `periods` months, strictly increasing, all after `start_date`.

    - Without more: `periods` dates on the start's day of each month.
    - `due_day` alone: the next such day strictly after the start, then monthly; the last is maturity,
      `periods` months after the start. A broken first period so costs one row more. Where nothing falls due
      before maturity, the months stand on the start's day: February 28 to March 28 is one.
    - `first_due_date`: exactly `periods` dates from there. They stand on `due_day` where that is given as
      well. Where it is not, they stand on the start's day if the first due date is where that day falls in
      its month (start on January 31, first due on February 28: then March 31), otherwise on the first due
      date's own day.

    Raises:
        InvalidTermError: the first due date is not after the start, or does not fall on the due day.
        OverflowError: a date lies beyond the calendar.
    """
    if first_due_date is not None:
        anchor_day = _anchor_of_first_due(start_date, first_due_date, due_day)
        return DueDates(
            tuple(months_after(first_due_date, k, anchor_day=anchor_day) for k in range(periods)), anchor_day
        )
    maturity = months_after(start_date, periods, anchor_day=start_date.day)
    anchor_day = start_date.day if due_day is None else due_day
    candidates = (months_after(start_date, k, anchor_day=anchor_day) for k in range(periods + 1))
    before = tuple(day for day in candidates if start_date < day < maturity)
    return DueDates((*before, maturity), anchor_day if before else start_date.day)


def quarterly_due_dates(*, start_date: date, periods: int) -> DueDates:
    """Return the due dates of a loan of `periods` months whose interest is settled by quarter (INT-06).

    The 20th of March, June, September and December settle what has run up to and with that day; it is booked, and falls
    due, on the 21st. The last due date is maturity, whatever day that is.

    Raises:
        OverflowError: a date lies beyond the calendar.
    """
    anchor_day = SETTLEMENT_DAY + 1
    maturity = months_after(start_date, periods, anchor_day=start_date.day)
    candidates = (months_after(start_date, k, anchor_day=anchor_day) for k in range(periods + 1))
    booked = (day for day in candidates if day.month in QUARTER_MONTHS and start_date < day < maturity)
    return DueDates((*booked, maturity), anchor_day)


def _anchor_of_first_due(start_date: date, first_due_date: date, due_day: int | None) -> int:
    if first_due_date <= start_date:
        next_step = f"请给出晚于 {start_date} 的日期"
        raise InvalidTermError("first_due_date", "首次还款日应在起始日之后", next_step)
    if due_day is None:
        return start_date.day if falls_on(first_due_date, start_date.day) else first_due_date.day
    if not falls_on(first_due_date, due_day):
        expected = months_after(first_due_date, 0, anchor_day=due_day)
        detail = f"首次还款日 {first_due_date} 与每月还款日 {due_day} 日不一致"
        raise InvalidTermError("first_due_date", detail, f"请改为 {expected}，或去掉其中一项")
    return due_day


def working_day_from(day: date, non_working: AbstractSet[date]) -> date:
    """Return the first day from `day` on that is none of the `non_working`."""
    while day in non_working:
        day += timedelta(days=1)
    return day
