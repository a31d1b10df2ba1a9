"""Answers of this room that have more than a body: where the resource is, and when to ask again."""

from __future__ import annotations

import uuid
from typing import Any, Final, cast

from rest_framework.request import Request

from core.idempotency import Answer
from core.rest.endpoint import Caller

ON_ITS_WAY: Final = frozenset({"signing", "disbursing", "posting"})


def resource_path(request: Request, resource: str) -> str:
    """Return the path of a resource of the bank that the request is at."""
    base, _, _ = request.path.partition("/api/v1/")
    return f"{base}/api/v1/{resource}"


def begun(request: Request, document: dict[str, Any], resource: str, *, status: int = 202) -> Answer:
    """Answer what was begun or made, with its place."""
    return Answer(status, document, {"Location": resource_path(request, resource)})


def polled(document: dict[str, Any]) -> Answer:
    """Answer a resource; one that is on its way says when to ask again."""
    return Answer(200, document, {"Retry-After": "1"} if document["status"] in ON_ITS_WAY else {})


def customer_of(request: Request) -> uuid.UUID:
    """Return the customer whose token came along; `endpoint` has made sure that there is one."""
    found: uuid.UUID = cast("Caller", request.user).customer_id
    return found


def device_of(request: Request) -> str:
    """Return the device that the token belongs to."""
    return cast("Caller", request.user).device_id
