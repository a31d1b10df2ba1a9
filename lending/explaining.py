"""A decision in plain Chinese for staff: which rule of which node, which values, what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lending.decision.facts import EarlyFacts, early_context, flat, full_context
from lending.decision.features import features
from lending.decision.lint.text import read
from lending.decision.snapshots import read_snapshot
from lending.models import Decision

COMPUTED: Final = {
    "earnings.known": "收入已认定", "earnings.monthly_yuan": "认定月收入（元）", "rating.thin": "征信白户",
    "rating.scored": "已评分", "rating.score": "评分", "grading.grade": "等级", "grading.spread_bp": "加点（基点）",
    "grading.income_multiple": "收入倍数", "offer.cap_left_yuan": "剩余额度空间（元）",
    "offer.product_yuan": "产品最高额度（元）",
    "offer.invited_yuan": "名单额度（元）", "offer.by_income_yuan": "按收入测算（元）", "offer.limit_yuan": "测算额度（元）",
    "offer.annual_rate": "测算年利率（%）", "combined.weight": "有效权重合计", "combined.points": "加权分值合计",
    "sub.bureau.points": "征信分值", "sub.bureau.weight": "征信权重", "reasons": "原因", "scored": "已评分",
    "score": "评分", "grade": "等级", "limit_yuan": "额度（元）", "annual_rate": "年利率（%）", "term_months": "期限（月）",
}  # fmt: skip
"""What the models made from our templates compute; anything else goes by the name that the bank gave it."""

WORDS: Final = {
    "and": "且", "or": "或", "not": "非", "true": "是", "false": "否", "in": "属于", "max": "取大", "min": "取小",
    "floor": "向下取整", "round": "四舍五入", "string": "文本",
}  # fmt: skip
NAME: Final = re.compile(r"'[^']*'|\"[^\"]*\"|[A-Za-z_$][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
EFFECTS: Final = {"reject": "拒绝", "review": "转人工", "none": "未评级"}
CHECKS: Final = "checks."


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLine:
    """One rule on the way to a decision: the node, the row in it (None: a calculation), the rule, the values, the result.

    `values` and `result` are the customer's figures (class C2), and which `rule` counted says something of them.
    """

    node: str
    row: int | None
    rule: str
    values: str
    result: str
    remark: str = ""


def path_of(row: Decision) -> list[PathLine]:
    """Return the rules that counted for a decision, in the order in which they ran."""
    content = json.loads(row.model.content)
    trace = json.loads(json.loads(row.result)["trace"])
    nodes = {node["id"]: node for node in content["nodes"]}
    told = _read(row, trace, nodes)
    return [
        line
        for name in trace["order"]
        if (seen := trace["data"].get(name)) is not None and name in nodes
        for line in _lines(nodes[name], seen, told)
    ]


def hits_of(row: Decision) -> list[str]:
    """Return the rows of tables that counted and their remarks, as `等级 第 2 行`; neither rule nor figure is in it."""
    lines = [line for line in path_of(row) if line.row is not None]
    return [f"{line.node} 第 {line.row} 行" + (f"：{line.remark}" if line.remark else "") for line in lines]


def label_of_path(path: str, named: Mapping[str, str] = COMPUTED) -> str:
    """Return the Chinese name of a value that a model looks at or computes; its own name where it has none."""
    known = features("full").get(path) or features("early").get(path)
    return known.label if known is not None else named.get(path, path)


def in_words(text: str, named: Mapping[str, str] = COMPUTED) -> str:
    """Write an expression with Chinese names in the place of paths, words and functions."""
    return NAME.sub(lambda found: _named(found.group(), named), text)


def _named(word: str, named: Mapping[str, str]) -> str:
    if word[0] in "'\"":
        return EFFECTS.get(word[1:-1], word[1:-1])
    return WORDS.get(word) or label_of_path(word.removeprefix("$."), named)


def _names_of(nodes: Mapping[str, Any]) -> dict[str, str]:
    """Name what the tables of a model give: by the table's title, and the column's where it gives one row."""
    names = dict(COMPUTED)
    for node in nodes.values():
        content = node.get("content", {})
        path, title = content.get("outputPath"), str(node.get("name") or node["id"])
        if node["type"] == "decisionTableNode" and path:
            names.setdefault(path, title)
            for column in content["outputs"]:
                names.setdefault(f"{path}.{column['field']}", f"{title}·{column.get('name') or column['field']}")
    return names


@dataclass(frozen=True, slots=True)
class _Told:
    """Every value by its path, every expression by its key, every name: what the lines of a path are written with."""

    values: Mapping[str, Any]
    expressions: Mapping[str, str]
    names: Mapping[str, str]

    def words(self, text: str) -> str:
        """Write an expression in Chinese."""
        return in_words(text, self.names)

    def of(self, text: str) -> str:
        """Say which values an expression looked at."""
        paths = [path for path in sorted(read(text).paths) if path in self.values and not path.startswith(CHECKS)]
        return "；".join(f"{label_of_path(path, self.names)} {_told(self.values[path])}" for path in paths) or "—"


def _read(row: Decision, trace: Mapping[str, Any], nodes: Mapping[str, Any]) -> _Told:
    """Collect what was told to the model and what its expressions computed."""
    taken = read_snapshot(row.snapshot.encode())
    facts = taken.facts
    values = flat(
        early_context(facts, taken.policy) if isinstance(facts, EarlyFacts) else full_context(facts, taken.policy)
    )
    expressions: dict[str, str] = {}
    for name, node in nodes.items():
        if node["type"] == "expressionNode":
            expressions |= {item["key"]: item["value"] for item in node["content"]["expressions"]}
            values |= {key: told.get("result") for key, told in (trace["data"].get(name) or {}).items()}
    return _Told(values, expressions, _names_of(nodes))


def _lines(node: Mapping[str, Any], seen: Any, told: _Told) -> Iterator[PathLine]:
    title = str(node.get("name") or node["id"])
    if node["type"] == "decisionTableNode":
        for hit in seen if isinstance(seen, list) else [seen]:
            yield _row(title, node["content"], int(hit["index"]), told)
    elif node["type"] == "expressionNode":
        for item in node["content"]["expressions"]:
            key, text = item["key"], item["value"]
            if not key.startswith(CHECKS):  # those that hold are rows of the table that collects them
                yield PathLine(
                    node=title, row=None, rule=f"{label_of_path(key, told.names)} = {told.words(text)}", values=told.of(text),
                    result=_told(told.values.get(key)),
                )  # fmt: skip


def _row(title: str, content: Mapping[str, Any], index: int, told: _Told) -> PathLine:
    """Say which row of a table counted; a cell that names a check is told by what is checked."""
    rule = content["rules"][index]
    conditions, looked_at = [], []
    for column in content["inputs"]:
        cell, field = str(rule.get(column["id"], "")).strip(), str(column.get("field") or "")
        if cell:
            cell = told.expressions.get(cell, cell) if cell.startswith(CHECKS) else cell
            conditions.append(f"{told.words(field)} {told.words(cell)}".strip())
            looked_at.append(f"{field}, {cell}" if field else cell)
    remark = str(rule.get("_description") or "")
    results = [
        f"{column.get('name') or column['field']} {told.words(str(rule[column['id']]))}"
        for column in content["outputs"]
    ]
    return PathLine(
        node=title, row=index + 1, rule=("；".join(conditions) or "其他情况") + (f"（{remark}）" if remark else ""),
        values=told.of(", ".join(looked_at)), result="；".join(results), remark=remark,
    )  # fmt: skip


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(str(item.get("code", "")) for item in value) or "无"
    return "缺" if value is None else str(value)
