"""Replay a candidate over past decisions: who would be decided otherwise, by another model or by another cut-off."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet

from core.audit.log import record
from core.clock import now
from core.errors import InvalidRequest, NotFound, StateConflict
from core.ids import new_id
from core.operations import opens_transaction
from core.steps.queue import enqueue
from core.tenancy import current_bank
from lending.decision.decide import FullDecision
from lending.decision.engine import DecisionModel, DecisionModelError
from lending.decision.policy import PolicyFields, PolicyFieldsError, label_of, read_field
from lending.decision.snapshots import SnapshotError, read_snapshot
from lending.modelling import decided_anew, outcome_of
from lending.models import BackTest, BackTestChange, BankModelVersion, Decision
from lending.models.decision import FULL
from lending.models.decision_model import DONE, ERROR, RUNNING, STOPPED
from lending.queries.decisions import model_of

BACK_TEST: Final = "lending.back_test"
MOST: Final = 10_000
AT_ONCE: Final = 500
RATE_UNIT: Final = 10_000
OFFERED: Final = "offered"


@opens_transaction
def start_back_test(
    *,
    candidate_id: uuid.UUID | None,
    policy_changes: Mapping[str, str],
    product_id: uuid.UUID | None,
    from_date: date,
    to_date: date,
    actor: str,
) -> uuid.UUID:
    """Owe the replay of a candidate over the newest decisions of a window of business dates, at most `MOST`.

    `policy_changes` are fields of the policy as they are typed, amounts in fen. The candidate may be a draft; what it says
    now is what is replayed.

    Raises:
        NotFound: there is no such candidate.
        InvalidRequest: nothing is changed, a value cannot stand, or there is no decision in the window.
    """
    candidate = None if candidate_id is None else BankModelVersion.objects.filter(pk=candidate_id).first()
    if candidate_id is not None and candidate is None:
        raise NotFound
    changes = _read(policy_changes)
    if candidate is None and not changes:
        raise InvalidRequest("请选择候选模型，或至少改变一项取值")
    if from_date > to_date:
        raise InvalidRequest("起始日期不得晚于截止日期，请检查", errors={"from_date": ["晚于截止日期"]})
    stage = FULL if candidate is None else candidate.model.stage
    test = BackTest(
        candidate=candidate, content="" if candidate is None else candidate.content, policy_changes=dict(policy_changes),
        product_id=product_id, from_date=from_date,
        to_date=to_date, stage=stage, created_by=actor, cursor=new_id(),
    )  # fmt: skip
    test.total = min(MOST, _remaining(test)[: MOST + 1].count())
    if not test.total:
        raise InvalidRequest("所选期间没有可回放的决策，请调整日期或产品")
    _check_against_the_newest(test, changes)
    test.save(force_insert=True)
    enqueue(BACK_TEST, test.pk)
    record("back_test.started", actor=actor, subject=test.pk.hex, detail={"total": test.total})
    return test.pk


def _read(policy_changes: Mapping[str, str]) -> dict[str, Any]:
    try:
        return {name: read_field(name, text) for name, text in policy_changes.items()}
    except PolicyFieldsError as error:
        raise InvalidRequest(
            _explained(error), errors={name: [text] for name, text in error.problems.items()}
        ) from error


def _explained(error: PolicyFieldsError) -> str:
    known = {item.name for item in fields(PolicyFields)}
    return "；".join(f"{label_of(name) if name in known else name}：{text}" for name, text in error.problems.items())


def _check_against_the_newest(test: BackTest, changes: Mapping[str, Any]) -> None:
    """Refuse changes that contradict the policy as it was used last, before thousands of decisions say so."""
    newest = _remaining(test).first()
    if newest is None or not changes:
        return
    try:
        replace(read_snapshot(newest.snapshot.encode()).policy, **changes)
    except PolicyFieldsError as error:
        raise InvalidRequest(
            f"与现行取值不符，请一并修改：{_explained(error)}",
            errors={name: [text] for name, text in error.problems.items()},
        ) from error


def _remaining(test: BackTest) -> QuerySet[Decision]:
    """Return the decisions that a replay has not seen, the newest first."""
    rows = Decision.objects.filter(
        stage=test.stage, business_date__range=(test.from_date, test.to_date), pk__lt=test.cursor
    )
    if test.product_id is not None:
        rows = rows.filter(product_version__product_id=test.product_id)
    return rows.order_by("-pk")


@opens_transaction
def stop_back_test(*, back_test_id: uuid.UUID, actor: str) -> None:
    """Stop a replay; what it has found so far stays.

    Raises:
        NotFound: there is no such replay.
        StateConflict: it is over.
    """
    test = BackTest.objects.select_for_update(no_key=True).filter(pk=back_test_id).first()
    if test is None:
        raise NotFound
    if test.status != RUNNING:
        raise StateConflict("该回放已结束")
    test.status, test.finished_at = STOPPED, now()
    test.save(update_fields=["status", "finished_at"])
    record("back_test.stopped", actor=actor, subject=test.pk.hex)


@opens_transaction
def take_swap_set(*, back_test_id: uuid.UUID, actor: str) -> list[BackTestChange]:
    """Return all that a replay would change, for a file; that it was taken is recorded.

    Raises:
        NotFound: there is no such replay.
    """
    if not BackTest.objects.filter(pk=back_test_id).exists():
        raise NotFound
    rows = list(BackTestChange.objects.filter(back_test_id=back_test_id).order_by("-decision_id"))
    record("back_test.downloaded", actor=actor, subject=back_test_id.hex, detail={"rows": len(rows)})
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a replay, decided and not yet stored: from which cursor, to which, and what came out."""

    from_cursor: uuid.UUID | None
    to_cursor: uuid.UUID | None
    seen: int
    counts: Mapping[str, int]
    changes: Sequence[BackTestChange]
    sums: Mapping[str, int]


def _decide_chunk(test: BackTest, *, at_once: int = AT_ONCE) -> Chunk:
    """Decide the next part of a replay anew, with no transaction open."""
    rows = list(
        _remaining(test).select_related("model").defer("result")[: min(at_once, max(0, test.total - test.done))]
    )
    candidate = _candidate(test)
    changes = {name: read_field(name, text) for name, text in test.policy_changes.items()}
    models: dict[str, DecisionModel] = {}
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    found: list[BackTestChange] = []
    for row in rows:
        model = candidate or models.get(row.model_id) or models.setdefault(row.model_id, model_of(row.model))
        change = _compared(test, row, model, changes)
        counts[f"{change.old_outcome}>{change.new_outcome}"] += 1
        sums.update(_sums(change))
        if _differs(change):
            found.append(change)
    return Chunk(
        from_cursor=test.cursor, to_cursor=rows[-1].pk if rows else None, seen=len(rows), counts=counts, changes=found,
        sums=sums,
    )  # fmt: skip


def _candidate(test: BackTest) -> DecisionModel | None:
    if test.candidate is None:
        return None
    content = json.loads(test.content)
    return DecisionModel.of(bank=current_bank().code, name=test.candidate.model.code, content=content)


def _compared(test: BackTest, row: Decision, model: DecisionModel, changes: Mapping[str, Any]) -> BackTestChange:
    change = BackTestChange(
        back_test=test, decision=row, application_id=row.application_id, old_outcome=row.outcome, new_outcome=ERROR,
        old_reasons=row.reason_codes, old_limit_fen=row.limit_fen, old_rate=row.annual_rate,
    )  # fmt: skip
    try:
        made = decided_anew(row.snapshot.encode(), model=model, changes=changes)
    except (DecisionModelError, PolicyFieldsError, SnapshotError):
        return change
    change.new_outcome, change.new_reasons = outcome_of(made), list(made.reasons)
    if isinstance(made, FullDecision):
        change.new_limit_fen, change.new_rate = made.limit_fen, made.annual_rate
    return change


def _differs(change: BackTestChange) -> bool:
    if change.old_outcome != change.new_outcome:
        return True
    terms = (change.old_limit_fen, change.old_rate) != (change.new_limit_fen, change.new_rate)
    return terms and change.new_outcome == OFFERED


def _sums(change: BackTestChange) -> dict[str, int]:
    sums = {}
    if change.old_outcome == OFFERED:
        sums["old_limits_fen"] = change.old_limit_fen or 0
        sums["old_rates_sum"] = _in_units(change.old_rate)
    if change.new_outcome == OFFERED:
        sums["new_limits_fen"] = change.new_limit_fen or 0
        sums["new_rates_sum"] = _in_units(change.new_rate)
    return sums


def _in_units(rate: Decimal | None) -> int:
    return 0 if rate is None else int(rate * RATE_UNIT)


def back_test_chunk(*, back_test_id: uuid.UUID) -> bool:
    """Decide and store the next part of a replay; tell whether it is over.

    Deciding runs with no transaction open; storing counts only where nobody else has stored this part meanwhile, so a
    worker that dies or comes late repeats or loses nothing.
    """
    test = BackTest.objects.select_related("candidate__model").filter(pk=back_test_id).first()
    if test is None or test.status != RUNNING:
        return True
    return _store_chunk(back_test_id=back_test_id, chunk=_decide_chunk(test))


@opens_transaction
def _store_chunk(*, back_test_id: uuid.UUID, chunk: Chunk) -> bool:
    test = BackTest.objects.select_for_update(no_key=True).get(pk=back_test_id)
    if test.status != RUNNING:
        return True
    if test.cursor != chunk.from_cursor:
        return False
    BackTestChange.objects.bulk_create(chunk.changes, batch_size=AT_ONCE)
    for pair, number in chunk.counts.items():
        test.counts[pair] = test.counts.get(pair, 0) + number
    for name, amount in chunk.sums.items():
        setattr(test, name, getattr(test, name) + amount)
    test.changed += sum(change.old_outcome != change.new_outcome for change in chunk.changes)
    test.done += chunk.seen
    test.cursor = chunk.to_cursor or test.cursor
    if not chunk.seen or test.done >= test.total:
        test.total, test.status, test.finished_at = test.done, DONE, now()
    test.save()
    return test.status == DONE
