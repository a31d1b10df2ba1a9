"""Read a day from a request's address, in the one form that the contract has: 2026-11-22."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from rest_framework.request import Request

from core.errors import InvalidRequest

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_of(request: Request, name: str) -> date | None:
    """Return the day that a query parameter names; None where it is not given.

    Raises:
        InvalidRequest: it is no day, or is written otherwise (`20261122`, `2026-W48-1`).
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidRequest(errors={name: ["日期格式应为 2026-11-22"]})
