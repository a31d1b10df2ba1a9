"""Tell what a sound recording is by its content: WAV, MP3 or AAC, and how long it plays.

The file is walked from its first byte to its last, frame by frame: a name, a content type or a header that promises
more than follows proves nothing. Nothing is decoded, so no sound can make this expensive.
"""

from __future__ import annotations

import enum
import io
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final


class Form(enum.StrEnum):
    """The forms that are taken; the words are those of the vendor's contract."""

    WAV = "wav"
    MP3 = "mp3"
    AAC = "aac"


MEDIA_TYPES: Final = {Form.WAV: "audio/wav", Form.MP3: "audio/mpeg", Form.AAC: "audio/aac"}
LEAST_FRAMES: Final = 3  # of MP3 or AAC: fewer could be an accident of other bytes
LEAST_RATE: Final = 8_000
MOST_RATE: Final = 48_000
MOST_CHANNELS: Final = 2
SAMPLE_BYTES: Final = (1, 2, 3, 4)

ID3V2_HEADER: Final = 10
ID3V1_BYTES: Final = 128
MP3_HEADER: Final = 4
AAC_HEADER: Final = 7
AAC_SAMPLES: Final = 1024
AAC_RATES: Final = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
# MPEG audio layer III (ISO 11172-3, 13818-3): by version bits, kilobits a second, sampling rates, samples a frame.
MPEG_1: Final = 3
MP3_BITRATES: Final = {
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MP3_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
LAYER_THREE: Final = 1


class NotARecording(ValueError):
    """Raised where the content is no recording of a form that is taken, or is damaged or cut short."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What a recording is: its form and how long it plays."""

    form: Form
    seconds: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """One frame of a stream: how many bytes it takes and how long it plays."""

    size: int
    seconds: float


def listen(content: bytes) -> Sound:
    """Return what a recording is.

    Raises:
        NotARecording: it is none.
    """
    if content[:4] == b"RIFF":
        return Sound(Form.WAV, _wave_seconds(content))
    stream = _without_tags(content)
    for form, read in ((Form.AAC, _aac_frame), (Form.MP3, _mp3_frame)):
        if read(stream, 0) is not None:
            return Sound(form, sum(_frames(stream, read)))
    raise NotARecording("neither WAV nor MP3 nor AAC")


def _wave_seconds(content: bytes) -> float:
    """Measure a WAV of plain samples by what follows its header, which may promise more."""
    try:
        with wave.open(io.BytesIO(content)) as sound:
            rate, channels, width = sound.getframerate(), sound.getnchannels(), sound.getsampwidth()
            if not LEAST_RATE <= rate <= MOST_RATE or channels > MOST_CHANNELS or width not in SAMPLE_BYTES:
                raise NotARecording("a rate or a number of channels that no phone records")
            promised = sound.getnframes()
            if not promised or len(sound.readframes(promised)) < promised * channels * width:
                raise NotARecording("empty or cut short")
            seconds: float = promised / rate
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise NotARecording("no WAV of plain samples") from error
    return seconds


def _without_tags(content: bytes) -> bytes:
    """Leave out the tags that recorders put before (ID3v2) and behind (ID3v1) a stream."""
    begin = 0
    if content[:3] == b"ID3" and len(content) >= ID3V2_HEADER:
        size = content[6:ID3V2_HEADER]
        begin = ID3V2_HEADER + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    end = len(content) - ID3V1_BYTES if content[-ID3V1_BYTES:][:3] == b"TAG" else len(content)
    return content[begin:end]


def _frames(stream: bytes, read: Callable[[bytes, int], _Frame | None]) -> Iterator[float]:
    """Give how long each frame plays, to the last byte; a last frame that is cut off, as recorders leave it, is none.

    Raises:
        NotARecording: something that is no frame stands between, or there are too few.
    """
    place = count = 0
    while place < len(stream):
        frame = read(stream, place)
        if frame is None:
            raise NotARecording("what follows a frame is none")
        place += frame.size
        if place <= len(stream):
            count += 1
            yield frame.seconds
    if count < LEAST_FRAMES:
        raise NotARecording("too few frames")


def _aac_frame(stream: bytes, place: int) -> _Frame | None:
    """Read an ADTS header (ISO 13818-7)."""
    header = stream[place : place + AAC_HEADER]
    if len(header) < AAC_HEADER or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:  # noqa: PLR2004 -- sync, layer 0
        return None
    rate_index = header[2] >> 2 & 0x0F
    size = (header[3] & 0x03) << 11 | header[4] << 3 | header[5] >> 5
    blocks = (header[6] & 0x03) + 1
    if rate_index >= len(AAC_RATES) or size <= AAC_HEADER:
        return None
    return _Frame(size, blocks * AAC_SAMPLES / AAC_RATES[rate_index])


def _mp3_frame(stream: bytes, place: int) -> _Frame | None:
    """Read the header of a layer III frame."""
    header = stream[place : place + MP3_HEADER]
    if len(header) < MP3_HEADER or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:  # noqa: PLR2004 -- sync
        return None
    version, layer = header[1] >> 3 & 0x03, header[1] >> 1 & 0x03
    bitrate_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 0x03, header[2] >> 1 & 0x01
    rates = MP3_RATES.get(version)
    if rates is None or layer != LAYER_THREE or rate_index >= len(rates):
        return None
    first = version == MPEG_1
    bitrates = MP3_BITRATES[MPEG_1 if first else 2]
    if not 0 < bitrate_index <= len(bitrates):
        return None
    rate, samples = rates[rate_index], 1152 if first else 576
    return _Frame(samples // 8 * bitrates[bitrate_index - 1] * 1000 // rate + padding, samples / rate)
