"""The HTTP client behind the one way out."""

from __future__ import annotations

import http.cookiejar
import json as jsonlib
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import certifi
import httpx

from core.gateway.answer import unknown_code
from core.gateway.errors import (
    GatewayError,
    Invalid,
    NotSupported,
    RateLimited,
    RetryAfter,
    Unavailable,
    UnknownOutcome,
    UnknownVendorCode,
)
from core.gateway.per_process import PerProcess
from core.gateway.silence import silence
from core.gateway.vendor import Repeat, Vendor
from core.gateway.watch import BREAKER_OPEN, Call, require_request_id, watched

# httpx logs the full address of every request, and a vendor's address may carry a secret or a single-use
# code.
silence("httpx", "httpcore", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))

# Shorter than any server's: a connection that the server is just closing would turn a safe call into an
# unknown one.
_KEEPALIVE_SECONDS = 2.0
_MAX_RETRY_AFTER = timedelta(days=1)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NOT_SENDABLE = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})

QueryValue = str | int
Refusals = Mapping[str, type[GatewayError]]
Judge = Callable[[httpx.Response], GatewayError | None]


def _trust(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file or certifi.where())


_trusts: PerProcess[str | None, ssl.SSLContext] = PerProcess(_trust)


def _open_client(key: tuple[str, str, str | None, str | None]) -> httpx.Client:
    _name, _base_url, proxy, ca_file = key
    no_cookies = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return httpx.Client(
        verify=_trusts.get(ca_file),
        proxy=proxy,
        trust_env=False,
        follow_redirects=False,
        cookies=no_cookies,
        headers={"User-Agent": "gateway/1"},
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=_KEEPALIVE_SECONDS),
    )


_clients: PerProcess[tuple[str, str, str | None, str | None], httpx.Client] = PerProcess(
    _open_client, close=httpx.Client.close
)


def _client_of(vendor: Vendor) -> httpx.Client:
    return _clients.get((vendor.name, vendor.base_url, vendor.proxy, vendor.ca_file))


def address_of(vendor: Vendor, path: str) -> httpx.URL:
    """Return the full address of `path` (which starts with a slash) at the vendor."""
    return httpx.URL(vendor.base_url.rstrip("/") + path)


def parse_retry_after(value: str | None) -> timedelta | None:
    """Read a Retry-After header, seconds or an HTTP date; nonsense is None, more than a day is a day."""
    if not value:
        return None
    if value.strip().isdigit():
        return min(timedelta(seconds=int(value.strip()[:9])), _MAX_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(value) - datetime.now(UTC)
    except (TypeError, ValueError):
        return None
    return min(max(wait, timedelta()), _MAX_RETRY_AFTER)


def _problem_of(response: httpx.Response) -> tuple[str, str]:
    """Return code and message of an error body {"code", "message"}, empty where it is something else."""
    try:
        body = jsonlib.loads(response.content)
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("code") or ""), str(body.get("message") or "")


def _classify(
    vendor: Vendor, operation: str, repeat: Repeat, response: httpx.Response, refusals: Refusals | None
) -> GatewayError:
    """Say what an answer means that is no success."""
    status = response.status_code
    code, message = _problem_of(response)
    wait = parse_retry_after(response.headers.get("Retry-After"))
    kind: type[GatewayError]
    match status:
        case 429:
            kind = RateLimited
        case 405 | 501:
            kind = NotSupported
        case 503 if vendor.trusts_503 or (wait is not None and repeat is Repeat.PURE):
            # For what moves something, a proxy's "try later" promises nothing about what happened behind it,
            # unless the vendor's contract does.
            kind = RetryAfter
        case _ if response.is_client_error and status != HTTPStatus.REQUEST_TIMEOUT:
            if refusals is None:
                kind = Invalid
            elif code in refusals:
                kind = refusals[code]
            else:
                return unknown_code(vendor.name, operation, code or f"http_{status}")
        case _:
            kind = UnknownOutcome
    return kind(
        vendor.name,
        operation,
        code=code or f"http_{status}",
        message=message,
        status=status,
        retry_after=wait,
    )


def _receive(vendor: Vendor, operation: str, request: httpx.Request) -> httpx.Response:
    """Send and read one answer within the vendor's limits of time and size."""
    deadline = time.monotonic() + vendor.total_seconds
    answer = _client_of(vendor).send(request, stream=True)
    try:
        content = bytearray()
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > vendor.max_answer_bytes:
                raise UnknownOutcome(vendor.name, operation, code="answer_too_large", status=answer.status_code)
            if time.monotonic() > deadline:
                raise UnknownOutcome(vendor.name, operation, code="deadline", status=answer.status_code)
    finally:
        answer.close()
    headers = [(k, v) for k, v in answer.headers.multi_items() if k.lower() not in _FRAMING]
    return httpx.Response(answer.status_code, headers=headers, content=bytes(content), request=request)


def _exchange(vendor: Vendor, operation: str, request: httpx.Request) -> httpx.Response:
    try:
        return _receive(vendor, operation, request)
    except _NOT_SENT as error:
        raise Unavailable(vendor.name, operation, code=type(error).__name__) from None
    except _NOT_SENDABLE as error:
        raise Invalid(vendor.name, operation, code=type(error).__name__) from None
    except httpx.HTTPError as error:
        raise UnknownOutcome(vendor.name, operation, code=type(error).__name__) from None


def _may_repeat(vendor: Vendor, repeat: Repeat, error: GatewayError) -> bool:
    if isinstance(error, Unavailable):
        return error.code != BREAKER_OPEN
    if isinstance(error, UnknownVendorCode):
        return False  # it would say the same again
    return isinstance(error, UnknownOutcome) and repeat is Repeat.PURE and vendor.retry.unknown_of_pure


def call(  # noqa: PLR0913 -- keyword-only: the parts of an HTTP request
    vendor: Vendor,
    operation: str,
    *,
    repeat: Repeat,
    method: str,
    path: str,
    params: Mapping[str, QueryValue] | None = None,
    json: object = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    request_id: str = "",
    refusals: Refusals | None = None,
    judge: Judge | None = None,
) -> httpx.Response:
    """Make one outside call and return its answer (2xx), read to the end.

    Guarantees: never inside a transaction; never longer than the vendor's timeouts allow; repeated only as
    `Retry` says; one log line and one count per attempt, with no value that was sent or received.

    `operation` is a static name for logs. `request_id` goes along as `X-Request-Id`. `refusals` maps the
    codes of the vendor's 4xx answers ({"code", "message"}) to our kinds; with it an unknown code is loud,
    without it every such answer is `Invalid`. `judge` looks at a 2xx answer and may find a refusal or
    garbage in it, for vendors that say no in a 200; it may raise or return the error.

    Raises:
        GatewayError: one of its kinds, see core.gateway.errors.
        core.operations.TransactionForbidden: a transaction is open; nothing was called.
        ValueError: a queryable call without a request id.
    """
    require_request_id(repeat, request_id, operation)
    sent_headers = {**(headers or {}), **({"X-Request-Id": request_id} if request_id else {})}
    request = _client_of(vendor).build_request(
        method,
        address_of(vendor, path),
        params=params,
        json=json,
        content=content,
        headers=sent_headers,
        timeout=httpx.Timeout(vendor.read_seconds, connect=vendor.connect_seconds, pool=vendor.connect_seconds),
    )
    attempt = 1
    while True:
        try:
            with watched(Call(vendor, operation, repeat, request_id, attempt)) as this:
                response = _exchange(vendor, operation, request)
                this.status = response.status_code
                problem = (
                    (judge(response) if judge else None)
                    if response.is_success
                    else _classify(vendor, operation, repeat, response, refusals)
                )
                if problem is not None:
                    raise problem
                return response
        except GatewayError as error:
            if attempt >= vendor.retry.attempts or not _may_repeat(vendor, repeat, error):
                raise
        time.sleep(vendor.retry.pause_seconds * attempt)
        attempt += 1
