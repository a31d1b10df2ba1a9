"""Receive complaints, answer them in their term, extend it, record a re-check, close them (CUST-01, A1-12).

Nothing here asks what the province has stopped: complaints are never stopped (PU-07a). What was said stands sealed in the
entries alone; no history, audit line or idempotent answer repeats it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog
from django.db.models import F, Q

from accounts.complaining import (
    closable_from,
    extended_due,
    first_due,
    is_of_rejected,
    refuse_after_term,
    refuse_another_extension,
)
from accounts.complaint_subjects import subject_of
from accounts.models import Complaint, ComplaintEntry, Customer
from accounts.models.complaint import (
    ANSWER,
    ANSWERED,
    BY_CUSTOMER,
    CLOSED,
    CLOSING,
    EXTENSION,
    MINI_PROGRAM,
    NOTE,
    OWED,
    RECHECK,
    RECHECKS,
    WORDS,
)
from accounts.models.customer import REGISTERED
from accounts.models.notice import COMPLAINT_ANSWERED, COMPLAINT_EXTENDED
from accounts.operations.notices import owe_notices
from accounts.states import COMPLAINT
from core.actors import customer_actor
from core.audit.log import record
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition

EXTEND_AGAIN: Final = "complaint.extend_again"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grievance:
    """What somebody complains of: its class, their words, and the thing of theirs that it is about, if it is about one."""

    category: str
    said: str
    subject_kind: str = ""
    subject_id: uuid.UUID | None = None


@opens_transaction
def file_complaint(
    *, customer_id: uuid.UUID, grievance: Grievance, channel: str = MINI_PROGRAM, recorded_by: str = ""
) -> Complaint:
    """Receive a complaint; the bank owes an answer from today on. `recorded_by` is who enters what came otherwise.

    Raises:
        NotFound: there is no such customer, or the subject is none of theirs.
    """
    if not Customer.objects.filter(pk=customer_id).exists():
        raise NotFound
    if grievance.subject_id is not None:
        subject_of(word=grievance.subject_kind, subject_id=grievance.subject_id, customer_id=customer_id)
    today = business_date()
    made = Complaint.objects.create(
        customer_id=customer_id, category=grievance.category, channel=channel, subject_kind=grievance.subject_kind,
        subject_id=grievance.subject_id, received_date=today, term_from_date=today, due_date=first_due(today),
        recorded_by=recorded_by,
    )  # fmt: skip
    _say(made, WORDS, grievance.said, BY_CUSTOMER)
    actor = recorded_by or customer_actor(customer_id)
    record("complaint.filed", actor=actor, subject=made.pk.hex, detail={"category": made.category, "channel": channel})
    return made


@opens_transaction
def add_words(*, complaint_id: uuid.UUID, customer_id: uuid.UUID, said: str) -> Complaint:
    """Add words of the customer's; after an answer they begin a new term, with what was extended before counted on.

    Raises:
        NotFound: there is no such complaint of this customer.
        StateConflict: it is closed; a new one can be filed.
    """
    row = _locked(complaint_id, customer_id=customer_id)
    if row.status == CLOSED:
        raise StateConflict("该投诉已办结，如仍有诉求，请重新提交投诉")
    _say(row, WORDS, said, BY_CUSTOMER)
    if row.status != ANSWERED:
        return row
    today = business_date()
    return transition(
        COMPLAINT,
        row.pk,
        "ask_again",
        actor=customer_actor(customer_id),
        term_from_date=today,
        due_date=first_due(today),
    )


@opens_transaction
def score_complaint(*, complaint_id: uuid.UUID, customer_id: uuid.UUID, score: int) -> Complaint:
    """Close an answered complaint with the customer's score, 1 (not satisfied at all) to 5.

    Raises:
        NotFound: there is no such complaint of this customer.
        StateConflict: it is not answered, or it is closed.
    """
    row = _locked(complaint_id, customer_id=customer_id)
    return transition(
        COMPLAINT, row.pk, "score", actor=customer_actor(customer_id), score=score, closed_date=business_date()
    )


@opens_transaction
def answer_complaint(*, complaint_id: uuid.UUID, said: str, actor: str) -> Complaint:
    """Answer a complaint, and owe the customer a text that says where to read it.

    Raises:
        NotFound: there is no such complaint.
        StateConflict: no answer is owed.
    """
    row, today = _locked(complaint_id), business_date()
    moved = transition(
        COMPLAINT, row.pk, "answer", actor=actor, answered_date=today,
        first_answered_date=row.first_answered_date or today,
    )  # fmt: skip
    _say(row, ANSWER, said, actor)
    _tell(row, COMPLAINT_ANSWERED, today)
    record("complaint.answered", actor=actor, subject=row.pk.hex)
    return moved


@opens_transaction
def extend_complaint(*, complaint_id: uuid.UUID, said: str, actor: str) -> Complaint:
    """Extend a complaint's term for the first time; the customer is told why. Once more takes two (`EXTEND_AGAIN`).

    Raises:
        NotFound: there is no such complaint.
        StateConflict: no answer is owed, its term is over, or it was extended before.
    """
    row = _locked(complaint_id)
    if row.extensions:
        raise StateConflict("该投诉已延期一次，再次延期须提交复核")
    refuse_after_term(row)
    return _extend(row, said, actor)


@within_transaction
def extend_again(*, complaint_id: uuid.UUID, said: str, actor: str) -> Complaint:
    """Extend a complaint's term for the second and last time, as two people have decided.

    Raises:
        NotFound: there is no such complaint.
        StateConflict: no answer is owed, its term is over, it was not extended before, or it was twice.
    """
    row = _locked(complaint_id)
    refuse_another_extension(row)
    return _extend(row, said, actor)


def _extend(row: Complaint, said: str, actor: str) -> Complaint:
    moved = transition(
        COMPLAINT, row.pk, "extend", actor=actor, due_date=extended_due(row), extensions=row.extensions + 1
    )
    _say(row, EXTENSION, said, actor)
    _tell(row, COMPLAINT_EXTENDED, moved.due_date)
    detail: dict[str, str | int | bool | None] = {"extensions": moved.extensions, "due": moved.due_date.isoformat()}
    record("complaint.extended", actor=actor, subject=row.pk.hex, detail=detail)
    return moved


@opens_transaction
def record_recheck(*, complaint_id: uuid.UUID, result: str, said: str, actor: str) -> Complaint:
    """Record what looking again at a rejected opening or application came to; nothing is opened or granted by it (A1-12).

    Where it is overturned the customer begins anew, and is told so. A later result replaces the former, whose words stay.

    Raises:
        NotFound: there is no such complaint.
        StateConflict: it is closed, or it is not about something that was rejected.
    """
    row = _locked(complaint_id)
    if row.status == CLOSED or result not in dict(RECHECKS) or not is_of_rejected(row):
        raise StateConflict("只有未办结且所涉业务被拒绝的投诉可以登记复核结果")
    Complaint.objects.filter(pk=row.pk).update(recheck=result)
    _say(row, RECHECK, said, actor)
    record("complaint.rechecked", actor=actor, subject=row.pk.hex, detail={"result": result})
    row.recheck = result
    return row


@opens_transaction
def note_complaint(*, complaint_id: uuid.UUID, said: str, actor: str) -> None:
    """Keep a note among staff, which the customer never sees.

    Raises:
        NotFound: there is no such complaint.
    """
    row = _locked(complaint_id)
    _say(row, NOTE, said, actor)
    record("complaint.noted", actor=actor, subject=row.pk.hex)


@opens_transaction
def close_complaint(*, complaint_id: uuid.UUID, said: str, actor: str) -> Complaint:
    """Close an answered complaint that the customer has left alone for `complaint.wait_days`.

    Raises:
        NotFound: there is no such complaint.
        StateConflict: it is not answered, or the customer may still say something.
    """
    row, today = _locked(complaint_id), business_date()
    since = closable_from(row)
    if row.status == ANSWERED and since is not None and today < since:
        raise StateConflict(f"客户仍可评价或补充，{since:%Y-%m-%d} 起方可办结")
    moved = transition(COMPLAINT, row.pk, "close", actor=actor, closed_date=today)
    _say(row, CLOSING, said, actor)
    record("complaint.closed", actor=actor, subject=row.pk.hex)
    return moved


@within_transaction
def flag_overdue_complaints(*, day: date) -> int:
    """Mark the complaints that are owed an answer past their last day, and alarm once for each; return how many are new."""
    owed = Complaint.objects.filter(status__in=OWED, due_date__lt=day)
    fresh = owed.filter(Q(overdue_date=None) | Q(overdue_date__lt=F("term_from_date"))).update(overdue_date=day)
    if fresh:
        log.error("complaint.overdue", day=str(day), count=fresh)
    return fresh


def _locked(complaint_id: uuid.UUID, *, customer_id: uuid.UUID | None = None) -> Complaint:
    rows = Complaint.objects.select_for_update(no_key=True).filter(pk=complaint_id)
    row = (rows if customer_id is None else rows.filter(customer_id=customer_id)).first()
    if row is None:
        raise NotFound
    return row


def _say(complaint: Complaint, kind: str, said: str, author: str) -> None:
    ComplaintEntry.objects.create(complaint=complaint, kind=kind, author=author, said=said)


def _tell(complaint: Complaint, kind: str, day: date) -> None:
    """Owe the customer a text; of somebody who is not registered no phone is known."""
    if Customer.objects.filter(pk=complaint.customer_id, stage=REGISTERED).exists():
        owe_notices(kind=kind, about={complaint.customer_id: day})
