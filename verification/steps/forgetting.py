"""Delete pictures and recordings of attempts that came to nothing (DATA-07)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from core import vault
from core.clock import SHANGHAI, now
from core.steps.registry import Again, Done, Outcome, StepRun, register_step
from verification import parameters
from verification.operations.factors import FAILED_FACE, FAILED_VOICE
from verification.operations.forgetting import FORGET

SHORT_LIVED: Final = (FAILED_FACE, FAILED_VOICE)
ONE_DAY: Final = timedelta(days=1)


@register_step(FORGET)
def forget_attempts(run: StepRun) -> Outcome:
    """Delete what was kept on the step's day, and what is older; a bank that keeps it longer by now is waited for."""
    keep = timedelta(days=parameters.number(parameters.FAILED_DAYS))
    kept_until = datetime.combine(date.fromisoformat(run.subject) + ONE_DAY, time.min, SHANGHAI)
    moment = now()
    end = datetime.combine(moment.date() - keep + ONE_DAY, time.min, SHANGHAI)
    if end < kept_until:
        return Again("kept longer by now", kept_until - end)
    removed = sum(vault.expire(retention, before=end) for retention in SHORT_LIVED)
    return Done(result={"removed": removed})
