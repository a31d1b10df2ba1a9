"""Judge what a screening has found: it is somebody else, or it is that person (AML-07, AML-08).

To confirm takes one person, for what must stop must stop at once; to clear takes two (`verification.approvals`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.audit.log import record
from core.clock import now
from core.errors import NotFound
from core.operations import opens_transaction, within_transaction
from core.states import transition
from verification.models import ScreeningAlert
from verification.states import ALERT

if TYPE_CHECKING:
    import uuid


@opens_transaction
def confirm_alert(*, alert_id: uuid.UUID, opinion: str, actor: str) -> None:
    """Say that the listed person is meant; what was screened stays held.

    Raises:
        NotFound: there is no such alert.
        StateConflict: it is judged already.
    """
    _judge(alert_id, "confirm", opinion, actor)


@within_transaction
def clear_alert(*, alert_id: uuid.UUID, opinion: str, actor: str) -> None:
    """Say that somebody else is meant, or that the ground is gone: what was screened may go on. `actor` names both people.

    Raises:
        NotFound: there is no such alert.
        StateConflict: it is cleared already.
    """
    _judge(alert_id, "clear", opinion, actor)


@within_transaction
def refuse_unclearable(*, alert_id: uuid.UUID) -> None:
    """Refuse an alert that could not be cleared.

    Raises:
        NotFound: there is no such alert.
        StateConflict: it is cleared already.
    """
    status = ScreeningAlert.objects.values_list("status", flat=True).filter(pk=alert_id).first()
    if status is None:
        raise NotFound
    ALERT.target(status, "clear")


def _judge(alert_id: uuid.UUID, event: str, opinion: str, actor: str) -> None:
    # The opinion stays on the alert: histories of states are read by staff who may not learn of it (AML-08).
    judged = transition(ALERT, alert_id, event, actor=actor, judged_by=actor, judged_at=now(), opinion=opinion)
    record(f"screening_alert.{judged.status}", actor=actor, subject=alert_id.hex)
