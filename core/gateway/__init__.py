"""The one way out: every call to a vendor goes through here. See docs/add-a-provider.md."""

from core.gateway.answer import Answer, garbage, unknown_code
from core.gateway.breaker import Breaker, BreakerOpen, BreakerState
from core.gateway.client import Judge, Refusals, call, parse_retry_after
from core.gateway.errors import (
    GatewayError,
    Invalid,
    NotSupported,
    RateLimited,
    Rejected,
    RetryAfter,
    Unavailable,
    UnknownOutcome,
    UnknownVendorCode,
)
from core.gateway.metrics import Counters, counters
from core.gateway.per_process import PerProcess
from core.gateway.signing import SignedEndpoint, signature
from core.gateway.silence import silence
from core.gateway.vendor import BreakerPolicy, Repeat, Retry, Vendor
from core.gateway.watch import Call, breaker_of, forget_breakers, outside

__all__ = [
    "Answer",
    "Breaker",
    "BreakerOpen",
    "BreakerPolicy",
    "BreakerState",
    "Call",
    "Counters",
    "GatewayError",
    "Invalid",
    "Judge",
    "NotSupported",
    "PerProcess",
    "RateLimited",
    "Refusals",
    "Rejected",
    "Repeat",
    "Retry",
    "RetryAfter",
    "SignedEndpoint",
    "Unavailable",
    "UnknownOutcome",
    "UnknownVendorCode",
    "Vendor",
    "breaker_of",
    "call",
    "counters",
    "forget_breakers",
    "garbage",
    "outside",
    "parse_retry_after",
    "signature",
    "silence",
    "unknown_code",
]
