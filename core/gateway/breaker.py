"""A circuit breaker: a vendor that fails again and again is left alone for a while, then asked once.

It lives in the process: each process learns for itself, and none can be locked out by another's trouble.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.gateway.vendor import BreakerPolicy

Clock = Callable[[], float]


class BreakerState(enum.Enum):
    """CLOSED lets calls through, OPEN none, HALF_OPEN exactly one at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerOpen(Exception):
    """No call now; `seconds` until the next probe may go."""

    def __init__(self, seconds: float) -> None:
        """Keep the time that is left."""
        super().__init__("circuit breaker is open")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call. What is reported on a permit of a former generation no longer matters."""

    generation: int


class Breaker:
    """The breaker of one vendor and scope: thread-safe, on a monotonic clock that tests replace."""

    def __init__(self, policy: BreakerPolicy, clock: Clock = time.monotonic) -> None:
        """Start closed."""
        self._policy = policy
        self._clock = clock
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._until = 0.0
        self._generation = 0

    @property
    def state(self) -> BreakerState:
        """Return the state; an open breaker whose time is up reads open until somebody asks for leave."""
        return self._state

    def ask(self) -> Permit:
        """Ask for leave to call; in half-open state one caller gets it, as the probe.

        A probe that never reports (its thread died) blocks nobody for longer than `open_seconds`.

        Raises:
            BreakerOpen: no call now.
        """
        with self._lock:
            if self._state is BreakerState.CLOSED:
                return Permit(self._generation)
            left = self._until - self._clock()
            if left > 0:
                raise BreakerOpen(left)
            self._state = BreakerState.HALF_OPEN
            self._until = self._clock() + self._policy.open_seconds
            self._generation += 1
            return Permit(self._generation)

    def succeeded(self, permit: Permit) -> None:
        """Report that the vendor answered; a probe's success closes the breaker."""
        with self._lock:
            if permit.generation != self._generation:
                return
            self._failures = 0
            self._state = BreakerState.CLOSED

    def failed(self, permit: Permit) -> None:
        """Report that the vendor failed; a probe's failure, or one too many in a row, opens the breaker."""
        with self._lock:
            if permit.generation != self._generation:
                return
            self._failures += 1
            if self._state is BreakerState.HALF_OPEN or self._failures >= self._policy.failures:
                self._state = BreakerState.OPEN
                self._until = self._clock() + self._policy.open_seconds
                self._failures = 0
                self._generation += 1

    def abandoned(self, permit: Permit) -> None:
        """Report that the call said nothing about the vendor (a defect, an interrupt): the next may probe."""
        with self._lock:
            if permit.generation == self._generation and self._state is BreakerState.HALF_OPEN:
                self._state = BreakerState.OPEN
                self._until = self._clock()
