"""Write to the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from core.audit.models import AuditEntry
from core.operations import within_transaction


@within_transaction
def record(
    action: str, *, actor: str, subject: str, detail: Mapping[str, str | int | bool | None] | None = None
) -> None:
    """Append one act in the caller's transaction, so that it is recorded if and only if it happened."""
    AuditEntry.objects.create(action=action, actor=actor, subject=subject, detail=dict(detail or {}))
