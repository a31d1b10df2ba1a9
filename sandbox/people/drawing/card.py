"""Lay out both sides of a resident identity card as the real ones are laid out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PIL import ImageDraw

from sandbox.people.drawing.fonts import font
from sandbox.people.drawing.paper import as_jpeg, blank_card
from sandbox.people.drawing.portrait import paint_portrait

if TYPE_CHECKING:
    from sandbox.people.drawing.paper import Colour
    from sandbox.people.person import Person

_LABEL_COLOUR: Final[Colour] = (52, 106, 156)
_INK: Final[Colour] = (24, 24, 28)
_EMBLEM_RED: Final[Colour] = (206, 58, 48)
_EMBLEM_GOLD: Final[Colour] = (238, 190, 92)
_LABELS_X: Final = 74
_VALUES_X: Final = 176
_ADDRESS_CHARACTERS: Final = 11
_ADDRESS_LEADING: Final = 46
_PORTRAIT_BOX: Final = (626, 92, 298, 367)
"""Left, top, width, height in pixels."""


def draw_front(person: Person) -> bytes:
    """Draw the side with name, birth, address, number and portrait, as JPEG."""
    card = blank_card("front")
    left, top, width, height = _PORTRAIT_BOX
    portrait = paint_portrait(person).resize((width, height))
    card.paste(portrait, (left, top), portrait)
    pen = ImageDraw.Draw(card)
    _label(pen, 70, "姓名")
    _value(pen, (_VALUES_X, 70), person.name, size=40)
    _label(pen, 142, "性别")
    _value(pen, (_VALUES_X, 142), person.sex)
    _label(pen, 142, "民族", x=268)
    # Set well apart: run together with its label, OCR models trained on both scripts read 汉 as 漢.
    _value(pen, (440, 142), person.ethnicity)
    _label(pen, 212, "出生")
    _birth(pen, person)
    _label(pen, 284, "住址")
    for number, line in enumerate(address_lines(person.address)):
        _value(pen, (_VALUES_X, 284 + number * _ADDRESS_LEADING), line)
    _label(pen, 536, "公民身份号码")
    _spaced(pen, (350, 536), person.id_number, size=46, weight=600, step=31.5)
    return as_jpeg(card)


def draw_back(person: Person) -> bytes:
    """Draw the side with the emblem, the issuing office and the dates, as JPEG."""
    card = blank_card("back")
    pen = ImageDraw.Draw(card)
    _emblem(pen, (152, 160), 88)
    _spaced(pen, (306, 112), "中华人民共和国", size=58, weight=600, step=78)
    _spaced(pen, (306, 220), "居民身份证", size=78, weight=700, step=110)
    _label(pen, 446, "签发机关", x=232)
    _value(pen, (392, 446), person.authority)
    _label(pen, 528, "有效期限", x=232)
    until = f"{person.valid_until:%Y.%m.%d}" if person.valid_until else "长期"
    _value(pen, (392, 528), f"{person.valid_from:%Y.%m.%d}-{until}")
    return as_jpeg(card)


def address_lines(address: str) -> list[str]:
    """Break an address as a card does, after every eleventh character; a number is never torn apart."""
    lines, line = [], ""
    for piece in _pieces(address):
        if len(line) + len(piece) > _ADDRESS_CHARACTERS:
            lines.append(line)
            line = ""
        line += piece
    return [*lines, line]


def _pieces(address: str) -> list[str]:
    pieces: list[str] = []
    for char in address:
        if char.isdigit() and pieces and pieces[-1].isdigit():
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _label(pen: ImageDraw.ImageDraw, y: int, text: str, *, x: int = _LABELS_X) -> None:
    pen.text((x, y), text, font=font(32, 400), fill=_LABEL_COLOUR, anchor="lm")


def _value(pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, *, size: int = 36) -> None:
    pen.text(place, text, font=font(size, 500), fill=_INK, anchor="lm")


def _spaced(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, *, size: int, weight: int, step: float
) -> None:
    """Print a text with one fixed step from character to character."""
    x, y = place
    for number, char in enumerate(text):
        pen.text((x + number * step, y), char, font=font(size, weight), fill=_INK, anchor="lm")


def _birth(pen: ImageDraw.ImageDraw, person: Person) -> None:
    """Print the birth date: figures in ink, the words 年 月 日 in the colour of the labels."""
    day = person.birth_date
    places = ((_VALUES_X, day.year, 264, "年"), (312, day.month, 362, "月"), (410, day.day, 460, "日"))
    for x, figure, word_x, word in places:
        _value(pen, (x, 212), str(figure))
        _label(pen, 212, word, x=word_x)


def _emblem(pen: ImageDraw.ImageDraw, centre: tuple[int, int], radius: int) -> None:
    """Print a red disc with five plain stars where a real card bears the national emblem."""
    x, y = centre
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_EMBLEM_RED, outline=_EMBLEM_GOLD, width=7)
    _star(pen, (x, y - 24), 34)
    for degrees in (200, 160, 380, 340):
        angle = math.radians(degrees)
        _star(pen, (x + 54 * math.cos(angle), y + 22 + 40 * math.sin(angle)), 11)


def _star(pen: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float) -> None:
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.4
        angle = math.pi * corner / 5 - math.pi / 2
        points.append((centre[0] + reach * math.cos(angle), centre[1] + reach * math.sin(angle)))
    pen.polygon(points, fill=_EMBLEM_GOLD)
