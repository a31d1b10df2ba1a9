"""Pictures brought into the form that a vendor takes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.verification.conftest import picture
from verification.pictures import PictureUnusable, as_jpeg


def _noise(form: str, size: tuple[int, int] = (1400, 1000)) -> bytes:
    content = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(content, form)
    return content.getvalue()


class TestAsJpeg:
    def test_a_jpeg_that_is_small_enough_is_sent_as_it_was_kept(self) -> None:
        content = picture()
        assert as_jpeg(content, most_bytes=10_000) is content

    def test_a_png_becomes_a_jpeg(self) -> None:
        assert as_jpeg(picture("PNG"), most_bytes=10_000).startswith(b"\xff\xd8\xff")

    def test_a_large_one_is_made_to_fit(self) -> None:
        content = _noise("PNG")
        fitted = as_jpeg(content, most_bytes=700_000)
        assert len(fitted) <= 700_000 < len(content)
        with Image.open(io.BytesIO(fitted)) as opened:
            assert opened.size == (1400, 1000)

    @pytest.mark.parametrize("content", [b"", b"nothing", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff" + bytes(20_000)])
    def test_what_is_no_picture_is_unusable(self, content: bytes) -> None:
        with pytest.raises(PictureUnusable, match="decoded"):
            as_jpeg(content, most_bytes=10_000)

    def test_what_does_not_fit_is_unusable(self) -> None:
        with pytest.raises(PictureUnusable, match="fit"):
            as_jpeg(_noise("PNG"), most_bytes=10_000)
