"""What the control calls take in and how they say no."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.requests import Request


class ControlError(Exception):
    """A control call that cannot be served: answered with its HTTP status, `code` and `message`."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


async def refuse(_request: Request, error: Exception) -> JSONResponse:
    """Answer a control error (Starlette's exception handler)."""
    if not isinstance(error, ControlError):
        raise error
    return JSONResponse({"code": error.code, "message": error.message}, status_code=error.status)


async def json_object(request: Request) -> dict[str, object]:
    """Return the JSON object in the body; an empty body is an empty object.

    Raises: ControlError when the body is not a JSON object.
    """
    body = await request.body()
    if not body.strip():
        return {}
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise ControlError("invalid_json", "the body is not JSON") from error
    if not isinstance(payload, dict):
        raise ControlError("invalid_json", "the body is not a JSON object")
    return payload


def text(payload: dict[str, object], name: str, *, default: str | None = None) -> str:
    """Return a string field, or the default where it is absent.

    Raises: ControlError when it is missing without a default, or not a string.
    """
    value = payload.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        raise ControlError("invalid_field", f"{name}: a non-empty string is required")
    return value


def whole_number(value: object, name: str, *, least: int, most: int) -> int:
    """Return a whole number within bounds, from a JSON number or a query parameter's digits.

    Raises: ControlError when it is none.
    """
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise ControlError("invalid_field", f"{name}: a whole number from {least} to {most} is required")
    return number


def only(payload: dict[str, object], *known: str) -> None:
    """Make sure that a payload has no field but the known ones, so that a typing error is not silent.

    Raises: ControlError naming the unknown fields.
    """
    if unknown := sorted(set(payload) - set(known)):
        raise ControlError("unknown_field", f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
