"""Enrol a human at this bank, and record who they are once that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from core.clock import now
from core.crypto import blind_index, normalise_id_number, normalise_phone
from core.db.constraints import violated
from core.errors import NotFound, StateConflict
from core.operations import within_transaction
from verification.models import Subject
from verification.queries import ID_NUMBER_DOMAIN, PHONE_DOMAIN

if TYPE_CHECKING:
    import uuid

    from verification.identity import Identity

ONE_ID_NUMBER = "verification_subject_id_number_once"


class AnotherPerson(StateConflict):
    """The card that was shown belongs to somebody else than the person who is known here."""


class IdentityTaken(StateConflict):
    """Somebody else is identified by this ID number at this bank already: the accounts must be linked instead."""


@within_transaction
def enrol_subject(*, subject_id: uuid.UUID) -> None:
    """Enrol a new customer, of whom nothing is known yet; enrolling again changes nothing."""
    Subject.objects.bulk_create([Subject(id=subject_id)], ignore_conflicts=True)


@within_transaction
def identify_subject(*, subject_id: uuid.UUID, identity: Identity, phone: str) -> None:
    """Record who a subject is, after the carrier has confirmed name, number and phone together.

    Raises:
        IdentityTaken: another subject of this bank has the ID number.
        NotFound: the subject is not enrolled.
    """
    number, mobile = normalise_id_number(identity.id_number), normalise_phone(phone)
    try:
        with transaction.atomic():
            changed = Subject.objects.filter(pk=subject_id).update(
                name=identity.name,
                id_number=number,
                id_number_index=blind_index(number, domain=ID_NUMBER_DOMAIN),
                sex=identity.sex,
                ethnicity=identity.ethnicity,
                birth_date=identity.birth_date,
                address=identity.address,
                authority=identity.authority,
                valid_from_date=identity.valid_from,
                valid_until_date=identity.valid_until,
                phone=mobile,
                phone_index=blind_index(mobile, domain=PHONE_DOMAIN),
                identified_at=now(),
            )
    except IntegrityError as error:
        if violated(error) == ONE_ID_NUMBER:
            raise IdentityTaken from error
        raise
    if not changed:
        raise NotFound


@within_transaction
def renew_identity(*, subject_id: uuid.UUID, identity: Identity) -> bool:
    """Take over a new ID card of a known person (ACC-13), and tell whether it states anything else than the former.

    Who somebody is does not change with a card: name and number must be the ones that are known. A person who has
    changed the name goes to the counter.

    Raises:
        AnotherPerson: the card is somebody else's, or states another name.
        NotFound: nobody is known behind the subject.
    """
    row = Subject.objects.select_for_update().filter(pk=subject_id, identified_at__isnull=False).first()
    if row is None:
        raise NotFound
    if (row.id_number, row.name) != (normalise_id_number(identity.id_number), identity.name):
        raise AnotherPerson
    stated = {
        "ethnicity": identity.ethnicity,
        "address": identity.address,
        "authority": identity.authority,
        "valid_from_date": identity.valid_from,
        "valid_until_date": identity.valid_until,
    }
    changed = {name: value for name, value in stated.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    return bool(changed)
