"""The national ID check (联网核查): do name and ID number belong together, and who is on the photo?"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Protocol


class IdCheckResult(enum.StrEnum):
    """The three business results: 核对一致, 号码存在但与姓名不匹配, 号码不存在."""

    MATCH = "match"
    NAME_MISMATCH = "name_mismatch"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdCheckAnswer:
    """The result; with MATCH the photo on record (JPEG), where there is one.

    PII: the photo; kept out of `repr`. The caller puts it into the vault.
    """

    result: IdCheckResult
    photo: bytes | None = field(default=None, repr=False)


class IdCheck(Protocol):
    """Asks the national system."""

    name: str

    def check(self, *, name: str, id_number: str, request_id: str) -> IdCheckAnswer:
        """Ask about a name and a number. PURE; every answer is paid. A system error is `RetryAfter`.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
