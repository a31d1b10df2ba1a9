"""What is wrong with a model, and a model whose shape is sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a model from being accepted, in words for the person who edits it.

    `node` is a node's id, empty for the model as a whole; `row` counts from one, as the editor shows it;
    `column` is a column's heading, or the key that an expression sets. `code` is stable.
    """

    node: str
    row: int | None
    column: str
    reason: str
    code: str


@dataclass(slots=True)
class Findings:
    """Findings in the making."""

    items: list[Finding] = field(default_factory=list)

    def add(self, code: str, reason: str, *, node: str = "", row: int | None = None, column: str = "") -> None:
        """Add one, once."""
        finding = Finding(node, row, column, reason, code)
        if finding not in self.items:
            self.items.append(finding)


@dataclass(frozen=True, slots=True)
class Graph:
    """A model whose shape is sound: nodes by id, each after its sources, and the ids of these."""

    content: Mapping[str, Any]
    nodes: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, tuple[str, ...]]
    entry: str
    exit: str
