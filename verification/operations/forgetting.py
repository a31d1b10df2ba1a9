"""Owe the deletion of pictures and recordings of attempts that came to nothing, when their days are over (DATA-07)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from core.clock import SHANGHAI, now
from core.operations import within_transaction
from core.steps.queue import enqueue
from verification import parameters

FORGET: Final = "verification.forget_attempts"


@within_transaction
def owe_forgetting() -> None:
    """Owe to a step that what is kept today for a short time only is deleted when its days are over.

    One step a day does it for all that was kept on that day.
    """
    today = now().astimezone(SHANGHAI).date()
    enqueue(FORGET, today.isoformat(), run_at=_deletion_at(today))


def _deletion_at(kept_date: date) -> datetime:
    """Return when what was kept on a day goes: early enough that nothing of it stays longer than the bank says."""
    days = parameters.number(parameters.FAILED_DAYS)
    return datetime.combine(kept_date + timedelta(days=days), time.min, SHANGHAI)
