"""Judge recordings: whether a living person read the text, and with whose voice."""

from __future__ import annotations

import base64
import binascii
from random import Random
from typing import Any, Final

from sandbox.gateway.calling import Answer, Call, refusal
from sandbox.people.voice import Utterance, hear

_ALIKE: Final = (91_00, 99_00)
_UNLIKE: Final = (11_00, 46_00)


def verify(call: Call) -> Answer:
    """Judge by what is heard: another text and another voice are told apart, and what was not made here is unclear."""
    recordings = [call.body["recording"], call.body["reference"]]
    try:
        heard = [None if sound is None else _heard(sound) for sound in recordings]
    except binascii.Error:
        return refusal(400, "invalid_request", "a recording is not base64")
    said, reference = heard
    result = _result(call, said, reference)
    similarity = _similarity(call, result) if result in ("match", "mismatch") else None
    speaker = call.world.get(said.person) if said else None
    return Answer({"result": result, "similarity": similarity}, speaker.person if speaker else None)


def _heard(sound: dict[str, Any]) -> Utterance | None:
    content = base64.b64decode(sound["content"], validate=True)
    return hear(content) if sound["form"] == "wav" else None


def _result(call: Call, said: Utterance | None, reference: Utterance | None) -> str:
    compared = call.body["reference"] is not None
    if said is None or (compared and reference is None):
        return "unclear"
    if not said.live:
        return "not_live"
    if said.text != call.body["text"]:
        return "text_mismatch"
    if reference is None:
        return "first"
    return "match" if said.person == reference.person else "mismatch"


def _similarity(call: Call, result: str) -> str:
    """Give a figure that follows from the recordings: far above every bank's threshold, or far below."""
    chance = Random(call.body["recording"]["content"] + call.body["reference"]["content"])
    hundredths = chance.randint(*(_ALIKE if result == "match" else _UNLIKE))
    return f"{hundredths // 100}.{hundredths % 100:02d}"
