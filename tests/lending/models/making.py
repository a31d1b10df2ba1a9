"""Models of a bank for the tests: made, changed and published as staff do."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from core.approvals.operations import propose
from lending.approvals import MODEL_PUBLISH
from lending.decision.engine import DecisionModel
from lending.decision.four_sources import four_source_content
from lending.decision.standard import standard_content
from lending.models import BankModelVersion
from lending.operations.models import ready_to_publish, save_model_draft, start_model
from tests.second_person import approve

Content = dict[str, Any]
MAKER, EDITOR, CHECKER = "risk-maker", "risk-editor", "risk-checker"


def node(content: Content, node_id: str) -> Content:
    return next(item for item in content["nodes"] if item["id"] == node_id)


def with_value(content: Content, node_id: str, key: str, value: str) -> Content:
    """Change one expression of a model."""
    rows = node(content, node_id)["content"]["expressions"]
    next(row for row in rows if row["key"] == key)["value"] = value
    return content


def lenient() -> Content:
    """Return the standard model of the full stage with no reason left: it offers everybody the largest line."""
    content = standard_content("full")
    node(content, "admission")["content"]["rules"] = node(content, "admission")["content"]["rules"][-1:]
    with_value(content, "checks", "checks.manual_review", "false")
    with_value(content, "rating", "rating.scored", "true")
    with_value(content, "rating", "rating.score", "999")
    return with_value(content, "limit", "offer.limit_yuan", "policy.min_amount_yuan")


def base_points(points: int) -> Content:
    """Return the standard model of the full stage with other points to begin with, 520 in the standard one."""
    content = standard_content("full")
    rows = node(content, "rating")["content"]["expressions"]
    rows[-1]["value"] = rows[-1]["value"].replace("520", str(points))
    return content


def draft(code: str, content: Content | None = None, *, template: str = "standard-full") -> BankModelVersion:
    """Begin a model and save a content in its draft."""
    version_id = start_model(code=code, title=f"测试模型 {code}", template=template, actor=MAKER)
    row = BankModelVersion.objects.select_related("model").get(pk=version_id)
    if content is not None:
        save(row, content)
    return BankModelVersion.objects.select_related("model").get(pk=version_id)


def save(row: BankModelVersion, content: Content | str, *, actor: str = MAKER, note: str = "") -> None:
    text = content if isinstance(content, str) else DecisionModel.of(bank="", name="", content=content).content
    seen_at = BankModelVersion.objects.get(pk=row.pk).edited_at.isoformat()
    save_model_draft(version_id=row.pk, text=text, change_note=note, seen_at=seen_at, actor=actor)


def proposed(row: BankModelVersion, *, actor: str = MAKER) -> uuid.UUID:
    values = ready_to_publish(version_id=row.pk)
    return propose(kind=MODEL_PUBLISH, subject=row.pk.hex, values=values, reason="r", actor=actor).pk


def published(code: str, content: Content | None = None, *, template: str = "standard-full") -> BankModelVersion:
    """Publish a model by two people."""
    row = draft(code, content, template=template)
    approve(proposal_id=proposed(row), actor=CHECKER)
    return BankModelVersion.objects.select_related("model").get(pk=row.pk)


def changed(change: Callable[[Content], Any], content: Content | None = None) -> Content:
    """Return a model with a change."""
    made = content or four_source_content()
    change(made)
    return made
