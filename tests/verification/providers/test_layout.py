"""From recorded boxes to fields, without an engine: any angle, any order, any nonsense."""

from __future__ import annotations

import dataclasses
import json
import math
import random
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verification.numbers import Sex
from verification.providers.id_card import IdCardBack, IdCardFront, Unreadable, UnreadableReason
from verification.providers.local.fields import (
    is_some_card,
    name_cuts,
    read_back,
    read_front,
    settle_name,
    unsure_rows,
)
from verification.providers.local.layout import Corners, TextBox, dominant_angle

if TYPE_CHECKING:
    from collections.abc import Sequence

BOXES = Path(__file__).parent / "boxes"
TODAY = date(2026, 11, 22)
FRONTS = sorted(path.stem for path in BOXES.glob("front*.json"))
BACKS = sorted(path.stem for path in BOXES.glob("back*.json"))
ANGLES = (0, 7, 45, 89, 91, 135, 180, 200, 270, 359)


def recorded(name: str) -> tuple[dict[str, Any], list[TextBox]]:
    page = json.loads((BOXES / f"{name}.json").read_text())
    boxes = [TextBox(_corners(corners), text, score) for corners, text, score in page["boxes"]]
    return page["expected"], boxes


def _corners(points: Sequence[Sequence[float]]) -> Corners:
    a, b, c, d = ((x, y) for x, y in points)
    return a, b, c, d


def turned(boxes: Sequence[TextBox], degrees: float, scale: float = 1.0) -> list[TextBox]:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def turn(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point
        return scale * (x * cos - y * sin) + 500, scale * (x * sin + y * cos) - 300

    return [dataclasses.replace(box, corners=_corners([turn(corner) for corner in box.corners])) for box in boxes]


def changed(boxes: Sequence[TextBox], part: str, text: str | None = None, score: float | None = None) -> list[TextBox]:
    """Change, or without a text and score leave out, every box whose text holds `part`."""
    result = []
    for box in boxes:
        if part not in box.text:
            result.append(box)
        elif text is not None or score is not None:
            new_text = box.text.replace(part, text) if text is not None else box.text
            result.append(dataclasses.replace(box, text=new_text, score=box.score if score is None else score))
    assert result != list(boxes)
    return result


def as_expected(card: IdCardFront | IdCardBack | Unreadable) -> dict[str, Any]:
    if isinstance(card, IdCardFront):
        return {
            "name": card.name,
            "sex": card.sex.value,
            "ethnicity": card.ethnicity,
            "birth_date": card.birth_date.isoformat(),
            "address": card.address,
            "id_number": card.id_number,
        }
    assert isinstance(card, IdCardBack)
    return {
        "authority": card.authority,
        "valid_from": card.valid_from.isoformat(),
        "valid_until": card.valid_until.isoformat() if card.valid_until else None,
    }


class TestRecordedCards:
    @pytest.mark.parametrize("name", FRONTS)
    def test_fronts_are_read(self, name: str) -> None:
        expected, boxes = recorded(name)
        card = read_front(boxes, today=TODAY)
        assert as_expected(card) == expected
        assert isinstance(card, IdCardFront)
        assert card.disagreements == frozenset()
        assert set(card.confidences) == {"name", "ethnicity", "address", "id_number"}

    @pytest.mark.parametrize("name", BACKS)
    def test_backs_are_read(self, name: str) -> None:
        expected, boxes = recorded(name)
        assert as_expected(read_back(boxes)) == expected

    @pytest.mark.parametrize("degrees", ANGLES)
    @pytest.mark.parametrize("name", [*FRONTS, *BACKS])
    def test_every_angle_size_and_order_of_boxes_reads_the_same(self, name: str, degrees: int) -> None:
        expected, boxes = recorded(name)
        shuffled = turned(boxes, degrees, scale=0.4)
        random.Random(degrees).shuffle(shuffled)
        card = read_front(shuffled, today=TODAY) if name in FRONTS else read_back(shuffled)
        assert as_expected(card) == expected


class TestReasons:
    def test_the_other_side_is_told_from_this(self) -> None:
        _, front = recorded("front")
        _, back = recorded("back")
        assert read_front(back, today=TODAY) == Unreadable(reason=UnreadableReason.WRONG_SIDE)
        assert read_back(front) == Unreadable(reason=UnreadableReason.WRONG_SIDE)

    @pytest.mark.parametrize("boxes", [[], [TextBox(((0, 0), (90, 0), (90, 20), (0, 20)), "今日特价", 0.99)]])
    def test_a_picture_without_labels_is_no_card(self, boxes: list[TextBox]) -> None:
        assert read_front(boxes, today=TODAY) == Unreadable(reason=UnreadableReason.NOT_A_CARD)
        assert read_back(boxes) == Unreadable(reason=UnreadableReason.NOT_A_CARD)
        assert not is_some_card(boxes)

    @pytest.mark.parametrize("part", ["许宁", "公民身份号码", "住址", "民族", "姓名"])
    def test_a_front_without_one_of_its_parts_is_unclear_or_read_all_the_same(self, part: str) -> None:
        expected, boxes = recorded("front")
        card = read_front(changed(boxes, part), today=TODAY)
        if part == "公民身份号码":
            assert as_expected(card) == expected
        else:
            assert card == Unreadable(reason=UnreadableReason.UNCLEAR)

    def test_a_guess_is_unclear(self) -> None:
        expected, boxes = recorded("front")
        guessed = changed(boxes, expected["name"], score=0.55)
        assert read_front(guessed, today=TODAY) == Unreadable(reason=UnreadableReason.UNCLEAR)

    def test_a_number_that_fails_its_check_digit_is_invalid(self) -> None:
        expected, boxes = recorded("front")
        number = expected["id_number"]
        wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
        card = read_front(changed(boxes, number, wrong), today=TODAY)
        assert card == Unreadable(reason=UnreadableReason.ID_NUMBER_INVALID)

    @pytest.mark.parametrize("validity", ["2021.02.30-2031.02.28", "2031.01.01-2021.01.01", "2021.01.01", "长期"])
    def test_dates_that_cannot_be_are_unclear(self, validity: str) -> None:
        expected, boxes = recorded("back")
        printed = f"{expected['valid_from'].replace('-', '.')}-"
        box = next(box for box in boxes if printed in box.text)
        label, _, _ = box.text.partition(printed)
        card = read_back(changed(boxes, box.text, label + validity))
        assert card == Unreadable(reason=UnreadableReason.UNCLEAR)


class TestWhatIsRead:
    def test_sex_and_birth_come_from_the_number_and_the_print_is_compared(self) -> None:
        expected, boxes = recorded("front")
        printed = "男" if expected["sex"] == "male" else "女"
        other = "女" if printed == "男" else "男"
        card = read_front(changed(boxes, printed, other), today=TODAY)
        assert isinstance(card, IdCardFront)
        assert (card.sex, card.disagreements) == (Sex(expected["sex"]), frozenset({"sex"}))

    def test_a_printed_birth_date_that_says_otherwise_is_named(self) -> None:
        expected, boxes = recorded("front")
        year = expected["birth_date"][:4]
        box = next(box for box in boxes if f"{year}年" in box.text)
        card = read_front(changed(boxes, box.text, box.text.replace(f"{year}年", "1901年")), today=TODAY)
        assert isinstance(card, IdCardFront)
        assert (card.birth_date.isoformat(), card.disagreements) == (
            expected["birth_date"],
            frozenset({"birth_date"}),
        )

    @pytest.mark.parametrize(
        ("read", "name"),
        [("吾买尔•买买提", "吾买尔·买买提"), ("刘—一", "刘一一"), ("欧 阳 懿", "欧阳懿")],
    )
    def test_what_engines_make_of_dots_dashes_and_blanks_in_names_is_put_right(self, read: str, name: str) -> None:
        expected, boxes = recorded("front")
        card = read_front(changed(boxes, expected["name"], read), today=TODAY)
        assert isinstance(card, IdCardFront)
        assert card.name == name

    @pytest.mark.parametrize("noise", ["ABC", "张三123", "（张三）"])
    def test_a_name_with_what_no_name_has_is_unclear(self, noise: str) -> None:
        expected, boxes = recorded("front")
        card = read_front(changed(boxes, expected["name"], noise), today=TODAY)
        assert card == Unreadable(reason=UnreadableReason.UNCLEAR)

    def test_the_traditional_form_of_an_ethnicity_is_the_printed_one(self) -> None:
        expected, boxes = recorded("front")
        assert expected["ethnicity"] == "汉"
        card = read_front(changed(boxes, "汉", "漢"), today=TODAY)
        assert isinstance(card, IdCardFront)
        assert card.ethnicity == "汉"

    @pytest.mark.parametrize(
        ("read", "name"), [("向蕾語", "向蕾语"), ("張昇", "张昇"), ("李翀", "李翀"), ("赵頔", "赵頔"), ("乾隆", "乾隆")]
    )
    def test_so_is_that_of_a_character_in_a_name_unless_names_are_written_with_it(self, read: str, name: str) -> None:
        expected, boxes = recorded("front")
        card = read_front(changed(boxes, expected["name"], read), today=TODAY)
        assert isinstance(card, IdCardFront)
        assert card.name == name

    def test_letters_in_the_number_that_look_like_digits_are_digits(self) -> None:
        expected, boxes = recorded("front")
        number = expected["id_number"]
        card = read_front(changed(boxes, number, number.replace("0", "O").replace("1", "l")), today=TODAY)
        assert isinstance(card, IdCardFront)
        assert card.id_number == number

    def test_what_is_read_in_the_portrait_is_no_part_of_the_address(self) -> None:
        expected, boxes = recorded("front")
        hair = TextBox(((700, 290), (760, 290), (760, 330), (700, 330)), "川川", 0.8)
        assert as_expected(read_front([*boxes, hair], today=TODAY)) == expected


class TestUnsureRows:
    def test_a_row_whose_value_was_missed_is_to_be_read_again_where_it_lies(self) -> None:
        _, boxes = recorded("front")
        lone = next(box for box in boxes if box.text.strip() == "汉")
        without = [box for box in boxes if box is not lone]
        (strip,) = unsure_rows(without)
        xs, ys = [x for x, _ in strip.corners], [y for _, y in strip.corners]
        for x, y in lone.corners:
            assert min(xs) < x < max(xs)
            assert min(ys) < y < max(ys)
        assert {"民族" in box.text for box in strip.boxes} >= {True}

    @pytest.mark.parametrize("degrees", ANGLES)
    def test_at_every_angle_its_first_corner_is_where_the_text_begins(self, degrees: int) -> None:
        _, boxes = recorded("front")
        lone = next(box for box in boxes if box.text.strip() == "汉")
        tilted = turned(boxes, degrees)
        label = next(box for box in tilted if "性别" in box.text)
        (strip,) = unsure_rows([box for box, level in zip(tilted, boxes, strict=True) if level is not lone])
        start, end = strip.corners[0], strip.corners[1]
        assert math.dist(start, label.corners[0]) < math.dist(end, label.corners[0])

    def test_a_card_that_was_read_has_none(self) -> None:
        _, boxes = recorded("front")
        assert unsure_rows(boxes) == []

    def test_nor_has_what_is_no_front(self) -> None:
        _, boxes = recorded("back")
        assert unsure_rows(boxes) == []
        assert unsure_rows([]) == []


class TestTheVoteOnTheName:
    def card(self) -> IdCardFront:
        _, boxes = recorded("front")
        card = read_front(boxes, today=TODAY)
        assert isinstance(card, IdCardFront)
        return dataclasses.replace(card, name="罗赞", confidences={**card.confidences, "name": 0.94})

    def readings(self, *texts: str) -> list[TextBox]:
        return [TextBox(((0, 0), (90, 0), (90, 30), (0, 30)), text, 0.9) for text in texts]

    def test_most_readings_win_over_a_certain_one(self) -> None:
        settled = settle_name(self.card(), self.readings("罗赟", "姓名 罗赟", "罗赟"))
        assert isinstance(settled, IdCardFront)
        assert settled.name == "罗赟"
        assert settled.confidences["name"] == pytest.approx(0.9)

    @pytest.mark.parametrize("texts", [("罗赟", "罗赟", "罗赞"), ("罗赟", "罗资", "罗贇"), ("123", "456", "罗赟")])
    def test_without_a_majority_it_is_unclear(self, texts: tuple[str, ...]) -> None:
        assert settle_name(self.card(), self.readings(*texts)) == Unreadable(reason=UnreadableReason.UNCLEAR)

    def test_without_readings_the_first_stands(self) -> None:
        assert settle_name(self.card(), []) == self.card()

    @pytest.mark.parametrize("degrees", ANGLES)
    def test_is_held_on_cuts_round_the_name_that_begin_where_it_begins(self, degrees: int) -> None:
        expected, boxes = recorded("front")
        tilted = turned(boxes, degrees)
        name = next(box for box in tilted if box.text == expected["name"])
        cuts = name_cuts(tilted)
        assert len(cuts) == 3
        height = math.dist(name.corners[0], name.corners[3])
        for cut in cuts:
            assert math.dist(cut[0], name.corners[0]) < 0.4 * height
            assert math.dist(cut[2], name.corners[2]) < 0.4 * height

    def test_a_name_in_two_boxes_is_not_put_to_it(self) -> None:
        _, boxes = recorded("front")
        second = TextBox(((300, 46), (380, 46), (380, 98), (300, 98)), "三", 0.9)
        assert name_cuts([*boxes, second]) == []


COORDINATE = st.floats(-5000, 5000, allow_nan=False)
POINT = st.tuples(COORDINATE, COORDINATE)
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["姓名", "性别男民族汉", "出生1990年1月1日", "住址", "公民身份号码", "320583199001010010", "中华人民共和国"]
    ),
    st.sampled_from(["居民身份证", "签发机关 昆山市公安局", "有效期限", "2016.05.01-2036.05.01", "长期", "张三"]),
)
BOX = st.builds(TextBox, st.tuples(POINT, POINT, POINT, POINT), WORDS, st.floats(0, 1))


def flat(text: str) -> TextBox:
    """Return a line of no height, as a far-off coordinate's rounding makes of one."""
    return TextBox(((0, 0), (9, 0), (9, 0), (0, 0)), text, 1.0)


class TestAnythingAtAll:
    @example([flat(text) for text in ("姓名张三", "性别男民族汉", "出生1990年1月1日", "住址", "公民身份号码")])
    @given(st.lists(BOX, max_size=12))
    def test_is_a_card_or_a_reason(self, boxes: list[TextBox]) -> None:
        front, back = read_front(boxes, today=TODAY), read_back(boxes)
        assert isinstance(front, IdCardFront | Unreadable)
        assert isinstance(back, IdCardBack | Unreadable)
        assert len(unsure_rows(boxes)) <= 2
        if isinstance(front, IdCardFront):
            assert isinstance(settle_name(front, boxes[:3]), IdCardFront | Unreadable)
            assert len(name_cuts(boxes)) in (0, 3)


class TestDominantAngle:
    @pytest.mark.parametrize("degrees", [-80, -45, -3, 0, 12, 60, 89])
    def test_is_that_of_most_of_the_text(self, degrees: int) -> None:
        _, boxes = recorded("front")
        angle = dominant_angle([box.corners for box in turned(boxes, degrees)])
        assert math.degrees(angle) == pytest.approx(degrees, abs=1)

    def test_without_a_long_line_there_is_none(self) -> None:
        assert dominant_angle([((0, 0), (1, 0), (1, 1), (0, 1))]) == 0
        assert dominant_angle([]) == 0
