"""Let a synthetic person speak: a small WAV that holds what was said and by whom, to be heard again by the door.

There is no speech in it. Each half byte of a line (who speaks, whether it is played back, the text, a check sum) is
a tone of its own, so a recording can be listened to, cut, mixed up or replaced like any other, and then is not
understood. The same person and text give the same bytes.
"""

from __future__ import annotations

import io
import itertools
import json
import math
import sys
import wave
import zlib
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.people.person import Person

MAX_TEXT: Final = 64

_RATE: Final = 8_000
_TONE_SAMPLES: Final = 160
_LOWEST_CYCLES: Final = 6  # of half byte 0 within one tone; each further value has one more
_LOUDNESS: Final = 12_000
_HALF_BYTES: Final = 16
_CHECK_BYTES: Final = 4
_SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is heard in a recording: the speaker's id, the text, and whether a living person spoke."""

    person: str
    text: str
    live: bool


def speak(person: Person, text: str, *, live: bool = True) -> bytes:
    """Make the WAV of a person who reads a text aloud, or of a machine that plays that back."""
    line = json.dumps([person.person, text, live], ensure_ascii=False).encode()
    samples = array("h")
    for half in _halves(line + zlib.crc32(line).to_bytes(_CHECK_BYTES, "big")):
        samples.extend(_tone(half))
    if sys.byteorder == "big":
        samples.byteswap()
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(_SAMPLE_BYTES)
        sound.setframerate(_RATE)
        sound.writeframes(samples.tobytes())
    return content.getvalue()


def hear(recording: bytes) -> Utterance | None:
    """Understand a recording that was made here; None for any other, and for one that is damaged."""
    try:
        with wave.open(io.BytesIO(recording)) as sound:
            if (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) != (_RATE, 1, _SAMPLE_BYTES):
                return None
            samples = array("h", sound.readframes(sound.getnframes()))
    except (wave.Error, EOFError, ValueError):
        return None
    if sys.byteorder == "big":
        samples.byteswap()
    return _understood(bytes(_bytes(samples)))


def _understood(heard: bytes) -> Utterance | None:
    line, check = heard[:-_CHECK_BYTES], heard[-_CHECK_BYTES:]
    if not line or zlib.crc32(line).to_bytes(_CHECK_BYTES, "big") != check:
        return None
    person, text, live = json.loads(line)
    return Utterance(person, text, live)


def _halves(line: bytes) -> Iterator[int]:
    for byte in line:
        yield from divmod(byte, _HALF_BYTES)


def _tone(half: int) -> Iterator[int]:
    step = 2 * math.pi * (_LOWEST_CYCLES + half) / _TONE_SAMPLES
    # Half a sample off zero, so that no sample lies on the axis and every crossing counts.
    return (round(_LOUDNESS * math.sin(step * (number + 0.5))) for number in range(_TONE_SAMPLES))


def _bytes(samples: array[int]) -> Iterator[int]:
    """Read the tones two by two: a tone of n cycles crosses the axis 2n - 1 times within."""
    halves = []
    for begin in range(0, len(samples) - _TONE_SAMPLES + 1, _TONE_SAMPLES):
        tone = samples[begin : begin + _TONE_SAMPLES]
        crossings = sum((before < 0) != (after < 0) for before, after in itertools.pairwise(tone))
        halves.append((crossings + 1) // 2 - _LOWEST_CYCLES)
    for high, low in zip(halves[::2], halves[1::2], strict=False):
        yield (high * _HALF_BYTES + low) & 0xFF
