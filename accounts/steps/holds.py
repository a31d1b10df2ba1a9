"""The end of a hold whose moment has come."""

from __future__ import annotations

from functools import partial

from accounts.models import Hold
from accounts.operations import holds
from core.clock import now
from core.steps.registry import DEFAULT, Again, Done, Outcome, StepRun, register_step


@register_step(holds.EXPIRE, lane=DEFAULT)
def expire_hold(run: StepRun) -> Outcome:
    """Give a hold's money back at its moment; one that has ended meanwhile stays as it is."""
    expires_at = Hold.objects.values_list("expires_at", flat=True).get(pk=run.subject_id)
    if expires_at is not None and expires_at > now():
        return Again("not yet", expires_at - now())
    return Done(partial(_expired, run))


def _expired(run: StepRun) -> None:
    holds.expire_hold(hold_id=run.subject_id)
