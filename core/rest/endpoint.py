"""Declare a call: who may make it, what goes in, what comes out and what can be wrong; the OpenAPI document follows."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar, cast

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import idempotency
from core.actors import customer_actor
from core.errors import (
    InternalError,
    InvalidRequest,
    NotFound,
    Problem,
    Unauthenticated,
    UnsupportedMediaType,
)
from core.idempotency import Answer, Claim, IdempotencyKeyRequired, IdempotencyKeyReused
from core.rest.problems import CONTENT_TYPE, plain, trace_id_of

R = TypeVar("R")
CURRENCY = "CNY"
"""The one currency of all amounts in the contract."""
View = TypeVar("View", bound=Callable[..., Any])
Schema = type[serializers.BaseSerializer[Any]] | serializers.BaseSerializer[Any] | Any


class Access(enum.Enum):
    """Who may make a call."""

    OPEN = "anybody"
    CUSTOMER = "the customer whose token it is"


class Caller(Protocol):
    """The customer behind a token, as the login room resolves it."""

    @property
    def customer_id(self) -> uuid.UUID:
        """The customer."""
        ...

    @property
    def session_id(self) -> uuid.UUID:
        """The login that the token belongs to."""
        ...

    @property
    def device_id(self) -> str:
        """The device that logged in."""
        ...


def caller(request: Request) -> Caller:
    """Return the customer who makes the call.

    Raises:
        Unauthenticated: nobody does.
    """
    user: Any = request.user
    if getattr(user, "customer_id", None) is None:
        raise Unauthenticated
    return cast("Caller", user)


class ProblemDocument(serializers.Serializer[Any]):
    """An RFC 9457 problem."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]  # the member's name is RFC 9457's
    trace_id = serializers.CharField()


class OneRenderer(BaseContentNegotiation):
    """Answer JSON whatever the Accept header says: the contract has one representation."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Choose the parser for the body's content type, if there is one."""
        media = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Choose the first renderer."""
        del request, format_suffix
        first = next(iter(renderers))
        return first, first.media_type


def _problem_responses(problems: Iterable[type[Problem]]) -> dict[tuple[int, str], OpenApiResponse]:
    by_status: dict[int, dict[str, str]] = {}
    for problem in problems:
        by_status.setdefault(problem.status, {})[problem.code] = problem.title
    return {
        (status, CONTENT_TYPE): OpenApiResponse(
            ProblemDocument, "; ".join(f"`{code}` {title}" for code, title in sorted(codes.items()))
        )
        for status, codes in sorted(by_status.items())
    }


def endpoint(  # noqa: PLR0913 -- keyword-only: the declaration of a call
    *,
    summary: str,
    answers: Mapping[int, Schema],
    request: Schema = None,
    problems: Iterable[type[Problem]] = (),
    access: Access = Access.CUSTOMER,
    idempotent: bool = False,
    by_id: bool = False,
    at_a_bank: bool = True,
    parameters: Iterable[OpenApiParameter] = (),
    media_type: str | None = None,
    tags: list[str] | None = None,
) -> Callable[[View], View]:
    """Declare a method of a view.

    `by_id` says that the path names a resource, `at_a_bank` that it names a bank; either may be absent (404).
    """
    all_problems = list(problems)
    all_parameters = list(parameters)
    if access is Access.CUSTOMER:
        all_problems.append(Unauthenticated)
    if request is not None:
        all_problems += [InvalidRequest, UnsupportedMediaType]
    if all_parameters:
        all_problems.append(InvalidRequest)
    if idempotent:
        all_problems += [IdempotencyKeyRequired, IdempotencyKeyReused]
        all_parameters.append(
            OpenApiParameter(
                "Idempotency-Key",
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": idempotency.KEY_MAX_LENGTH,
                    "pattern": "^[!-~]+$",
                },
                OpenApiParameter.HEADER,
                required=True,
            )
        )
    if at_a_bank:
        all_problems.append(NotFound)  # the bank in the path may not exist

    def declare(method: View) -> View:
        method.declared = {  # type: ignore[attr-defined]
            "access": access, "idempotent": idempotent, "problems": all_problems, "by_id": by_id,
        }  # fmt: skip
        request_schema = {media_type: request} if media_type else request
        return extend_schema(
            summary=summary,
            request=request_schema,
            responses={**dict(answers), **_problem_responses(all_problems)},
            parameters=all_parameters,
            auth=None if access is Access.CUSTOMER else [],
            tags=tags,
        )(method)

    return declare


class ContractView(APIView):
    """A view of the contract: one resource or collection, whose methods are declared by `endpoint`."""

    content_negotiation_class = OneRenderer
    http_method_names = ["get", "post", "delete"]

    def get_authenticators(self) -> list[Any]:
        """Ask for a token only where the declared access says so: a method that the resource lacks is 405, not 401."""
        request: Request | None = self.request  # None where the OpenAPI document is made
        if request is None:
            return super().get_authenticators()
        declared = self._declared(request)
        return super().get_authenticators() if declared.get("access") is Access.CUSTOMER else []

    def _declared(self, request: Request) -> dict[str, Any]:
        """Return what `endpoint` says of the request's method; empty where the contract has no such method here."""
        name = (request.method or "").lower()
        method = getattr(self, name, None) if name in self.http_method_names else None
        return getattr(method, "declared", {})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a call without a valid token, and an idempotent one without a usable key, before anything is read."""
        if (request.content_type or "").split(";")[0] == "application/json":
            self._raw_body(request)  # keeps it, so that it can be hashed after the parser has read the stream
        super().initial(request, *args, **kwargs)
        declared = self._declared(request)
        if declared.get("access") is Access.CUSTOMER:
            caller(request)
        if declared.get("idempotent"):
            self._key(request)

    @staticmethod
    def _key(request: Request) -> str:
        key = request.headers.get("Idempotency-Key", "").strip()
        if not key:
            raise IdempotencyKeyRequired
        if len(key) > idempotency.KEY_MAX_LENGTH or not all("!" <= char <= "~" for char in key):
            raise InvalidRequest(
                errors={"Idempotency-Key": [f"须为 1 至 {idempotency.KEY_MAX_LENGTH} 个可见 ASCII 字符"]}
            )
        return key

    def read(self, request: Request, schema: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Read and check the body.

        Raises:
            InvalidRequest: it is not an object, fields are missing or ill-formed, or it speaks of another currency: all
                amounts of the contract are yuan.
        """
        if not isinstance(request.data, Mapping):
            raise InvalidRequest("请求内容应为 JSON 对象")
        if request.data.get("currency", CURRENCY) != CURRENCY:
            raise serializers.ValidationError({"currency": ["金额均以人民币元（CNY）计，不接受其他币种"]})
        body = schema(data=request.data)
        body.is_valid(raise_exception=True)
        return cast("dict[str, Any]", body.validated_data)

    def settle(self, request: Request, operation: Callable[[], R], render: Callable[[R], Answer]) -> Response:
        """Run an opening operation for an idempotent call and answer; a repeated call gets the stored answer."""
        claim = Claim(
            caller=self.caller_of(request),
            key=self._key(request),
            request_sha256=idempotency.request_digest(request.method or "", request.path, self._raw_body(request)),
            render=render,
            trace_id=trace_id_of(request),
        )
        try:
            with idempotency.claimed(claim):
                result = operation()
        except idempotency.Replayed as replayed:
            return self.answer(replayed.answer)
        return self.answer(claim.answer or render(result))

    @staticmethod
    def caller_of(request: Request) -> str:
        """Name whose idempotency keys these are."""
        return customer_actor(caller(request).customer_id)

    @staticmethod
    def _raw_body(request: Request) -> bytes:
        return request._request.body  # noqa: SLF001 -- DRF hides the raw body behind its parsed data

    @staticmethod
    def answer(answer: Answer) -> Response:
        """Put an answer on the wire."""
        headers = {**answer.headers, **({"Idempotent-Replayed": "true"} if answer.replayed else {})}
        content_type = CONTENT_TYPE if answer.status >= 400 else None  # noqa: PLR2004
        return Response(answer.body, status=answer.status, headers=headers, content_type=content_type)


def not_found(request: Any, exception: Exception | None = None) -> HttpResponseBase:
    """Answer an unknown path."""
    del exception
    return plain(request, NotFound())


def failed(request: Any) -> HttpResponseBase:
    """Answer a defect outside any contract view."""
    return plain(request, InternalError())
