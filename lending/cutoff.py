"""When a bank's day changes: the business date that the wall clock asks for (PU-05)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from core.clock import SHANGHAI, business_date, now
from core.clock.models import BusinessDay
from core.tenancy import PROVINCE_CODE, current_bank
from lending import parameters

BEFORE_CUTOFF: Final = timedelta(minutes=10)


def date_by_the_clock() -> date:
    """Return the date that the current bank's books belong to by the wall time and the bank's own cut-off."""
    return (now() - timedelta(minutes=parameters.cutoff_minutes())).date()


def day_ends(day: date) -> datetime:
    """Return when a business day of the current bank ends: its cut-off, after midnight or before."""
    midnight = datetime.combine(day + timedelta(days=1), time(0), SHANGHAI)
    return midnight + timedelta(minutes=parameters.cutoff_minutes())


def round_times(*, day: date) -> list[datetime]:
    """Return when a business day's rounds of automatic debits run, earliest first: at their times, before that day ends.

    A bank whose day changes before midnight (PU-05) has its last round `BEFORE_CUTOFF` ahead of that, and a round that
    would come at the same time as that or later as much ahead of it: every bank gets all of them, in their order.
    """
    latest = day_ends(day) - BEFORE_CUTOFF
    times: list[datetime] = []
    for clock in reversed(parameters.auto_debit_times(day)):
        times.append(min(datetime.combine(day, clock, SHANGHAI), latest))
        latest = times[-1] - BEFORE_CUTOFF
    return times[::-1]


def is_behind() -> bool:
    """Tell whether the current bank's business date has to move.

    A bank that nobody has moved yet has no row and reads the calendar: its first move makes the row, so that from then
    on its days change at its own cut-off and each is followed up. Where the date lies ahead, as after `advance_day` in a
    simulation, nothing moves it until the clock has caught up. The province keeps no books.
    """
    if current_bank().code == PROVINCE_CODE:
        return False
    asked_for = date_by_the_clock()
    if not BusinessDay.objects.exists():
        return asked_for >= business_date()
    return asked_for > business_date()
