"""Encode what a cipher or a hash is bound to, so that no two sequences of parts share an encoding."""

from __future__ import annotations

from typing import Final

LENGTH_BYTES: Final = 4


def bind(*parts: str | bytes) -> bytes:
    """Join the parts, each preceded by its length; text as UTF-8."""
    encoded = (part.encode() if isinstance(part, str) else part for part in parts)
    return b"".join(len(part).to_bytes(LENGTH_BYTES, "big") + part for part in encoded)
