"""Which values are there at a node, and where each comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lending.decision.lint.findings import Findings


@dataclass(frozen=True, slots=True)
class Scope:
    """Values by dotted path, with the node that made each; `lists` has the fields of collected rows."""

    values: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def element_fields(self) -> frozenset[str]:
        """The fields that an element of some list here has."""
        return frozenset().union(*self.lists.values())


def joined(scopes: Iterable[Scope], *, node: str, findings: Findings) -> Scope:
    """Join what flows into a node (or what it adds to what flowed in).

    Two nodes that make the same value are refused: the engine keeps one of them, and a list of reasons would
    be lost.
    """
    values: dict[str, str] = {}
    within: dict[str, dict[str, str]] = {}
    lists: dict[str, frozenset[str]] = {}
    for scope in scopes:
        for path, origin in scope.values.items():
            other = _clash(values, within, path, origin)
            if other is not None:
                findings.add("overwritten", f"{path} 与 {other} 互相覆盖，只有一个会保留", node=node, column=path)
            values[path] = origin
            for around in _around(path):
                within.setdefault(around, {})[origin] = path
        lists |= scope.lists
    return Scope(values, lists)


def _clash(values: Mapping[str, str], within: Mapping[str, Mapping[str, str]], path: str, origin: str) -> str | None:
    """Return a value of another origin at the same place, around it or within it."""
    for place in (path, *_around(path)):
        if values.get(place, origin) != origin:
            return place
    return next((known for made_by, known in within.get(path, {}).items() if made_by != origin), None)


def _around(path: str) -> list[str]:
    """Return the objects around a value, the outermost last."""
    names = path.split(".")
    return [".".join(names[:depth]) for depth in range(len(names) - 1, 0, -1)]
