"""How long a step waits for somebody who does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.clock import now
from core.gateway import GatewayError, UnknownOutcome
from core.steps.registry import Again, Failed, Outcome, Unknown
from verification import parameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

VENDOR_UNAVAILABLE = "vendor_unavailable"


def try_later(error: GatewayError, *, since: datetime, give_up: Callable[[], None]) -> Outcome:
    """Try again with growing pauses, until the bank's patience (`verification.vendor_seconds`) is at its end.

    A status stays `checking` meanwhile, and ends with `vendor_unavailable`, which the customer may try again.
    """
    if now() >= since + parameters.seconds(parameters.VENDOR_SECONDS):
        return Failed(VENDOR_UNAVAILABLE, give_up)
    reason = f"{type(error).__name__} {error.operation}"
    if isinstance(error, UnknownOutcome):
        return Unknown(reason)
    return Again(reason, error.retry_after)
