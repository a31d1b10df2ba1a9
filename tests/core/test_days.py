"""A day in a request's address or body: one form, and nothing else that a library happens to read."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from core.errors import InvalidRequest
from core.rest.days import day_of
from core.rest.fields import DayField


def asked(**query: str) -> Request:
    return Request(APIRequestFactory().get(f"/?{urlencode(query)}"))


def test_is_read() -> None:
    assert day_of(asked(to="2024-02-29"), "to") == date(2024, 2, 29)
    assert day_of(asked(), "to") is None
    assert DayField().run_validation("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    ["", "20261122", "2026-W48-1", "2026-11-31", "2026-1-1", "２０２６-11-22", "2026-11-22 ", "2026-11-22T00:00"],
)
def test_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        day_of(asked(to=text), "to")
    assert refused.value.errors == {"to": ["日期格式应为 2026-11-22"]}
    with pytest.raises(ValidationError):
        DayField().run_validation(text)
