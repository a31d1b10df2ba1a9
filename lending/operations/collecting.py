"""Work on overdue loans within the rules (LN-15): hours, the borrower alone, agencies of the list, so many contacts a day.

A contact is entered before it is made, and entering it is what shows the borrower's number: so the rules bind what is done,
not what is told of it afterwards.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from core.audit.log import record
from core.clock import business_date, now
from core.db.constraints import violated
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction
from lending import servicing_parameters
from lending.models import CollectionAgency, CollectionAssignment, CollectionContact, CollectionOutcome, Loan
from lending.models.collection import BORROWER
from lending.operations.loan_locks import lock_loan
from lending.queries.collection import agencies_in_force, assignment_of, contacts_on
from lending.queries.loans import loan_standing
from verification import queries as verified

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || %s, 0))"
PROMISED: Final = "promised"


class OutsideHours(Problem):
    """Nobody is contacted at this hour of the day (LN-15)."""

    code = "outside_collection_hours"
    status = 422
    title = "当前时段不得催收"


class ThirdPartyContact(Problem):
    """A debt is nobody's business but the borrower's: nobody else is contacted (LN-15)."""

    code = "third_party_contact"
    status = 422
    title = "只能联系借款人本人，不得向第三人催收"


class TooManyContacts(Problem):
    """The borrower was contacted as often today as is allowed (LN-15)."""

    code = "too_many_contacts"
    status = 422
    title = "今日联系该借款人的次数已达上限"


class AgencyNotListed(Problem):
    """The agency is not on the bank's list, or the loan was not given to it (LN-15)."""

    code = "agency_not_listed"
    status = 422
    title = "该机构不在合作名单内，或未受托催收该贷款"


class CollectionRefused(Problem):
    """What was filled in cannot be kept as it stands."""

    code = "collection_refused"
    status = 422
    title = "催收登记内容不符合要求"


@opens_transaction
def assign_loan(*, loan_id: uuid.UUID, collector: str, agency_id: uuid.UUID | None, actor: str) -> None:
    """Give an overdue loan to a member of staff, perhaps with an agency of the list.

    Raises:
        NotFound: there is no such loan.
        StateConflict: the loan is not overdue.
        CollectionRefused: there is no such login.
        AgencyNotListed: the agency is not on the list.
    """
    _overdue(loan_id)
    if not User.objects.filter(username=collector, is_active=True, is_staff=True).exists():
        raise CollectionRefused(f"没有可用的员工账号 {collector}")
    agency = None if agency_id is None else agencies_in_force().filter(pk=agency_id).first()
    if agency_id is not None and agency is None:
        raise AgencyNotListed
    CollectionAssignment.objects.create(loan_id=loan_id, collector=collector, agency=agency, assigned_by=actor)
    detail: dict[str, str | int | bool | None] = {"collector": collector, "agency": agency.name if agency else None}
    record("collection.assigned", actor=actor, subject=loan_id.hex, detail=detail)


@opens_transaction
def begin_contact(
    *, loan_id: uuid.UUID, channel: str, person: str, agency_id: uuid.UUID | None, actor: str
) -> CollectionContact:
    """Permit and enter one contact with a borrower, before it is made.

    Hours and days are the wall clock's, in Shanghai; a borrower's contacts are counted over all their loans, under a lock
    of the person, so that two collectors at once do not exceed the number.

    Raises:
        NotFound: there is no such loan.
        StateConflict: the loan is not overdue.
        ThirdPartyContact, OutsideHours, AgencyNotListed, TooManyContacts: nothing was entered.
    """
    loan, days, overdue_fen = _overdue(loan_id)
    if person != BORROWER:
        raise ThirdPartyContact
    moment = now()
    _within_hours(moment)
    agency = _agency_of(loan_id, agency_id)
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f":collection:{loan.customer_id.hex}"])
    if contacts_on(loan.customer_id, moment.date()) >= servicing_parameters.contacts_per_day():
        raise TooManyContacts
    contact = CollectionContact.objects.create(
        loan=loan, customer_id=loan.customer_id, channel=channel, person=person, agency=agency, overdue_days=days,
        overdue_fen=overdue_fen, actor=actor, contact_date=moment.date(), started_at=moment,
    )  # fmt: skip
    record("collection.contact_begun", actor=actor, subject=loan_id.hex, detail={"channel": channel})
    return contact


def _within_hours(moment: datetime) -> None:
    first, last = servicing_parameters.collection_hours()
    if not first <= moment.hour < last:
        raise OutsideHours(f"只能在每日 {first} 时至 {last} 时之间联系借款人，请在该时段内再联系")


def _agency_of(loan_id: uuid.UUID, agency_id: uuid.UUID | None) -> CollectionAgency | None:
    if agency_id is None:
        return None
    agency, assigned = agencies_in_force().filter(pk=agency_id).first(), assignment_of(loan_id)
    if agency is None or assigned is None or assigned.agency_id != agency.pk:
        raise AgencyNotListed
    return agency


def _overdue(loan_id: uuid.UUID) -> tuple[Loan, int, int]:
    """Lock a loan and return it with its days overdue and what puts it right, in fen."""
    loan = lock_loan(loan_id=loan_id)
    standing = loan_standing(loan).standing
    if standing.overdue_days == 0:
        raise StateConflict("该笔贷款没有逾期，不能催收")
    return loan, standing.overdue_days, standing.overdue.total_fen


@opens_transaction
def reveal_phone(*, contact_id: uuid.UUID, actor: str) -> str:
    """Return the borrower's number to who began the contact, while it has no outcome and its day lasts; kept in the audit log.

    A contact begun in the last minute before the hours end is not made after them (LN-15).

    Raises:
        NotFound: there is no such contact of this person, or it is over.
        OutsideHours: the day's hours have ended meanwhile.
    """
    contact = CollectionContact.objects.filter(pk=contact_id, actor=actor, outcome=None).first()
    moment = now()
    if contact is None or contact.contact_date != moment.date():
        raise NotFound
    _within_hours(moment)
    phone = verified.phone_of(contact.customer_id)
    if phone is None:
        raise NotFound
    record("collection.phone_shown", actor=actor, subject=contact.customer_id.hex, detail={"contact": contact_id.hex})
    return phone


@opens_transaction
def end_contact(
    *,
    contact_id: uuid.UUID,
    result: str,
    promised_date: date | None,
    promised_fen: int | None,
    note: str,
    actor: str,
) -> None:
    """Enter how a contact went, once, by who made it.

    Raises:
        NotFound: there is no such contact of this person.
        StateConflict: it has an outcome already.
        CollectionRefused: a promise without its day, a day that has passed, or a promise where none was made.
    """
    contact = CollectionContact.objects.select_for_update(no_key=True).filter(pk=contact_id, actor=actor).first()
    if contact is None:
        raise NotFound
    if CollectionOutcome.objects.filter(contact=contact).exists():
        raise StateConflict("该次联系已登记结果")
    if (result == PROMISED) != (promised_date is not None):
        raise CollectionRefused("承诺还款须填写还款日，其他结果不填")
    if promised_date is not None and promised_date < business_date():
        raise CollectionRefused("承诺还款日不得早于当前营业日")
    CollectionOutcome.objects.create(
        contact=contact, result=result, promised_date=promised_date,
        promised_fen=promised_fen if result == PROMISED else None, note=note or None, actor=actor,
    )  # fmt: skip
    record("collection.contact_ended", actor=actor, subject=contact.loan_id.hex, detail={"result": result})


@opens_transaction
def list_agency(*, name: str, credit_code: str, phone: str, since_date: date, actor: str) -> CollectionAgency:
    """Put an agency on the bank's list, from a day on.

    Raises:
        CollectionRefused: it is on the list.
    """
    try:
        with transaction.atomic():
            row = CollectionAgency.objects.create(
                name=name, credit_code=credit_code, phone=phone, since_date=since_date, created_by=actor
            )
    except IntegrityError as error:
        if violated(error) != "lending_collection_agency_once":
            raise
        raise CollectionRefused("该机构已在名单内") from error
    record("collection.agency_listed", actor=actor, subject=row.pk.hex, detail={"name": name})
    return row


@opens_transaction
def unlist_agency(*, agency_id: uuid.UUID, actor: str) -> None:
    """Take an agency off the list: from now on it contacts nobody for the bank.

    Raises:
        NotFound: it is not on the list.
    """
    row = CollectionAgency.objects.select_for_update(no_key=True).filter(pk=agency_id, removed_at=None).first()
    if row is None:
        raise NotFound
    row.removed_by, row.removed_at = actor, now()
    row.save(update_fields=["removed_by", "removed_at"])
    record("collection.agency_unlisted", actor=actor, subject=agency_id.hex, detail={"name": row.name})
