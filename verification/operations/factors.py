"""The factors that an act can ask for, a face and a voice: what each brings to the mechanism that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core.errors import Problem
from verification import parameters
from verification.models.act_check import ACTIONS
from verification.models.check import FACE as FACE_KIND
from verification.models.check import VOICE as VOICE_KIND
from verification.models.voice import VOICE_ACTIONS
from verification.states import FACE_CHECK, VOICE_CHECK

if TYPE_CHECKING:
    from core.states import Machine
    from tenants.parameters import Parameter

NOT_LIVE: Final = "not_live"
FACE_MISMATCH: Final = "face_mismatch"
VOICE_MISMATCH: Final = "voice_mismatch"
TEXT_MISMATCH: Final = "text_mismatch"
FAILED_FACE: Final = "failed_face"  # the vault's retention classes for what came to nothing (DATA-07)
FAILED_VOICE: Final = "failed_voice"


class FaceLocked(Problem):
    """The customer's face was refused too often; `retry_after` says in how many seconds another check may start."""

    code = "face_locked"
    status = 429
    title = "人脸核验失败次数过多，请稍后再试或前往柜面办理"
    replayable = False


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


class VoiceLocked(Problem):
    """The customer's voice was refused too often; `retry_after` says in how many seconds another check may start."""

    code = "voice_locked"
    status = 429
    title = "声纹核验失败次数过多，请稍后再试或前往柜面办理"
    replayable = False


class VoiceTokenUsed(Problem):
    """The token was used before."""

    code = "voice_token_used"
    status = 409
    title = "声纹核验结果已使用，请重新核验"


class VoiceTokenMismatch(Problem):
    """The token is unknown here, or was given to somebody else or for something else."""

    code = "voice_token_mismatch"
    status = 409
    title = "声纹核验结果与本次操作不符，请重新核验"


class VoiceTokenExpired(Problem):
    """The token was not used in time."""

    code = "voice_token_expired"
    status = 409
    title = "声纹核验结果已过期，请重新核验"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One factor: its checks' table, the acts that may ask for it, its numbers and its refusals.

    `kind` is the word for it in checks, tokens and consents. `lock_column` is where a subject keeps until when it
    is locked, after `fails_per_day` of the `counted` failures within a day (SEC-03).
    """

    kind: str
    machine: Machine[Any]
    actions: tuple[str, ...]
    counted: frozenset[str]
    lock_column: str
    starts_per_day: Parameter
    fails_per_day: Parameter
    lock_hours: Parameter
    token_seconds: Parameter
    locked: type[Problem]
    token_used: type[Problem]
    token_mismatch: type[Problem]
    token_expired: type[Problem]


FACE: Final = Factor(
    kind=FACE_KIND,
    machine=FACE_CHECK,
    actions=tuple(action for action, _ in ACTIONS),
    counted=frozenset({NOT_LIVE, FACE_MISMATCH}),
    lock_column="face_locked_until",
    starts_per_day=parameters.FACE_STARTS_PER_DAY,
    fails_per_day=parameters.FACE_FAILS,
    lock_hours=parameters.FACE_LOCK_HOURS,
    token_seconds=parameters.FACE_TOKEN_SECONDS,
    locked=FaceLocked,
    token_used=FaceTokenUsed,
    token_mismatch=FaceTokenMismatch,
    token_expired=FaceTokenExpired,
)
VOICE: Final = Factor(
    kind=VOICE_KIND,
    machine=VOICE_CHECK,
    actions=tuple(action for action, _ in VOICE_ACTIONS),
    counted=frozenset({NOT_LIVE, VOICE_MISMATCH, TEXT_MISMATCH}),
    lock_column="voice_locked_until",
    starts_per_day=parameters.VOICE_STARTS_PER_DAY,
    fails_per_day=parameters.VOICE_FAILS,
    lock_hours=parameters.VOICE_LOCK_HOURS,
    token_seconds=parameters.VOICE_TOKEN_SECONDS,
    locked=VoiceLocked,
    token_used=VoiceTokenUsed,
    token_mismatch=VoiceTokenMismatch,
    token_expired=VoiceTokenExpired,
)
