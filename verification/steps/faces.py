"""Open a face check at the vendor, and fetch what the vendor saw (A4-17)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from core import vault
from core.clock import now
from core.gateway import GatewayError, Rejected
from core.steps.registry import VENDOR, Again, Done, Failed, Outcome, StepRun, register_step
from verification import parameters, vendors
from verification.models import Check, FaceCheck, IdCardReading
from verification.models.check import ANSWERED, FACE, ID_CHECK, MATCH
from verification.models.id_card import READ
from verification.operations.face_checks import (
    FETCH,
    START,
    FaceStart,
    FaceVerdict,
    face_judged,
    face_started,
    give_up_face_check,
    refuse_face_check,
)
from verification.operations.factors import FACE_MISMATCH, NOT_LIVE
from verification.pictures import JPEG, PictureUnusable, as_jpeg
from verification.providers.face import FaceOutcome, FaceResult
from verification.queries import identity
from verification.steps.patience import VENDOR_UNAVAILABLE, try_later
from verification.switching import is_stopped

if TYPE_CHECKING:
    import uuid

JPEG_TYPE: Final = "image/jpeg"
PNG_TYPE: Final = "image/png"
MOST_BYTES: Final = 2 * 1024 * 1024  # three megabytes of base64 are the vendor's limit
NO_PHOTO: Final = "no_photo"
PHOTO_UNUSABLE: Final = "photo_unusable"
# The phone says that it is done a moment before the vendor's own records do.
STRAGGLING: Final = timedelta(seconds=10)
PAUSE: Final = timedelta(seconds=1)
REASON_OF: Final = {
    FaceOutcome.PASSED: "",
    FaceOutcome.PENDING: "not_finished",
    FaceOutcome.NOT_LIVE: NOT_LIVE,
    FaceOutcome.NOT_SAME: FACE_MISMATCH,
    FaceOutcome.IDENTITY_MISMATCH: "id_mismatch",
    FaceOutcome.NO_REFERENCE: NO_PHOTO,
    FaceOutcome.UNCLEAR: "image_unclear",
    FaceOutcome.TOO_MANY_TRIES: "too_many_tries",
    FaceOutcome.EXPIRED: "expired",
    FaceOutcome.ABORTED: "aborted",
}


@register_step(START, lane=VENDOR, lease=timedelta(seconds=60))
def start_face(run: StepRun) -> Outcome:
    """Open the vendor's page for this customer, with the photo to compare with. PURE: an unused page lapses."""
    face_check = FaceCheck.objects.get(pk=run.subject_id)
    if is_stopped(check=FACE, action=face_check.action):
        return Failed(VENDOR_UNAVAILABLE, partial(give_up_face_check, face_check_id=face_check.id))
    expected = identity(face_check.expected_id)
    found = _base_photo(face_check)
    if expected is None or found is None:
        return _refused(face_check, NO_PHOTO)
    base_photo, object_id = found
    try:
        kept = vault.read(object_id, purpose="face_check", actor=f"step:{run.request_id}")
        photo = as_jpeg(kept, most_bytes=MOST_BYTES)
    except PictureUnusable:
        return _refused(face_check, PHOTO_UNUSABLE)
    try:
        started = vendors.faces().start(
            name=expected.name, id_number=expected.id_number, photo=photo, request_id=run.request_id
        )
    except Rejected as error:
        return _refused(face_check, error.code)
    except GatewayError as error:
        give_up = partial(give_up_face_check, face_check_id=face_check.id)
        return try_later(error, since=face_check.created_at, give_up=give_up)
    start = FaceStart(token=started.token, url=started.url or "", base_photo=base_photo)
    return Done(partial(face_started, face_check_id=face_check.id, start=start))


def _refused(face_check: FaceCheck, reason_code: str) -> Outcome:
    return Failed(reason_code, partial(refuse_face_check, face_check_id=face_check.id, reason_code=reason_code))


def _base_photo(face_check: FaceCheck) -> tuple[str, uuid.UUID] | None:
    """Return what the face is compared with: the national system's portrait, else the picture of the ID card."""
    check = (
        Check.objects.filter(
            subject_id=face_check.expected_id,
            kind=ID_CHECK,
            status=ANSWERED,
            outcome=MATCH,
            photo_id__isnull=False,
        )
        .order_by("-pk")
        .first()
    )
    if check is not None and check.photo_id is not None:
        return "id_check", check.photo_id
    front = (
        IdCardReading.objects.filter(subject_id=face_check.expected_id, status=READ)
        .order_by("-pk")
        .values_list("front_upload__object_id", flat=True)
        .first()
    )
    return None if front is None else ("id_card", front)


@register_step(FETCH, lane=VENDOR, lease=timedelta(seconds=60))
def fetch_face(run: StepRun) -> Outcome:
    """Fetch the vendor's result and judge it by the bank's threshold. PURE: a result can be read again."""
    face_check = FaceCheck.objects.get(pk=run.subject_id)
    if is_stopped(check=FACE, action=face_check.action):
        return Failed(VENDOR_UNAVAILABLE, partial(give_up_face_check, face_check_id=face_check.id))
    expected = identity(face_check.expected_id)
    since = face_check.completed_at or face_check.created_at
    try:
        result = vendors.faces().result(
            token=str(face_check.start_token),
            id_number=expected.id_number if expected else "",
            request_id=run.request_id,
        )
    except GatewayError as error:
        return try_later(error, since=since, give_up=partial(give_up_face_check, face_check_id=face_check.id))
    if result.outcome is FaceOutcome.PENDING and now() < since + STRAGGLING:
        return Again("not finished at the vendor", PAUSE)
    verdict = _judged(result)
    apply = partial(face_judged, face_check_id=face_check.id, verdict=verdict)
    return Done(apply, {"reason_code": verdict.reason_code})


def _judged(result: FaceResult) -> FaceVerdict:
    """Say what the vendor's result means here: a pass also needs the bank's own least similarity (SEC-03)."""
    reason_code = REASON_OF[result.outcome]
    if not reason_code and (result.similarity or 0) < parameters.number(parameters.FACE_LEAST_SIMILARITY):
        reason_code = FACE_MISMATCH
    frame = None
    if result.best_frame:
        content_type = JPEG_TYPE if result.best_frame.startswith(JPEG) else PNG_TYPE
        frame = vault.stage(result.best_frame, content_type=content_type)
    return FaceVerdict(reason_code=reason_code, similarity=result.similarity, frame=frame)
