"""Recordings for tests: WAV of given length, and streams of MP3 and AAC frames with nothing in them."""

from __future__ import annotations

import io
import itertools
import wave

_marks = itertools.count(1)


def wav(seconds: float = 2.0, *, rate: int = 16_000, channels: int = 1) -> bytes:
    """Make a WAV that no other test has made."""
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        samples = bytearray(round(seconds * rate) * channels * 2)
        mark = next(_marks).to_bytes(4, "big")
        samples[: len(mark)] = mark[: len(samples)]
        sound.writeframes(bytes(samples))
    return content.getvalue()


def mp3(frames: int = 80) -> bytes:
    """Make frames of MPEG 1 layer III: 128 kbit/s, 44.1 kHz, 417 bytes and 26 ms each."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def mp3_of_phones(frames: int = 60) -> bytes:
    """Make frames of MPEG 2 layer III: 48 kbit/s, 16 kHz, 216 bytes and 36 ms each."""
    return (b"\xff\xf3\x68\x00" + bytes(212)) * frames


def aac(frames: int = 40) -> bytes:
    """Make ADTS frames: 16 kHz, 64 ms each."""
    size = 200
    header = bytes([0xFF, 0xF1, 8 << 2, 0x40 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC])
    return (header + bytes(size - len(header))) * frames
