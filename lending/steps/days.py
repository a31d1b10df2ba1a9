"""The durable step that moves a bank's business date at its cut-off, one day after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from core.clock import business_date, now
from core.clock.models import BusinessDay
from core.steps.queue import owed_since
from core.steps.registry import Again, Done, Outcome, StepRun, register_step
from core.steps.rounds import register_round
from lending.cutoff import is_behind
from lending.operations.day_change import DAY_CHANGED, move_day

log = structlog.get_logger(__name__)
MOVE_DAY: Final = "lending.move_day"
SUBJECT: Final = "cutoff"
SHORTLY: Final = timedelta(seconds=1)
PATIENCE: Final = timedelta(hours=1)


@register_step(MOVE_DAY)
def move(run: StepRun) -> Outcome:
    """Move the date by one day, and again until the clock is reached; each day is followed up before the next begins.

    What hangs on a day and does not end within an hour no longer holds the date back: contracts signed meanwhile would
    bear a wrong one.
    """
    del run
    if not is_behind():
        return Done()
    since = owed_since(DAY_CHANGED)
    if since is not None and since > now() - PATIENCE:
        return Again("the former day is not followed up yet", SHORTLY)
    if since is not None:
        log.error("day.moved_on", since=since.isoformat())
    first = not BusinessDay.objects.exists()
    move_day(to_date=business_date() if first else business_date() + timedelta(days=1))
    return Again("more days", SHORTLY) if is_behind() else Done()


register_round(MOVE_DAY, lambda: SUBJECT if is_behind() else None)
