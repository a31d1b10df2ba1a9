"""The signature of our own contracts (bank gateway, SMS): HMAC-SHA256 over what a request says."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SKEW_SECONDS: Final = 300
_TIMESTAMP: Final = re.compile(r"\d{1,12}")
_CODE: Final = re.compile(r"[a-z0-9]{2,12}")


def gateway_key(bank: str = "") -> bytes:
    """Return the key that a bank signs with: its own, where there is a file of it, else the common one.

    The common one is GATEWAY_KEY, by default `sandbox-gateway-key`; the file is GATEWAY_BANK_KEY_FILE, `{bank}` being the
    bank's code.
    """
    pattern = os.environ.get("GATEWAY_BANK_KEY_FILE", "")
    file = Path(pattern.replace("{bank}", bank))
    if pattern and _CODE.fullmatch(bank) and file.is_file():
        return file.read_bytes().strip()
    return os.environ.get("GATEWAY_KEY", "sandbox-gateway-key").encode()


def sign(*, method: str, path: str, timestamp: str, request_id: str, body: bytes, bank: str = "") -> str:
    """Return the signature (hex) over method, path, timestamp, request id and body hash, a line each."""
    text = "\n".join((method, path, timestamp, request_id, hashlib.sha256(body).hexdigest()))
    return hmac.digest(gateway_key(bank), text.encode(), "sha256").hex()


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
        bank=headers.get("x-bank", ""),
    )
    return hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode())
