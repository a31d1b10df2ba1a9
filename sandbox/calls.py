"""The call log: every call that came to a vendor's door, in order of arrival."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sandbox.clock import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request

VENDORS: Final = (
    "wechat",
    "tencent_ocr",
    "tencent_faceid",
    "sms",
    "carriers",
    "id_check",
    "bound_card",
    "voice",
    "bureau",
    "government",
    "core",
    "filings",
    "payments",
    "tsa",
)
PROCESSING: Final = "processing"
KEPT_CALLS: Final = 100_000

_GATEWAY_PREFIX: Final = "/gateway/v1/"
_GATEWAY_VENDORS: Final = {
    "carriers": "carriers",
    "id-check": "id_check",
    "bound-card": "bound_card",
    "voice": "voice",
    "bureau": "bureau",
    "government": "government",
    "core": "core",
    "filings": "filings",
    "payments": "payments",
}
_SECRET_ID: Final = re.compile(r"Credential=([^/\s,]+)")
_BANK_OF_SECRET_ID: Final = re.compile(r"AKID(\d{3})")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call wants to go: the vendor, and that vendor's name for the operation."""

    vendor: str
    operation: str


@dataclass(slots=True)
class Call:
    """One call, from its arrival on; a door may fill in what only it knows (the person, the bank).

    `outcome` is `processing` while the vendor works; then `ok`, the vendor's business result (`match`), the
    vendor's error code (`40163`, `AuthFailure.SignatureFailure`), or what a fault made of it
    (`dropped_before`, `dropped_after`, `garbage`, `status_503`). `answer` is what the vendor had decided
    when the caller did not get to see it, and `duplicate` marks the second processing of one call.
    """

    number: int
    at: datetime
    vendor: str
    operation: str
    bank: str | None
    request_id: str | None
    person: str | None = None
    outcome: str = PROCESSING
    answer: str | None = None
    status: int | None = None
    replayed: bool = False
    duplicate: bool = False
    faults: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return the row that the call log shows."""
        return {
            "n": self.number,
            "at": self.at.isoformat(timespec="milliseconds"),
            "vendor": self.vendor,
            "operation": self.operation,
            "bank": self.bank,
            "request_id": self.request_id,
            "person": self.person,
            "outcome": self.outcome,
            "answer": self.answer,
            "status": self.status,
            "replayed": self.replayed,
            "duplicate": self.duplicate,
            "faults": list(self.faults),
        }


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a reader of the log asks for; None means no restriction."""

    vendor: str | None = None
    operation: str | None = None
    bank: str | None = None
    request_id: str | None = None
    person: str | None = None
    after_number: int = 0
    since_at: datetime | None = None

    def admits(self, call: Call) -> bool:
        """Tell whether a call is one of those asked for."""
        wanted = (
            (self.vendor, call.vendor),
            (self.operation, call.operation),
            (self.bank, call.bank),
            (self.request_id, call.request_id),
            (self.person, call.person),
        )
        return (
            call.number > self.after_number
            and (self.since_at is None or call.at >= self.since_at)
            and all(expected is None or expected == actual for expected, actual in wanted)
        )


class CallLog:
    """Keep the calls, oldest first; the number goes on counting when the log is cleared."""

    def __init__(self) -> None:
        """Start empty."""
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._last_number = 0

    def open(self, destination: Destination, *, bank: str | None, request_id: str | None) -> Call:
        """Enter a call that has just arrived and return it, to be filled in as it goes on."""
        self._last_number += 1
        call = Call(
            number=self._last_number,
            at=datetime.now(SHANGHAI),
            vendor=destination.vendor,
            operation=destination.operation,
            bank=bank,
            request_id=request_id,
        )
        self._calls.append(call)
        return call

    def select(self, wanted: CallFilter) -> Iterator[Call]:
        """Return the calls asked for, newest last."""
        return (call for call in self._calls if wanted.admits(call))

    def clear(self) -> int:
        """Forget all calls and return how many there were."""
        count = len(self._calls)
        self._calls.clear()
        return count


def destination_of(method: str, path: str, headers: Mapping[str, str]) -> Destination | None:
    """Tell which vendor a request is for; None when it is for none of them (the control calls)."""
    last = path.rstrip("/").rpartition("/")[2]
    if path.startswith("/wechat/"):
        return Destination("wechat", "subscribe_send" if path.endswith("/subscribe/send") else last)
    if path.startswith("/sms/"):
        return Destination("sms", last)
    if path == "/tsa":
        return Destination("tsa", "tsa")
    if path in ("/", "/tencent", "/tencent/") and method == "POST":
        return _tencent_destination(headers)
    if path.startswith(_GATEWAY_PREFIX):
        return _gateway_destination(path.removeprefix(_GATEWAY_PREFIX).rstrip("/"))
    return None


def bank_of(headers: Mapping[str, str]) -> str | None:
    """Tell which bank calls: by X-Bank, or by a Tencent key id that starts with AKID and the bank's code."""
    if bank := headers.get("x-bank"):
        return bank
    secret_id = _SECRET_ID.search(headers.get("authorization", ""))
    bank_code = _BANK_OF_SECRET_ID.match(secret_id[1]) if secret_id else None
    return bank_code[1] if bank_code else None


def current_call(request: Request) -> Call:
    """Return the log's row of the call that this request belongs to."""
    call: Call = request.state.call
    return call


def _tencent_destination(headers: Mapping[str, str]) -> Destination:
    action = headers.get("x-tc-action", "")
    # Both products come to one door here, so the action tells them apart, as the host name does at Tencent.
    return Destination("tencent_ocr" if action.endswith("OCR") else "tencent_faceid", action)


def _gateway_destination(rest: str) -> Destination | None:
    first, _, tail = rest.partition("/")
    vendor = _GATEWAY_VENDORS.get(first)
    return Destination(vendor, tail.partition("/")[0] or first) if vendor else None
