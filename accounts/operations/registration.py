"""Become known: ID card, confirmation, phone, carrier; and move a known customer to another WeChat account."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from accounts.models import Customer, Registration
from accounts.models.customer import REGISTERED
from accounts.operations.login import move_wechat
from accounts.states import REGISTRATION
from core.actors import customer_actor
from core.clock import now
from core.errors import StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then
from verification import operations as verification
from verification import queries as verified
from verification.queries import Identity

CARDS_READ: Final = "registration.cards_read"
WECHAT_PHONE: Final = "registration.wechat_phone"
CARRIER_CHECKED: Final = "registration.carrier_checked"
REGISTER: Final = "register"
RELINK: Final = "relink"
FINAL_REFUSALS: Final = ("id_card_expired", "too_young")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the customer confirms: corrections of what was read, and due diligence."""

    occupation: str
    residence_address: str
    tax_residency: str
    name: str | None = None
    address: str | None = None


@opens_transaction
def start_registration(
    *, customer_id: uuid.UUID, front_upload_id: uuid.UUID, back_upload_id: uuid.UUID
) -> Registration:
    """Start reading both sides of the ID card.

    Raises:
        StateConflict: the customer is registered already.
        CheckSuspended: the province has switched the reading of ID cards off.
        ConsentMissing: the privacy agreement has not been confirmed.
        UploadUnknown: a picture is not the customer's own, or of another kind.
    """
    customer = Customer.objects.select_for_update().get(pk=customer_id)
    if customer.stage == REGISTERED:
        raise StateConflict("您已完成注册，无需重复注册")
    verification.refuse_stopped(check="id_card", action=REGISTER)
    verification.require_consents(subject_id=customer_id, purposes=["privacy"], business_id="")
    registration = Registration.objects.create(customer=customer)
    registration.reading_id = verification.request_id_card_reading(
        subject_id=customer_id,
        front_upload_id=front_upload_id,
        back_upload_id=back_upload_id,
        then=Then(CARDS_READ, registration.id.hex),
    )
    registration.save(update_fields=["reading_id"])
    return registration


@within_transaction
def cards_read(*, registration_id: uuid.UUID) -> None:
    """Take over what was read from the card: to confirm, to retake, or refused for good."""
    registration = Registration.objects.get(pk=registration_id)
    if registration.reading_id is None:
        raise StateConflict
    reading = verified.id_card_reading(registration.reading_id)
    if reading.identity is not None and not reading.reason_code:
        transition(REGISTRATION, registration_id, "read", actor="system", identity=_to_json(reading.identity))
        return
    code = reading.reason_code or "image_unclear"
    final = code in FINAL_REFUSALS or code == "vendor_unavailable"
    transition(
        REGISTRATION, registration_id, "refuse" if final else "unreadable", actor="system", reason=code,
        reason_code=code, retryable=code == "vendor_unavailable", ended_at=now(),
    )  # fmt: skip


@opens_transaction
def confirm_registration(
    *, registration_id: uuid.UUID, customer_id: uuid.UUID, confirmation: Confirmation
) -> Registration:
    """Take the customer's confirmation; a changed name or address is flagged (A4-13).

    Raises:
        StateConflict: nothing waits to be confirmed.
    """
    registration = Registration.objects.select_for_update().get(pk=registration_id)
    REGISTRATION.target(registration.status, "confirm")
    identity: dict[str, Any] = dict(registration.identity or {})
    name, address = confirmation.name or identity["name"], confirmation.address or identity["address"]
    changed = {"name_changed": name != identity["name"], "address_changed": address != identity["address"]}
    return transition(
        REGISTRATION, registration_id, "confirm", actor=customer_actor(customer_id),
        identity={**identity, "name": name, "address": address}, **changed,
        occupation=confirmation.occupation, residence_address=confirmation.residence_address,
        tax_residency=confirmation.tax_residency,
    )  # fmt: skip


@opens_transaction
def give_phone(
    *, registration_id: uuid.UUID, customer_id: uuid.UUID, phone: str, code_id: uuid.UUID, code: str
) -> Registration:
    """Take a phone number that is proved by a one-time code, and ask the carrier whose it is.

    Raises:
        StateConflict: no phone is waited for.
        PhoneCodeWrong: the code is not the one that was sent to this phone for this registration.
    """
    registration = transition(
        REGISTRATION, registration_id, "give_phone", actor=customer_actor(customer_id), phone=phone
    )
    verification.consume_phone_code(
        subject_id=customer_id,
        code_id=code_id,
        code=code,
        phone=phone,
        action=REGISTER,
        subject=registration_id.hex,
    )
    _ask_carrier(registration, phone)
    return registration


@opens_transaction
def give_wechat_phone(*, registration_id: uuid.UUID, customer_id: uuid.UUID, wechat_phone_code: str) -> Registration:
    """Take WeChat's single-use phone code; a step exchanges it for the number.

    Raises:
        StateConflict: no phone is waited for.
    """
    registration = transition(
        REGISTRATION,
        registration_id,
        "give_phone",
        actor=customer_actor(customer_id),
        wechat_phone_code=wechat_phone_code,
    )
    enqueue(WECHAT_PHONE, registration_id)
    return registration


@within_transaction
def wechat_phone_known(*, registration_id: uuid.UUID, phone: str) -> None:
    """Go on with the number that WeChat has told."""
    registration = Registration.objects.select_for_update().get(pk=registration_id)
    registration.phone, registration.wechat_phone_code = phone, None
    registration.save(update_fields=["phone", "wechat_phone_code"])
    _ask_carrier(registration, phone)


def _ask_carrier(registration: Registration, phone: str) -> None:
    identity: dict[str, Any] = dict(registration.identity or {})
    registration.carrier_check_id = verification.request_carrier_check(
        subject_id=registration.customer_id, name=identity["name"], id_number=identity["id_number"], phone=phone,
        purpose=REGISTER, business_id=registration.id.hex, then=Then(CARRIER_CHECKED, registration.id.hex),
    )  # fmt: skip
    registration.save(update_fields=["carrier_check_id"])


@within_transaction
def carrier_checked(*, registration_id: uuid.UUID) -> None:
    """End the registration by the carrier's answer: registered, refused, or to be moved from another WeChat account."""
    registration = Registration.objects.select_for_update().get(pk=registration_id)
    if registration.carrier_check_id is None:
        raise StateConflict
    check = verified.check(registration.carrier_check_id)
    if check.outcome != "match":
        refuse_registration(registration_id=registration_id, code=check.reason_code or "carrier_mismatch")
        return
    identity = _from_json(dict(registration.identity or {}))
    known = verified.find_subject_by_id_number(identity.id_number)
    if known is not None and known != registration.customer_id:
        transition(REGISTRATION, registration_id, "known_elsewhere", actor="system", relink_customer_id=known)
        return
    verification.identify_subject(subject_id=registration.customer_id, identity=identity, phone=str(registration.phone))
    transition(REGISTRATION, registration_id, "match", actor="system", ended_at=now())
    Customer.objects.filter(pk=registration.customer_id).update(
        stage=REGISTERED,
        registered_at=now(),
        occupation=registration.occupation,
        residence_address=registration.residence_address,
        tax_residency=registration.tax_residency,
    )


@within_transaction
def refuse_registration(*, registration_id: uuid.UUID, code: str) -> None:
    """End a registration with a reason; a vendor that did not answer may be tried again."""
    transition(
        REGISTRATION, registration_id, "refuse", actor="system", reason=code, reason_code=code,
        retryable=code == "vendor_unavailable", ended_at=now(),
    )  # fmt: skip


@opens_transaction
def relink(
    *, registration_id: uuid.UUID, customer_id: uuid.UUID, face_token: str, code_id: uuid.UUID, code: str
) -> Registration:
    """Move a known customer to this WeChat account, by face and by a code to the old phone; old sessions end.

    Raises:
        StateConflict: the registration does not wait for it.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the face token is not good for this.
        PhoneCodeWrong: the code is not the one that was sent to the old phone.
    """
    registration = Registration.objects.select_for_update().get(pk=registration_id)
    REGISTRATION.target(registration.status, "move")
    known_id = registration.relink_customer_id
    if known_id is None:
        raise StateConflict
    verification.consume_face_token(
        token=face_token, subject_id=customer_id, action=RELINK, business_id=registration_id.hex
    )
    verification.consume_phone_code(
        subject_id=customer_id, code_id=code_id, code=code, phone=verified.phone_of(known_id), action=RELINK,
        subject=registration_id.hex,
    )  # fmt: skip
    move_wechat(from_customer_id=customer_id, to_customer_id=known_id)
    return transition(
        REGISTRATION, registration_id, "move", actor=customer_actor(customer_id), customer_id=known_id, ended_at=now()
    )


def _to_json(identity: Identity) -> dict[str, str | None]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(identity).items()}


def _from_json(values: dict[str, Any]) -> Identity:
    def day(name: str) -> date | None:
        return date.fromisoformat(values[name]) if values.get(name) else None

    born, issued = day("birth_date"), day("valid_from")
    if born is None or issued is None:
        raise StateConflict("证件信息不完整，请重新拍摄")
    return Identity(**{**values, "birth_date": born, "valid_from": issued, "valid_until": day("valid_until")})
