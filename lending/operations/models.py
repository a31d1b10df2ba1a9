"""A bank's own decision models: drafts, saved cases, publishing by a second person."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from core.approvals.operations import DraftChanged, SameHands
from core.audit.log import record
from core.clock import now
from core.errors import InvalidRequest, NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from lending.decision.engine import DecisionModel
from lending.decision.facts import EarlyFacts
from lending.decision.reasons import REASONS
from lending.decision.snapshots import SnapshotError, read_snapshot
from lending.modelling import (
    TEMPLATES,
    ModelRefused,
    accepted,
    publishing_digest,
    run_cases,
    template_content,
)
from lending.models import BankModel, BankModelVersion, ModelCase
from lending.models.decision import EARLY


@opens_transaction
def start_model(*, code: str, title: str, template: str, actor: str) -> uuid.UUID:
    """Add a model that begins as a template, and return the id of its draft; it decides nothing until it is published.

    Raises:
        InvalidRequest: the code is taken or reserved, or there is no such template.
    """
    if template not in TEMPLATES:
        raise InvalidRequest("没有这个模板，请重新选择", errors={"template": ["没有这个模板"]})
    stage = TEMPLATES[template][0]
    try:
        with transaction.atomic():
            model = BankModel.objects.create(code=code, title=title, stage=stage, created_by=actor)
    except IntegrityError as error:
        raise InvalidRequest(f"模型代码 {code} 不可用，请换一个", errors={"code": ["已被使用或被保留"]}) from error
    content = DecisionModel.of(bank="", name="", content=template_content(template)).content
    draft = BankModelVersion.objects.create(
        model=model, content=content, change_note=f"由模板“{TEMPLATES[template][1]}”新建", created_by=actor,
        edited_by=[actor],
    )  # fmt: skip
    record("model.added", actor=actor, subject=code, detail={"template": template})
    return draft.pk


@opens_transaction
def start_model_draft(*, model_id: uuid.UUID, actor: str) -> uuid.UUID:
    """Return the id of a model's draft, made from its latest version where there is none.

    Raises:
        NotFound: there is no such model.
    """
    model = BankModel.objects.select_for_update(no_key=True).filter(pk=model_id).first()
    if model is None:
        raise NotFound
    draft = BankModelVersion.objects.filter(model=model, published_at=None).first()
    if draft is None:
        latest = BankModelVersion.objects.filter(model=model).order_by("-number").first()
        if latest is None:
            raise NotFound
        draft = BankModelVersion.objects.create(
            model=model, content=latest.content, based_on=latest, created_by=actor, edited_by=[actor]
        )
    return draft.pk


@opens_transaction
def save_model_draft(*, version_id: uuid.UUID, text: str, change_note: str, seen_at: str, actor: str) -> None:
    """Save what a draft says; see `keep_model_draft`."""
    keep_model_draft(version_id=version_id, text=text, change_note=change_note, seen_at=seen_at, actor=actor)


@within_transaction
def keep_model_draft(*, version_id: uuid.UUID, text: str, change_note: str, seen_at: str, actor: str) -> None:
    """Save what a draft says, once nothing is wrong with it; who saved it can no longer publish it.

    `seen_at` is the draft's `edited_at` (ISO 8601) as it was when the editor was opened.

    Raises:
        NotFound: there is no such draft.
        DraftChanged: somebody has saved the draft meanwhile.
        ModelRefused: the model has an error; nothing is saved.
    """
    draft = _locked_draft(version_id)
    if draft.edited_at.isoformat() != seen_at:
        raise DraftChanged("草稿在此期间已被修改，请重新打开后再编辑")
    draft.content = accepted(text, stage=draft.model.stage)
    draft.change_note, draft.edited_at = change_note, now()
    draft.edited_by = sorted({*draft.edited_by, actor})
    draft.save(update_fields=["content", "change_note", "edited_at", "edited_by"])
    record("model.saved", actor=actor, subject=draft.model.code, detail={"version": draft.pk.hex})


@opens_transaction
def discard_model_draft(*, version_id: uuid.UUID, actor: str) -> None:
    """Drop a draft; the first of a model stays.

    Raises:
        NotFound: there is no such draft.
        StateConflict: nothing of the model is published yet.
    """
    draft = _locked_draft(version_id)
    if not BankModelVersion.objects.filter(model_id=draft.model_id, published_at__isnull=False).exists():
        raise StateConflict("该模型尚无已发布的版本，草稿不能删除")
    code = draft.model.code
    draft.delete()
    record("model.draft_discarded", actor=actor, subject=code)


@opens_transaction
def add_case(
    *,
    model_id: uuid.UUID,
    name: str,
    taken: str,
    outcome: str,
    reasons: Sequence[str],
    limit_fen: int | None,
    actor: str,
) -> uuid.UUID:
    """Keep a case that every further version of a model must pass; `taken` is a snapshot of made-up facts.

    Raises:
        NotFound: there is no such model.
        InvalidRequest: the input is no snapshot of the model's stage, a reason does not exist, or the name is taken.
    """
    model = BankModel.objects.filter(pk=model_id).first()
    if model is None:
        raise NotFound
    _check_case(model, taken, outcome, reasons)
    try:
        with transaction.atomic():
            case = ModelCase.objects.create(
                model=model, name=name, snapshot=taken, expected_outcome=outcome, expected_reasons=list(reasons),
                expected_limit_fen=limit_fen, created_by=actor,
            )  # fmt: skip
    except IntegrityError as error:
        raise InvalidRequest("同名的用例已存在，请换一个名称", errors={"name": ["已存在"]}) from error
    record("model.case_added", actor=actor, subject=model.code, detail={"case": name})
    return case.pk


def _check_case(model: BankModel, taken: str, outcome: str, reasons: Sequence[str]) -> None:
    try:
        facts = read_snapshot(taken.encode()).facts
    except SnapshotError as error:
        raise InvalidRequest("输入不是有效的决策快照，请检查", errors={"snapshot": [str(error)]}) from error
    if isinstance(facts, EarlyFacts) is not (model.stage == EARLY):
        raise InvalidRequest("输入与模型的阶段不符，请检查", errors={"snapshot": ["阶段不符"]})
    outcomes = {"passed", "rejected"} if model.stage == EARLY else {"offered", "rejected", "review"}
    if outcome not in outcomes:
        raise InvalidRequest("应得结论与模型的阶段不符，请重选", errors={"outcome": ["阶段不符"]})
    unknown = [code for code in reasons if code not in REASONS]
    if unknown:
        raise InvalidRequest("没有这样的原因代码，请重选", errors={"reasons": unknown})


@opens_transaction
def withdraw_case(*, case_id: uuid.UUID, actor: str) -> None:
    """Withdraw a case; what waits for a second person must be proposed anew.

    Raises:
        NotFound: there is no such case.
    """
    case = ModelCase.objects.select_for_update(no_key=True, of=("self",)).select_related("model").filter(
        pk=case_id, removed_at=None
    ).first()  # fmt: skip
    if case is None:
        raise NotFound
    case.removed_at, case.removed_by = now(), actor
    case.save(update_fields=["removed_at", "removed_by"])
    record("model.case_withdrawn", actor=actor, subject=case.model.code, detail={"case": case.name})


@opens_transaction
def ready_to_publish(*, version_id: uuid.UUID) -> Mapping[str, Any]:
    """Return the values with which a draft's publishing is proposed, once nothing speaks against it.

    Raises:
        NotFound: there is no such draft.
        ModelRefused: the model has an error, or fails a saved case.
    """
    return _publishable(_locked_draft(version_id))


def _publishable(draft: BankModelVersion) -> dict[str, Any]:
    accepted(draft.content, stage=draft.model.stage)
    cases = list(ModelCase.objects.filter(model_id=draft.model_id, removed_at=None).order_by("pk"))
    failed = [result.case.name for result in run_cases(draft, cases) if not result.passed]
    if failed:
        raise ModelRefused(f"有 {len(failed)} 个用例未通过，不能发布，请修改模型或用例：{'、'.join(failed)}")
    return {
        "digest": publishing_digest(draft, cases),
        "model": draft.model.code,
        "cases": len(cases),
        "note": draft.change_note,
        "edited_by": "、".join(draft.edited_by),
    }


@within_transaction
def publish_model(*, version_id: uuid.UUID, digest: str, decided_by: str, actor: str) -> int:
    """Publish a draft that another has proposed, exactly as it was then, and return its number.

    Product versions name it from then on; none is changed by this.

    Raises:
        NotFound: there is no such draft.
        SameHands: who decides has had a hand in the draft.
        DraftChanged: the draft, or its cases, are not what was proposed.
        ModelRefused: it has an error, or fails a saved case.
    """
    draft = _locked_draft(version_id)
    if decided_by in draft.edited_by:
        raise SameHands("修改过该草稿的人不能复核发布，请由其他人复核")
    if _publishable(draft)["digest"] != digest:
        raise DraftChanged
    latest = BankModelVersion.objects.filter(model_id=draft.model_id).exclude(number=None).order_by("-number").first()
    draft.number = 1 + (0 if latest is None or latest.number is None else latest.number)
    draft.published_at, draft.published_by = now(), actor
    draft.save(update_fields=["number", "published_at", "published_by"])
    record("model.published", actor=actor, subject=draft.model.code, detail={"version": draft.number})
    return draft.number


def _locked_draft(version_id: uuid.UUID) -> BankModelVersion:
    """Lock the model, then its draft, so that two people never change one draft at once."""
    found = BankModelVersion.objects.filter(pk=version_id, published_at=None).values_list("model_id", flat=True).first()
    if found is None:
        raise NotFound
    model = BankModel.objects.select_for_update(no_key=True).get(pk=found)
    draft = BankModelVersion.objects.filter(pk=version_id, published_at=None).first()
    if draft is None:
        raise NotFound
    draft.model = model
    return draft
