"""Look at how a decision was made: every look at a customer's figures is recorded with its reason."""

from __future__ import annotations

import uuid

from core.audit.log import record
from core.errors import NotFound
from core.operations import opens_transaction
from lending.explaining import PathLine, path_of
from lending.models import Decision


@opens_transaction
def look_at_path(*, decision_id: uuid.UUID, actor: str, reason: str) -> list[PathLine]:
    """Return the path of a decision with the customer's figures, and record who looked and why.

    Raises:
        NotFound: there is no such decision.
    """
    row = Decision.objects.select_related("model").filter(pk=decision_id).first()
    if row is None:
        raise NotFound
    record(
        "decision.path_seen", actor=actor, subject=row.application_id.hex,
        detail={"decision": row.pk.hex, "reason": reason},
    )  # fmt: skip
    return path_of(row)
