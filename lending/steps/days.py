"""The durable step that has a bank's business date moved at its cut-off, one day after the other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import structlog

from core.clock import business_date, now
from core.clock.models import BusinessDay
from core.steps.queue import is_owed, owed_since
from core.steps.registry import Again, Done, Outcome, StepRun, register_step
from core.steps.rounds import register_round
from lending.closing.runner import AnotherDayEnd, move_regardless
from lending.cutoff import is_behind
from lending.operations.day_change import DAY_CHANGED, move_day

log = structlog.get_logger(__name__)
MOVE_DAY: Final = "lending.move_day"
SUBJECT: Final = "cutoff"
SHORTLY: Final = timedelta(seconds=1)
PATIENCE: Final = timedelta(hours=1)


@register_step(MOVE_DAY)
def move(run: StepRun) -> Outcome:
    """Owe the end of one day, and again until the clock is reached; each day is followed up before the next begins.

    What hangs on a day and does not end within an hour no longer holds the date back: contracts signed meanwhile would
    bear a wrong one. Where it is the end of the day itself that fails, the date moves without it, and the next day end
    books what this one did not.
    """
    del run
    if not is_behind():
        return Done()
    since = owed_since(DAY_CHANGED)
    if since is not None and since > now() - PATIENCE:
        return Again("the former day is not followed up yet", SHORTLY)
    if since is not None:
        log.error("day.moved_on", since=since.isoformat())
    day = business_date()
    to_date = day + timedelta(days=1) if BusinessDay.objects.exists() else day
    if is_owed(DAY_CHANGED, to_date.isoformat()):
        return _move_regardless(day)
    move_day(to_date=to_date)
    return Again("more days", SHORTLY)


def _move_regardless(day: date) -> Outcome:
    """Move the date although the day's end is not done: its step has had its time, or is parked."""
    try:
        move_regardless(closed_date=day)
    except AnotherDayEnd:
        return Again("the day end is at work", SHORTLY)
    log.error("day.moved_without_its_end", day=day.isoformat())
    return Again("more days", SHORTLY) if is_behind() else Done()


register_round(MOVE_DAY, lambda: SUBJECT if is_behind() else None)
