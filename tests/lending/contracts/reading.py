"""Reading the words of a PDF page back, as far as the typesetter's own output needs it."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader

_FONT_OR_STRING = re.compile(rb"/Lang\([^)]*\)|/(f\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>|(\()")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_CHARS = re.compile(r"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>(?! <)")
_RANGES = re.compile(r"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>")


def open_pdf(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(BytesIO(pdf))


def page_texts(pdf: bytes) -> list[str]:
    """Return the words of each page in the order they are drawn, with no spaces between the pieces."""
    reader = open_pdf(pdf)
    pages = range(int(reader.root["/Pages"]["/Count"]))
    return [_page_text(reader.find_page_for_modification(number)[0].get_object()) for number in pages]


def text_of(pdf: bytes) -> str:
    return "".join(page_texts(pdf))


def _page_text(page: Any) -> str:
    fonts = {name[1:]: _unicode_map(font.get_object()) for name, font in page["/Resources"]["/Font"].items()}
    content, at = page["/Contents"].data, 0
    letters: list[str] = []
    font: dict[int, str] = {}
    while found := _FONT_OR_STRING.search(content, at):
        at = found.end()
        if found[1]:
            font = fonts[found[1].decode()]
            continue
        if found[2]:
            glyphs = bytes.fromhex(found[2].decode())
        elif found[3]:
            start, at = at, _end_of_string(content, at)
            glyphs = _unescaped(content[start : at - 1])
        else:
            continue  # the language of a span, not its words
        letters += [font.get(int.from_bytes(glyphs[i : i + 2], "big"), "") for i in range(0, len(glyphs), 2)]
    return "".join(letters)


def _end_of_string(content: bytes, at: int) -> int:
    """Return the place after the bracket that closes the string; brackets inside come in pairs or escaped."""
    depth = 1
    while depth:
        letter = content[at : at + 1]
        depth += {b"(": 1, b")": -1}.get(letter, 0)
        at += 2 if letter == b"\\" else 1
    return at


def _unescaped(string: bytes) -> bytes:
    return _ESCAPE.sub(lambda m: bytes([int(m[1], 8)]) if m[1].isdigit() else _NAMED.get(m[1], m[1]), string)


def _unicode_map(font: Any) -> dict[int, str]:
    text = font["/ToUnicode"].data.decode()
    found = {int(code, 16): _letters(letters) for code, letters in _CHARS.findall(text)}
    for first, last, letters in _RANGES.findall(text):
        for offset, code in enumerate(range(int(first, 16), int(last, 16) + 1)):
            found[code] = chr(ord(_letters(letters)) + offset)
    return found


def _letters(utf16: str) -> str:
    return bytes.fromhex(utf16).decode("utf-16-be")
