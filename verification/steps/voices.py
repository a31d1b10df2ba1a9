"""Have a recording judged: alive, the right text, the customer's own voice (A2-15, A2-16)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from core import vault
from core.gateway import GatewayError
from core.steps.registry import VENDOR, Done, Failed, Outcome, StepRun, register_step
from verification import parameters, vendors
from verification.models import VoiceCheck
from verification.models.check import VOICE
from verification.operations.factors import NOT_LIVE, TEXT_MISMATCH, VOICE_MISMATCH
from verification.operations.voice_checks import JUDGE, count_voice_call, give_up_voice_check, voice_judged
from verification.providers.voice import Recording, VoiceAnswer, VoiceResult
from verification.recordings import listen
from verification.steps.patience import VENDOR_UNAVAILABLE, try_later
from verification.switching import is_stopped

if TYPE_CHECKING:
    from verification.models import Upload

REASON_OF: Final = {
    VoiceResult.MATCH: "",
    VoiceResult.FIRST: "",
    VoiceResult.MISMATCH: VOICE_MISMATCH,
    VoiceResult.TEXT_MISMATCH: TEXT_MISMATCH,
    VoiceResult.NOT_LIVE: NOT_LIVE,
    VoiceResult.UNCLEAR: "recording_unclear",
}


@register_step(JUDGE, lane=VENDOR, lease=timedelta(seconds=60))
def judge_voice(run: StepRun) -> Outcome:
    """Send the recording, and the one that is on record, and judge by the bank's threshold. PURE: a repeat is paid."""
    check = VoiceCheck.objects.select_related("upload", "compared_with__upload").get(pk=run.subject_id)
    if is_stopped(check=VOICE, action=check.action):
        return Failed(VENDOR_UNAVAILABLE, partial(give_up_voice_check, voice_check_id=check.id))
    reference = None if check.compared_with is None else _recording(run, check.compared_with.upload)
    count_voice_call(voice_check_id=check.id)
    try:
        answer = vendors.voices().verify(
            text=check.text,
            recording=_recording(run, check.upload),
            reference=reference,
            request_id=run.request_id,
        )
    except GatewayError as error:
        give_up = partial(give_up_voice_check, voice_check_id=check.id)
        return try_later(error, since=check.completed_at or check.created_at, give_up=give_up)
    reason_code = _judged(answer)
    apply = partial(voice_judged, voice_check_id=check.id, reason_code=reason_code, similarity=answer.similarity)
    return Done(apply, {"reason_code": reason_code})


def _recording(run: StepRun, upload: Upload | None) -> Recording:
    if upload is None:
        raise ValueError("a voice check that is judged has a recording, by constraint")
    content = vault.read(upload.object_id, purpose="voice_check", actor=f"step:{run.request_id}")
    return Recording(form=listen(content).form, content=content)


def _judged(answer: VoiceAnswer) -> str:
    """Say what the answer means here: a match also needs the bank's own least similarity (SEC-03)."""
    reason_code = REASON_OF[answer.result]
    if answer.result is VoiceResult.MATCH:
        least = parameters.number(parameters.VOICE_LEAST_SIMILARITY)
        if answer.similarity is None or answer.similarity < least:
            return VOICE_MISMATCH
    return reason_code
