"""The signature of our own contracts (bank gateway, SMS): HMAC-SHA256 over what a request says."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SKEW_SECONDS: Final = 300
_TIMESTAMP: Final = re.compile(r"\d{1,12}")


def gateway_key() -> bytes:
    """Return the key that all banks sign with: GATEWAY_KEY, by default `sandbox-gateway-key`."""
    return os.environ.get("GATEWAY_KEY", "sandbox-gateway-key").encode()


def sign(*, method: str, path: str, timestamp: str, request_id: str, body: bytes) -> str:
    """Return the signature (hex) over method, path, timestamp, request id and body hash, a line each."""
    text = "\n".join((method, path, timestamp, request_id, hashlib.sha256(body).hexdigest()))
    return hmac.digest(gateway_key(), text.encode(), "sha256").hex()


def is_signed(*, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a request carries a valid signature of the last five minutes."""
    timestamp = headers.get("x-timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(time.time() - int(timestamp)) > MAX_SKEW_SECONDS:
        return False
    expected = sign(
        method=method,
        path=path,
        timestamp=timestamp,
        request_id=headers.get("x-request-id", ""),
        body=body,
    )
    return hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode())
