"""Find the Chinese font that ships in a wheel and cut sizes and weights from it."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Final

from PIL import ImageFont

_PACKAGE: Final = "manimgx_fonts_cjk"
_FILE: Final = "NotoSansCJK-VF.otf.ttc"
_SIMPLIFIED_CHINESE: Final = 2
"""Index of Noto Sans CJK SC in the collection (JP, KR, SC, TC, HK)."""


@functools.cache
def font_file() -> Path:
    """Give the path of the font collection.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(_PACKAGE)
    return Path(spec.origin).parent / _FILE


@functools.cache
def font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    """Give Noto Sans CJK SC in a size in pixels and a weight from 100 to 900."""
    cut = ImageFont.truetype(str(font_file()), size, index=_SIMPLIFIED_CHINESE, layout_engine=ImageFont.Layout.BASIC)
    cut.set_variation_by_axes([weight])
    return cut


@functools.cache
def missing_characters(text: str) -> str:
    """Give the characters of a text that the font has no shape for."""
    cut = font(32, 400)
    nothing = bytes(cut.getmask("\U0010fffd"))
    return "".join(char for char in text if bytes(cut.getmask(char)) == nothing)
