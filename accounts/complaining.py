"""Terms of complaints, and what can be asked of them (CUST-01)."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Final

from django.db.models import QuerySet

from accounts import parameters
from accounts.complaint_subjects import subject_of
from accounts.models import Complaint, ComplaintEntry
from accounts.models.complaint import MOST_EXTENSIONS, NOTE, OWED
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.ids import parse_id
from tenants.parameters import value_of
from tenants.queries import working_day_after

WORKING: Final = "working"


def first_due(term_from: date) -> date:
    """Return the last day for the answer to what came on a day, which itself does not count."""
    return _after(term_from, value_of(parameters.COMPLAINT_DAYS.name, kind=int))


def extended_due(complaint: Complaint) -> date:
    """Return until when the next extension would go: first to a number of days from the term's begin, then by one more."""
    if complaint.extensions == 0:
        return _after(complaint.term_from_date, value_of(parameters.COMPLAINT_EXTENDED_DAYS.name, kind=int))
    return _after(complaint.due_date, value_of(parameters.COMPLAINT_FURTHER_DAYS.name, kind=int))


def _after(day: date, count: int) -> date:
    if value_of(parameters.COMPLAINT_DAY_KIND.name, kind=str) == WORKING:
        return working_day_after(day, count)
    return day + timedelta(days=count)


def closable_from(complaint: Complaint) -> date | None:
    """Return the first day on which staff may close a complaint that the customer leaves alone; None before an answer."""
    if complaint.answered_date is None:
        return None
    return complaint.answered_date + timedelta(days=value_of(parameters.COMPLAINT_WAIT_DAYS.name, kind=int))


def refuse_another_extension(complaint: Complaint) -> None:
    """Refuse what cannot be extended for the second time.

    Raises:
        StateConflict: no answer is owed, its term is over, it was not extended before, or it was twice.
    """
    if complaint.status not in OWED or complaint.extensions == 0:
        raise StateConflict("该投诉当前不能再次延期，请刷新后重试")
    if complaint.extensions >= MOST_EXTENSIONS:
        raise StateConflict("该投诉已延期两次，不得再延，请尽快答复")
    refuse_after_term(complaint)


def refuse_after_term(complaint: Complaint) -> None:
    """Refuse to extend a term that is over: what is late stays late.

    Raises:
        StateConflict: today lies after the due date.
    """
    if complaint.due_date < business_date():
        raise StateConflict("答复期限已过，不能再延期，请尽快答复")


def is_of_rejected(complaint: Complaint) -> bool:
    """Tell whether a complaint is about something of the customer's that was rejected (A1-12)."""
    if complaint.subject_id is None:
        return False
    try:
        found = subject_of(
            word=complaint.subject_kind, subject_id=complaint.subject_id, customer_id=complaint.customer_id
        )
    except NotFound:
        return False
    return found.is_rejected


def complaints_of(customer_id: uuid.UUID) -> QuerySet[Complaint]:
    """Return the customer's own complaints."""
    return Complaint.objects.filter(customer_id=customer_id)


def access_complaint(customer_id: uuid.UUID, complaint_id: str) -> Complaint:
    """Return the customer's own complaint.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    found = parse_id(complaint_id)
    row = None if found is None else complaints_of(customer_id).filter(pk=found).first()
    if row is None:
        raise NotFound
    return row


def told_of(complaint: Complaint) -> list[ComplaintEntry]:
    """Return what was said both ways, the oldest first; what staff noted among themselves is left out."""
    return list(complaint.entries.exclude(kind=NOTE).order_by("pk"))


def overdue_complaints() -> int:
    """Count the complaints that are owed an answer past their last day, by the business date."""
    return Complaint.objects.filter(status__in=OWED, due_date__lt=business_date()).count()
