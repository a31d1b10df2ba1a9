"""Turn whatever a view raises into an RFC 9457 problem document."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from core.errors import (
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Problem,
    TooManyRequests,
    Unauthenticated,
    UnsupportedMediaType,
)
from core.ids import new_id

log = structlog.get_logger(__name__)
CONTENT_TYPE = "application/problem+json"


def trace_id_of(request: HttpRequest | Request) -> str:
    """Return the id that finds this request in the log; made once per request."""
    raw: Any = getattr(request, "_request", request)
    if not hasattr(raw, "trace_id"):
        raw.trace_id = new_id().hex
    return str(raw.trace_id)


def problem_of(error: Exception) -> Problem | None:  # noqa: PLR0911 -- one line per kind of exception
    """Return the problem that an exception means, or None for a defect of ours."""
    match error:
        case Problem():
            return error
        case exceptions.ValidationError():
            return InvalidRequest("有字段缺失或格式不正确", errors=_field_errors(error.detail))
        case exceptions.ParseError() | exceptions.NotAcceptable() | RecursionError():  # JSON nested without end
            return InvalidRequest("请求内容不是有效的 JSON 或表单")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed() | exceptions.PermissionDenied():
            return Unauthenticated()
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed()
        case exceptions.UnsupportedMediaType():
            return UnsupportedMediaType()
        case exceptions.Throttled():
            return TooManyRequests(retry_after=int(getattr(error, "wait", None) or 1))
        case RequestDataTooBig():
            return PayloadTooLarge()
        case Http404() | exceptions.NotFound():
            return NotFound()
    return None


def _field_errors(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Flatten DRF's nested errors to `field.subfield` → list of texts."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            of_no_field = name == api_settings.NON_FIELD_ERRORS_KEY  # of the object itself: `to`, not `to.something`
            path = prefix if of_no_field else f"{prefix}.{name}" if prefix else str(name)
            found.update(_field_errors(inner, path))
        return found
    texts = detail if isinstance(detail, list) else [detail]
    nested = [text for text in texts if isinstance(text, dict)]
    if nested:
        return {name: errors for inner in nested for name, errors in _field_errors(inner, prefix).items()}
    return {prefix or "body": [str(text) for text in texts]}


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Answer a DRF view's exception; an unknown one is logged with its trace and told as `internal_error`."""
    request = context["request"]
    problem = problem_of(error)
    if problem is None:
        log.error("request.failed", trace_id=trace_id_of(request), exc_info=error)
        problem = InternalError()
    headers = {"Allow": ", ".join(context["view"].allowed_methods)} if isinstance(problem, MethodNotAllowed) else {}
    if isinstance(problem, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in problem.extra:
        headers["Retry-After"] = str(problem.extra["retry_after"])
    document = problem.document(trace_id=trace_id_of(request))
    return Response(document, status=problem.status, headers=headers, content_type=CONTENT_TYPE)


def plain(request: HttpRequest, problem: Problem) -> JsonResponse:
    """Answer a problem outside a DRF view: an unknown path, a bank that does not exist, a defect."""
    return JsonResponse(
        problem.document(trace_id=trace_id_of(request)),
        status=problem.status,
        content_type=CONTENT_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )
