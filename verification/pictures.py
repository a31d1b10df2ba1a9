"""Bring a picture into the form that a vendor takes: JPEG, no larger than its limit."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps

JPEG: Final = b"\xff\xd8\xff"
LONGEST_SIDE: Final = 1600
QUALITIES: Final = (90, 80, 65, 50)


class PictureUnusable(ValueError):
    """Raised where a picture cannot be brought into the form that a vendor takes."""


def as_jpeg(content: bytes, *, most_bytes: int) -> bytes:
    """Return the picture as a JPEG of at most `most_bytes`; one that is such already comes back unchanged.

    Raises:
        PictureUnusable: it cannot be decoded, or does not get small enough.
    """
    if content.startswith(JPEG) and len(content) <= most_bytes:
        return content
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureUnusable("the picture cannot be decoded") from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    for quality in QUALITIES:
        encoded = io.BytesIO()
        picture.save(encoded, "JPEG", quality=quality)
        if encoded.tell() <= most_bytes:
            return encoded.getvalue()
    msg = f"the picture does not fit into {most_bytes} bytes"
    raise PictureUnusable(msg)
