"""Single-use proofs of a passed face check: for one person, bank, action and business object, for minutes."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from core.clock import now
from core.errors import Problem
from core.operations import within_transaction
from verification import parameters
from verification.models import FaceCheck, FaceToken

if TYPE_CHECKING:
    import uuid

TOKEN_BYTES: Final = 32


class FaceTokenUsed(Problem):
    """The token was used before."""

    code = "face_token_used"
    status = 409
    title = "人脸核验结果已使用，请重新核验"


class FaceTokenMismatch(Problem):
    """The token is unknown here, or was given to somebody else or for something else."""

    code = "face_token_mismatch"
    status = 409
    title = "人脸核验结果与本次操作不符，请重新核验"


class FaceTokenExpired(Problem):
    """The token was not used in time."""

    code = "face_token_expired"
    status = 409
    title = "人脸核验结果已过期，请重新核验"


@within_transaction
def issue_face_token(*, face_check: FaceCheck) -> None:
    """Give a passed face check its token; it lives by wall time from now."""
    token, moment = secrets.token_urlsafe(TOKEN_BYTES), now()
    FaceToken.objects.create(
        face_check=face_check,
        subject_id=face_check.subject_id,
        action=face_check.action,
        business_id=face_check.business_id,
        token_sha256=_digest(token),
        token=token,
        created_at=moment,
        expires_at=moment + parameters.seconds(parameters.FACE_TOKEN_SECONDS),
    )


@within_transaction
def consume_face_token(*, token: str, subject_id: uuid.UUID, action: str, business_id: str) -> uuid.UUID:
    """Use up a token in the caller's transaction and return its face check; of any number at once, one wins.

    Where the caller's transaction is rolled back the token is as it was: the act has not happened.

    Raises:
        FaceTokenMismatch: it is not this person's token for this act on this object at this bank.
        FaceTokenUsed: it was used before.
        FaceTokenExpired: it is too old.
    """
    row = FaceToken.objects.filter(
        token_sha256=_digest(token), subject_id=subject_id, action=action, business_id=business_id
    ).first()
    if row is None:
        raise FaceTokenMismatch
    moment = now()
    if FaceToken.objects.filter(pk=row.pk, used_at__isnull=True, expires_at__gt=moment).update(used_at=moment):
        return row.face_check_id
    used = FaceToken.objects.filter(pk=row.pk, used_at__isnull=False).exists()
    raise FaceTokenUsed if used else FaceTokenExpired


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
