"""A recording is what its bytes are, to the last one; its name and what its header promises prove nothing."""

from __future__ import annotations

import struct

import pytest

from tests.verification.conftest import picture
from tests.verification.sounds import aac, mp3, mp3_of_phones, wav
from verification.recordings import Form, NotARecording, listen

ID3V2 = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
ID3V1 = b"TAG" + bytes(125)


class TestListen:
    @pytest.mark.parametrize(
        ("content", "form", "seconds"),
        [
            (wav(2.0), Form.WAV, 2.0),
            (wav(1.5, rate=44_100, channels=2), Form.WAV, 1.5),
            (wav(3.0, rate=8_000), Form.WAV, 3.0),
            (mp3(80), Form.MP3, 80 * 1152 / 44_100),
            (mp3_of_phones(60), Form.MP3, 60 * 576 / 16_000),
            (aac(40), Form.AAC, 40 * 1024 / 16_000),
            (ID3V2 + mp3(80), Form.MP3, 80 * 1152 / 44_100),
            (mp3(80) + ID3V1, Form.MP3, 80 * 1152 / 44_100),
            (ID3V2 + aac(40), Form.AAC, 40 * 1024 / 16_000),
        ],
        ids=[
            "wav",
            "stereo",
            "telephone",
            "mp3",
            "mp3-of-phones",
            "aac",
            "mp3-tagged",
            "mp3-tagged-behind",
            "aac-tagged",
        ],
    )
    def test_says_which_form_it_has_and_how_long_it_plays(self, content: bytes, form: Form, seconds: float) -> None:
        sound = listen(content)
        assert sound.form is form
        assert sound.seconds == pytest.approx(seconds)

    @pytest.mark.parametrize("content", [mp3(80)[:-100], aac(40)[:-50]], ids=["mp3", "aac"])
    def test_a_last_frame_that_is_cut_off_does_not_count(self, content: bytes) -> None:
        whole = listen(mp3(79) if content[1] == 0xFB else aac(39))
        assert listen(content) == whole

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"RIFF",
            b"RIFF\x00\x00\x00\x00WAVE",
            picture(),
            wav(2.0)[:-1000],
            wav(0.0),
            wav(2.0)[:20] + struct.pack("<H", 0x55) + wav(2.0)[22:],
            wav(1.0, rate=96_000),
            mp3(2),
            aac(2),
            mp3(80)[:1000] + b"no frame" + mp3(80),
            aac(40) + b"\x00" * 10,
            b"\xff\xfb\xf0\x00" + bytes(413) + mp3(10),
            ID3V2,
            b"ID3" + b"\xff" * 20,
            b"OggS" + bytes(100),
            b"\x00\x00\x00\x18ftypM4A " + bytes(100),
            b"hello",
        ],
    )
    def test_anything_else_is_none(self, content: bytes) -> None:
        with pytest.raises(NotARecording):
            listen(content)

    def test_a_header_that_promises_more_than_follows_is_no_recording(self) -> None:
        content = bytearray(wav(2.0))
        content[40:44] = struct.pack("<I", 10**9)
        with pytest.raises(NotARecording):
            listen(bytes(content))
