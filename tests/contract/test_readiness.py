"""`/readyz` says no, and of what, when the database or the broker does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db


def asked() -> tuple[int, str, str]:
    """Ask whether the product is ready; return the refusal."""
    answer = Client().get("/readyz")
    told = answer.json()
    return answer.status_code, told["code"], told["detail"]


def test_all_is_well() -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_without_the_broker(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9"
    assert asked() == (503, "vendor_unavailable", "消息中间件未就绪")


def test_without_the_database() -> None:
    def gone(*_: object) -> None:
        raise OperationalError

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the test's own transaction begins with its first statement
    with connection.execute_wrapper(gone):
        assert asked() == (503, "vendor_unavailable", "数据库或其表结构未就绪")
