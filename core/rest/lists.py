"""Lists: `?cursor=&limit=` → `{items, next}`, newest first, stable while rows are added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.db import models
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from core.errors import InvalidRequest
from core.ids import parse_id

M = TypeVar("M", bound=models.Model)
MOST: Final = 100
USUAL: Final = 20
PAGE_PARAMETERS: Final = [
    OpenApiParameter("cursor", {"type": "string", "pattern": "^[0-9a-f]{32}$"}, OpenApiParameter.QUERY),
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST}, OpenApiParameter.QUERY),
]


def page_schema(item: type[serializers.BaseSerializer[Any]], name: str) -> type[serializers.Serializer[Any]]:
    """Make the schema of a page of `item`."""
    members = {
        "items": item(many=True),
        "next": serializers.CharField(allow_null=True, help_text="下一页的 cursor，没有更多时为 null"),
    }
    return type(name, (serializers.Serializer,), members)


def page(request: Request, rows: QuerySet[M], render: Callable[[M], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of rows whose primary keys are UUIDv7, newest first.

    Raises:
        InvalidRequest: cursor or limit is ill-formed.
    """
    limit = _limit(request.query_params.get("limit"))
    cursor = request.query_params.get("cursor")
    if cursor is not None:
        after = parse_id(cursor)
        if after is None:
            raise InvalidRequest(errors={"cursor": ["cursor 须取自上一页的 next"]})
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("-pk")[: limit + 1])
    following = found[limit - 1].pk.hex if len(found) > limit else None
    return {"items": [render(row) for row in found[:limit]], "next": following}


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= MOST or len(text) > len(str(MOST)):
        raise InvalidRequest(errors={"limit": [f"limit 须为 1 至 {MOST} 的整数"]})
    return int(text)
