"""What a process needs one each of: connections, breakers, models. Made when first asked for."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_ALL: weakref.WeakSet[PerProcess[Hashable, object]] = weakref.WeakSet()


class PerProcess(Generic[K, V]):
    """A thread-safe table of one value per key and process.

    A forked child starts with an empty table: a connection or a lock that two processes share is a fault that
    shows only under load.
    """

    def __init__(self, make: Callable[[K], V], *, close: Callable[[V], None] | None = None) -> None:
        """Keep `make`, which makes the value of a key, and `close`, which ends one that is no longer needed.

        `make` runs at most once per key and process at a time.
        """
        self._make = make
        self._close = close
        self._lock = threading.Lock()
        self._values: dict[K, V] = {}
        self._inherited: list[dict[K, V]] = []
        _ALL.add(self)  # type: ignore[arg-type]

    def get(self, key: K) -> V:
        """Return the value of `key`, making it if this process has none yet."""
        value = self._values.get(key)
        if value is not None:
            return value
        with self._lock:
            if key not in self._values:
                self._values[key] = self._make(key)
            return self._values[key]

    def values(self) -> list[V]:
        """Return the values that exist in this process now."""
        with self._lock:
            return list(self._values.values())

    def forget(self, *, patience_seconds: float = -1) -> None:
        """End and drop every value; the next `get` makes a new one.

        With a patience nothing is done where somebody else is still making a value after that time.
        """
        if not self._lock.acquire(timeout=patience_seconds):
            return
        try:
            values, self._values = list(self._values.values()), {}
        finally:
            self._lock.release()
        if self._close is not None:
            for value in values:
                self._close(value)

    def start_over(self) -> None:
        """Forget in a forked child what is the parent's, and the lock with whoever holds it there.

        The values are kept untouched to the child's end: even to let go of one may end what the parent uses.
        """
        self._lock = threading.Lock()
        self._inherited.append(self._values)
        self._values = {}


def _start_over() -> None:
    for table in list(_ALL):
        table.start_over()


@atexit.register
def _forget() -> None:
    for table in list(_ALL):
        table.forget(patience_seconds=1.0)


os.register_at_fork(after_in_child=_start_over)
