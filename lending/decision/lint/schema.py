"""The entry's schema: only allowed values, with their own types, and every one that is used is required."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from lending.decision.features import Stage, features, is_forbidden

if TYPE_CHECKING:
    from lending.decision.lint.findings import Findings, Graph

_REMARKS: Final = frozenset({"title", "description", "$schema", "$comment", "examples"})
_OBJECT_WORDS: Final = _REMARKS | {"type", "required", "properties", "additionalProperties"}


@dataclass(slots=True)
class Declared:
    """What a model's entry declares: paths of values, and the paths (of objects too) that are required."""

    values: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)

    def is_required(self, path: str) -> bool:
        """Tell whether a value cannot be missing: itself and every object around it are required."""
        names = path.split(".")
        return all(".".join(names[:depth]) in self.required for depth in range(1, len(names) + 1))


def declared_inputs(graph: Graph, stage: Stage, findings: Findings) -> Declared:
    """Return what the entry declares; says what of it is not allowed."""
    declared = Declared()
    schema = _schema(graph, findings)
    if schema is None:
        return declared
    for path, leaf in _leaves(schema, "", declared, graph.entry, findings):
        declared.values.add(path)
        allowed = features(stage).get(path)
        if is_forbidden(path):
            findings.add("forbidden_feature", f"{path} 不得作为决策依据", node=graph.entry, column=path)
        elif allowed is None:
            findings.add("unknown_feature", f"{path} 不在允许使用的数据范围内", node=graph.entry, column=path)
        elif {key: value for key, value in leaf.items() if key not in _REMARKS} != allowed.schema:
            expected = json.dumps(allowed.schema, ensure_ascii=False)
            findings.add("changed_type", f"{path} 的类型应为 {expected}", node=graph.entry, column=path)
    return declared


def _schema(graph: Graph, findings: Findings) -> Mapping[str, Any] | None:
    text = graph.nodes[graph.entry].get("content", {}).get("schema")
    if not isinstance(text, str) or not text.strip():
        findings.add("no_schema", "入口节点应有 JSON Schema：没有它，缺失的数据会当作条件不成立", node=graph.entry)
        return None
    try:
        schema = json.loads(text)
    except ValueError:
        findings.add("bad_schema", "入口节点的 JSON Schema 无法读取，引擎会不作检查", node=graph.entry)
        return None
    if not isinstance(schema, dict):
        findings.add("bad_schema", "入口节点的 JSON Schema 应为对象", node=graph.entry)
        return None
    return schema


def _leaves(
    schema: Mapping[str, Any], prefix: str, declared: Declared, entry: str, findings: Findings
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the values that an object's schema declares, and note what it requires."""
    required, properties = schema.get("required", []), schema.get("properties", {})
    well_formed = schema.get("type") == "object" and isinstance(required, list) and isinstance(properties, Mapping)
    if not well_formed or set(schema) - _OBJECT_WORDS:
        reason = "对象的 Schema 只能使用 type: object、required、properties 与 additionalProperties"
        findings.add("bad_schema", reason, node=entry, column=prefix.rstrip("."))
        return
    declared.required |= {f"{prefix}{name}" for name in required}
    for name, child in properties.items():
        path = f"{prefix}{name}"
        if isinstance(child, Mapping) and ("properties" in child or child.get("type") == "object"):
            yield from _leaves(child, f"{path}.", declared, entry, findings)
        else:
            yield path, child if isinstance(child, Mapping) else {}
