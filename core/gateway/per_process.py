"""What a process needs one each of: connections, breakers, models. Made when first asked for."""

from __future__ import annotations

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

    A forked child starts with an empty table: a connection or a lock that two processes share is a fault
    that shows only under load.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        """Keep `make`, which makes the value of a key; it runs at most once per key and process at a time."""
        self._make = make
        self.forget()
        _ALL.add(self)  # type: ignore[arg-type]

    def forget(self) -> None:
        """Drop every value; the next `get` makes a new one."""
        self._lock = threading.Lock()
        self._values: dict[K, V] = {}

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


def _forget_all() -> None:
    for table in list(_ALL):
        table.forget()


os.register_at_fork(after_in_child=_forget_all)
