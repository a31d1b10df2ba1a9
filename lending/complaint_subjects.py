"""What of this room a complaint can be about: applications, drawdowns, loans and contacts by collectors."""

from __future__ import annotations

import uuid

from accounts.operations import Subject, SubjectKind, register_complaint_subject
from lending.models import Application, CollectionContact, Drawdown, Loan
from lending.models.application import REJECTED
from lending.models.drawdown import FAILED


def _application(customer_id: uuid.UUID, application_id: uuid.UUID) -> Subject | None:
    row = Application.objects.filter(pk=application_id, customer_id=customer_id).only("status").first()
    return None if row is None else Subject(name=row.get_status_display(), is_rejected=row.status == REJECTED)


def _drawdown(customer_id: uuid.UUID, drawdown_id: uuid.UUID) -> Subject | None:
    row = Drawdown.objects.filter(pk=drawdown_id, customer_id=customer_id).only("status").first()
    return None if row is None else Subject(name=row.get_status_display(), is_rejected=row.status == FAILED)


def _loan(customer_id: uuid.UUID, loan_id: uuid.UUID) -> Subject | None:
    row = Loan.objects.filter(pk=loan_id, customer_id=customer_id).only("status").first()
    return None if row is None else Subject(name=row.get_status_display())


def _contact(customer_id: uuid.UUID, contact_id: uuid.UUID) -> Subject | None:
    rows = CollectionContact.objects.filter(pk=contact_id, customer_id=customer_id)
    row = rows.only("channel", "contact_date").first()
    return None if row is None else Subject(name=f"{row.contact_date}，{row.get_channel_display()}")


for _kind in (
    SubjectKind(word="application", title="授信申请", page="lending_application", find=_application),
    SubjectKind(word="drawdown", title="用款申请", page="lending_drawdown", find=_drawdown),
    SubjectKind(word="loan", title="贷款", page="lending_loan", find=_loan),
    SubjectKind(word="collection_contact", title="催收联系", page="lending_collectioncontact", find=_contact),
):
    register_complaint_subject(_kind)
