"""The shape of a model: JSON, nodes, edges, and what the engine itself says of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

import zen

from lending.decision.engine import typed_error
from lending.decision.lint.findings import Findings, Graph

NODE_KINDS: Final = ("inputNode", "outputNode", "expressionNode", "decisionTableNode")

_FORBIDDEN_KINDS: Final = {
    "functionNode": "不得使用函数节点：脚本可能长时间占用系统，也无法逐字复现",
    "customNode": "不得使用自定义节点：出错时原因会丢失",
    "decisionNode": "不得引用其他模型：请把规则写在本模型内",
    "switchNode": "不得使用分支节点：没有分支成立时，其后的规则不会执行；请改用判断列",
}


class _DuplicateKeyError(ValueError):
    pass


def parsed_content(model_json: str | Mapping[str, Any], findings: Findings) -> Mapping[str, Any] | None:
    """Return the model as an object; a key written twice is refused: readers differ on which one counts."""
    content: Any = model_json
    if isinstance(model_json, str):
        try:
            content = json.loads(model_json, object_pairs_hook=_without_duplicates)
        except _DuplicateKeyError as error:
            findings.add("duplicate_key", f"同一处重复写了 {error}")
            return None
        except ValueError as error:
            findings.add("not_json", f"不是有效的 JSON：{error}")
            return None
    if not isinstance(content, Mapping) or not _are_objects(content.get("nodes")):
        findings.add("not_a_model", "模型应含 nodes 列表")
        return None
    if not _are_objects(content.get("edges")):
        findings.add("not_a_model", "模型应含 edges 列表")
        return None
    return content


def sound_graph(content: Mapping[str, Any], findings: Findings) -> Graph | None:
    """Return the model as a graph, None when its shape is not sound; says why."""
    nodes = {str(node.get("id")): node for node in content["nodes"]}
    _check_nodes(content["nodes"], findings)
    _check_edges(content["edges"], nodes, findings)
    if findings.items:
        return None
    _check_engine(content, findings)
    sources = _sources(content["edges"], nodes)
    order = _order(sources, findings)
    entry = next(name for name, node in nodes.items() if node["type"] == "inputNode")
    exit_ = next(name for name, node in nodes.items() if node["type"] == "outputNode")
    if order:
        _check_ways(sources, entry, exit_, findings)
    if findings.items:
        return None
    return Graph(content, {name: nodes[name] for name in order}, sources, entry, exit_)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _DuplicateKeyError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return members


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _check_nodes(nodes: Iterable[Mapping[str, Any]], findings: Findings) -> None:
    ids: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for node in nodes:
        name, kind = node.get("id"), str(node.get("type"))
        if not isinstance(name, str) or not name.strip():
            findings.add("bad_id", "节点缺少 id")
            continue
        ids[name] += 1
        kinds[kind] += 1
        if kind in _FORBIDDEN_KINDS:
            findings.add(f"forbidden_{kind}", _FORBIDDEN_KINDS[kind], node=name)
        elif kind not in NODE_KINDS:
            findings.add("unknown_node_type", f"不认识的节点类型 {kind}", node=name)
        elif not isinstance(node.get("content", {}), Mapping):
            findings.add("not_a_model", "节点内容应为对象", node=name)
        else:
            _check_attributes(name, node.get("content", {}), findings)
    for name in (name for name, count in ids.items() if count > 1):
        findings.add("duplicate_id", "多个节点使用同一个 id，只有一个会执行", node=name)
    for kind, label in (("inputNode", "入口"), ("outputNode", "出口")):
        if kinds[kind] != 1:
            findings.add(f"not_one_{kind}", f"模型应恰有一个{label}节点，现有 {kinds[kind]} 个")


def _check_attributes(name: str, content: Mapping[str, Any], findings: Findings) -> None:
    """Refuse ways of running a node under which its rules could be asked of something else, or not at all."""
    if content.get("inputField"):
        findings.add("input_field", "不得限定节点输入（inputField）：取不到时各行都不成立", node=name)
    if content.get("executionMode") not in ("single", None, ""):  # may be unhashable
        findings.add("loop", "不得循环执行（executionMode）：列表为空时规则不会执行", node=name)


def _check_edges(
    edges: Iterable[Mapping[str, Any]], nodes: Mapping[str, Mapping[str, Any]], findings: Findings
) -> None:
    ids: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for edge in edges:
        source, target = str(edge.get("sourceId")), str(edge.get("targetId"))
        ids[str(edge.get("id"))] += 1
        pairs[source, target] += 1
        for end in (source, target):
            if end not in nodes:
                findings.add("dangling_edge", f"连线指向不存在的节点 {end}", node=end)
        if edge.get("sourceHandle"):
            findings.add("branch_edge", "连线不得附带分支条件", node=source)
    for name in (name for name, count in ids.items() if count > 1):
        findings.add("duplicate_id", f"多条连线使用同一个 id：{name}")
    for source, target in (pair for pair, count in pairs.items() if count > 1):
        findings.add("duplicate_edge", f"到 {target} 的连线重复", node=source)


def _check_engine(content: Mapping[str, Any], findings: Findings) -> None:
    """Let the engine read and validate the model."""
    try:
        zen.ZenEngine().create_decision(json.dumps(content)).validate()
    except RuntimeError as raised:
        error = typed_error(raised)
        if error.reason == "cyclicGraph":
            findings.add("cyclic", "节点连成了环", node=error.node)
        else:
            findings.add("engine_refuses", f"规则引擎不接受此模型：{error.reason}", node=error.node)


def _sources(edges: Iterable[Mapping[str, Any]], nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    sources: dict[str, tuple[str, ...]] = dict.fromkeys(nodes, ())
    for edge in edges:
        sources[edge["targetId"]] = (*sources[edge["targetId"]], edge["sourceId"])
    return sources


def _order(sources: Mapping[str, tuple[str, ...]], findings: Findings) -> list[str]:
    try:
        return list(TopologicalSorter(sources).static_order())
    except CycleError:
        findings.add("cyclic", "节点连成了环")
        return []


def _check_ways(sources: Mapping[str, tuple[str, ...]], entry: str, exit_: str, findings: Findings) -> None:
    """Refuse a node that no way from the entry to the exit passes: its rules would never count."""
    targets: dict[str, tuple[str, ...]] = dict.fromkeys(sources, ())
    for name, before in sources.items():
        for source in before:
            targets[source] = (*targets[source], name)
    for name in set(sources) - _reached(entry, targets):
        findings.add("unreachable", "从入口到不了此节点，不会执行", node=name)
    for name in set(sources) - _reached(exit_, sources):
        findings.add("leads_nowhere", "此节点的结果到不了出口，不会执行", node=name)


def _reached(start: str, onward: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for name in onward[waiting.pop()]:
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen
