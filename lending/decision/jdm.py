"""Building blocks of a JSON decision model (JDM), as the visual editor writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTENT_TYPE = "application/vnd.gorules.decision"

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it tests or sets (none: the cell is a condition), its heading."""

    field: str
    name: str


def input_node(node_id: str, name: str, schema: Mapping[str, Any]) -> Node:
    """Return the entry of a model; what its schema does not accept is not decided."""
    text = json.dumps(schema, ensure_ascii=False, sort_keys=True)
    return {"id": node_id, "name": name, "type": "inputNode", "content": {"schema": text}}


def output_node(node_id: str, name: str) -> Node:
    """Return the exit of a model."""
    return {"id": node_id, "name": name, "type": "outputNode", "content": {"schema": ""}}


def expressions(node_id: str, name: str, values: Mapping[str, str], *, pass_through: bool = True) -> Node:
    """Return a node that computes values in order; within it, `$.key` is a value computed above."""
    rows = [
        {"id": f"{node_id}-{position}", "key": key, "value": value}
        for position, (key, value) in enumerate(values.items(), 1)
    ]
    return _node(node_id, name, "expressionNode", {"expressions": rows}, path=None, pass_through=pass_through)


def table(
    node_id: str,
    name: str,
    *,
    hit_policy: Literal["first", "collect"],
    inputs: Sequence[Column],
    outputs: Sequence[Column],
    rows: Sequence[Sequence[str]],
    path: str,
    pass_through: bool = False,
) -> Node:
    """Return a decision table; each row holds its input cells, its output cells and perhaps a remark.

    An empty input cell accepts everything. The outputs stand under `path`.
    """
    columns = [
        {"id": f"{node_id}-i{position}", "name": column.name, "field": column.field}
        for position, column in enumerate(inputs, 1)
    ]
    results = [
        {"id": f"{node_id}-o{position}", "name": column.name, "field": column.field}
        for position, column in enumerate(outputs, 1)
    ]
    ids = [column["id"] for column in (*columns, *results)]
    rules = []
    for position, row in enumerate(rows, 1):
        cells, remark = row[: len(ids)], row[len(ids) :]
        rule = dict(zip(ids, cells, strict=True))
        rules.append({"_id": f"{node_id}-r{position}", "_description": "".join(remark), **rule})
    content = {"hitPolicy": hit_policy, "inputs": columns, "outputs": results, "rules": rules}
    return _node(node_id, name, "decisionTableNode", content, path=path, pass_through=pass_through)


def model(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a model of these nodes, laid out from left to right as they depend on each other."""
    depth = {node["id"]: 0 for node in nodes}
    for _ in nodes:
        for source, target in edges:
            depth[target] = max(depth[target], depth[source] + 1)
    filled: dict[int, int] = {}
    placed = []
    for node in nodes:
        column = depth[node["id"]]
        row = filled[column] = filled.get(column, -1) + 1
        placed.append({**node, "position": {"x": 80 + 300 * column, "y": 80 + 130 * row}})
    links = [
        {"id": f"{source}>{target}", "type": "edge", "sourceId": source, "targetId": target} for source, target in edges
    ]
    return {"contentType": CONTENT_TYPE, "nodes": placed, "edges": links}


def _node(
    node_id: str, name: str, kind: str, content: Mapping[str, Any], *, path: str | None, pass_through: bool
) -> Node:
    shape = {"inputField": None, "outputPath": path, "executionMode": "single", "passThrough": pass_through}
    return {"id": node_id, "name": name, "type": kind, "content": {**content, **shape}}
