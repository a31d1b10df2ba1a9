"""The identity services' answers in our words; total, an unknown code is loud."""

from __future__ import annotations

from decimal import Decimal

from core.gateway import Answer, Refusals, Rejected, garbage
from verification.numbers import Carrier
from verification.providers.carrier import CarrierAnswer, CarrierResult
from verification.providers.id_check import IdCheckAnswer, IdCheckResult
from verification.providers.voice import VoiceAnswer, VoiceResult

UNKNOWN_NUMBER = "unknown_number"
LOOKUP_REFUSALS: Refusals = {UNKNOWN_NUMBER: Rejected}

_CARRIERS = {
    "mobile": Carrier.MOBILE,
    "unicom": Carrier.UNICOM,
    "telecom": Carrier.TELECOM,
    "broadnet": Carrier.BROADNET,
}
_CARRIER_RESULTS = {
    "match": CarrierResult.MATCH,
    "mismatch": CarrierResult.MISMATCH,
    "not_found": CarrierResult.NOT_FOUND,
}
_ID_CHECK_RESULTS = {
    "match": IdCheckResult.MATCH,
    "name_mismatch": IdCheckResult.NAME_MISMATCH,
    "not_found": IdCheckResult.NOT_FOUND,
}
_VOICE_RESULTS = {
    "match": VoiceResult.MATCH,
    "first": VoiceResult.FIRST,
    "mismatch": VoiceResult.MISMATCH,
    "text_mismatch": VoiceResult.TEXT_MISMATCH,
    "not_live": VoiceResult.NOT_LIVE,
    "unclear": VoiceResult.UNCLEAR,
}
_COMPARED = frozenset({VoiceResult.MATCH, VoiceResult.MISMATCH})
_MOST_SIMILAR = Decimal(100)
_JPEG = b"\xff\xd8\xff"


def carrier(answer: Answer) -> Carrier:
    """Read who serves a number."""
    return answer.choice("carrier", _CARRIERS)


def carrier_answer(answer: Answer) -> CarrierAnswer:
    """Read a carrier's answer."""
    return CarrierAnswer(result=answer.choice("result", _CARRIER_RESULTS), carrier=carrier(answer))


def id_check_answer(answer: Answer) -> IdCheckAnswer:
    """Read the national system's answer; a photo without a match is dropped, one not JPEG is garbage."""
    result = answer.choice("result", _ID_CHECK_RESULTS)
    photo = answer.optional_blob("photo")
    if photo is not None and not photo.startswith(_JPEG):
        raise garbage(answer.vendor, answer.operation, "photo")
    return IdCheckAnswer(result=result, photo=photo if result is IdCheckResult.MATCH else None)


def voice_answer(answer: Answer, *, compared: bool) -> VoiceAnswer:
    """Read what a recording was found to be; an answer that fits no comparison, or none where one was asked for, is garbage.

    `compared` says whether there was a recording to compare with.
    """
    result = answer.choice("result", _VOICE_RESULTS)
    if (result in _COMPARED and not compared) or (result is VoiceResult.FIRST and compared):
        raise garbage(answer.vendor, answer.operation, "result")
    similarity = answer.decimal("similarity") if answer.has("similarity") else None
    if (similarity is not None) is not (result in _COMPARED):
        raise garbage(answer.vendor, answer.operation, "similarity")
    if similarity is not None and not 0 <= similarity <= _MOST_SIMILAR:
        raise garbage(answer.vendor, answer.operation, "similarity")
    return VoiceAnswer(result=result, similarity=similarity)
