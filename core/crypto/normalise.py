"""Normal forms of what is searched by keyed hash: two spellings of one thing must hash alike."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NOISE: Final = re.compile(r"[\s\-·.()]+")
_CHINA_PREFIX: Final = re.compile(r"(?:\+|00)?86(?=1\d{10}\Z)")


def normalise_id_number(text: str) -> str:
    """Return the ID number without blanks, full-width forms made half-width, the check letter as `X`.

    Nothing is checked here: a number that is no number comes back as it was.
    """
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()


def normalise_phone(text: str) -> str:
    """Return the phone number as digits; a Chinese mobile number loses its prefix (+86, 0086, 86)."""
    return _CHINA_PREFIX.sub("", _NOISE.sub("", unicodedata.normalize("NFKC", text)))
