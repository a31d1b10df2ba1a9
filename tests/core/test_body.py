"""A request's body: what is read of its JSON, and under which name a refusal stands."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError

from core.errors import InvalidRequest
from core.rest.body import BodyParser
from core.rest.fields import WholeField
from core.rest.problems import problem_of


def read(body: bytes) -> Any:
    return BodyParser().parse(BytesIO(body))


def test_whole_characters_are_read() -> None:
    assert read(b'{"memo": "\\ud83d\\ude00", "name": "\xe5\xbc\xa0"}') == {"memo": "\U0001f600", "name": "张"}


@pytest.mark.parametrize(
    "body",
    [rb'{"method": "\ud800"}', rb'{"\udfff": 1}', rb'{"a": [{"b": "x\ude00\ud83d"}]}', rb'"\ud83d"'],
    ids=["value", "name", "nested", "text"],
)
def test_half_a_character_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="无法识别的字符"):
        read(body)


def test_what_is_no_json_is_refused() -> None:
    for body in (b"", b"{", b"\xff", b'{"a": NaN}'):
        with pytest.raises(ParseError):
            read(body)


@pytest.mark.parametrize("given", [12, 12.0, "12"])
def test_a_whole_number_is_read(given: Any) -> None:
    assert WholeField().run_validation(given) == 12


@pytest.mark.parametrize("given", ["１２", "1_2", "+12", " 12", "12.0", "", "1e1", 12.5, True, [12]])
def test_what_only_looks_like_a_whole_number_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        WholeField().run_validation(given)


class To(serializers.Serializer[Any]):
    name = serializers.CharField()


class Body(serializers.Serializer[Any]):
    to = To()


@pytest.mark.parametrize(
    ("body", "fields"), [({"to": "x"}, ["to"]), ({"to": {}}, ["to.name"]), ({}, ["to"]), ("x", ["body"])]
)
def test_a_refusal_stands_under_the_fields_own_name(body: Any, fields: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Body(data=body).is_valid(raise_exception=True)
    problem = problem_of(refused.value)
    assert isinstance(problem, InvalidRequest)
    assert list(problem.errors) == fields
