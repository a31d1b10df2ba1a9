"""Changes of the standard models, what the lint finds of them, and what the engine makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from lending.decision.engine import DecisionModel, evaluate
from lending.decision.facts import early_context
from lending.decision.lint import Finding, lint
from lending.decision.standard import standard_content
from tests.lending.decision.applicants import early, policy

if TYPE_CHECKING:
    from lending.decision.features import Stage

Content = dict[str, Any]
Change = Callable[[Content], None]

STUDENT: Final = 5  # the row of the admission table that refuses students


def node_of(content: Content, node_id: str) -> Content:
    return next(node for node in content["nodes"] if node["id"] == node_id)


def rules_of(content: Content, node_id: str = "admission") -> list[dict[str, str]]:
    rules: list[dict[str, str]] = node_of(content, node_id)["content"]["rules"]
    return rules


def set_cell(column: str, value: str | None, *, node: str = "admission", row: int = STUDENT) -> Change:
    """Change a cell, or take it away."""

    def change(content: Content) -> None:
        rule = rules_of(content, node)[row - 1]
        if value is None:
            del rule[f"{node}-{column}"]
        else:
            rule[f"{node}-{column}"] = value

    return change


def set_expression(node: str, key: str, value: str) -> Change:
    def change(content: Content) -> None:
        expressions = node_of(content, node)["content"]["expressions"]
        next(item for item in expressions if item["key"] == key)["value"] = value

    return change


def add_expression(node: str, key: str, value: str) -> Change:
    def change(content: Content) -> None:
        node_of(content, node)["content"]["expressions"].append({"id": f"{node}-new", "key": key, "value": value})

    return change


def set_content(node: str, **changes: Any) -> Change:
    return lambda content: node_of(content, node)["content"].update(changes)


def set_column(node: str, kind: str, position: int, **changes: Any) -> Change:
    return lambda content: node_of(content, node)["content"][kind][position].update(changes)


def edit_schema(edit: Callable[[Content], Any]) -> Change:
    def change(content: Content) -> None:
        entry = node_of(content, "facts")["content"]
        schema = json.loads(entry["schema"])
        edit(schema)
        entry["schema"] = json.dumps(schema)

    return change


def add_node(node: Content, *links: tuple[str, str]) -> Change:
    def change(content: Content) -> None:
        content["nodes"].append(node)
        for source, target in links:
            content["edges"].append({"id": f"{source}+{target}", "sourceId": source, "targetId": target})

    return change


def remove_edge(source: str, target: str) -> Change:
    def change(content: Content) -> None:
        content["edges"][:] = [
            edge for edge in content["edges"] if (edge["sourceId"], edge["targetId"]) != (source, target)
        ]

    return change


def extra_node(node_id: str, kind: str = "expressionNode", /, **content: Any) -> Content:
    expressions = {
        "expressions": [{"id": "e1", "key": f"extra.{node_id}", "value": "1"}],
        "passThrough": True,
    }
    return {"id": node_id, "name": node_id, "type": kind, "content": content or expressions}


def linted(change: Change, stage: Stage = "early") -> list[Finding]:
    content = standard_content(stage)
    change(content)
    return lint(json.dumps(content), stage=stage)


def lets_a_student_through(change: Change) -> bool:
    """Ask the engine itself: does a student pass, without an error, under the changed model?"""
    content = standard_content("early")
    change(content)
    model = DecisionModel.of(bank="125", name="changed", content=content)
    result = evaluate(model, early_context(early(student=True), policy())).result
    return not [row for row in result.get("reasons", []) if row.get("code") == "student"]
