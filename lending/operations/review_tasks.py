"""Supplementary checks for a case: ask for one, and enter how it came out (A1-10, A1-18)."""

from __future__ import annotations

import secrets
import uuid
from datetime import date
from typing import Final

from core.audit.log import record
from core.clock import business_date, now
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction
from lending.models import ReviewCase, ReviewTask
from lending.models.review import CANCELLED, COUNTER, TASK_OUTCOMES, TASKS
from lending.operations.review_cases import CaseNotYours

DIGITS: Final = 8


@opens_transaction
def ask_for_check(*, case_id: uuid.UUID, kind: str, question: str, due_date: date, actor: str) -> ReviewTask:
    """Have something checked before a case is decided; an appointment at the counter gets its code.

    Raises:
        NotFound: there is no such case.
        StateConflict: it is decided, the kind is unknown, or the day is over.
        CaseNotYours: see there.
    """
    case = ReviewCase.objects.select_for_update(no_key=True).filter(pk=case_id).first()
    if case is None:
        raise NotFound
    if case.closed_at is not None or kind not in dict(TASKS) or due_date < business_date():
        raise StateConflict("该事项已处理，或完成期限早于今天")
    if case.taken_by != actor:
        raise CaseNotYours
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" if kind == COUNTER else None
    task = ReviewTask.objects.create(
        case=case, kind=kind, question=question, due_date=due_date, code=code, created_by=actor
    )
    record("review.check_asked", actor=actor, subject=case_id.hex, detail={"kind": kind, "task": task.pk.hex})
    return task


@opens_transaction
def finish_check(*, task_id: uuid.UUID, outcome: str, note: str, actor: str) -> None:
    """Enter how a check came out; the case shows it at once.

    Raises:
        NotFound: there is no such check.
        StateConflict: it is finished, or the outcome is unknown, or words are missing that it takes.
    """
    task = ReviewTask.objects.select_for_update(no_key=True).filter(pk=task_id).first()
    if task is None:
        raise NotFound
    if task.finished_at is not None:
        raise StateConflict("该核查已完成")
    if outcome not in dict(TASK_OUTCOMES) or (outcome != CANCELLED and not note.strip()):
        raise StateConflict("请选择核实结果并填写说明")
    ReviewTask.objects.filter(pk=task_id).update(
        outcome=outcome, note=note.strip(), operator=actor, finished_at=now()
    )  # fmt: skip
    record(
        "review.check_finished", actor=actor, subject=task.case_id.hex,
        detail={"task": task_id.hex, "outcome": outcome},
    )  # fmt: skip


@opens_transaction
def finish_appointment(*, code: str, outcome: str, note: str, actor: str) -> uuid.UUID:
    """Enter what the counter has seen of who came with a code; return the check.

    Raises:
        NotFound: no open appointment has this code.
        StateConflict: see `finish_check`.
    """
    task = ReviewTask.objects.select_for_update(no_key=True).filter(code=code, finished_at=None).first()
    if task is None:
        raise NotFound("没有该预约码的待办面核，请核对")
    if outcome not in dict(TASK_OUTCOMES) or not note.strip():
        raise StateConflict("请选择核实结果并填写说明")
    ReviewTask.objects.filter(pk=task.pk).update(outcome=outcome, note=note.strip(), operator=actor, finished_at=now())
    record(
        "review.check_finished", actor=actor, subject=task.case_id.hex,
        detail={"task": task.pk.hex, "outcome": outcome, "counter": True},
    )  # fmt: skip
    return task.pk
