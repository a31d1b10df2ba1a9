"""Check a customer's face for one act: start it, take the vendor's result, give the token (A4-17, SEC-03)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from core import vault
from core.clock import now
from core.errors import InvalidRequest, NotFound, Problem, StateConflict, TooManyRequests
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from verification import parameters
from verification.acts import check_act
from verification.models import Check, FaceCheck, Subject
from verification.models.check import ANSWERED, FACE
from verification.models.consent import FACE as FACE_CONSENT
from verification.models.face import ACTIONS, FAILED, PASSED, STARTED
from verification.operations.checks import ACTOR, VENDOR_UNAVAILABLE, record_check
from verification.operations.consents import require_consents
from verification.operations.face_tokens import issue_face_token
from verification.operations.uploads import IDENTIFICATION
from verification.states import FACE_CHECK

if TYPE_CHECKING:
    import uuid
    from decimal import Decimal

START: Final = "verification.start_face"
FETCH: Final = "verification.fetch_face"
OWNER: Final = "verification.face_check"
FRAME: Final = "face_frame"
SHORT: Final = "failed_face"  # the vault's retention class for pictures of failed attempts (DATA-07)
NOT_LIVE: Final = "not_live"
FACE_MISMATCH: Final = "face_mismatch"
COUNTED_FAILURES: Final = frozenset({NOT_LIVE, FACE_MISMATCH})
DAY: Final = timedelta(hours=24)


class FaceLocked(Problem):
    """The customer's face was refused too often; `retry_after` says in how many seconds another check may start."""

    code = "face_locked"
    status = 429
    title = "人脸核验失败次数过多，请稍后再试或前往柜面办理"
    replayable = False


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
    if action not in dict(ACTIONS):
        raise InvalidRequest(errors={"action": [f"须为 {'、'.join(name for name, _ in ACTIONS)} 之一"]})
    act = check_act(action=action, business_id=business_id, customer_id=subject_id)
    require_consents(subject_id=subject_id, purposes=[FACE_CONSENT], business_id="")
    subject = Subject.objects.select_for_update(no_key=True).filter(pk=subject_id).first()
    if subject is None:
        raise NotFound
    _refuse_too_many(subject)
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


def _refuse_too_many(subject: Subject) -> None:
    moment = now()
    if subject.face_locked_until is not None and subject.face_locked_until > moment:
        raise FaceLocked(retry_after=_seconds(subject.face_locked_until - moment))
    recent = FaceCheck.objects.filter(subject=subject, created_at__gt=moment - DAY).count()
    if recent >= parameters.number(parameters.FACE_STARTS_PER_DAY):
        raise TooManyRequests(retry_after=_seconds(DAY))


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds()) + 1


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
    completed = transition(
        FACE_CHECK, face_check_id, "complete", actor=f"customer:{subject_id.hex}", completed_at=now()
    )
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
    passed, moment = verdict.reason_code == "", now()
    frame_id = None
    if verdict.frame is not None:
        frame_id = vault.attach(
            verdict.frame, kind=FRAME, owner=vault.Owner(OWNER, face_check_id),
            retention=IDENTIFICATION if passed else SHORT,
        ).id  # fmt: skip
    row = transition(
        FACE_CHECK, face_check_id, "pass" if passed else "fail", actor=ACTOR, reason=verdict.reason_code,
        reason_code=verdict.reason_code, similarity=verdict.similarity, frame_id=frame_id, finished_at=moment,
    )  # fmt: skip
    row.check_row = _check_row(row, moment)
    row.save(update_fields=["check_row"])
    if passed:
        issue_face_token(face_check=row)
    elif verdict.reason_code in COUNTED_FAILURES:
        _lock_after_too_many(row, moment)


def _check_row(face_check: FaceCheck, moment: datetime) -> Check:
    check = Check.objects.create(
        id=new_id(),
        subject_id=face_check.subject_id,
        kind=FACE,
        purpose=face_check.action,
        business_id=face_check.business_id,
        status=ANSWERED,
        outcome=PASSED if face_check.status == PASSED else FAILED,
        reason_code=face_check.reason_code,
        provider=face_check.provider,
        detail={
            "face_check": face_check.id.hex,
            "base_photo": face_check.base_photo,
            "similarity": None if face_check.similarity is None else f"{face_check.similarity:.2f}",
        },
        asked_at=face_check.created_at,
        answered_at=moment,
    )
    record_check(check=check)
    return check


def _lock_after_too_many(face_check: FaceCheck, moment: datetime) -> None:
    failures = FaceCheck.objects.filter(
        subject_id=face_check.subject_id, reason_code__in=COUNTED_FAILURES, finished_at__gt=moment - DAY
    ).count()
    if failures >= parameters.number(parameters.FACE_FAILS):
        until = moment + timedelta(hours=parameters.number(parameters.FACE_LOCK_HOURS))
        Subject.objects.filter(pk=face_check.subject_id).update(face_locked_until=until)


@within_transaction
def give_up_face_check(*, face_check_id: uuid.UUID) -> None:
    """End a face check because the vendor did not answer in time."""
    transition(
        FACE_CHECK, face_check_id, "give_up", actor=ACTOR, reason=VENDOR_UNAVAILABLE, reason_code=VENDOR_UNAVAILABLE,
        finished_at=now(),
    )  # fmt: skip


@within_transaction
def refuse_face_check(*, face_check_id: uuid.UUID, reason_code: str) -> None:
    """End a face check that cannot be opened at the vendor: no photo to compare with, or one that is refused."""
    transition(
        FACE_CHECK,
        face_check_id,
        "refuse",
        actor=ACTOR,
        reason=reason_code,
        reason_code=reason_code,
        finished_at=now(),
    )
