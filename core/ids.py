"""Identifiers: UUIDv7, made in the application, 32 hex digits on the wire."""

from __future__ import annotations

import re
import uuid

import uuid_utils.compat

_HEX_ID = re.compile(r"[0-9a-f]{32}\Z")


def new_id() -> uuid.UUID:
    """Make a UUIDv7: unique without asking anybody, and ordered by the time of its making."""
    return uuid_utils.compat.uuid7()


def parse_id(text: str) -> uuid.UUID | None:
    """Read an identifier from the wire; anything but 32 lower-case hex digits is None, never an exception."""
    return uuid.UUID(hex=text) if _HEX_ID.match(text) else None
