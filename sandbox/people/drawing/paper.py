"""Draw what lies under the print of a card: tinted paper with fine waves, and the mark of a sample."""

from __future__ import annotations

import functools
import io
import math
from typing import Final

from PIL import Image, ImageDraw

from sandbox.people.drawing.fonts import font

CARD_SIZE: Final = (1000, 630)
"""Pixels; the proportions of a real card, 85.6 by 54 mm."""
JPEG_QUALITY: Final = 90

Colour = tuple[int, int, int]
_TINTS: Final[dict[str, tuple[Colour, Colour, Colour]]] = {
    "front": ((226, 239, 246), (249, 241, 240), (233, 242, 233)),
    "back": ((250, 240, 236), (236, 243, 247), (246, 240, 246)),
}
_WAVES: Final[dict[str, tuple[Colour, Colour]]] = {
    "front": ((196, 221, 236), (240, 214, 214)),
    "back": ((243, 213, 208), (203, 222, 235)),
}
_MARK_COLOUR: Final = (222, 150, 150)


@functools.cache
def _paper(side: str) -> Image.Image:
    width, height = CARD_SIZE
    strip = Image.new("RGB", (3, 1))
    strip.putdata(_TINTS[side])
    paper = strip.resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(paper)
    for number in range(46):
        colour = _WAVES[side][number % 2]
        base, phase = number * height / 40 - 40, number * 0.37
        line = [
            (x, base + 14 * math.sin(x / 70 + phase) + 8 * math.sin(x / 23 + 2 * phase)) for x in range(0, width + 8, 8)
        ]
        pen.line(line, fill=colour, width=1)
    return paper


@functools.cache
def _mark() -> Image.Image:
    mark = Image.new("RGBA", (120, 64), (0, 0, 0, 0))
    ImageDraw.Draw(mark).text((60, 32), "样例", font=font(40, 500), fill=(*_MARK_COLOUR, 235), anchor="mm")
    return mark.rotate(18, Image.Resampling.BICUBIC, expand=True)


def blank_card(side: str) -> Image.Image:
    """Give a fresh sheet for the `front` or the `back`, marked 样例 in a corner that carries no field."""
    card = _paper(side).copy()
    mark = _mark()
    card.paste(mark, (CARD_SIZE[0] - mark.width - 6, 4), mark)
    return card


def as_jpeg(image: Image.Image) -> bytes:
    """Encode an image as JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
