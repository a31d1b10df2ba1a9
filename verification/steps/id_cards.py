"""Read both sides of an ID card, by the local engine or by Tencent, and judge what was read (A4-13)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from core import vault
from core.clock import business_date
from core.gateway import GatewayError
from core.steps.registry import OCR, VENDOR, Done, Outcome, StepRun, register_step
from verification import parameters, vendors
from verification.id_card_rules import Rules, judge
from verification.models import IdCardReading
from verification.numbers import Sex
from verification.operations.id_cards import (
    READ_AT_TENCENT,
    READ_LOCALLY,
    accept_reading,
    count_reading_call,
    give_up_reading,
    keep_front,
    refuse_reading,
)
from verification.providers.id_card import CardWarning, IdCardBack, IdCardFront, IdCardReader, Unreadable
from verification.steps.patience import try_later

if TYPE_CHECKING:
    import uuid


@register_step(READ_LOCALLY, lane=OCR, lease=timedelta(seconds=60))
def read_locally(run: StepRun) -> Outcome:
    """Read with the engine in this process; no picture leaves the bank."""
    return _read(run, vendors.local_reader(), paid=False)


@register_step(READ_AT_TENCENT, lane=VENDOR, lease=timedelta(seconds=60))
def read_at_tencent(run: StepRun) -> Outcome:
    """Read at Tencent. PURE: a repeat is paid, never wrong."""
    return _read(run, vendors.tencent_reader(), paid=True)


def _read(run: StepRun, reader: IdCardReader, *, paid: bool) -> Outcome:
    reading = IdCardReading.objects.select_related("front_upload", "back_upload").get(pk=run.subject_id)
    try:
        front = _front(run, reading, reader, paid=paid)
        if isinstance(front, Unreadable):
            return _judged(reading, front, None)
        if paid:
            count_reading_call(reading_id=reading.id)
        back = reader.read_back(_picture(run, reading.back_upload.object_id), request_id=run.request_id)
    except GatewayError as error:
        return try_later(error, since=reading.created_at, give_up=partial(give_up_reading, reading_id=reading.id))
    return _judged(reading, front, back)


def _front(run: StepRun, reading: IdCardReading, reader: IdCardReader, *, paid: bool) -> IdCardFront | Unreadable:
    """Read the portrait side, unless a former attempt has."""
    if reading.front is not None:
        return _front_from_json(reading.front)
    if paid:
        count_reading_call(reading_id=reading.id)
    front = reader.read_front(_picture(run, reading.front_upload.object_id), request_id=run.request_id)
    if isinstance(front, IdCardFront):
        keep_front(reading_id=reading.id, front=_front_to_json(front))
    return front


def _picture(run: StepRun, object_id: uuid.UUID) -> bytes:
    return vault.read(object_id, purpose="read_id_card", actor=f"step:{run.request_id}")


def _judged(reading: IdCardReading, front: IdCardFront | Unreadable, back: IdCardBack | Unreadable | None) -> Outcome:
    rules = Rules(
        today=business_date(),
        least_age=parameters.number(parameters.LEAST_AGE),
        least_confidence_percent=parameters.number(parameters.ID_CARD_LEAST_CONFIDENCE),
        refused_warnings=frozenset(parameters.word(parameters.ID_CARD_REFUSED_WARNINGS).split(",")),
    )
    judged = judge(front, back, rules=rules)
    noticed = [side.warnings for side in (front, back) if isinstance(side, IdCardFront | IdCardBack)]
    warnings = [warning.value for found in noticed for warning in found]
    if isinstance(judged, str):
        refuse = partial(refuse_reading, reading_id=reading.id, reason_code=judged, warnings=warnings)
        return Done(refuse, {"reason_code": judged})
    return Done(partial(accept_reading, reading_id=reading.id, identity=judged, warnings=warnings))


def _front_to_json(front: IdCardFront) -> dict[str, Any]:
    return {
        "name": front.name,
        "sex": front.sex.value,
        "ethnicity": front.ethnicity,
        "birth_date": front.birth_date.isoformat(),
        "address": front.address,
        "id_number": front.id_number,
        "disagreements": sorted(front.disagreements),
        "warnings": sorted(warning.value for warning in front.warnings),
        "confidences": dict(front.confidences),
    }


def _front_from_json(kept: dict[str, Any]) -> IdCardFront:
    return IdCardFront(
        name=kept["name"],
        sex=Sex(kept["sex"]),
        ethnicity=kept["ethnicity"],
        birth_date=date.fromisoformat(kept["birth_date"]),
        address=kept["address"],
        id_number=kept["id_number"],
        disagreements=frozenset(kept["disagreements"]),
        warnings=frozenset(CardWarning(warning) for warning in kept["warnings"]),
        confidences=kept["confidences"],
    )
