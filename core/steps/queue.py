"""Put steps into the table."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from core.clock import now
from core.ids import new_id
from core.operations import within_transaction
from core.steps import bell
from core.steps.models import LIVE, UNFINISHED, Step
from core.steps.registry import KINDS, Then
from core.tenancy import current_bank

INSERT = """
INSERT INTO core_step (id, kind, lane, subject, state, attempt, crashes, run_at, lease_seconds, deadline_at, reason,
                       result, then_kind, then_subject, created_at)
VALUES (%s, %s, %s, %s, 'live', 0, 0, %s, %s, %s, '', '{}', %s, %s, %s)
ON CONFLICT (kind, subject) WHERE state IN ('live', 'parked') DO NOTHING
"""


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
    spec = KINDS[kind]
    step_id, moment = new_id(), now()
    name = subject.hex if isinstance(subject, uuid.UUID) else subject
    deadline_at = None if spec.deadline is None else moment + spec.deadline
    lease_seconds = int(min(spec.lease, timedelta(seconds=settings.STEP_LEASE_SECONDS)).total_seconds())
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                step_id, kind, spec.lane, name, run_at or moment, lease_seconds, deadline_at,
                then.kind if then else "", then.subject if then else "", moment,
            ],
        )  # fmt: skip
    if run_at is None or run_at <= moment:
        code = current_bank().code
        transaction.on_commit(lambda: bell.ring(bank=code, lane=spec.lane))
    return step_id


def owed_since(kind: str) -> datetime | None:
    """Return since when the current bank has owed a step of this kind that somebody still works on; None: it owes none."""
    return (
        Step.objects.filter(kind=kind, state=LIVE).order_by("created_at").values_list("created_at", flat=True).first()
    )


def is_owed(kind: str, subject: uuid.UUID | str) -> bool:
    """Tell whether the current bank owes a step of this kind for the subject, parked ones included."""
    name = subject.hex if isinstance(subject, uuid.UUID) else subject
    return Step.objects.filter(kind=kind, subject=name, state__in=UNFINISHED).exists()
