"""What surrounds every outside call, whoever makes it: the guard, the breaker, the log line, the counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from core.gateway.breaker import Breaker, BreakerOpen
from core.gateway.errors import GatewayError, Rejected, Unavailable, printable_code
from core.gateway.metrics import counters
from core.gateway.per_process import PerProcess
from core.gateway.vendor import BreakerPolicy, Repeat, Vendor

BREAKER_OPEN = "breaker_open"
DEFECT = "defect"
ANSWERED = "answered"
_QUIET = frozenset({ANSWERED, Rejected.kind})
_OURS = frozenset({"invalid", "not_supported", "unknown_vendor_code", DEFECT})

log = structlog.get_logger("core.gateway")
_breakers: PerProcess[tuple[str, str, str, BreakerPolicy], Breaker] = PerProcess(lambda key: Breaker(key[3]))

Translate = Callable[[Exception], GatewayError | None]


@dataclass(slots=True)
class Call:
    """One attempt at an outside call, as it is logged: names from code, never a value that was sent."""

    vendor: Vendor
    operation: str
    repeat: Repeat
    request_id: str = ""
    attempt: int = 1
    status: int | None = None


def breaker_of(vendor: Vendor) -> Breaker:
    """Return this process's breaker for the vendor, its scope and its address."""
    return _breakers.get((vendor.name, vendor.scope, vendor.base_url, vendor.breaker))


def forget_breakers() -> None:
    """Close every breaker of this process (tests, and an operator's reset)."""
    _breakers.forget()


def refuse_inside_transaction(vendor: Vendor, operation: str) -> None:
    """Hold the rule "no network inside a transaction" at the one way out.

    Raises:
        core.operations.TransactionForbidden: a transaction is open.
    """
    from core.operations import forbid_transaction  # it needs Django's settings; this module does not

    forbid_transaction(f"calling {vendor.name} {operation}")


def _record(call: Call, outcome: str, started: float, error: GatewayError | None = None) -> None:
    seconds = time.monotonic() - started
    vendor = call.vendor
    labels = {"vendor": vendor.name, "operation": call.operation, "scope": vendor.scope, "outcome": outcome}
    counters.count("gateway.calls", **labels)
    counters.observe("gateway.seconds", seconds, vendor=vendor.name, operation=call.operation)
    write = log.info if outcome in _QUIET else log.error if outcome in _OURS else log.warning
    write(
        "gateway.call",
        **labels,
        repeat=call.repeat.value,
        attempt=call.attempt,
        request_id=call.request_id,
        status=error.status if error and error.status is not None else call.status,
        code=printable_code(error.code) if error else "",
        trace=printable_code(error.trace) if error else "",
        duration_ms=round(seconds * 1000),
    )


@contextmanager
def watched(call: Call) -> Iterator[Call]:
    """Make one attempt: ask the guard and the breaker, then log and count what came of it.

    Raises:
        core.operations.TransactionForbidden: a transaction is open; nothing was called.
        Unavailable: the breaker is open; nothing was called.
    """
    refuse_inside_transaction(call.vendor, call.operation)
    breaker = breaker_of(call.vendor)
    started = time.monotonic()
    try:
        permit = breaker.ask()
    except BreakerOpen as open_:
        error = Unavailable(
            call.vendor.name, call.operation, code=BREAKER_OPEN, retry_after=timedelta(seconds=open_.seconds)
        )
        _record(call, BREAKER_OPEN, started, error)
        raise error from None
    try:
        yield call
    except GatewayError as error:
        (breaker.failed if error.vendor_down else breaker.succeeded)(permit)
        _record(call, error.kind, started, error)
        raise
    except BaseException:
        breaker.abandoned(permit)
        _record(call, DEFECT, started)
        raise
    breaker.succeeded(permit)
    _record(call, ANSWERED, started)


@contextmanager
def outside(
    vendor: Vendor, operation: str, *, repeat: Repeat, translate: Translate, request_id: str = ""
) -> Iterator[Call]:
    """Surround a call that a vendor's own SDK makes with the same guard, breaker, log and errors as `call`.

    `translate` turns what the SDK raises into one of our errors, or into None for what is a defect of ours
    and goes on as it is. The SDK's exception is not chained: it may quote what was sent. The SDK must hold
    its own timeouts and must not retry by itself.

    Raises:
        GatewayError: what `translate` made of the SDK's exception.
        core.operations.TransactionForbidden: a transaction is open; nothing was called.
        ValueError: a queryable call without a request id.
    """
    require_request_id(repeat, request_id, operation)
    with watched(Call(vendor, operation, repeat, request_id)) as call:
        try:
            yield call
        except GatewayError:
            raise
        except Exception as error:
            ours = translate(error)
            if ours is None:
                raise
            raise ours from None


def require_request_id(repeat: Repeat, request_id: str, operation: str) -> None:
    """Refuse a queryable call without the id by which it can be asked for.

    Raises:
        ValueError: the id is missing.
    """
    if repeat is Repeat.QUERYABLE and not request_id:
        msg = f"{operation} is queryable and needs a request id"
        raise ValueError(msg)
