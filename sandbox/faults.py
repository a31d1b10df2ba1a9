"""Faults: how a vendor is told to misbehave, and which calls it misbehaves to."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from sandbox.calls import VENDORS
from sandbox.payloads import ControlError, only, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DELAY_MS: Final = 600_000
MAX_COUNT: Final = 1_000_000
_FIELDS: Final = (
    "vendor",
    "operation",
    "bank",
    "delay_ms",
    "status",
    "code",
    "garbage",
    "drop_before",
    "drop_after",
    "duplicate",
    "rate",
    "count",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a call: first the delay (milliseconds), then at most one way of failing.

    `status` (HTTP) and `code` (the vendor's own error code) refuse before processing; `drop_before` hangs
    up before processing; `drop_after` and `garbage` process, then hang up or answer with rubbish;
    `duplicate` processes twice and gives the first answer.
    """

    delay_ms: int = 0
    status: int | None = None
    code: str | None = None
    garbage: bool = False
    drop_before: bool = False
    drop_after: bool = False
    duplicate: bool = False

    @property
    def names(self) -> list[str]:
        """Name what this fault does, as the call log shows it."""
        present = {
            "delay_ms": self.delay_ms,
            "status": self.status,
            "code": self.code,
            "garbage": self.garbage,
            "drop_before": self.drop_before,
            "drop_after": self.drop_after,
            "duplicate": self.duplicate,
        }
        return [name for name, value in present.items() if value]


NO_FAULT: Final = Fault()


@dataclass(frozen=True, slots=True)
class Aim:
    """Whose calls a fault is for: a vendor's, or only one operation's or one bank's among them."""

    vendor: str
    operation: str | None = None
    bank: str | None = None

    def covers(self, other: Aim) -> bool:
        """Tell whether everything that the other aims at is aimed at here; None stands for all."""
        return (
            self.vendor == other.vendor
            and self.operation in (None, other.operation)
            and self.bank in (None, other.bank)
        )


@dataclass(slots=True)
class _Setting:
    """A fault as set: at whom, how often, for how many more calls; and how many it has met."""

    aim: Aim
    fault: Fault
    rate: float
    remaining: int | None
    seen: int = 0
    hit: int = 0
    sequence: random.Random = field(default_factory=random.Random)

    def strikes(self) -> bool:
        """Tell whether the next call is hit, and count it."""
        self.seen += 1
        if self.rate < 1 and self.sequence.random() >= self.rate:
            return False
        self.hit += 1
        if self.remaining is not None:
            self.remaining -= 1
        return True


class FaultTable:
    """Keep the faults that are set; the same settings and calls always give the same failures."""

    def __init__(self) -> None:
        """Start with healthy vendors."""
        self._settings: dict[Aim, _Setting] = {}

    def order(self, payload: dict[str, object]) -> None:
        """Do what a control call asks: an empty one clears all, one that only aims clears that, others set.

        Raises: ControlError when the order makes no sense.
        """
        if not payload:
            self._settings.clear()
            return
        only(payload, *_FIELDS)
        aim = _aim(payload)
        if not set(payload) - {"vendor", "operation", "bank"}:
            self._settings = {other: kept for other, kept in self._settings.items() if not aim.covers(other)}
            return
        self._settings[aim] = _Setting(
            aim=aim,
            fault=_fault(payload),
            rate=_rate(payload),
            remaining=_optional(payload, "count", least=1, most=MAX_COUNT),
            sequence=random.Random(f"{aim.vendor}/{aim.operation}/{aim.bank}"),
        )

    def strike(self, aim: Aim) -> Fault:
        """Return what happens to the next call of this vendor, operation and bank: the first that hits."""
        for setting in list(self._settings.values()):
            if setting.aim.covers(aim) and setting.strikes():
                if setting.remaining == 0:
                    del self._settings[setting.aim]
                return setting.fault
        return NO_FAULT

    def rows(self) -> Iterator[dict[str, object]]:
        """Return the faults that are set, as the control call shows them."""
        for aim, setting in self._settings.items():
            fault = setting.fault
            yield {
                "vendor": aim.vendor,
                "operation": aim.operation,
                "bank": aim.bank,
                **{name: getattr(fault, name) for name in fault.names},
                "rate": setting.rate,
                "count": setting.remaining,
                "seen": setting.seen,
                "hit": setting.hit,
            }


def _aim(payload: dict[str, object]) -> Aim:
    vendor = text(payload, "vendor")
    if vendor not in VENDORS:
        raise ControlError("unknown_vendor", f"vendor: one of {', '.join(VENDORS)}")
    return Aim(
        vendor=vendor,
        operation=text(payload, "operation", default="") or None,
        bank=text(payload, "bank", default="") or None,
    )


def _fault(payload: dict[str, object]) -> Fault:
    fault = Fault(
        delay_ms=_optional(payload, "delay_ms", least=0, most=MAX_DELAY_MS) or 0,
        status=_optional(payload, "status", least=HTTPStatus.OK, most=599),
        code=text(payload, "code", default="") or None,
        garbage=_flag(payload, "garbage"),
        drop_before=_flag(payload, "drop_before"),
        drop_after=_flag(payload, "drop_after"),
        duplicate=_flag(payload, "duplicate"),
    )
    refuses = fault.status is not None or fault.code is not None
    if not fault.names:
        raise ControlError("invalid_fault", "the fault does nothing")
    if refuses + fault.garbage + fault.drop_before + fault.drop_after > 1:
        raise ControlError("invalid_fault", "one of status/code, garbage, drop_before, drop_after at a time")
    if fault.duplicate and (refuses or fault.drop_before):
        raise ControlError("invalid_fault", "what is not processed cannot be processed twice")
    if fault.status is not None and fault.status < HTTPStatus.BAD_REQUEST and fault.status != HTTPStatus.OK:
        raise ControlError("invalid_fault", "status: 200 (the vendor's error in an HTTP 200) or 400 to 599")
    return fault


def _optional(payload: dict[str, object], name: str, *, least: int, most: int) -> int | None:
    value = payload.get(name)
    return None if value is None else whole_number(value, name, least=least, most=most)


def _flag(payload: dict[str, object], name: str) -> bool:
    value = payload.get(name, False)
    if not isinstance(value, bool):
        raise ControlError("invalid_field", f"{name}: true or false is required")
    return value


def _rate(payload: dict[str, object]) -> float:
    value = payload.get("rate", 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ControlError("invalid_field", "rate: a number from 0 to 1 is required")
    return float(value)
