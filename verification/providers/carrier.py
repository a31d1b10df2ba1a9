"""The carriers' real-name check: do name, ID number and phone belong together?"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from verification.numbers import Carrier


class CarrierResult(enum.StrEnum):
    """What a carrier answers; only MATCH goes on."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierAnswer:
    """The result, and the carrier that gave it."""

    result: CarrierResult
    carrier: Carrier


class CarrierCheck(Protocol):
    """Asks the carriers."""

    name: str

    def lookup(self, *, phone: str, request_id: str) -> Carrier | None:
        """Return who serves a number today (numbers move between carriers), None if nobody does. PURE.

        Raises:
            GatewayError: see core.gateway.
        """
        ...

    def verify(self, *, route: Carrier, name: str, id_number: str, phone: str, request_id: str) -> CarrierAnswer:
        """Ask one carrier whether the three belong together. PURE; every answer is paid.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
