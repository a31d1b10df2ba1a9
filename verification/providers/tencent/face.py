"""FaceID's answers in our words (DetectAuth, GetDetectInfoEnhanced)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from core.gateway import Answer, Invalid, garbage, unknown_code
from verification.providers.face import FaceOutcome, FaceResult, FaceStart

# Codes of Text.ErrCode, LiveStatus and Comparestatus (cloud.tencent.com/document/product/1007/31082).
OUTCOMES: Final = {
    0: FaceOutcome.PASSED,
    **dict.fromkeys((4, 8, 10, 12, 13, 14), FaceOutcome.ABORTED),
    15: FaceOutcome.EXPIRED,
    16: FaceOutcome.TOO_MANY_TRIES,
    17: FaceOutcome.PENDING,
    **dict.fromkeys((201, 202, 203, 204), FaceOutcome.ABORTED),
    301: FaceOutcome.IDENTITY_MISMATCH,
    302: FaceOutcome.IDENTITY_MISMATCH,
    303: FaceOutcome.UNCLEAR,
    **dict.fromkeys((1001, 1002, 1003, 1004, 1005), FaceOutcome.NOT_LIVE),
    1006: FaceOutcome.NO_REFERENCE,
    **dict.fromkeys((1007, 1008, 2001), FaceOutcome.ABORTED),
    **dict.fromkeys((2002, 2003, 2006), FaceOutcome.IDENTITY_MISMATCH),
    2004: FaceOutcome.UNCLEAR,
    **dict.fromkeys((2005, 2007, 2008), FaceOutcome.NO_REFERENCE),
    **dict.fromkeys((2009, 2010), FaceOutcome.UNCLEAR),
    2016: FaceOutcome.NOT_SAME,
}
_OUR_FAULT: Final = frozenset({1, 2, 3})
_MOST_SIMILAR: Final = 100
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n"


def start(answer: Answer) -> FaceStart:
    """Read the token and the page of an opened check."""
    return FaceStart(token=answer.text("BizToken"), url=answer.optional_text("Url"))


def result(answer: Answer, *, id_number: str) -> FaceResult:
    """Read what became of a check.

    PASSED needs all three codes to be 0 and the vendor's word that it was about this ID number.
    """
    text = answer.optional_part("Text")
    code = text.optional_integer("ErrCode") if text else None
    if text is None or code is None:
        return FaceResult(outcome=FaceOutcome.PENDING)
    if code in _OUR_FAULT:
        raise Invalid(answer.vendor, answer.operation, code=str(code))
    if code not in OUTCOMES:
        raise unknown_code(answer.vendor, answer.operation, code)
    outcome = OUTCOMES[code]
    if outcome is FaceOutcome.PASSED:
        if (text.optional_integer("LiveStatus"), text.optional_integer("Comparestatus")) != (0, 0):
            raise garbage(answer.vendor, answer.operation, "statuses")
        if text.optional_text("IdCard") not in (None, id_number):
            outcome = FaceOutcome.IDENTITY_MISMATCH
    return FaceResult(
        outcome=outcome,
        code=str(code),
        similarity=_similarity(text),
        best_frame=_best_frame(answer),
    )


def _similarity(text: Answer) -> Decimal | None:
    value = text.optional_text("Sim")
    if value is None:
        return None
    try:
        similarity = Decimal(value)
    except InvalidOperation:
        raise garbage(text.vendor, text.operation, "Sim") from None
    if not 0 <= similarity <= _MOST_SIMILAR:
        raise garbage(text.vendor, text.operation, "Sim")
    return similarity


def _best_frame(answer: Answer) -> bytes | None:
    part = answer.optional_part("BestFrame")
    frame = part.optional_blob("BestFrame") if part else None
    if frame is not None and not frame.startswith((_JPEG, _PNG)):
        raise garbage(answer.vendor, answer.operation, "BestFrame")
    return frame
