"""Read a day in the one form that the contract has, 2026-11-22, from a text or from a request's address."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from rest_framework.request import Request

from core.errors import InvalidRequest

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAY_TOLD: Final = "日期格式应为 2026-11-22"


def day_of(request: Request, name: str) -> date | None:
    """Return the day that a query parameter names; None where it is not given.

    Raises:
        InvalidRequest: it is no day, or is written otherwise (`20261122`, `2026-W48-1`).
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    day = parse_day(text)
    if day is None:
        raise InvalidRequest(errors={name: [DAY_TOLD]})
    return day


def parse_day(text: str) -> date | None:
    """Return the day that a text names in the contract's form; None where it is none, or is written otherwise."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None
