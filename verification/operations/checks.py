"""Ask the carriers and the national ID system about a human, and record what they answer (A4-14, A4-15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import F

from core import vault
from core.clock import now
from core.crypto import normalise_id_number, normalise_phone
from core.db.rows import insert
from core.errors import StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from verification.evidence import leaf_of_check
from verification.models import Check
from verification.models.check import CARRIER, ID_CHECK, MATCH, MISMATCH, NAME_MISMATCH, NOT_FOUND
from verification.operations.uploads import IDENTIFICATION
from verification.queries import identity
from verification.states import CHECK

if TYPE_CHECKING:
    import uuid

    from core.steps.registry import Then

GATEWAY: Final = "gateway"
CHECK_CARRIER: Final = "verification.check_carrier"
CHECK_ID: Final = "verification.check_id"
ACTOR: Final = "step"
OWNER: Final = "verification.check"
ID_PHOTO: Final = "id_photo"
VENDOR_UNAVAILABLE: Final = "vendor_unavailable"
# What a result means to the rooms above, in the contract's words; total over (kind, outcome).
REASONS: Final = {
    (CARRIER, MATCH): "",
    (CARRIER, MISMATCH): "carrier_mismatch",
    (CARRIER, NOT_FOUND): "carrier_not_found",
    (ID_CHECK, MATCH): "",
    (ID_CHECK, NAME_MISMATCH): "id_mismatch",
    (ID_CHECK, NOT_FOUND): "id_not_found",
}


@within_transaction
def request_carrier_check(
    *,
    subject_id: uuid.UUID,
    name: str,
    id_number: str,
    phone: str,
    purpose: str,
    business_id: str,
    then: Then,
) -> uuid.UUID:
    """Owe the carriers' answer about name, ID number and phone to a step; `then` starts when it has ended.

    Always a new question: a former answer, were it a minute old, is never reused.
    """
    check = Check.objects.create(
        id=new_id(),
        subject_id=subject_id,
        kind=CARRIER,
        purpose=purpose,
        business_id=business_id,
        provider=GATEWAY,
        asked={"name": name, "id_number": normalise_id_number(id_number), "phone": normalise_phone(phone)},
    )
    enqueue(CHECK_CARRIER, check.id, then=then)
    return check.id


@within_transaction
def request_id_check(*, subject_id: uuid.UUID, purpose: str, business_id: str, then: Then) -> uuid.UUID:
    """Owe the national system's answer about a subject's name and number to a step; `then` starts when it has ended.

    Raises:
        StateConflict: nobody is known behind the subject yet.
    """
    person = identity(subject_id)
    if person is None:
        raise StateConflict("请先完成注册")
    check = Check.objects.create(
        id=new_id(),
        subject_id=subject_id,
        kind=ID_CHECK,
        purpose=purpose,
        business_id=business_id,
        provider=GATEWAY,
        asked={"name": person.name, "id_number": person.id_number},
    )
    enqueue(CHECK_ID, check.id, then=then)
    return check.id


def elements_of(check: Check) -> dict[str, str]:
    """Return what a check asks about: `name`, `id_number` and, of the carriers, `phone`."""
    return dict(check.asked or {})


@opens_transaction
def count_call(*, check_id: uuid.UUID) -> None:
    """Count a call that may be charged, before it is made."""
    Check.objects.filter(pk=check_id).update(paid_calls=F("paid_calls") + 1)


@opens_transaction
def keep_route(*, check_id: uuid.UUID, carrier: str) -> None:
    """Keep which carrier serves the phone, so that another attempt does not look it up again."""
    Check.objects.filter(pk=check_id, status="asked").update(detail={"carrier": carrier})


@within_transaction
def answer_check(*, check_id: uuid.UUID, outcome: str, photo: vault.StagedObject | None = None) -> None:
    """End a check with an answer, keep the portrait that came with it, and put the result on record."""
    kind = Check.objects.only("kind").get(pk=check_id).kind
    photo_id = None
    if photo is not None:
        owner = vault.Owner(OWNER, check_id)
        photo_id = vault.attach(photo, kind=ID_PHOTO, owner=owner, retention=IDENTIFICATION).id
    reason = REASONS[kind, outcome]
    check = transition(
        CHECK, check_id, "answer", actor=ACTOR, reason=reason, outcome=outcome, reason_code=reason, photo_id=photo_id,
        answered_at=now(),
    )  # fmt: skip
    record_check(check=check)


@within_transaction
def give_up_check(*, check_id: uuid.UUID) -> None:
    """End a check because nobody answered in time."""
    transition(
        CHECK, check_id, "give_up", actor=ACTOR, reason=VENDOR_UNAVAILABLE, reason_code=VENDOR_UNAVAILABLE,
        answered_at=now(),
    )  # fmt: skip


@within_transaction
def record_check(*, check: Check) -> None:
    """Put an answered check on record."""
    leaf = leaf_of_check(check)
    insert(leaf)
    check.evidence_leaf = leaf.id
    check.save(update_fields=["evidence_leaf"])
