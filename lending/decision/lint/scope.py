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
    lists: dict[str, frozenset[str]] = {}
    for scope in scopes:
        for path, origin in scope.values.items():
            other = _clash(values, path, origin)
            if other is not None:
                findings.add(
                    "overwritten", f"{path} 与 {other} 互相覆盖，只有一个会保留", node=node, column=path
                )
            values[path] = origin
        lists |= scope.lists
    return Scope(values, lists)


def _clash(values: Mapping[str, str], path: str, origin: str) -> str | None:
    """Return a value of another origin at the same place, around it or within it."""
    for known, made_by in values.items():
        same_place = known == path or known.startswith(f"{path}.") or path.startswith(f"{known}.")
        if same_place and made_by != origin:
            return known
    return None
