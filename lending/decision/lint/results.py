"""The exit: exactly what a decision needs, every collected reason among it, amounts as rounded text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lending.decision.lint.text import is_rounded_text, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lending.decision.features import Stage
    from lending.decision.lint.findings import Findings, Graph
    from lending.decision.lint.scope import Scope

RESULTS: Final[Mapping[Stage, tuple[str, ...]]] = {
    "early": ("reasons",),
    "full": ("reasons", "scored", "score", "grade", "limit_yuan", "annual_rate", "term_months"),
}
"""What the node before the exit answers, by stage."""

ROUNDED: Final = {"limit_yuan": 2, "annual_rate": 4}
"""Amounts and rates, with their decimals: they leave as text, for a number leaves the engine as a float."""


def check_result(graph: Graph, stage: Stage, leaving: Mapping[str, Scope], findings: Findings) -> None:
    """Check the one node before the exit."""
    before = graph.sources[graph.exit]
    node = graph.nodes[before[0]] if len(before) == 1 else None
    if node is None or node["type"] != "expressionNode" or node["content"].get("passThrough"):
        findings.add(
            "bad_result",
            "出口之前应只有一个表达式节点，列出全部结果，且不透传其他数据（passThrough）",
            node=graph.exit,
        )
        return
    name, content = before[0], node["content"]
    answers = {str(item.get("key")): str(item.get("value")) for item in content.get("expressions", [])}
    if content.get("outputPath"):
        findings.add("bad_result", "结果节点不得指定输出路径（outputPath）", node=name)
    for key in RESULTS[stage]:
        if key not in answers:
            findings.add("missing_result", f"结果缺少 {key}", node=name, column=key)
    for row, key in enumerate(answers, 1):
        if key not in RESULTS[stage]:
            findings.add("unknown_result", f"结果中不应有 {key}", node=name, row=row, column=key)
        elif key in ROUNDED and not is_rounded_text(answers[key], decimals=ROUNDED[key]):
            reason = f"{key} 应写作 string(round(…, {ROUNDED[key]}))，否则会变成浮点数"
            findings.add("inexact_amount", reason, node=name, row=row, column=key)
    _check_reasons(graph, name, answers.get("reasons", ""), leaving, findings)


def _check_reasons(graph: Graph, name: str, reasons: str, leaving: Mapping[str, Scope], findings: Findings) -> None:
    """Check that every list of reasons is among the answer; a forgotten one rejects nobody."""
    answered = read(reasons).paths
    for source, node in graph.nodes.items():
        for path, fields in _own_lists(node, leaving[source]).items():
            if {"code", "effect"} <= fields and path not in answered:
                findings.add(
                    "forgotten_reasons",
                    f"{path} 收集的原因没有进入结果的 reasons",
                    node=name,
                    column="reasons",
                )


def _own_lists(node: Mapping[str, Any], scope: Scope) -> dict[str, frozenset[str]]:
    own = str(node.get("content", {}).get("outputPath") or "")
    is_table = node["type"] == "decisionTableNode"
    return {path: fields for path, fields in scope.lists.items() if is_table and path == own}
