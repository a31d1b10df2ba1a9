"""What of a loan's life a complaint can be about: an application, a drawdown, a loan, a collector's contact; one's own only."""

from __future__ import annotations

import uuid

import pytest

from accounts.complaint_subjects import subject_kinds
from accounts.operations import complaints
from accounts.operations.complaints import Grievance
from core.clock import business_date
from core.errors import NotFound, StateConflict
from lending.models import CollectionContact, Loan
from tests.lending.applicants import make_customer
from tests.lending.borrowers import Borrower, lend, make_borrower

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def _things(who: Borrower) -> dict[str, uuid.UUID]:
    loan = Loan.objects.get(pk=lend(who, 1_000_00).pk)
    contact = CollectionContact.objects.create(
        loan=loan, customer_id=who.customer_id, channel="phone", person="borrower", overdue_days=3, overdue_fen=1,
        actor="cui", contact_date=business_date(),
    )  # fmt: skip
    return {
        "application": who.line().application_id, "drawdown": loan.drawdown_id, "loan": loan.pk,
        "collection_contact": contact.pk,
    }  # fmt: skip


def test_is_the_customers_own_thing_of_any_room_and_nobody_elses() -> None:
    who, other = make_borrower(), make_customer()
    things = _things(who)
    assert set(things) < {kind.word for kind in subject_kinds()}
    for kind, thing in things.items():
        grievance = Grievance(category="loan", said="x", subject_kind=kind, subject_id=thing)
        made = complaints.file_complaint(customer_id=who.customer_id, grievance=grievance)
        assert (made.subject_kind, made.subject_id) == (kind, thing)
        with pytest.raises(NotFound):
            complaints.file_complaint(customer_id=other, grievance=grievance)
        with pytest.raises(NotFound):
            complaints.file_complaint(
                customer_id=who.customer_id,
                grievance=Grievance(category="loan", said="x", subject_kind=kind, subject_id=other),
            )


@pytest.mark.parametrize(("status", "result"), [("rejected", "overturned"), ("expired", "")])
def test_an_application_is_checked_again_where_it_was_rejected(status: str, result: str) -> None:
    application = make_borrower().line().application
    type(application).objects.filter(pk=application.pk).update(status=status)
    grievance = Grievance(
        category="application", said="x", subject_kind="application", subject_id=application.pk
    )  # fmt: skip
    made = complaints.file_complaint(customer_id=application.customer_id, grievance=grievance)
    if result:
        complaints.record_recheck(complaint_id=made.pk, result=result, said="请重新申请", actor="kefu")
    else:
        with pytest.raises(StateConflict):
            complaints.record_recheck(complaint_id=made.pk, result="upheld", said="x", actor="kefu")
    made.refresh_from_db()
    assert made.recheck == result
