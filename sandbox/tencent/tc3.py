"""TC3-HMAC-SHA256, the signature of Tencent Cloud's API 3.0 (cloud.tencent.com/document/api/362/4208)."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sandbox.tencent.errors import TencentError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM: Final = "TC3-HMAC-SHA256"
MAX_SKEW_SECONDS: Final = 300
_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} Credential=([^/\s]+)/(\d{{4}}-\d\d-\d\d)/([a-z0-9]+)/tc3_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
)
_MUST_BE_SIGNED: Final = frozenset({"content-type", "host"})


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signature is made over: the parts of the request as they came in, the body in raw bytes."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Authorization:
    secret_id: str
    date: str
    service: str
    signed_headers: str
    signature: str


def secret_key_of(secret_id: str) -> str:
    """Return the key that the sandbox gives every key id: `sandbox-` and the id."""
    return f"sandbox-{secret_id}"


def check(request: SignedRequest, *, service: str, at: datetime) -> None:
    """Make sure that a request was signed with its key for this service, within five minutes.

    Raises: TencentError AuthFailure.* or MissingParameter.
    """
    authorization = _parse(request.headers.get("authorization", ""))
    timestamp = request.headers.get("x-tc-timestamp", "")
    if not timestamp:
        raise TencentError("MissingParameter", "The request is missing a required parameter `Timestamp`.")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:  # noqa: PLR2004
        raise TencentError("InvalidParameterValue", "The value of `Timestamp` is not a number.")
    if abs(at.timestamp() - int(timestamp)) > MAX_SKEW_SECONDS:
        raise TencentError(
            "AuthFailure.SignatureExpire",
            "The provided credentials could not be validated because of the request is expired.",
        )
    if not authorization.secret_id.startswith("AKID"):
        raise TencentError("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    signed_on = datetime.fromtimestamp(int(timestamp), UTC).date().isoformat()
    if authorization.date != signed_on or authorization.service != service:
        raise _wrong_signature()
    expected = sign(
        request,
        secret_key=secret_key_of(authorization.secret_id),
        timestamp=timestamp,
        scope=(authorization.date, authorization.service),
        signed_headers=authorization.signed_headers,
    )
    if not hmac.compare_digest(expected, authorization.signature):
        raise _wrong_signature()


def sign(
    request: SignedRequest, *, secret_key: str, timestamp: str, scope: tuple[str, str], signed_headers: str
) -> str:
    """Return the signature (hex) of a request; the scope is (UTC date, service)."""
    date, service = scope
    names = signed_headers.split(";")
    canonical_headers = "".join(f"{name}:{_canonical(name, request.headers)}\n" for name in names)
    canonical = "\n".join(
        (
            request.method,
            "/",
            request.query,
            canonical_headers,
            signed_headers,
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    to_sign = "\n".join(
        (
            ALGORITHM,
            timestamp,
            f"{date}/{service}/tc3_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _canonical(name: str, headers: Mapping[str, str]) -> str:
    # Content types are compared in lower case; the other values that clients sign are lower case already,
    # except the action, for which the reference asks for lower case as well.
    return headers.get(name, "").strip().lower()


def _parse(text: str) -> _Authorization:
    match = _AUTHORIZATION.fullmatch(text.strip())
    if match is None or not set(match[4].split(";")) >= _MUST_BE_SIGNED:
        raise TencentError(
            "AuthFailure.InvalidAuthorization",
            "The `Authorization` header is not valid: content-type and host must be signed.",
        )
    return _Authorization(*match.groups())


def _wrong_signature() -> TencentError:
    return TencentError(
        "AuthFailure.SignatureFailure",
        "The provided credentials could not be validated. Please check your signature is correct.",
    )
