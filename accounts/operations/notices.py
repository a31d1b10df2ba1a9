"""Owe customers a text message about something of a day, each once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from accounts import parameters
from accounts.models import Notice
from core.clock import now
from core.ids import new_id
from core.operations import within_transaction
from core.steps.queue import enqueue
from tenants.parameters import value_of

SEND: Final = "account.send_notice"


@within_transaction
def owe_notices(*, kind: str, about: Mapping[uuid.UUID, date]) -> int:
    """Owe each customer a notice of a kind about a day, unless it is owed or told already; return how many are new.

    None goes out at night: what is owed outside the bank's hours waits for the morning.
    """
    rows = [
        Notice(id=new_id(), customer_id=customer_id, kind=kind, about_date=day) for customer_id, day in about.items()
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    fresh = Notice.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    run_at = _next_hour(now())
    for notice_id in fresh:
        enqueue(SEND, notice_id, run_at=run_at)
    return len(fresh)


def _next_hour(moment: datetime) -> datetime | None:
    """Return when a notice may go out; None for at once."""
    first = value_of(parameters.NOTICE_FIRST_HOUR.name, kind=int)
    last = value_of(parameters.NOTICE_LAST_HOUR.name, kind=int)
    if first <= moment.hour < last:
        return None
    morning = moment.replace(hour=first, minute=0, second=0, microsecond=0)
    return morning if moment.hour < first else morning + timedelta(days=1)


@within_transaction
def notice_sent(*, notice_id: uuid.UUID) -> None:
    """Record that a notice was handed over."""
    Notice.objects.filter(pk=notice_id, sent_at=None).update(sent_at=now())


@within_transaction
def notice_given_up(*, notice_id: uuid.UUID, code: str) -> None:
    """Record that a notice cannot be handed over, and why."""
    Notice.objects.filter(pk=notice_id, sent_at=None).update(code=code[:40])
