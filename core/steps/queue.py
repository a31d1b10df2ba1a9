"""Put steps into the table."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from core.clock import now
from core.db.asks import fetch_one
from core.db.rows import Row, as_json, new_row
from core.operations import within_transaction
from core.steps import bell
from core.steps.models import LIVE, UNFINISHED, Step
from core.steps.registry import KINDS, Then
from core.tenancy import current_bank

INSERT: Final = "SELECT core_enqueue(%s)"


@within_transaction
def enqueue(
    kind: str, subject: uuid.UUID | str, *, then: Then | None = None, run_at: datetime | None = None
) -> uuid.UUID:
    """Insert a step in the caller's transaction and ring for it after the commit.

    Where an unfinished step of this kind exists for the subject nothing is inserted: the work is owed already.

    Returns the id of the step (the new one, or a fresh id that nothing has where the work was owed already).

    Raises:
        KeyError: no room has registered the kind.
    """
    step = owed_step(kind, subject, then=then, run_at=run_at)
    fetch_one(INSERT, [as_json([step])])
    step_id: uuid.UUID = step["id"]
    return step_id


@within_transaction
def owed_step(kind: str, subject: uuid.UUID | str, *, then: Then | None = None, run_at: datetime | None = None) -> Row:
    """Make a step that the caller's own statement inserts (`core_enqueue`), and ring for it after the commit, if anybody waits.

    Raises:
        KeyError: no room has registered the kind.
    """
    spec, moment = KINDS[kind], now()
    lease = min(spec.lease, timedelta(seconds=settings.STEP_LEASE_SECONDS))
    step = new_row(
        Step,
        kind=kind,
        lane=spec.lane,
        subject=subject.hex if isinstance(subject, uuid.UUID) else subject,
        run_at=run_at or moment,
        lease_seconds=int(lease.total_seconds()),
        deadline_at=None if spec.deadline is None else moment + spec.deadline,
        then_kind=then.kind if then else "",
        then_subject=then.subject if then else "",
        created_at=moment,
    )
    if spec.is_awaited and (run_at is None or run_at <= moment):
        code = current_bank().code
        transaction.on_commit(lambda: bell.ring(bank=code, lane=spec.lane))
    return step


def owed_since(kind: str) -> datetime | None:
    """Return since when the current bank has owed a step of this kind that somebody still works on; None: it owes none."""
    return (
        Step.objects.filter(kind=kind, state=LIVE).order_by("created_at").values_list("created_at", flat=True).first()
    )


def is_owed(kind: str, subject: uuid.UUID | str) -> bool:
    """Tell whether the current bank owes a step of this kind for the subject, parked ones included."""
    name = subject.hex if isinstance(subject, uuid.UUID) else subject
    return Step.objects.filter(kind=kind, subject=name, state__in=UNFINISHED).exists()
