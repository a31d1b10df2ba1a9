"""Counters of this process, with a hook for whoever exports them.

Labels are names from code, never a customer's value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]
Hook = Callable[[str, float, Labels], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One series: how many events, and the sum of what was observed (equal to `count` for plain counters)."""

    name: str
    labels: Labels
    count: int
    total: float


class Counters:
    """Thread-safe counters by name and labels."""

    def __init__(self) -> None:
        """Start empty and with no hook."""
        self._lock = threading.Lock()
        self._series: dict[tuple[str, Labels], tuple[int, float]] = {}
        self._hooks: list[Hook] = []

    def count(self, name: str, **labels: str) -> None:
        """Count one event of `name`."""
        self.observe(name, 1.0, **labels)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Record one event of `name` that measured `value` and tell the hooks."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            count, total = self._series.get(key, (0, 0.0))
            self._series[key] = (count + 1, total + value)
            hooks = list(self._hooks)
        for hook in hooks:
            hook(name, value, key[1])

    def add_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(name, value, labels)` at every event; returns the function that removes it again."""
        with self._lock:
            self._hooks.append(hook)

        def remove() -> None:
            with self._lock:
                self._hooks.remove(hook)

        return remove

    def snapshot(self) -> list[Sample]:
        """Return all series as they stand, sorted by name and labels."""
        with self._lock:
            items = sorted(self._series.items())
        return [Sample(name, labels, count, total) for (name, labels), (count, total) in items]

    def value(self, name: str, **labels: str) -> int:
        """Return how many events of `name` carried at least these labels."""
        wanted = set(labels.items())
        return sum(s.count for s in self.snapshot() if s.name == name and wanted <= set(s.labels))

    def reset(self) -> None:
        """Forget every series; hooks stay."""
        with self._lock:
            self._series.clear()


counters = Counters()
