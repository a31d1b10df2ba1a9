"""Check a customer's face for one act: start it, take the vendor's result, give the token (A4-17, SEC-03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import vault
from core.actors import customer_actor
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from verification import parameters
from verification.models import FaceCheck, Subject
from verification.models.act_check import STARTED
from verification.operations.act_checks import begin_check, end_check, end_unjudged, give_up_check_of
from verification.operations.checks import ACTOR
from verification.operations.factors import FACE, FAILED_FACE
from verification.operations.uploads import IDENTIFICATION
from verification.states import FACE_CHECK

if TYPE_CHECKING:
    import uuid
    from decimal import Decimal

START: Final = "verification.start_face"
FETCH: Final = "verification.fetch_face"
OWNER: Final = "verification.face_check"
FRAME: Final = "face_frame"


class FaceUploadNotAccepted(Problem):
    """A picture was sent although the bank's face checks run at a vendor, who takes the pictures itself."""

    code = "face_upload_not_accepted"
    status = 422
    title = "请在人脸核验页面完成验证，无需上传照片"


class FaceResultUnknown(Problem):
    """The result token is not the one that this face check was started with."""

    code = "face_result_unknown"
    status = 422
    title = "人脸核验结果与本次核验不符，请重新核验"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceStart:
    """What the phone needs to open the vendor's page."""

    token: str
    url: str
    base_photo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceVerdict:
    """What came of a face check: an empty `reason_code` is a pass. `frame` is staged before the transaction."""

    reason_code: str
    similarity: Decimal | None = None
    frame: vault.StagedObject | None = None


@opens_transaction
def start_face_check(*, subject_id: uuid.UUID, action: str, business_id: str) -> FaceCheck:
    """Start a face check for an act on a business object of the customer.

    Raises:
        InvalidRequest: there is no such action.
        NotFound, StateConflict: the object is not the customer's, or does not call for a face now.
        ConsentMissing: the customer has not agreed to face checks.
        FaceLocked: too many failures.
        TooManyRequests: too many face checks were started within a day.
    """
    subject, act = begin_check(factor=FACE, subject_id=subject_id, action=action, business_id=business_id)
    expected_id = subject_id if act.identity_of is None else act.identity_of(business_id, subject_id)
    if not Subject.objects.filter(pk=expected_id, identified_at__isnull=False).exists():
        raise StateConflict("请先完成注册")
    face_check = FaceCheck.objects.create(
        id=new_id(),
        subject=subject,
        expected_id=expected_id,
        action=action,
        business_id=business_id,
        provider=parameters.word(parameters.FACE_PROVIDER),
    )
    enqueue(START, face_check.id)
    return face_check


@opens_transaction
def complete_face_check(
    *,
    face_check_id: uuid.UUID,
    subject_id: uuid.UUID,
    result_token: str | None = None,
    upload_id: uuid.UUID | None = None,
) -> FaceCheck:
    """Take the phone's word that the customer went through the vendor's page; a step fetches what the vendor saw.

    Raises:
        NotFound: it is not the customer's face check.
        FaceUploadNotAccepted: a picture was sent; the vendor takes its own.
        FaceResultUnknown: the result token belongs to another check.
        StateConflict: the check has not started yet, or is complete already.
    """
    row = FaceCheck.objects.filter(pk=face_check_id, subject_id=subject_id).first()
    if row is None:
        raise NotFound
    if upload_id is not None:
        raise FaceUploadNotAccepted
    if result_token is not None and row.status == STARTED and result_token != row.start_token:
        raise FaceResultUnknown
    completed = transition(FACE_CHECK, face_check_id, "complete", actor=customer_actor(subject_id), completed_at=now())
    enqueue(FETCH, face_check_id)
    return completed


@within_transaction
def face_started(*, face_check_id: uuid.UUID, start: FaceStart) -> None:
    """Record how the phone opens the vendor's page."""
    transition(
        FACE_CHECK, face_check_id, "start", actor=ACTOR, start_token=start.token, start_url=start.url,
        base_photo=start.base_photo,
    )  # fmt: skip


@within_transaction
def face_judged(*, face_check_id: uuid.UUID, verdict: FaceVerdict) -> None:
    """End a face check by the vendor's result: a check row and its evidence; a token after a pass, else a count."""
    passed, frame_id = verdict.reason_code == "", None
    if verdict.frame is not None:
        frame_id = vault.attach(
            verdict.frame, kind=FRAME, owner=vault.Owner(OWNER, face_check_id),
            retention=IDENTIFICATION if passed else FAILED_FACE,
        ).id  # fmt: skip
    base_photo = FaceCheck.objects.values_list("base_photo", flat=True).get(pk=face_check_id)
    end_check(
        factor=FACE, check_id=face_check_id, reason_code=verdict.reason_code, detail={"base_photo": base_photo},
        columns={"similarity": verdict.similarity, "frame_id": frame_id},
    )  # fmt: skip


@within_transaction
def give_up_face_check(*, face_check_id: uuid.UUID) -> None:
    """End a face check because the vendor did not answer in time."""
    give_up_check_of(factor=FACE, check_id=face_check_id)


@within_transaction
def refuse_face_check(*, face_check_id: uuid.UUID, reason_code: str) -> None:
    """End a face check that cannot be opened at the vendor: no photo to compare with, or one that is refused."""
    end_unjudged(factor=FACE, check_id=face_check_id, event="refuse", reason_code=reason_code)
