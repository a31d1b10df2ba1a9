"""From an uploaded file to pixels that the engine may look at: kind, size, orientation."""

from __future__ import annotations

import io
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from verification.providers.id_card import Unreadable, UnreadableReason

Pixels = NDArray[np.uint8]
"""Height × width × 3, blue green red."""

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
LEAST_SIDE: Final = 160  # of the shorter side; below it no engine reads a card
WORKING_SIDE: Final = 1280  # of the longer side; more costs time and reads no better
_FORMATS: Final = ("JPEG", "PNG", "WEBP")


def decode(image: bytes) -> Pixels | Unreadable:
    """Return an uploaded picture, upright by its EXIF orientation, at working size, as blue, green, red.

    Total: whatever the bytes are, it is one of the two.
    """
    if len(image) > MOST_BYTES:
        return Unreadable(reason=UnreadableReason.TOO_LARGE)
    try:
        with Image.open(io.BytesIO(image), formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return Unreadable(reason=UnreadableReason.TOO_LARGE)
            if min(opened.size) < LEAST_SIDE:
                return Unreadable(reason=UnreadableReason.UNCLEAR)
            opened.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Unreadable(reason=UnreadableReason.TOO_LARGE)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error, EOFError):
        return Unreadable(reason=UnreadableReason.NOT_AN_IMAGE)
    picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
