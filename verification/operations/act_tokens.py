"""Single-use proofs of a passed check of a face or a voice: for one person, bank, act and object, for minutes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.clock import now
from core.db.asks import Ask, Rows, alone
from core.operations import within_transaction
from verification import parameters
from verification.models import ActToken
from verification.operations.factors import FACE, VOICE, Factor

if TYPE_CHECKING:
    import uuid

    from core.errors import Problem
    from verification.models import FaceCheck, VoiceCheck

TOKEN_BYTES: Final = 32
USE: Final = """
UPDATE verification_act_token SET used_at = %s
WHERE token_sha256 = %s AND factor = %s AND subject_id = %s AND action = %s AND business_id = %s
  AND used_at IS NULL AND expires_at > %s
RETURNING coalesce(face_check_id, voice_check_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """The two checks that a stepped-up act stands on."""

    face_check_id: uuid.UUID
    voice_check_id: uuid.UUID


@within_transaction
def issue_act_token(*, factor: Factor, check: FaceCheck | VoiceCheck) -> None:
    """Give a passed check its token; it lives by wall time from now."""
    token, moment = secrets.token_urlsafe(TOKEN_BYTES), now()
    ActToken.objects.create(
        factor=factor.kind,
        **{f"{factor.kind}_check": check},
        subject_id=check.subject_id,
        action=check.action,
        business_id=check.business_id,
        token_sha256=_digest(token),
        token=token,
        created_at=moment,
        expires_at=moment + parameters.seconds(factor.token_seconds),
    )


@within_transaction
def consume_face_token(*, token: str, subject_id: uuid.UUID, action: str, business_id: str) -> uuid.UUID:
    """Use up a face's token in the caller's transaction and return its face check; of any number at once, one wins.

    Where the caller's transaction is rolled back the token is as it was: the act has not happened.

    Raises:
        FaceTokenMismatch: it is not this person's token for this act on this object at this bank.
        FaceTokenUsed: it was used before.
        FaceTokenExpired: it is too old.
    """
    return _consume(FACE, token, subject_id, action, business_id)


@within_transaction
def consuming_face_token(*, token: str, subject_id: uuid.UUID, action: str, business_id: str) -> Ask[uuid.UUID]:
    """Use up a face's token together with other statements; the answer is the face check, or the refusal."""
    return _consuming(FACE, token, subject_id, action, business_id)


@within_transaction
def consume_step_up(
    *, face_token: str, voice_token: str, subject_id: uuid.UUID, action: str, business_id: str
) -> StepUp:
    """Use up a face's and a voice's token for one act, both or neither; a voice is never taken without a face.

    From here on the recording behind the voice is the customer's own (`voice_reference`): it spoke in an act in which
    the face was seen, too.

    Raises:
        FaceTokenMismatch, FaceTokenUsed, FaceTokenExpired: the face's is not good, as in `consume_face_token`.
        VoiceTokenMismatch, VoiceTokenUsed, VoiceTokenExpired: the voice's is not.
    """
    return StepUp(
        face_check_id=_consume(FACE, face_token, subject_id, action, business_id),
        voice_check_id=_consume(VOICE, voice_token, subject_id, action, business_id),
    )


def _consume(factor: Factor, token: str, subject_id: uuid.UUID, action: str, business_id: str) -> uuid.UUID:
    return alone(_consuming(factor, token, subject_id, action, business_id))


def _consuming(factor: Factor, token: str, subject_id: uuid.UUID, action: str, business_id: str) -> Ask[uuid.UUID]:
    digest, moment = _digest(token), now()

    def read(rows: Rows) -> uuid.UUID:
        if rows.first is None:
            raise _refusal(factor, digest, subject_id, action, business_id)
        check_id: uuid.UUID = rows.first[0]
        return check_id

    return Ask(USE, [moment, digest, factor.kind, subject_id, action, business_id, moment], read)


def _refusal(factor: Factor, digest: bytes, subject_id: uuid.UUID, action: str, business_id: str) -> Problem:
    rows = ActToken.objects.filter(factor=factor.kind, subject_id=subject_id, action=action, business_id=business_id)
    row = rows.filter(token_sha256=digest).only("used_at").first()
    if row is None:
        return factor.token_mismatch()
    return factor.token_expired() if row.used_at is None else factor.token_used()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
