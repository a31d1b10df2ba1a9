"""What staff do here by two people (`core.approvals`): the second one's agreement is the act."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from core.approvals.registry import Approved, register_approval
from verification.operations import judging

CLEAR_ALERT: Final = "screening_alert.clear"
JUDGES: Final = "verification.change_screeningalert"


def _check_clearing(subject: str, values: Mapping[str, Any]) -> None:
    del values
    judging.refuse_unclearable(alert_id=uuid.UUID(subject))


@register_approval(
    CLEAR_ALERT, title="名单预警排除", proposer=JUDGES, decider=JUDGES, page="verification_screeningalert",
    check=_check_clearing, confidential=True,
)  # fmt: skip
def clear_alert(approved: Approved) -> None:
    """Clear a watchlist alert (AML-07); the subject is the alert."""
    judging.clear_alert(alert_id=uuid.UUID(approved.subject), opinion=approved.reason, actor=approved.actor)
