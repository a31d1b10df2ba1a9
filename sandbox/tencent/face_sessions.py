"""Face verifications: what was asked for, what happened on the vendor's page, what can be fetched."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from sandbox.payloads import ControlError

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.people import Person, World

TOKEN_LIFE: Final = timedelta(seconds=7200)
RESULT_LIFE: Final = timedelta(days=3)
MAX_ATTEMPTS: Final = 3

Outcome = Literal["passed", "not_live", "not_same"]

PASSED: Final = 0
NOT_FINISHED: Final = 17
NOT_LIVE: Final = 1002
NO_RECORD: Final = 2005
NAME_MISMATCH: Final = 2006
NO_PHOTO: Final = 2007
NOT_SAME: Final = 2016
MESSAGES: Final = {
    PASSED: "成功",
    NOT_FINISHED: "核身流程未完成",
    NOT_LIVE: "疑似非真人录制",
    NO_RECORD: "库中无此号",
    NAME_MISMATCH: "姓名和身份证号不一致",
    NO_PHOTO: "库中无此用户照片",
    NOT_SAME: "疑似非本人",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One walk through the vendor's page: who stood before the camera, and what the vendor made of it.

    `live_code` and `compare_code` are 0 when fine; `compare_code` and `similarity` (0.00 to 100.00, as text)
    are None when the comparison was never made.
    """

    at: datetime
    person: Person
    live_code: int
    compare_code: int | None
    similarity: str | None

    @property
    def code(self) -> int:
        """Return the result of the whole: the first thing that went wrong."""
        return self.live_code or self.compare_code or PASSED


@dataclass(slots=True)
class FaceSession:
    """One DetectAuth: who must appear, the photo to compare with (if any), and the attempts made."""

    token: str
    rule_id: str
    id_number: str
    name: str
    extra: str
    redirect_url: str
    photo: bytes | None
    opened_at: datetime
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Tell whether an attempt succeeded."""
        return bool(self.attempts) and self.attempts[-1].code == PASSED


class FaceDesk:
    """Keep the face verifications and judge who passes."""

    def __init__(self, world: World) -> None:
        """Judge the people of a world."""
        self._world = world
        self._sessions: dict[str, FaceSession] = {}

    def open(self, session: FaceSession) -> None:
        """Keep a new verification, and forget those whose results nobody can fetch any more."""
        kept = session.opened_at - RESULT_LIFE - TOKEN_LIFE
        for token, old in list(self._sessions.items()):
            if old.opened_at > kept:
                break
            del self._sessions[token]
        self._sessions[session.token] = session

    def find(self, token: str) -> FaceSession | None:
        """Return a verification."""
        return self._sessions.get(token)

    def finish(self, token: str, person: Person | None, outcome: Outcome, *, at: datetime) -> Attempt:
        """Let a person (by default the one who is asked for) walk through the vendor's page.

        Raises: ControlError unknown_token, token_expired, already_finished, too_many_attempts,
            unknown_person.
        """
        session = self._sessions.get(token)
        if session is None:
            raise ControlError("unknown_token", "no such face verification", status=404)
        if session.opened_at + TOKEN_LIFE <= at:
            raise ControlError("token_expired", "the face token lives for two hours", status=409)
        if session.passed:
            raise ControlError("already_finished", "this verification has passed", status=409)
        if len(session.attempts) >= MAX_ATTEMPTS:
            raise ControlError("too_many_attempts", "three attempts were made", status=409)
        walker = person or self._world.by_id_number(session.id_number)
        if walker is None:
            raise ControlError("unknown_person", "say who stands before the camera", status=404)
        attempt = self._judge(session, walker, outcome, at)
        session.attempts.append(attempt)
        return attempt

    def _judge(self, session: FaceSession, person: Person, outcome: Outcome, at: datetime) -> Attempt:
        if outcome == "not_live":
            return Attempt(at, person, NOT_LIVE, None, None)
        code = NOT_SAME if outcome == "not_same" else self._compare(session, person)
        compared = code in (PASSED, NOT_SAME)
        similarity = _similarity(session.token, len(session.attempts), same=code == PASSED)
        return Attempt(at, person, PASSED, code, similarity if compared else None)

    def _compare(self, session: FaceSession, person: Person) -> int:
        """Compare with the photo that came along, else with the authority's photo of the ID number."""
        if session.photo is None:
            return self._compare_with_authority(session, person) if session.id_number else PASSED
        shown = self._world.recognise(session.photo)
        is_other = shown is not None and shown[0].person != person.person
        wrong_number = bool(session.id_number) and session.id_number != person.id_number
        return NOT_SAME if is_other or wrong_number else PASSED

    def _compare_with_authority(self, session: FaceSession, person: Person) -> int:
        asked = self._world.by_id_number(session.id_number)
        facts = self._world.facts(asked) if asked else None
        if asked is None or facts is None or facts.id_check == "not_found":
            return NO_RECORD
        if facts.id_check == "name_mismatch" or session.name != asked.name:
            return NAME_MISMATCH
        if facts.id_photo == "none":
            return NO_PHOTO
        return NOT_SAME if asked.person != person.person or facts.id_photo == "other" else PASSED


def new_token() -> str:
    """Return a new BizToken."""
    return str(uuid.uuid4()).upper()


def _similarity(token: str, attempt: int, *, same: bool) -> str:
    """Return a score with two decimals: 85 to 99 for the same person, 8 to 45 for another; repeatable."""
    spread = int.from_bytes(hashlib.sha256(f"{token}/{attempt}".encode()).digest()[:4])
    hundredths = 8500 + spread % 1400 if same else 800 + spread % 3700
    return f"{hundredths // 100}.{hundredths % 100:02d}"
