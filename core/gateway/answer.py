"""A vendor's JSON answer, read strictly: what is missing, mistyped or unknown is an error, never a guess."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import structlog

from core.gateway.errors import UnknownOutcome, UnknownVendorCode, printable_code
from core.gateway.metrics import counters

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

T = TypeVar("T")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?\Z")
log = structlog.get_logger("core.gateway")


def unknown_code(vendor: str, operation: str, code: object, *, trace: str = "") -> UnknownVendorCode:
    """Make the error for a code that our mapping does not know, and say so loudly in log and counters."""
    shown = printable_code(str(code))
    counters.count("gateway.unknown_vendor_codes", vendor=vendor, operation=operation)
    log.error(
        "gateway.unknown_vendor_code",
        vendor=vendor,
        operation=operation,
        code=shown,
        trace=printable_code(trace),
    )
    return UnknownVendorCode(vendor, operation, code=shown, trace=trace)


def garbage(vendor: str, operation: str, what: str) -> UnknownOutcome:
    """Make the error for an answer that cannot be read; `what` is a name from our code, never the content."""
    counters.count("gateway.garbage", vendor=vendor, operation=operation)
    log.warning("gateway.garbage", vendor=vendor, operation=operation, what=what)
    return UnknownOutcome(vendor, operation, code="garbage")


class Answer:
    """One JSON object that a vendor sent.

    Every reader raises `UnknownOutcome` (code `garbage`) where the member is missing or of another type;
    those named `optional_…` return None where it is missing or null.
    """

    def __init__(self, vendor: str, operation: str, members: Mapping[str, object]) -> None:
        """Read `members`; vendor and operation name the call in errors."""
        self.vendor = vendor
        self.operation = operation
        self._members = members

    @classmethod
    def of(cls, response: httpx.Response, *, vendor: str, operation: str) -> Answer:
        """Read the body of an answer, which must be a JSON object.

        Raises:
            UnknownOutcome: it is something else.
        """
        return cls.parse(response.content, vendor=vendor, operation=operation)

    @classmethod
    def parse(cls, body: str | bytes, *, vendor: str, operation: str) -> Answer:
        """Read a JSON object from text.

        Raises:
            UnknownOutcome: it is something else.
        """
        try:
            members = json.loads(body)
        except (ValueError, RecursionError):
            raise garbage(vendor, operation, "json") from None
        if not isinstance(members, dict):
            raise garbage(vendor, operation, "object")
        return cls(vendor, operation, members)

    def __contains__(self, name: str) -> bool:
        """Tell whether the member is there, null or not."""
        return name in self._members

    def has(self, name: str) -> bool:
        """Tell whether the member is there and not null."""
        return self._members.get(name) is not None

    def _typed(self, name: str, kind: type[T]) -> T:
        value = self._members.get(name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise garbage(self.vendor, self.operation, name)
        return value

    def text(self, name: str) -> str:
        """Return a string member, stripped and not empty."""
        value = self._typed(name, str).strip()
        if not value:
            raise garbage(self.vendor, self.operation, name)
        return value

    def any_text(self, name: str) -> str:
        """Return a string member that may be empty."""
        return self._typed(name, str)

    def optional_text(self, name: str) -> str | None:
        """Return a string member, or None."""
        return self.text(name) if self.has(name) else None

    def text_or_integer(self, name: str) -> str:
        """Return as text a member that some versions of a contract send as a string and some as a number."""
        return str(self.integer(name)) if isinstance(self._members.get(name), int) else self.text(name)

    def integer(self, name: str, *, minimum: int | None = 0) -> int:
        """Return an integer member, at least `minimum`."""
        value = self._typed(name, int)
        if minimum is not None and value < minimum:
            raise garbage(self.vendor, self.operation, name)
        return value

    def optional_integer(self, name: str, *, minimum: int | None = 0) -> int | None:
        """Return an integer member, or None."""
        return self.integer(name, minimum=minimum) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """Return a boolean member."""
        return self._typed(name, bool)

    def decimal(self, name: str) -> Decimal:
        """Return a decimal that travels as a string: digits, perhaps a point, perhaps a minus."""
        value = self._typed(name, str)
        if not _DECIMAL.match(value):
            raise garbage(self.vendor, self.operation, name)
        return Decimal(value)

    def moment(self, name: str) -> datetime:
        """Return an ISO 8601 time with its offset."""
        try:
            value = datetime.fromisoformat(self._typed(name, str))
        except ValueError:
            raise garbage(self.vendor, self.operation, name) from None
        if value.tzinfo is None:
            raise garbage(self.vendor, self.operation, name)
        return value

    def optional_blob(self, name: str) -> bytes | None:
        """Return the bytes of a base64 member, or None."""
        if not self.has(name):
            return None
        try:
            return base64.b64decode(self._typed(name, str), validate=True)
        except (binascii.Error, ValueError):
            raise garbage(self.vendor, self.operation, name) from None

    def choice(self, name: str, known: Mapping[str, T]) -> T:
        """Return what our mapping says for a code.

        Raises:
            UnknownVendorCode: the mapping does not know it; loud.
            UnknownOutcome: it is no string.
        """
        code = self._typed(name, str)
        if code not in known:
            raise unknown_code(self.vendor, self.operation, code)
        return known[code]

    def choices(self, name: str, known: Mapping[str, T]) -> frozenset[T]:
        """Return what our mapping says for a list of codes; errors as in `choice`."""
        found = set()
        for code in self._typed(name, list):
            if not isinstance(code, str):
                raise garbage(self.vendor, self.operation, name)
            if code not in known:
                raise unknown_code(self.vendor, self.operation, code)
            found.add(known[code])
        return frozenset(found)

    def integers(self, name: str) -> list[int]:
        """Return a list of integers; a missing one is empty."""
        if not self.has(name):
            return []
        values = self._typed(name, list)
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise garbage(self.vendor, self.operation, name)
        return list(values)

    def part(self, name: str) -> Answer:
        """Return an object member."""
        return Answer(self.vendor, self.operation, self._typed(name, dict))

    def parts(self, name: str) -> list[Answer]:
        """Return a list of objects, which may be empty."""
        members = self._typed(name, list)
        if not all(isinstance(member, dict) for member in members):
            raise garbage(self.vendor, self.operation, name)
        return [Answer(self.vendor, self.operation, member) for member in members]

    def optional_part(self, name: str) -> Answer | None:
        """Return an object member, or None."""
        return self.part(name) if self.has(name) else None
