"""How long a case may wait, pure: hours that pass on working days only, around the clock, in Shanghai.

`due_at` counts forwards from when a case came, `overdue_before` backwards from now: a case is overdue exactly if it came at
or before that moment, so that a list of any length is sorted into its colours without looking at each row.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Final

from core.clock import SHANGHAI

GREEN: Final = "green"
AMBER: Final = "amber"
RED: Final = "red"
CALENDAR_DAYS: Final = 60
"""As far as the calendar is asked for on either side: 240 hours and the longest holiday lie well within."""


def due_at(opened_at: datetime, *, hours: int, off: Collection[date]) -> datetime:
    """Return when `hours` have passed since a moment, days in `off` not counted."""
    at, left = opened_at.astimezone(SHANGHAI), timedelta(hours=hours)
    while True:
        midnight = datetime.combine(at.date() + timedelta(days=1), time(), SHANGHAI)
        if at.date() not in off:
            if left <= midnight - at:
                return at + left
            left -= midnight - at
        at = midnight


def overdue_before(moment: datetime, *, hours: int, off: Collection[date]) -> datetime:
    """Return the latest moment since which `hours` have passed by `moment`: who came at or before it is overdue."""
    at, left = moment.astimezone(SHANGHAI), timedelta(hours=hours)
    while True:
        midnight = datetime.combine(at.date(), time(), SHANGHAI)
        if at == midnight:
            day = at.date() - timedelta(days=1)
            midnight = datetime.combine(day, time(), SHANGHAI)
        else:
            day = at.date()
        if day not in off:
            if left <= at - midnight:
                return at - left
            left -= at - midnight
        at = midnight


def colour(due: datetime, *, now: datetime, amber_hours: int) -> str:
    """Return green, amber within the last `amber_hours`, red from the moment that it is due."""
    if now >= due:
        return RED
    return AMBER if due - now <= timedelta(hours=amber_hours) else GREEN
