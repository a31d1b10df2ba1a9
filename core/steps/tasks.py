"""The two Celery tasks of the steps: a worker hears a bell; beat's sweep rings for what is due."""

from __future__ import annotations

from typing import Final

import structlog
from celery import shared_task
from django.db import connection

from core.steps import bell, engine
from core.tenancy import PUBLIC, at, in_bank

log = structlog.get_logger(__name__)
SECONDS_PER_BELL: Final = 1.0


@shared_task(name=bell.TASK, ignore_result=True, acks_late=False)
def answer_bell(*, bank: str, lane: str, slot: int) -> None:
    """Work through a bank's lane for about a second, and ring again where more is due."""
    bell.taken_down(bank=bank, lane=lane, slot=slot)
    with in_bank(bank):
        engine.run_due(lanes=[lane], seconds=SECONDS_PER_BELL)
        more = engine.any_due(lane)
    if more:
        bell.ring(bank=bank, lane=lane)


@shared_task(name="core.steps.sweep", ignore_result=True)
def sweep() -> int:
    """Ring for every bank and lane that has something due and not leased: one statement over all banks."""
    with at(PUBLIC), connection.cursor() as cursor:
        cursor.execute("SELECT bank, lane FROM public.due_steps()")
        due = cursor.fetchall()
    for bank, lane in due:
        bell.ring(bank=bank, lane=lane)
    return len(due)
