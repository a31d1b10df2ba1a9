"""From upright rows of text to the fields of an ID card: pure rules, no engine, no picture.

The labels that every card bears are the anchors: they say which side it is, which way is up, how large a
line is, and where each value stands. Sex and birth date come from the checksummed number; the printed ones
are only compared.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

from verification.numbers import InvalidIdNumberError, Sex, check_digit_agrees, parse_id_number
from verification.providers.id_card import ETHNICITIES, IdCardBack, IdCardFront, Unreadable, UnreadableReason
from verification.providers.local.layout import Cell, Corners, TextBox, Upright, grown, rows_of, upright

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The labels in their order from top to bottom, each with what engines make of it when the print is poor.
_FRONT_LABELS = (
    re.compile("姓名|^[姓性娃]名"),
    re.compile("性别|性別|民族|民旗"),
    re.compile("出生|出主|岀生"),
    re.compile("住址|住止|佳址"),
    re.compile("公民|身份号|份号码|民身份"),
)
_BACK_LABELS = (
    re.compile("中华人民|人民共和|民共和国"),
    re.compile("居民身份证|民身份证"),
    re.compile("签发机|发机关|签发"),
    re.compile("有效期|效期限"),
)
_NAME, _SEX, _BIRTH, _ADDRESS, _NUMBER = range(5)
_COUNTRY, _TITLE, _AUTHORITY, _VALIDITY = range(4)
_ENOUGH_LABELS = 2
_VALUES_END = 11.5  # just before the portrait, in line heights right of the labels
_CUTS = ((0.12, 0.10), (0.0, -0.08), (0.25, 0.20))  # growth along and across, in line heights
_SURE = 0.70  # below it a reading is a guess; README.md beside this file says what was measured

_DIGIT_LOOKALIKES = str.maketrans("OoQDIl|iZzSsBb", "00001111225588")
_ID_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_DASHES = re.compile(r"[—―–ー-]")  # what engines make of 一, a part of names
_DOTS = re.compile(r"[·•・．.。‧∙⋅]")
_HAN = r"[\u3400-\u9fff\U00020000-\U000323af]{1,20}"
_NAME_SHAPE = re.compile(rf"{_HAN}(?:·{_HAN})*\Z")
_NAME_LABEL = re.compile("姓?名")
_DATE = re.compile(r"(\d{4})\D{0,2}(\d{2})\D{0,2}(\d{2})", re.ASCII)
_BIRTH_SHAPE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})", re.ASCII)
_LONG_TERM = re.compile("长期|長期|长朝")
# Outside the common set, but standard in names (通用规范汉字表, 2013): these stay as they are.
_KEPT = frozenset("昇脩剋氾硃祕")


@dataclass(frozen=True, slots=True)
class _Value:
    """A text put together from cells, and the least certain of them."""

    text: str
    score: float


def _compact(text: str) -> str:
    return "".join(text.split())


@functools.cache
def _converter() -> Callable[[str], str]:
    import opencc  # its tables cost a moment; only who reads cards pays for them

    convert: Callable[[str], str] = opencc.OpenCC("t2s").convert
    return convert


def _simplified(text: str) -> str:
    """Return the text as a card prints it: an engine that knows both forms of a character may see the other one."""
    return "".join(char if char in _KEPT or _is_common(char) else _common_form(char) for char in text)


def _common_form(char: str) -> str:
    form = _converter()(char)
    return form if _is_common(form) else char


def _is_common(char: str) -> bool:
    """Tell whether a character is in GB/T 2312, which has simplified forms only."""
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _order(labels: Sequence[re.Pattern[str]], cells: Sequence[Cell]) -> int:
    """Return how many pairs of labels stand in order, top to bottom, less how many stand in the wrong one."""
    places = [(rank, cell.middle) for cell in cells if (rank := _label_of(cell, labels)) is not None]
    pairs = [(a, b) for i, a in enumerate(places) for b in places[i + 1 :] if a[0] != b[0]]
    return sum(1 if (a[0] < b[0]) == (a[1] < b[1]) else -1 for a, b in pairs)


def _label_of(cell: Cell, labels: Sequence[re.Pattern[str]]) -> int | None:
    text = _compact(cell.text)
    return next((rank for rank, label in enumerate(labels) if label.search(text)), None)


def _found(cells: Sequence[Cell], labels: Sequence[re.Pattern[str]]) -> dict[int, Cell]:
    """Return the first cell, from the top, that bears each label."""
    found: dict[int, Cell] = {}
    for cell in cells:
        rank = _label_of(cell, labels)
        if rank is not None:
            found.setdefault(rank, cell)
    return found


def _which_side(boxes: Sequence[TextBox]) -> tuple[int, int]:
    """Return how many labels of the front and of the back there are."""
    cells = [Cell(0, 0, 0, 0, box) for box in boxes]
    return len(_found(cells, _FRONT_LABELS)), len(_found(cells, _BACK_LABELS))


def is_some_card(boxes: Sequence[TextBox]) -> bool:
    """Tell whether enough labels of one of the sides can be read."""
    return max(_which_side(boxes)) >= _ENOUGH_LABELS


def _refuse(front: int, back: int, *, want_front: bool) -> Unreadable | None:
    """Say why this is not the wanted side, or None where it may be."""
    wanted, other = (front, back) if want_front else (back, front)
    if wanted >= _ENOUGH_LABELS and wanted >= other:
        return None
    if other >= _ENOUGH_LABELS:
        return Unreadable(reason=UnreadableReason.WRONG_SIDE)
    if wanted + other == 0:
        return Unreadable(reason=UnreadableReason.NOT_A_CARD)
    return Unreadable(reason=UnreadableReason.UNCLEAR)


def _joined(cells: Sequence[Cell], *, without: re.Pattern[str] | None = None) -> _Value | None:
    """Return the cells' texts in reading order, after the first match of `without` is cut from the front."""
    if not cells:
        return None
    text = "".join(_compact(cell.text) for row in rows_of(cells) for cell in row)
    if without is not None and (match := without.search(text)):
        text = text[match.end() :]
    return _Value(_simplified(text), min(cell.score for cell in cells)) if text else None


def _as_name(text: str) -> str | None:
    """Return a text as the name that it is, None if it cannot be one."""
    name = _DASHES.sub("一", _DOTS.sub("·", text)).strip("·")
    return name if _NAME_SHAPE.match(name) else None


class _Front:
    """The cells of an upright front, by field."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        labels = _found(cells, _FRONT_LABELS)
        self.height = median(label.height for label in labels.values())
        self.left = min(label.left for label in labels.values())
        self.labels = labels
        # Beyond this line is the portrait, in whose hair and collar engines like to read.
        self.cells = [cell for cell in cells if cell.left - self.left < _VALUES_END * self.height]
        self.everything = cells

    def row(self, rank: int) -> list[Cell]:
        """Return the cells in the row of a label, the label's own among them."""
        label = self.labels.get(rank)
        if label is None:
            return []
        reach = 0.6 * self.height
        cells = self.everything if rank == _NUMBER else self.cells
        return [cell for cell in cells if abs(cell.middle - label.middle) < reach]

    def name(self) -> _Value | None:
        value = _joined(self.row(_NAME), without=_NAME_LABEL)
        name = _as_name(value.text) if value else None
        return _Value(name, value.score) if value and name else None

    def number(self) -> _Value | None:
        """Return the ID number; one with the right check character before any other."""
        row = _joined(self.row(_NUMBER))
        candidates = [_Value(_compact(cell.text), cell.score) for cell in self.everything]
        found = []
        for candidate in [*candidates, *([row] if row else [])]:
            digits = candidate.text.translate(_DIGIT_LOOKALIKES).upper().replace("×", "X")
            found += [_Value(match[0], candidate.score) for match in _ID_SHAPE.finditer(digits)]
        return max(found, key=lambda value: (check_digit_agrees(value.text), value.score), default=None)

    def ethnicity(self) -> _Value | None:
        row = _joined(self.row(_SEX), without=re.compile("民[族旗]"))
        if row is None:
            return None
        found = next((row.text[:size] for size in (4, 3, 2, 1) if row.text[:size] in ETHNICITIES), None)
        return _Value(found, row.score) if found else None

    def printed_sex(self) -> Sex | None:
        row = _joined(self.row(_SEX))
        match = re.search("[男女]", row.text) if row else None
        return None if match is None else Sex.MALE if match[0] == "男" else Sex.FEMALE

    def printed_birth(self) -> date | None:
        row = _joined(self.row(_BIRTH))
        match = _BIRTH_SHAPE.search(row.text.translate(_DIGIT_LOOKALIKES)) if row else None
        return _date(match[1], match[2], match[3]) if match else None

    def address(self) -> _Value | None:
        """Return the lines between the address label's row and the number's, left of the portrait."""
        label = self.labels.get(_ADDRESS)
        if label is None:
            return None
        number = self.labels.get(_NUMBER)
        bottom = number.top if number else max(cell.bottom for cell in self.cells)
        cells = [
            cell
            for cell in self.cells
            if cell.middle > label.middle - 0.6 * self.height
            and cell.middle < bottom
            and not _ID_SHAPE.search(_compact(cell.text))
        ]
        return _joined(cells, without=_FRONT_LABELS[_ADDRESS])


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _upright_front(boxes: Sequence[TextBox]) -> Upright:
    return upright(boxes, lambda cells: _order(_FRONT_LABELS, cells))


@dataclass(frozen=True, slots=True)
class Strip:
    """A row of the front that deserves a second reading as one line: where it lies, what was read in it."""

    corners: Corners
    boxes: frozenset[TextBox]


def unsure_rows(boxes: Sequence[TextBox]) -> list[Strip]:
    """Return the rows of the front whose value is missing or a guess though the label was found.

    A single character far from its neighbours (汉) is what detectors miss most; read as one line with its
    label it is seldom missed.
    """
    way = _upright_front(boxes)
    if len(_found(way.cells, _FRONT_LABELS)) < _ENOUGH_LABELS:
        return []
    front = _Front(way.cells)
    strips = []
    for rank, value in ((_NAME, front.name()), (_SEX, front.ethnicity())):
        label = front.labels.get(rank)
        if label is None or (value is not None and value.score >= _SURE):
            continue
        half = 0.75 * front.height
        corners = way.in_picture(
            front.left - half,
            label.middle - half,
            front.left + _VALUES_END * front.height,
            label.middle + half,
        )
        strips.append(Strip(corners, frozenset(cell.box for cell in front.row(rank))))
    return strips


def name_cuts(boxes: Sequence[TextBox]) -> list[Corners]:
    """Return the name's line in a few slightly different cuts, to be read again and put to the vote.

    A rare character and its common twin (赟, 赞) are told apart by a few pixels: readings of one cut are wrong
    with certainty, readings of several disagree. Without a name in one box there is nothing to cut.
    """
    front = _Front(_upright_front(boxes).cells)
    cells = [cell for cell in front.row(_NAME) if _NAME_LABEL.sub("", _compact(cell.text))]
    return [grown(cells[0].box.corners, along, across) for along, across in _CUTS] if len(cells) == 1 else []


def settle_name(card: IdCardFront, readings: Sequence[TextBox]) -> IdCardFront | Unreadable:
    """Return the card with the name that most readings agree on, its own among them; unclear if most do not."""
    scores: dict[str, list[float]] = {card.name: [card.confidences["name"]]}
    for reading in readings:
        name = _as_name(_simplified(_NAME_LABEL.sub("", _compact(reading.text))))
        scores.setdefault(name or "", []).append(reading.score)
    name, agreeing = max(scores.items(), key=lambda item: (len(item[1]), sum(item[1])))
    if not name or 2 * len(agreeing) <= 1 + len(readings):
        return Unreadable(reason=UnreadableReason.UNCLEAR)
    confidences = {**card.confidences, "name": sum(agreeing) / len(agreeing)}
    return dataclasses.replace(card, name=name, confidences=confidences)


def read_front(boxes: Sequence[TextBox], *, today: date) -> IdCardFront | Unreadable:
    """Read the side with the portrait; total: whatever the boxes hold, it is one of the two."""
    refused = _refuse(*_which_side(boxes), want_front=True)
    if refused is not None:
        return refused
    front = _Front(_upright_front(boxes).cells)
    fields = {
        "name": front.name(),
        "ethnicity": front.ethnicity(),
        "address": front.address(),
        "id_number": front.number(),
    }
    values = {name: value for name, value in fields.items() if value is not None and value.score >= _SURE}
    if len(values) < len(fields):
        return Unreadable(reason=UnreadableReason.UNCLEAR)
    try:
        number = parse_id_number(values["id_number"].text, today=today)
    except InvalidIdNumberError:
        return Unreadable(reason=UnreadableReason.ID_NUMBER_INVALID)
    printed = {"sex": front.printed_sex(), "birth_date": front.printed_birth()}
    stated = {"sex": number.sex, "birth_date": number.birth_date}
    return IdCardFront(
        name=values["name"].text,
        sex=number.sex,
        ethnicity=values["ethnicity"].text,
        birth_date=number.birth_date,
        address=values["address"].text,
        id_number=number.value,
        disagreements=frozenset(name for name, value in printed.items() if value not in (None, stated[name])),
        confidences={name: value.score for name, value in values.items()},
    )


def read_back(boxes: Sequence[TextBox]) -> IdCardBack | Unreadable:
    """Read the side with the emblem from an engine's boxes; total as `read_front` is."""
    refused = _refuse(*_which_side(boxes), want_front=False)
    if refused is not None:
        return refused
    cells = upright(boxes, lambda cells: _order(_BACK_LABELS, cells)).cells
    labels = _found(cells, _BACK_LABELS)
    authority = _authority(cells, labels)
    validity = _validity(cells, labels)
    if authority is None or validity is None or min(authority.score, validity[2]) < _SURE:
        return Unreadable(reason=UnreadableReason.UNCLEAR)
    valid_from, valid_until, score = validity
    return IdCardBack(
        authority=authority.text,
        valid_from=valid_from,
        valid_until=valid_until,
        confidences={"authority": authority.score, "validity": score},
    )


def _authority(cells: Sequence[Cell], labels: dict[int, Cell]) -> _Value | None:
    """Return the issuing authority: the label's row, and lines below it down to the validity's row."""
    label = labels.get(_AUTHORITY)
    if label is None:
        return None
    end = labels[_VALIDITY].top if _VALIDITY in labels else label.middle + label.height
    mine = [
        cell
        for cell in cells
        if cell.middle > label.middle - 0.6 * label.height
        and cell.middle < end
        and cell.left > label.left - label.height
        and not _DATE.search(cell.text)
    ]
    return _joined(mine, without=re.compile("签?发?机关|签发"))


def _validity(cells: Sequence[Cell], labels: dict[int, Cell]) -> tuple[date, date | None, float] | None:
    """Return the two dates and the certainty; None where they cannot be read."""
    label = labels.get(_VALIDITY)
    if label is None:
        return None
    row = [cell for cell in cells if abs(cell.middle - label.middle) < 0.6 * label.height]
    value = _joined(row, without=re.compile("有?效?期限|有效期"))
    if value is None:
        return None
    dates = [_date(*match.groups()) for match in _DATE.finditer(value.text.translate(_DIGIT_LOOKALIKES))]
    if not dates or dates[0] is None:
        return None
    if _LONG_TERM.search(value.text):
        return dates[0], None, value.score
    if len(dates) < 2 or dates[1] is None or dates[1] <= dates[0]:  # noqa: PLR2004 -- from and until
        return None
    return dates[0], dates[1], value.score
