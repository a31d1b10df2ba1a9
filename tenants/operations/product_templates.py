"""The library of product templates: the province's staff draft, two of them publish, every bank reads."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from core.approvals.operations import DraftChanged, SameHands
from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from tenants.models import ProductTemplate
from tenants.models.template import CODE

DIGEST: Final = "digest"
Check = Callable[[Mapping[str, Any]], Sequence[str]]
_checks: list[Check] = []


class TemplateRefused(Problem):
    """A template's code is ill-formed, or a product could not be made of its fields; the detail says why."""

    code = "template_refused"
    status = 422
    title = "产品模板不符合要求"


def check_templates_by(check: Check) -> Check:
    """Let the room that knows the fields say what is wrong with them; called at start-up."""
    _checks.append(check)
    return check


@opens_transaction
def save_template(*, code: str, name: str, target: str, fields: Mapping[str, Any], actor: str) -> uuid.UUID:
    """Save the draft of a template, a new one or that of its next version, and return its id.

    Raises:
        TemplateRefused: see there.
    """
    if not re.fullmatch(CODE, code):
        raise TemplateRefused("模板代码应为大写字母开头的 2 至 8 位字母或数字")
    _refuse_unfit(fields)
    draft = ProductTemplate.objects.select_for_update(no_key=True).filter(code=code, published_at=None).first()
    draft = draft or ProductTemplate(code=code)
    draft.name, draft.target, draft.fields = name, target, dict(fields)
    draft.edited_by = sorted({*draft.edited_by, actor})
    draft.save()
    record("template.saved", actor=actor, subject=code)
    return draft.pk


@opens_transaction
def discard_template(*, template_id: uuid.UUID, actor: str) -> None:
    """Drop a template's draft.

    Raises:
        NotFound, StateConflict: there is no such template, or it is published.
    """
    draft = _lock(template_id)
    draft.delete()
    record("template.discarded", actor=actor, subject=draft.code)


@opens_transaction
def plan_template(*, template_id: uuid.UUID) -> dict[str, Any]:
    """Refuse what could not be published; return what a proposal keeps: the draft and its digest.

    Raises:
        NotFound, StateConflict, TemplateRefused: see `publish_template`.
    """
    draft = _lock(template_id)
    _refuse_unfit(draft.fields)
    return {"code": draft.code, "name": draft.name, "target": draft.target, "fields": draft.fields,
            "edited_by": draft.edited_by, DIGEST: _digest(draft)}  # fmt: skip


@within_transaction
def publish_template(*, template_id: uuid.UUID, values: Mapping[str, Any], decided_by: str, actor: str) -> int:
    """Publish exactly the draft that was proposed as the template's next version; return its number.

    Raises:
        NotFound: there is no such template.
        StateConflict: it is published.
        SameHands: who decides has edited it.
        DraftChanged: it is no longer what was proposed.
        TemplateRefused: see there.
    """
    draft = _lock(template_id)
    if decided_by in draft.edited_by:
        raise SameHands("修改过本草稿的人不能复核发布")
    if values.get(DIGEST) != _digest(draft):
        raise DraftChanged
    _refuse_unfit(draft.fields)
    former = ProductTemplate.objects.filter(code=draft.code).exclude(number=None).order_by("-number").first()
    draft.number = 1 + (0 if former is None or former.number is None else former.number)
    draft.published_at, draft.published_by = now(), actor
    draft.save(update_fields=["number", "published_at", "published_by"])
    record("template.published", actor=actor, subject=draft.code, detail={"version": draft.number})
    return draft.number


def _lock(template_id: uuid.UUID) -> ProductTemplate:
    draft = ProductTemplate.objects.select_for_update(no_key=True).filter(pk=template_id).first()
    if draft is None:
        raise NotFound
    if draft.published_at is not None:
        raise StateConflict("该模板版本已发布，不能再修改")
    return draft


def _refuse_unfit(fields: Mapping[str, Any]) -> None:
    wrong = [text for check in _checks for text in check(fields)]
    if wrong:
        raise TemplateRefused("；".join(wrong))


def _digest(draft: ProductTemplate) -> str:
    contents = [draft.code, draft.name, draft.target, draft.fields]
    text = json.dumps(contents, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
