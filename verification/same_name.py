"""Tell whether two people have written the same name: what a form, a card and a person spell differently and mean alike."""

from __future__ import annotations

import unicodedata
from typing import Final

DOTS: Final = str.maketrans(dict.fromkeys("•・.‧∙⋅●。", "·"))


def same_name(one: str, other: str) -> bool:
    """Tell whether two spellings are of one name: width, case, blanks and the kind of dot make no difference.

    阿卜杜拉·买买提 has its dot typed in half a dozen ways, and a passport's letters are capitals. Characters are not
    simplified: 张発 and 张发 may be two people.
    """
    return _plain(one) == _plain(other) != ""


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split()).translate(DOTS)
