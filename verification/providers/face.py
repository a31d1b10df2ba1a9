"""The face check: a living person stands before the camera and is the one whose photo is on record."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from decimal import Decimal


class FaceOutcome(enum.StrEnum):
    """What became of a face check.

    PENDING: the person has not gone through it yet, ask again. PASSED: alive and the right person. All
    others mean that this attempt is over and a new one must be started.
    """

    PENDING = "pending"
    PASSED = "passed"
    NOT_LIVE = "not_live"
    NOT_SAME = "not_same"
    IDENTITY_MISMATCH = "identity_mismatch"
    NO_REFERENCE = "no_reference"
    UNCLEAR = "unclear"
    TOO_MANY_TRIES = "too_many_tries"
    EXPIRED = "expired"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceStart:
    """A face check that was opened: the vendor's token and, for a browser, the address of its page."""

    token: str = field(repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceResult:
    """What became of it; `similarity` is 0.00 to 100.00 where a comparison was made; `code` is the vendor's.

    PII: the best frame (JPEG) is a face; kept out of `repr`. The caller puts it into the vault or drops it.
    """

    outcome: FaceOutcome
    code: str = ""
    similarity: Decimal | None = None
    best_frame: bytes | None = field(default=None, repr=False)


class FaceVerification(Protocol):
    """Opens face checks and tells what became of them."""

    name: str

    def start(self, *, name: str, id_number: str, photo: bytes | None, request_id: str) -> FaceStart:
        """Open a face check of a person.

        With `photo` (JPEG) the face is compared with that, otherwise with the authority's.

        PURE: one that nobody goes through costs nothing and lapses.

        Raises:
            Rejected: `name_invalid`, `id_number_invalid`, `photo_unusable`.
            GatewayError: see core.gateway.
        """
        ...

    def result(self, *, token: str, id_number: str, request_id: str) -> FaceResult:
        """Tell what became of it; the answer may be asked for again and again for three days. PURE.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
