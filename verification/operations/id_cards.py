"""Have both sides of an ID card read, and judge what was read (A4-13, ACC-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import F

from core.clock import now
from core.errors import Problem
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from verification import parameters
from verification.evidence import facts_of_reading, put_on_record
from verification.models import IdCardReading, Upload
from verification.models.upload import ID_CARD_BACK, ID_CARD_FRONT
from verification.states import READING

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping

    from core.steps.registry import Then
    from verification.identity import Identity

LOCAL: Final = "local"
TENCENT: Final = "tencent"
READ_LOCALLY: Final = "verification.read_id_card_locally"
READ_AT_TENCENT: Final = "verification.read_id_card_at_tencent"
STEP_OF: Final = {LOCAL: READ_LOCALLY, TENCENT: READ_AT_TENCENT}
ACTOR: Final = "step"


class UploadUnknown(Problem):
    """An upload is named that is not the customer's own, or is of another kind."""

    code = "upload_unknown"
    status = 422
    title = "文件不存在或种类不符，请重新上传"


@within_transaction
def request_id_card_reading(
    *, subject_id: uuid.UUID, front_upload_id: uuid.UUID, back_upload_id: uuid.UUID, then: Then
) -> uuid.UUID:
    """Owe the reading of a card to a step, by the reader that the bank has chosen; `then` starts when it has ended.

    Raises:
        UploadUnknown: a picture is not the customer's own, or shows another side.
    """
    wanted = {ID_CARD_FRONT: front_upload_id, ID_CARD_BACK: back_upload_id}
    own = dict(Upload.objects.filter(subject_id=subject_id, pk__in=wanted.values()).values_list("pk", "kind"))
    wrong = {kind: ["图片不存在或种类不符"] for kind, upload_id in wanted.items() if own.get(upload_id) != kind}
    if wrong:
        raise UploadUnknown(errors=wrong)
    provider = parameters.word(parameters.ID_CARD_PROVIDER)
    reading = IdCardReading.objects.create(
        id=new_id(),
        subject_id=subject_id,
        front_upload_id=front_upload_id,
        back_upload_id=back_upload_id,
        provider=provider,
    )
    enqueue(STEP_OF[provider], reading.id, then=then)
    return reading.id


@opens_transaction
def count_reading_call(*, reading_id: uuid.UUID) -> None:
    """Count a call to the reader that may be charged, before it is made."""
    IdCardReading.objects.filter(pk=reading_id).update(paid_calls=F("paid_calls") + 1)


@opens_transaction
def keep_front(*, reading_id: uuid.UUID, front: Mapping[str, Any]) -> None:
    """Keep the portrait side as it was read, so that another attempt does not pay for it again."""
    IdCardReading.objects.filter(pk=reading_id, status="reading").update(front=dict(front))


@within_transaction
def accept_reading(*, reading_id: uuid.UUID, identity: Identity, warnings: Iterable[str]) -> None:
    """End a reading with the card's fields, and put them on record."""
    reading = transition(
        READING, reading_id, "read", actor=ACTOR, fields=identity.to_json(), front=None,
        warnings=sorted(warnings), finished_at=now(),
    )  # fmt: skip
    reading.evidence_leaf = put_on_record("verification.id_card", reading.subject_id, facts_of_reading(reading))
    reading.save(update_fields=["evidence_leaf"])


@within_transaction
def refuse_reading(*, reading_id: uuid.UUID, reason_code: str, warnings: Iterable[str] = ()) -> None:
    """End a reading without a usable card."""
    transition(
        READING, reading_id, "refuse", actor=ACTOR, reason=reason_code, reason_code=reason_code, front=None,
        warnings=sorted(warnings), finished_at=now(),
    )  # fmt: skip


@within_transaction
def give_up_reading(*, reading_id: uuid.UUID) -> None:
    """End a reading because the reader did not answer in time."""
    transition(
        READING, reading_id, "give_up", actor=ACTOR, reason="vendor_unavailable", reason_code="vendor_unavailable",
        front=None, finished_at=now(),
    )  # fmt: skip
