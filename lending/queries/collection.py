"""Ask for the collectors' work: which loans are overdue, who works on them, how often their borrowers were contacted."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from django.db.models import DateField, F, Func, Min, OuterRef, Q, QuerySet, Subquery

from core.clock import business_date
from lending.models import CollectionAgency, CollectionAssignment, CollectionContact, Instalment, OverdueLoan
from lending.models.loan import SETTLED

AND_DAYS: Final = "(%(expressions)s)"


def loans_to_collect() -> QuerySet[OverdueLoan]:
    """Return all loans as the work list shows them, overdue or not.

    `oldest_due_date` is the due date of the oldest instalment of which something is owed; with it come the collector and
    the time of the last contact.
    """
    unpaid = Q(instalments__closed_date=None, instalments__replaced_by_version=None)
    latest = CollectionAssignment.objects.filter(loan=OuterRef("pk")).order_by("-pk")
    contacts = CollectionContact.objects.filter(loan=OuterRef("pk")).order_by("-pk")
    return OverdueLoan.objects.annotate(
        oldest_due_date=Min("instalments__due_date", filter=unpaid),
        collector=Subquery(latest.values("collector")[:1]),
        agency_name=Subquery(latest.values("agency__name")[:1]),
        last_contact_at=Subquery(contacts.values("started_at")[:1]),
    )


def overdue_loans() -> QuerySet[OverdueLoan]:
    """Return the loans that are overdue on the business date, beyond their days of grace (PEN-02), the longest first."""
    due_by = Func(F("oldest_due_date"), F("grace_days"), template=AND_DAYS, arg_joiner=" + ", output_field=DateField())
    today = business_date()
    unpaid = Instalment.objects.filter(closed_date=None, replaced_by_version=None, due_date__lt=today)
    rows = loans_to_collect().filter(pk__in=unpaid.values("loan")).exclude(status=SETTLED)
    return rows.annotate(due_by_date=due_by).filter(due_by_date__lt=today).order_by("oldest_due_date", "pk")


def assignment_of(loan_id: uuid.UUID) -> CollectionAssignment | None:
    """Return who works on a loan now, or None."""
    return CollectionAssignment.objects.filter(loan_id=loan_id).select_related("agency").order_by("-pk").first()


def contacts_on(customer_id: uuid.UUID, day: date) -> int:
    """Return how often a borrower was contacted on a day, over all their loans."""
    return CollectionContact.objects.filter(customer_id=customer_id, contact_date=day).count()


def agencies_in_force() -> QuerySet[CollectionAgency]:
    """Return the agencies that may collect for the current bank."""
    return CollectionAgency.objects.filter(removed_at=None, since_date__lte=business_date()).order_by("name")
