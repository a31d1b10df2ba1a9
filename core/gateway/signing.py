"""Signed JSON over HTTP: what services speak that stand behind the contract which we publish ourselves.

Every call carries `X-Request-Id`, `X-Timestamp` (unix seconds) and `X-Signature`, the hex HMAC-SHA256 of
method, path, timestamp, request id and the body's SHA-256, a line each. Errors are an HTTP status with
{"code", "message"}.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.gateway.answer import Answer
from core.gateway.client import Refusals, address_of, call
from core.gateway.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from core.gateway.vendor import Repeat, Vendor


# What every operation may answer; each of them means that we asked wrongly.
_REFUSALS: Refusals = {"invalid_request": Invalid, "bad_signature": Invalid, "request_id_reused": Invalid}


def signature(key: bytes, *, method: str, path: str, timestamp: int, request_id: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 over the five parts; `path` is the one on the wire, without its query."""
    signed = "\n".join((method, path, str(timestamp), request_id, hashlib.sha256(body).hexdigest()))
    return hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEndpoint:
    """A signed service as one tenant reaches it: the vendor, the key, headers that say who is calling."""

    vendor: Vendor
    key: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()

    def service(self, name: str) -> SignedEndpoint:
        """Return the way to one service behind this door, with its own breaker and name in logs."""
        return dataclasses.replace(self, vendor=dataclasses.replace(self.vendor, name=name))

    def ask(
        self,
        operation: str,
        *,
        repeat: Repeat,
        path: str,
        request_id: str,
        payload: Mapping[str, object] | None = None,
        refusals: Refusals | None = None,
    ) -> Answer:
        """Make one signed call, POST with a payload and GET without, and return its answer.

        `refusals` are the codes of this operation's 4xx answers beside those that every operation has.

        Raises:
            GatewayError: see core.gateway.client.call; `UnknownOutcome` also for a body that is no JSON
            object.
        """
        body = b"" if payload is None else _encode(payload)
        method = "GET" if payload is None else "POST"
        answers: list[Answer] = []

        def judge(response: httpx.Response) -> None:
            answers.append(Answer.of(response, vendor=self.vendor.name, operation=operation))

        call(
            self.vendor,
            operation,
            repeat=repeat,
            method=method,
            path=path,
            content=body or None,
            headers=self._headers(method, path, request_id, body),
            request_id=request_id,
            refusals={**_REFUSALS, **(refusals or {})},
            judge=judge,
        )
        return answers[-1]

    def _headers(self, method: str, path: str, request_id: str, body: bytes) -> dict[str, str]:
        timestamp = int(time.time())
        signed = signature(
            self.key,
            method=method,
            path=address_of(self.vendor, path).path,
            timestamp=timestamp,
            request_id=request_id,
            body=body,
        )
        content_type = {"Content-Type": "application/json"} if body else {}
        return {**dict(self.headers), **content_type, "X-Timestamp": str(timestamp), "X-Signature": signed}


def _encode(payload: Mapping[str, object]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
