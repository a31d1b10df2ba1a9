"""Ask for decisions: as they were recorded, and made again from what was recorded."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

from core.errors import NotFound
from core.tenancy import current_bank
from lending.decision.decide import EarlyDecision, FullDecision
from lending.decision.engine import DecisionModel, DecisionModelError
from lending.decision.snapshots import SnapshotError, decision_bytes, replay
from lending.models import Decision, DecisionModelText

AT_ONCE: Final = 500


def recorded_decision(decision_id: uuid.UUID) -> bytes:
    """Return a decision as it was recorded, path included, as canonical JSON (`lending.decision.snapshots`).

    Raises:
        NotFound: there is none with this id.
    """
    return _decision(decision_id).result.encode()


def replay_decision(decision_id: uuid.UUID) -> EarlyDecision | FullDecision:
    """Make a decision again from its snapshot, by the model that made it; its bytes are those of `recorded_decision`.

    Raises:
        NotFound: there is none with this id.
        SnapshotError, DecisionModelError: what was recorded does not decide any more.
    """
    row = _decision(decision_id)
    return replay(row.snapshot.encode(), model=model_of(row.model))


def replayed_alike(*, limit: int | None = None) -> Iterator[tuple[uuid.UUID, bool]]:
    """Make the current bank's decisions again, the newest first, and tell of each whether its bytes are the recorded ones.

    One that cannot be made again, because its snapshot or its model is damaged, is not alike.
    """
    models: dict[str, DecisionModel] = {}
    seen, last = 0, None
    while limit is None or seen < limit:
        rows = Decision.objects.select_related("model").order_by("-pk")
        rows = rows if last is None else rows.filter(pk__lt=last)
        part = list(rows[: AT_ONCE if limit is None else min(AT_ONCE, limit - seen)])
        if not part:
            return
        for row in part:
            model = models.get(row.model_id) or models.setdefault(row.model_id, model_of(row.model))
            yield row.pk, _is_alike(row, model)
        seen, last = seen + len(part), part[-1].pk


def _is_alike(row: Decision, model: DecisionModel) -> bool:
    try:
        return decision_bytes(replay(row.snapshot.encode(), model=model)) == row.result.encode()
    except (SnapshotError, DecisionModelError):
        return False


def model_of(row: DecisionModelText) -> DecisionModel:
    """Return a decision model as it was when it decided."""
    return DecisionModel.of(bank=row.bank, name=row.name, content=json.loads(row.content))


def content_of(row: Decision) -> bytes:
    """Return what a decision's leaf in the evidence log commits to, as canonical JSON."""
    facts: dict[str, Any] = {
        "format": "decision/1",
        "bank": current_bank().code,
        "id": row.id.hex,
        "application": row.application_id.hex,
        "stage": row.stage,
        "product_version": row.product_version_id.hex,
        "model": row.model_id,
        "snapshot_sha256": hashlib.sha256(row.snapshot.encode()).hexdigest(),
        "result_sha256": hashlib.sha256(row.result.encode()).hexdigest(),
    }
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


def _decision(decision_id: uuid.UUID) -> Decision:
    row = Decision.objects.filter(pk=decision_id).select_related("model").first()
    if row is None:
        raise NotFound
    return row
