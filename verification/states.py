"""The state machines of the verification room; the words are those of the contract."""

from __future__ import annotations

from typing import Any, Final

from core.states import Machine
from verification.models import Check, FaceCheck, IdCardReading, ScreeningAlert, VoiceCheck

READING: Final = Machine(
    name="id_card_reading",
    model=IdCardReading,
    initial="reading",
    table={
        ("reading", "read"): "read",
        ("reading", "refuse"): "refused",
        ("reading", "give_up"): "refused",
    },
)

CHECK: Final = Machine(
    name="check",
    model=Check,
    initial="asked",
    table={
        ("asked", "answer"): "answered",
        ("asked", "give_up"): "unanswered",
    },
)

FACE_CHECK: Final = Machine(
    name="face_check",
    model=FaceCheck,
    initial="starting",
    table={
        ("starting", "start"): "started",
        ("starting", "refuse"): "failed",
        ("starting", "give_up"): "failed",
        ("started", "complete"): "checking",
        ("checking", "pass"): "passed",
        ("checking", "fail"): "failed",
        ("checking", "give_up"): "failed",
    },
)

VOICE_CHECK: Final = Machine(
    name="voice_check",
    model=VoiceCheck,
    initial="starting",
    table={
        ("starting", "start"): "started",
        ("started", "complete"): "checking",
        ("started", "expire"): "failed",
        ("checking", "pass"): "passed",
        ("checking", "fail"): "failed",
        ("checking", "give_up"): "failed",
    },
)

ALERT: Final = Machine(
    name="screening_alert",
    model=ScreeningAlert,
    initial="open",
    table={
        ("open", "clear"): "cleared",
        ("open", "confirm"): "confirmed",
        ("confirmed", "clear"): "cleared",
    },
)
MACHINES: Final[tuple[Machine[Any], ...]] = (READING, CHECK, FACE_CHECK, VOICE_CHECK, ALERT)
