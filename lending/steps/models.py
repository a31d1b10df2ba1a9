"""The durable step that replays a candidate model over past decisions, a part at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from core.steps.registry import Again, Done, Outcome, StepRun, register_step
from lending.operations import back_testing

LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = timedelta(milliseconds=10)


@register_step(back_testing.BACK_TEST, lease=LEASE, is_awaited=True)
def back_test(run: StepRun) -> Outcome:
    """Decide some hundred decisions anew and come again for the rest, so that other work goes on between."""
    if back_testing.back_test_chunk(back_test_id=run.subject_id):
        return Done()
    return Again("more decisions", AT_ONCE)
