"""What can come of an outside call that did not simply succeed: one class per meaning, for every vendor.

The classes say what the caller may do next, not what the wire looked like. `Unavailable` is the only one
that promises that the vendor certainly did not act because it was never reached; `UnknownOutcome` promises
nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import timedelta

_PRINTABLE_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")


def printable_code(code: str) -> str:
    """Return a vendor's code if it looks like one, else a fixed word: no answer's content reaches a log."""
    return code if _PRINTABLE_CODE.match(code) else ("unprintable" if code else "")


class GatewayError(Exception):
    """An outside call that did not simply succeed.

    `str()` and `repr()` name vendor, operation, kind and code only. `message` is the vendor's own text: it
    may quote what was sent, so it is never logged and never shown.
    """

    kind: ClassVar[str] = "error"
    vendor_down: ClassVar[bool] = False  # whether the circuit breaker counts it as a failure of the vendor

    def __init__(
        self,
        vendor: str,
        operation: str,
        *,
        code: str = "",
        message: str = "",
        status: int | None = None,
        retry_after: timedelta | None = None,
        trace: str = "",
    ) -> None:
        """Make the error; `status` is HTTP's or the vendor's number, `trace` the vendor's id of the call."""
        super().__init__(f"{vendor} {operation}: {self.kind} {printable_code(code)}".rstrip())
        self.vendor = vendor
        self.operation = operation
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.trace = trace


class Invalid(GatewayError):
    """We asked wrongly (a bad request, a bad signature, wrong credentials): repeating it changes nothing."""

    kind = "invalid"


class Rejected(GatewayError):
    """The vendor understood and refused, for the reason `code` (ours, by the vendor's mapping): final."""

    kind = "rejected"


class RateLimited(GatewayError):
    """We asked too often; nothing was done. `retry_after` says when to come again, if the vendor did."""

    kind = "rate_limited"


class RetryAfter(GatewayError):
    """The vendor says that it did nothing now and may later: ask again, not before `retry_after` if given."""

    kind = "retry_after"
    vendor_down = True


class Unavailable(GatewayError):
    """Certainly not processed: no connection, no name, no TLS, an open breaker, a service switched off."""

    kind = "unavailable"
    vendor_down = True


class UnknownOutcome(GatewayError):
    """Sent, but what became of it is unknown: no answer in time, dropped, a server error, garbage.

    A pure call may be repeated; a queryable one is asked for by its request id and never sent under a new
    one; a burning one needs a new code from the customer.
    """

    kind = "unknown_outcome"
    vendor_down = True


class UnknownVendorCode(UnknownOutcome):
    """The vendor answered with a code that our mapping does not know. Loud: somebody must extend the mapping.

    It is an unknown outcome, because nobody knows what the code means; so no handler can forget it.
    """

    kind = "unknown_vendor_code"
    vendor_down = False


class NotSupported(GatewayError):
    """The vendor does not offer this operation: nothing was done and nothing ever will be."""

    kind = "not_supported"
