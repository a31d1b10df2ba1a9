"""Expressions and tables: every cell can be read, names only what is there, and none is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import zen

from lending.decision.engine import typed_error
from lending.decision.features import Stage, features
from lending.decision.lint.results import check_result
from lending.decision.lint.schema import Declared, declared_inputs
from lending.decision.lint.scope import Scope, joined
from lending.decision.lint.text import is_plain_test, literal, read
from lending.decision.reasons import REASONS

if TYPE_CHECKING:
    from lending.decision.lint.findings import Findings, Graph

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text stands."""

    node: str
    row: int | None
    column: str


@dataclass(frozen=True, slots=True)
class _Checker:
    """What is needed to check the texts of one node."""

    node: str
    scope: Scope
    entry: str
    declared: Declared
    guards: Mapping[str, str]
    findings: Findings

    def place(self, row: int | None, column: str) -> _Place:
        return _Place(self.node, row, column)

    def add(self, code: str, reason: str, place: _Place) -> None:
        self.findings.add(code, reason, node=place.node, row=place.row, column=place.column)

    def compiles(self, text: str, compile_: Callable[[str], Any], code: str, place: _Place) -> bool:
        try:
            compile_(text)
        except RuntimeError as error:
            self.add(code, f"无法读取：{text}（{typed_error(error).reason}）", place)
            return False
        return True

    def names(
        self,
        text: str,
        place: _Place,
        *,
        own: Sequence[str] = (),
        given: Iterable[str] = (),
    ) -> set[str]:
        """Check every name in a text; return the values in it that may be missing and go unguarded.

        `own` are values computed above in the same node, `given` guards that hold where the text is
        evaluated.
        """
        reading = read(text)
        for problem in reading.problems:
            self.add("forbidden_language", f"{problem}：{text}", place)
        if reading.uses_cell_value:
            self.add("unknown_variable", f"不得使用 $：{text}", place)
        for name in sorted(reading.own - set(own)):
            self.add("unknown_variable", f"本节点在此之前没有计算 $.{name}", place)
        for name in sorted(reading.elements - {""} - self.scope.element_fields):
            self.add("unknown_variable", f"列表中没有 {name} 这一项", place)
        unguarded = set()
        for path in sorted(reading.paths):
            if path not in self.scope.values:
                self.add("unknown_variable", f"此处没有 {path} 这一数据", place)
            elif self.scope.values[path] == self.entry:
                if not self.declared.is_required(path):
                    self.add("not_required", f"入口的 Schema 未要求必填 {path}，缺失时规则会不成立", place)
                guard = self.guards.get(path)
                if guard is not None and guard not in reading.paths and guard not in given:
                    unguarded.add(path)
        return unguarded

    def guarded_names(
        self,
        text: str,
        place: _Place,
        *,
        own: Sequence[str] = (),
        given: Iterable[str] = (),
    ) -> None:
        """Check a text in which nothing that may be missing can go unguarded."""
        for path in sorted(self.names(text, place, own=own, given=given)):
            self.unguarded(path, place)

    def unguarded(self, path: str, place: _Place) -> None:
        reason = f"{path} 可能缺失，须先判断 {self.guards[path]}；缺失的数据不得当作零"
        self.add("unguarded", reason, place)


def check_cells(graph: Graph, stage: Stage, findings: Findings) -> None:
    """Check every node in the order in which values flow."""
    declared = declared_inputs(graph, stage, findings)
    guards = {path: feature.guard for path, feature in features(stage).items() if feature.guard}
    leaving: dict[str, Scope] = {}
    for name, node in graph.nodes.items():
        arriving = joined((leaving[source] for source in graph.sources[name]), node=name, findings=findings)
        checker = _Checker(name, arriving, graph.entry, declared, guards, findings)
        content = node.get("content", {})
        if node["type"] == "inputNode":
            made = Scope(dict.fromkeys(declared.values, name))
        elif node["type"] == "expressionNode":
            made = _check_expressions(checker, content)
        elif node["type"] == "decisionTableNode":
            made = _check_table(checker, content)
        else:
            made = Scope()
        passed = [arriving, made] if content.get("passThrough") else [made]
        leaving[name] = joined(passed, node=name, findings=findings)
    check_result(graph, stage, leaving, findings)


def _check_expressions(checker: _Checker, content: Mapping[str, Any]) -> Scope:
    """Check the expressions of a node; an empty one would be skipped, one of two with the same key lost."""
    made: list[str] = []
    for row, expression in enumerate(content.get("expressions", []), 1):
        key, value = str(expression.get("key", "")), str(expression.get("value", ""))
        place = checker.place(row, key)
        if not _NAME.fullmatch(key):
            checker.add("bad_key", "名称应为英文字母、数字与下划线，可用点号分级", place)
            continue
        if not value.strip():
            checker.add("empty_expression", "表达式为空，引擎会跳过", place)
        elif checker.compiles(value, zen.compile_expression, "bad_expression", place):
            checker.guarded_names(value, place, own=made)
        if any(key == known or key.startswith(f"{known}.") or known.startswith(f"{key}.") for known in made):
            checker.add("overwritten", f"{key} 在本节点重复，只有一个会保留", place)
        made.append(key)
    if not made:
        checker.add("empty_node", "节点没有任何表达式", checker.place(None, ""))
    prefix = _prefix(content)
    return Scope({f"{prefix}{key}": checker.node for key in made})


def _check_table(checker: _Checker, content: Mapping[str, Any]) -> Scope:
    inputs, outputs = _columns(content, "inputs"), _columns(content, "outputs")
    rules = content.get("rules")
    if not isinstance(rules, list) or not rules or not outputs or not inputs:
        checker.add("empty_node", "决策表应有输入列、输出列和至少一行", checker.place(None, ""))
        return Scope()
    collects = content.get("hitPolicy") == "collect"
    if collects and not content.get("outputPath"):
        checker.add("no_output_path", "收集全部结果的表应指定输出路径（outputPath）", checker.place(None, ""))
    _check_columns(checker, inputs, outputs)
    _check_rows_complete(checker, rules, [*inputs, *outputs])
    for row, rule in enumerate(rules, 1):
        _check_row(checker, row, rule, inputs, outputs)
        if collects:
            _check_reason(checker, row, rule, outputs)
    if not collects:
        _check_first_hit(checker, rules, inputs)
    fields = [str(column.get("field", "")) for column in outputs]
    if collects:
        path = str(content.get("outputPath") or "")
        return Scope({path: checker.node}, {path: frozenset(fields)})
    return Scope({f"{_prefix(content)}{name}": checker.node for name in fields})


def _columns(content: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    columns = content.get(key)
    return [column for column in columns if isinstance(column, Mapping)] if isinstance(columns, list) else []


def _prefix(content: Mapping[str, Any]) -> str:
    path = str(content.get("outputPath") or "")
    return f"{path}." if path else ""


def _heading(column: Mapping[str, Any]) -> str:
    return str(column.get("name") or column.get("field") or column.get("id"))


def _check_columns(
    checker: _Checker, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]
) -> None:
    """Check what the columns test and set; a column that fails keeps every row from matching."""
    seen_ids: set[str] = set()
    seen_fields: set[str] = set()
    for column in (*inputs, *outputs):
        place = checker.place(None, _heading(column))
        if column.get("id") in seen_ids or not column.get("id"):
            checker.add("duplicate_id", "多列使用同一个 id", place)
        seen_ids.add(str(column.get("id")))
    for column in inputs:
        text, place = str(column.get("field") or ""), checker.place(None, _heading(column))
        if text.strip() and checker.compiles(text, zen.compile_expression, "bad_field", place):
            checker.names(text, place)
    for column in outputs:
        name, place = str(column.get("field") or ""), checker.place(None, _heading(column))
        if not _NAME.fullmatch(name):
            checker.add("bad_key", "输出列应指定名称（英文字母、数字与下划线）", place)
        if name in seen_fields:
            checker.add("overwritten", f"两个输出列都写入 {name}", place)
        seen_fields.add(name)


def _check_rows_complete(checker: _Checker, rules: Sequence[Any], columns: Sequence[Mapping[str, Any]]) -> None:
    """Refuse rows that lack a cell, have one of no column, or share the id that a path names them by."""
    ids = {str(column.get("id")): _heading(column) for column in columns}
    seen: set[str] = set()
    for row, rule in enumerate(rules, 1):
        if not isinstance(rule, Mapping):
            checker.add("not_a_model", "行应为对象", checker.place(row, ""))
            continue
        for missing in sorted(set(ids) - set(rule)):
            checker.add("missing_cell", "缺少此列的单元格", checker.place(row, ids[missing]))
        for strange in sorted(key for key in rule if key not in ids and not str(key).startswith("_")):
            checker.add("unknown_cell", f"单元格不属于任何列：{strange}", checker.place(row, str(strange)))
        name = rule.get("_id")
        if not isinstance(name, str) or not name.strip():
            checker.add("bad_id", "此行缺少 _id，决策路径无法指明是哪一行", checker.place(row, ""))
        elif name in seen:
            checker.add("duplicate_id", "两行使用同一个 id", checker.place(row, ""))
        seen.add(str(name))


def _check_row(
    checker: _Checker,
    row: int,
    rule: Any,
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
) -> None:
    if not isinstance(rule, Mapping):
        return
    given: set[str] = set()
    for column in inputs:
        cell, place = str(rule.get(column.get("id"), "")), checker.place(row, _heading(column))
        if not cell.strip():
            continue
        tested = str(column.get("field") or "").strip()
        compile_ = zen.compile_unary_expression if tested else zen.compile_expression
        if not checker.compiles(cell, compile_, "bad_input_cell", place):
            continue
        if tested and not is_plain_test(cell):
            checker.add("not_a_plain_test", "此列只能写比较、区间或取值；其他条件请写在不带字段的列中", place)
        checker.guarded_names(cell, place, given=given)
        for path in sorted(read(tested).paths & set(checker.guards)):
            if checker.guards[path] not in given:
                checker.unguarded(path, place)
        if cell.strip() == "true" and tested:
            given.add(tested)
    for column in outputs:
        cell, place = str(rule.get(column.get("id"), "")), checker.place(row, _heading(column))
        if not cell.strip():
            checker.add("empty_output", "输出单元格为空，结果会缺少此项", place)
        elif checker.compiles(cell, zen.compile_expression, "bad_output_cell", place):
            checker.guarded_names(cell, place, given=given)


def _check_reason(checker: _Checker, row: int, rule: Any, outputs: Sequence[Mapping[str, Any]]) -> None:
    """Check that a collected reason is one that has a text and an effect, written out."""
    cells = {
        str(column.get("field")): str(rule.get(column.get("id"), "")) for column in outputs if isinstance(rule, Mapping)
    }
    if not {"code", "effect"} <= set(cells):
        return
    code, effect = literal(cells["code"]), literal(cells["effect"])
    if code not in REASONS:
        checker.add("unknown_reason", f"没有 {cells['code']} 这一原因代码", checker.place(row, "code"))
    elif effect != REASONS[code].effect:
        reason = f"{code} 的处理应为 '{REASONS[code].effect}'"
        checker.add("changed_effect", reason, checker.place(row, "effect"))


def _check_first_hit(checker: _Checker, rules: Sequence[Any], inputs: Sequence[Mapping[str, Any]]) -> None:
    """Check that just the last row fits always: without it there may be no result, after it all is lost."""
    for row, rule in enumerate(rules, 1):
        fits_always = isinstance(rule, Mapping) and not any(
            str(rule.get(column.get("id"), "")).strip() for column in inputs
        )
        if row == len(rules) and not fits_always:
            checker.add("no_last_row", "最后一行的条件应全部留空，否则可能没有结果", checker.place(row, ""))
        if row < len(rules) and fits_always:
            checker.add("shadowed_rows", "此行总是成立，其后各行不会执行", checker.place(row, ""))
