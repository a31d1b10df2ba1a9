"""The voice check: a living person reads a text aloud and is the one whose voice is on record."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from decimal import Decimal

    from verification.recordings import Form


class VoiceResult(enum.StrEnum):
    """What a recording was found to be.

    MATCH: a living person read this text with the voice of the reference. FIRST: a living person read this text,
    and there was no reference. MISMATCH: another voice. TEXT_MISMATCH: other words. NOT_LIVE: played back or made
    by a machine. UNCLEAR: cannot be judged; a new recording may be.
    """

    MATCH = "match"
    FIRST = "first"
    MISMATCH = "mismatch"
    TEXT_MISMATCH = "text_mismatch"
    NOT_LIVE = "not_live"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording as it was uploaded.

    PII: a voice, class C3; kept out of `repr`.
    """

    form: Form
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceAnswer:
    """What was found; `similarity` is 0.00 to 100.00 with MATCH and MISMATCH, else None."""

    result: VoiceResult
    similarity: Decimal | None = None


class Voice(Protocol):
    """Judges recordings; learns of nobody who they are, and keeps neither recording nor template."""

    name: str

    def verify(self, *, text: str, recording: Recording, reference: Recording | None, request_id: str) -> VoiceAnswer:
        """Judge a recording of a text: liveness, the words and, with a reference, whose voice it is.

        PURE: both recordings go along each time; every answer is paid.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
