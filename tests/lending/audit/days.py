"""Days as the rules count them, found by walking the calendar one day or one month at a time.

Nothing here comes from the product: the auditor reads the rules (INT-02, INT-03, INT-05, INT-06, INT-07) and a calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from fractions import Fraction
from functools import cache

ONE_DAY = timedelta(days=1)


def half_up(exact: Fraction) -> int:
    """Round to the fen, half up (INT-08)."""
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def nights(start: date, end: date) -> Iterator[date]:
    """Give every day that bears interest: the first counts, the last does not (INT-03 算头不算尾)."""
    day = start
    while day < end:
        yield day
        day += ONE_DAY


def last_of_month(day: date) -> int:
    """Return the number of the last day of a day's month."""
    tomorrow = day.replace(day=28)
    while (tomorrow + ONE_DAY).month == day.month:
        tomorrow += ONE_DAY
    return tomorrow.day


@cache
def same_day_of(first: date, months: int, anchor: int) -> date:
    """Return the anchor day so many months on; the month's last where it has no such day, coming back after (INT-06)."""
    month = first.replace(day=1)
    for _ in range(months):
        month = (month + timedelta(days=31)).replace(day=1)
    return month.replace(day=min(anchor, last_of_month(month)))


def counted(day_count: str, start: date, end: date, anchor: int) -> int:
    """Count the days that a period costs: as they are, or whole months by 对月对日 as thirty and the odd days (INT-05).

    Months run from the anchor day where the period starts on it, else from the day on which it starts.
    """
    if day_count != "30/360":
        return (end - start).days
    day = anchor if start == same_day_of(start, 0, anchor) else start.day
    months, reached = 0, start
    while (following := same_day_of(start, months + 1, day)) <= end:
        months, reached = months + 1, following
    return 30 * months + (end - reached).days


def grows(day_count: str, start: date, day: date, anchor: int) -> int:
    """Tell by how many days the count of a period grows in the night after a day of it."""
    if day_count != "30/360":
        return 1
    return counted(day_count, start, day + ONE_DAY, anchor) - counted(day_count, start, day, anchor)


def base_of(day_count: str) -> int:
    """Return the days of a year that the rate is divided by (INT-02)."""
    return 365 if day_count == "act/365" else 360


def working_day(day: date, holidays: Collection[date]) -> date:
    """Return the first day from a day on that is no holiday (INT-07)."""
    while day in holidays:
        day += ONE_DAY
    return day


def due_dates_of(
    start: date, months: int, *, due_day: int | None = None, first_period_min_days: int = 0, one_row: bool = False,
    holidays: Collection[date] = (),
) -> tuple[tuple[date, ...], int]:  # fmt: skip
    """Return when a loan falls due and the day on which its due dates stand (INT-06, INT-07).

    Without a fixed day: the day of the start, every month. With one: every such day until maturity, which is so many
    months after the start. Where the first comes sooner than `first_period_min_days`, it is left out and maturity is the
    same number of fixed days on. `one_row`: maturity alone. Dates that holidays move onto one day are one.
    """
    anchor = due_day or start.day
    maturity = same_day_of(start, months, start.day)
    found = [day for k in range(months + 1) if start < (day := same_day_of(start, k, anchor)) < maturity]
    dates = [*found, maturity]
    if due_day is not None and first_period_min_days and (dates[0] - start).days < first_period_min_days:
        dates = [same_day_of(dates[0], k, anchor) for k in range(1, months + 1)]
    if one_row:
        dates = dates[-1:]
    return tuple(dict.fromkeys(working_day(day, holidays) for day in dates)), anchor
