"""Day counts: how many days of a year of 360 or 365 a period costs (INT-02, INT-03, INT-05).

All three give an integer number of days over a fixed base, so interest is principal × rate × days ÷ base with
nothing lost on the way. Under 30/360 a whole month by 对月对日 counts 30 days, which is a twelfth of the
year, and odd days count as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from lending.loans.due_dates import MONTHS_PER_YEAR, MOST_KEPT, falls_on, months_after

if TYPE_CHECKING:
    from datetime import date

DAYS_PER_MONTH_OF_360 = 30


class DayCount(StrEnum):
    """A day count by the word of the contract: days counted ÷ days of the year."""

    THIRTY_360 = "30/360"
    ACT_360 = "act/360"
    ACT_365 = "act/365"

    @property
    def base(self) -> int:
        """The days of the year that the annual rate is divided by."""
        return 365 if self is DayCount.ACT_365 else 360


@dataclass(frozen=True, slots=True)
class PeriodLength:
    """A period as whole months by 对月对日 and the odd days after them."""

    whole_months: int
    odd_days: int


@lru_cache(maxsize=MOST_KEPT)
def period_length(from_date: date, to_date: date, *, anchor_day: int | None = None) -> PeriodLength:
    """Split a period into whole months and odd days; the first day counts, the last does not (算头不算尾).

    Months run from date to same date, a missing day being the month's last: January 31 to April 15 is two
    months (to March 31) and 15 days. `anchor_day` is the day on which a loan's due dates stand; it makes
    February 28 to March 31 one month for a loan that is due on the 31st. It is used only where `from_date`
    stands on it.

    Raises:
        ValueError: the period ends before it starts.
    """
    if to_date < from_date:
        msg = f"a period from {from_date} cannot end on {to_date}"
        raise ValueError(msg)
    stands = anchor_day is not None and falls_on(from_date, anchor_day)
    day = anchor_day if stands and anchor_day is not None else from_date.day
    months = (to_date.year - from_date.year) * MONTHS_PER_YEAR + to_date.month - from_date.month
    if months and months_after(from_date, months, anchor_day=day) > to_date:
        months -= 1
    reached = months_after(from_date, months, anchor_day=day) if months else from_date
    return PeriodLength(whole_months=months, odd_days=(to_date - reached).days)


def counted_days(day_count: DayCount, from_date: date, to_date: date, *, anchor_day: int | None = None) -> int:
    """Return the days that a period costs, to be put over `day_count.base`.

    Raises:
        ValueError: the period ends before it starts.
    """
    length = period_length(from_date, to_date, anchor_day=anchor_day)
    if day_count is DayCount.THIRTY_360:
        return length.whole_months * DAYS_PER_MONTH_OF_360 + length.odd_days
    return (to_date - from_date).days
