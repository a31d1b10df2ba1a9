"""Go on with a reverification when its new ID card is read."""

from __future__ import annotations

from functools import partial

from accounts.operations import reverification
from core.steps.registry import Done, Outcome, StepRun, register_step


@register_step(reverification.CARDS_READ)
def reverification_read(run: StepRun) -> Outcome:
    """Take over what was read from the new card."""
    return Done(partial(reverification.reverification_read, reverification_id=run.subject_id))
