"""Take up again what was parked because its attempts kept crashing: an operator's act, once the defect is mended."""

from __future__ import annotations

import uuid

from django.db import transaction

from core.audit.log import record
from core.clock import now
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction
from core.steps import bell
from core.steps.models import LIVE, PARKED, Step
from core.tenancy import current_bank


@opens_transaction
def retry_parked(*, step_id: uuid.UUID, actor: str) -> None:
    """Make a parked step due now with a clean slate of crashes; its attempts go on counting.

    Raises:
        NotFound: there is no such step.
        StateConflict: the step is not parked; nothing changed.
    """
    step = Step.objects.select_for_update().filter(pk=step_id).first()
    if step is None:
        raise NotFound
    if step.state != PARKED:
        raise StateConflict("只有待人工处理的任务可以重新执行")
    Step.objects.filter(pk=step_id).update(state=LIVE, crashes=0, run_at=now(), lease_until=None)
    record("step.retried", actor=actor, subject=step_id.hex, detail={"kind": step.kind, "attempt": step.attempt})
    code, lane = current_bank().code, step.lane
    transaction.on_commit(lambda: bell.ring(bank=code, lane=lane))
