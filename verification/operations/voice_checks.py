"""Check a customer's voice for one act: give a text to read, take the recording, give the token (A2-15, A2-16, SEC-03)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from django.db.models import F, Min

from core import vault
from core.actors import customer_actor
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from verification import parameters
from verification.models import Consent, Upload, VoiceCheck
from verification.models.act_check import PASSED
from verification.models.consent import VOICE as VOICE_CONSENT
from verification.models.upload import VOICE as VOICE_UPLOAD
from verification.operations.act_checks import begin_check, end_check, end_unjudged, give_up_check_of
from verification.operations.checks import GATEWAY
from verification.operations.consents import require_consents
from verification.operations.factors import VOICE
from verification.operations.id_cards import UploadUnknown
from verification.operations.uploads import IDENTIFICATION
from verification.states import VOICE_CHECK

if TYPE_CHECKING:
    import uuid
    from decimal import Decimal

JUDGE: Final = "verification.judge_voice"
OWNER: Final = "verification.voice_check"
RECORDING: Final = "voice"
EXPIRED: Final = "expired"
DIGITS: Final = "零一二三四五六七八九"


class VoiceRecordingUsed(Problem):
    """The recording was handed in for a voice check before; each check takes one of its own."""

    code = "voice_recording_used"
    status = 409
    title = "该录音已使用过，请重新录制"


@opens_transaction
def start_voice_check(*, subject_id: uuid.UUID, action: str, business_id: str) -> VoiceCheck:
    """Start a voice check for an act on a business object of the customer, with a text that nobody could foresee.

    Raises:
        InvalidRequest: there is no such action, or it asks for no voice.
        NotFound, StateConflict: the object is not the customer's, or does not call for a voice now.
        ConsentMissing: the customer has not agreed to voice checks.
        VoiceLocked: too many failures.
        TooManyRequests: too many voice checks were started within a day.
    """
    subject, _ = begin_check(factor=VOICE, subject_id=subject_id, action=action, business_id=business_id)
    if subject.identified_at is None:
        raise StateConflict("请先完成注册")
    moment = now()
    row = VoiceCheck.objects.create(
        id=new_id(),
        subject=subject,
        action=action,
        business_id=business_id,
        provider=GATEWAY,
        text=_text(),
        text_expires_at=moment + parameters.seconds(parameters.VOICE_TEXT_SECONDS),
        created_at=moment,
    )
    return transition(VOICE_CHECK, row.id, "start", actor=customer_actor(subject_id))


def _text() -> str:
    """Return random digits in Chinese; none stands beside itself, so that none is swallowed in speaking."""
    spoken = [secrets.choice(DIGITS)]
    while len(spoken) < parameters.number(parameters.VOICE_TEXT_DIGITS):
        spoken.append(secrets.choice(DIGITS.replace(spoken[-1], "")))
    return "".join(spoken)


@opens_transaction
def complete_voice_check(*, voice_check_id: uuid.UUID, subject_id: uuid.UUID, upload_id: uuid.UUID) -> VoiceCheck:
    """Take the recording of the text; a step has it judged. One that comes after the text's time ends the check.

    Raises:
        NotFound: it is not the customer's voice check.
        StateConflict: the check is complete already.
        ConsentMissing: the customer has withdrawn the consent meanwhile.
        UploadUnknown: the upload is not the customer's own, no voice, or older than the text.
        VoiceRecordingUsed: the recording was handed in before.
    """
    row = VoiceCheck.objects.select_for_update().filter(pk=voice_check_id, subject_id=subject_id).first()
    if row is None:
        raise NotFound
    VOICE_CHECK.target(row.status, "complete")
    require_consents(subject_id=subject_id, purposes=[VOICE_CONSENT], business_id="")
    if row.text_expires_at <= now():
        end_unjudged(factor=VOICE, check_id=row.id, event="expire", reason_code=EXPIRED)
        row.refresh_from_db()
        return row
    own = Upload.objects.select_for_update().filter(pk=upload_id, subject_id=subject_id, kind=VOICE_UPLOAD)
    upload = own.filter(created_at__gte=row.created_at).first()
    if upload is None:
        raise UploadUnknown(errors={"upload": ["录音不存在、种类不符或早于朗读内容，请重新录制"]})
    if VoiceCheck.objects.filter(upload__object_id=upload.object_id).exists():
        raise VoiceRecordingUsed
    completed = transition(
        VOICE_CHECK, row.id, "complete", actor=customer_actor(subject_id), completed_at=now(), upload=upload,
        compared_with=_reference(subject_id),
    )  # fmt: skip
    enqueue(JUDGE, row.id)
    return completed


def _reference(subject_id: uuid.UUID) -> VoiceCheck | None:
    """Return the check whose recording is the customer's voice: the first that served an act, under today's consent.

    A token is used together with a face's only (`consume_step_up`), so a voice that nobody has seen speak is never
    what others are compared with. A consent that was withdrawn ends it: the next one begins anew.
    """
    since = Consent.objects.filter(subject_id=subject_id, purpose=VOICE_CONSENT, withdrawn_at__isnull=True).aggregate(
        since=Min("granted_at")
    )["since"]
    if since is None:
        return None
    return (
        VoiceCheck.objects.filter(
            subject_id=subject_id, status=PASSED, created_at__gte=since, token__used_at__isnull=False
        )
        .order_by("pk")
        .first()
    )


@opens_transaction
def count_voice_call(*, voice_check_id: uuid.UUID) -> None:
    """Count a call that may be charged, before it is made."""
    VoiceCheck.objects.filter(pk=voice_check_id).update(paid_calls=F("paid_calls") + 1)


@within_transaction
def voice_judged(*, voice_check_id: uuid.UUID, reason_code: str, similarity: Decimal | None) -> None:
    """End a voice check by what was found (an empty `reason_code` is a pass); the recording of a pass stays as evidence."""
    row = VoiceCheck.objects.select_related("upload").get(pk=voice_check_id)
    if not reason_code and row.upload is not None:
        owner = vault.Owner(OWNER, voice_check_id)
        vault.refer(row.upload.object_id, kind=RECORDING, owner=owner, retention=IDENTIFICATION)
    compared_with = None if row.compared_with_id is None else row.compared_with_id.hex
    end_check(
        factor=VOICE, check_id=voice_check_id, reason_code=reason_code, detail={"compared_with": compared_with},
        columns={"similarity": similarity},
    )  # fmt: skip


@within_transaction
def give_up_voice_check(*, voice_check_id: uuid.UUID) -> None:
    """End a voice check because the vendor did not answer in time."""
    give_up_check_of(factor=VOICE, check_id=voice_check_id)
