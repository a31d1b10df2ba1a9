"""A vendor's JSON answer, read strictly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from core.gateway import Answer, UnknownOutcome, UnknownVendorCode

CODES = {"one": 1, "two": 2}


def answer(**members: Any) -> Answer:
    return Answer("example", "example.thing", members)


class TestParsing:
    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"null", b"<html>", b"\x00\xff", b'{"a": ', b'"text"', b"[" * 100_000]
    )
    def test_anything_but_an_object_is_an_unknown_outcome(self, body: bytes) -> None:
        with pytest.raises(UnknownOutcome):
            Answer.parse(body, vendor="example", operation="example.thing")

    def test_an_object_is_read(self) -> None:
        parsed = Answer.parse('{"名": "值"}', vendor="example", operation="example.thing")
        assert parsed.text("名") == "值"


class TestReaders:
    @pytest.mark.parametrize(
        ("reader", "value", "read"),
        [
            ("text", " a ", "a"),
            ("any_text", "", ""),
            ("integer", 3, 3),
            ("flag", False, False),
            ("decimal", "0.35", Decimal("0.35")),
            ("optional_text", None, None),
            ("optional_integer", 0, 0),
            ("optional_integer", None, None),
            ("optional_blob", "aGk=", b"hi"),
            ("optional_blob", None, None),
            ("optional_part", None, None),
            ("text_or_integer", 86, "86"),
            ("text_or_integer", "86", "86"),
            ("integers", [1, -9102], [1, -9102]),
            ("integers", None, []),
        ],
    )
    def test_give_what_is_there(self, reader: str, value: object, read: object) -> None:
        assert getattr(answer(member=value), reader)("member") == read

    def test_a_time_keeps_its_offset(self) -> None:
        moment = answer(at="2026-11-22T10:15:00.123+08:00").moment("at")
        assert moment.utcoffset() is not None
        assert moment.isoformat() == "2026-11-22T10:15:00.123000+08:00"

    @pytest.mark.parametrize(
        ("reader", "value"),
        [
            ("text", ""),
            ("text", " "),
            ("text", 3),
            ("text", None),
            ("integer", True),
            ("integer", -1),
            ("integer", "3"),
            ("integer", 3.0),
            ("flag", 1),
            ("flag", "true"),
            ("decimal", 0.35),
            ("decimal", "NaN"),
            ("decimal", "Infinity"),
            ("decimal", "a"),
            ("decimal", "1_000"),
            ("decimal", "1e3"),
            ("decimal", "１"),
            ("moment", "2026-11-22T10:15:00"),
            ("moment", "yesterday"),
            ("optional_blob", "not base64!"),
            ("optional_blob", 3),
            ("part", []),
            ("integers", [1, "2"]),
            ("integers", [True]),
            ("integers", {}),
        ],
    )
    def test_refuse_what_is_of_another_type(self, reader: str, value: object) -> None:
        with pytest.raises(UnknownOutcome) as raised:
            getattr(answer(member=value), reader)("member")
        assert raised.value.code == "garbage"

    @pytest.mark.parametrize("reader", ["text", "any_text", "integer", "flag", "decimal", "moment", "part", "parts"])
    def test_refuse_a_missing_member(self, reader: str) -> None:
        with pytest.raises(UnknownOutcome):
            getattr(answer(), reader)("member")

    def test_give_the_parts_of_a_list(self) -> None:
        found = answer(member=[{"a": "1"}, {"a": "2"}]).parts("member")
        assert [part.text("a") for part in found] == ["1", "2"]
        assert answer(member=[]).parts("member") == []
        with pytest.raises(UnknownOutcome):
            answer(member=[{"a": "1"}, 2]).parts("member")


class TestCodes:
    def test_are_mapped(self) -> None:
        assert answer(code="two").choice("code", CODES) == 2
        assert answer(codes=["one", "two"]).choices("codes", CODES) == {1, 2}

    def test_unknown_ones_are_loud(self) -> None:
        with pytest.raises(UnknownVendorCode):
            answer(code="three").choice("code", CODES)
        with pytest.raises(UnknownVendorCode):
            answer(codes=["one", "three"]).choices("codes", CODES)

    def test_one_that_may_be_content_is_not_repeated(self) -> None:
        with pytest.raises(UnknownVendorCode) as raised:
            answer(code="张三 的手机").choice("code", CODES)
        assert raised.value.code == "unprintable"

    @pytest.mark.parametrize("value", [None, 3, ["one"], {}])
    def test_what_is_no_code_is_garbage(self, value: object) -> None:
        with pytest.raises(UnknownOutcome):
            answer(code=value).choice("code", CODES)

    def test_membership_tells_null_from_missing(self) -> None:
        parsed = Answer.parse(json.dumps({"there": None}), vendor="example", operation="example.thing")
        assert "there" in parsed
        assert not parsed.has("there")
        assert "missing" not in parsed
