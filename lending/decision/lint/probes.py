"""A dry run: sample facts, values at their edges, sources missing in turn, every cell evaluated alone.

The engine drops a row whose cell fails and goes on; here the same cell is evaluated alone, where it cannot
fail unseen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import zen

from lending.decision.engine import DecisionInputError, declared_groups, typed_error
from lending.decision.facts import flat, policy_context
from lending.decision.features import SOURCES, Feature, Stage, features
from lending.decision.lint.results import RESULTS
from lending.decision.lint.text import Token, equalities, plain_kinds, read
from lending.decision.policy import GRADES, UNGRADED, PolicyFields
from lending.decision.reasons import REASONS

if TYPE_CHECKING:
    from lending.decision.lint.findings import Findings, Graph

_SAMPLES: Final[Mapping[str, Any]] = {
    "boolean": True,
    "integer": 30,
    "number": Decimal("8000.50"),
    "string": "",
}
_LARGE: Final = 1_000_000
_KIND_NAMES: Final = {"string": "文本", "number": "数值", "boolean": "是否"}


@dataclass(frozen=True, slots=True)
class _Cell:
    """An input cell with what it needs to be evaluated alone."""

    heading: str
    text: str
    tested: zen.Expression | None
    test: zen.Expression
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    inputs: Sequence[_Cell]
    outputs: Sequence[tuple[str, zen.Expression]]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table's rows, the values that they look at, and which of these were looked at before."""

    rows: Sequence[_Row]
    paths: Sequence[str]
    seen: set[str]

    def unseen(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the values that the rows look at, None where they have looked at the same before."""
        values = {path: _at(given, path) for path in self.paths}
        key = repr(values)
        if key in self.seen:
            return None
        self.seen.add(key)
        return _nested(values)


def check_probes(graph: Graph, stage: Stage, findings: Findings) -> None:
    """Run the model over sample facts; every failing cell, missing value and inexact number is a finding."""
    content = zen.ZenDecisionContent(json.dumps(graph.content))
    engine = zen.ZenEngine({"loader": lambda _key: content})
    tables = {name: _table(node["content"]) for name, node in graph.nodes.items() if "rules" in node.get("content", {})}
    equal = {name: list(_equalities(node.get("content", {}), stage)) for name, node in graph.nodes.items()}
    declares_sources = SOURCES in (declared_groups(json.dumps(graph.content)) or {SOURCES})
    for context in sample_contexts(stage):
        if not declares_sources:
            context.pop(SOURCES, None)
        text = json.dumps(context, default=float)  # only kinds and edges matter here, not digits
        try:
            answer = engine.evaluate("model", text, {"trace": True})
        except RuntimeError as raised:
            error = typed_error(raised)
            code = "refuses_facts" if isinstance(error, DecisionInputError) else "fails"
            reason = error.reason.replace("Failed to evaluate expression:", "表达式无法计算")
            findings.add(code, f"试算失败：{reason}", node=error.node)
            continue
        _check_answer(answer["result"], stage, graph.exit, findings)
        for name, trace in answer["trace"].items():
            _check_nulls(name, trace["traceData"], findings)
            _check_equalities(name, equal[name], trace["input"] or {}, findings)
            table = tables.get(name)
            given = None if table is None else table.unseen(trace["input"])
            if table is not None and given is not None:
                for row in table.rows:
                    _check_row(name, row, given, findings)


def _check_answer(result: Mapping[str, Any], stage: Stage, node: str, findings: Findings) -> None:
    """Refuse answers that a decision could not be read from."""
    for key in RESULTS[stage]:
        if not _FORMS[key](result.get(key)):
            findings.add("bad_answer", f"试算结果 {key} 不是所要求的内容", node=node, column=key)


def _is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number; the engine hands over what a division left as a float, 557.0."""
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _are_reasons(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) and row.get("code") in REASONS for row in value)


_FORMS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "reasons": _are_reasons,
    "scored": lambda value: isinstance(value, bool),
    "score": _is_whole,
    "grade": lambda value: value in (*GRADES, UNGRADED),
    "limit_yuan": lambda value: isinstance(value, str),
    "annual_rate": lambda value: isinstance(value, str),
    "term_months": _is_whole,
}


def sample_contexts(stage: Stage) -> Iterator[dict[str, Any]]:
    """Yield sample contexts: everything there, nothing there, then each value at its edges."""
    allowed = features(stage)
    base = {path: _sample(feature) for path, feature in allowed.items()}
    base |= {f"policy.{path}": value for path, value in flat(policy_context(PolicyFields())).items()}
    yield _nested(_consistent(base, allowed))
    nothing = {path: False if feature.kind == "boolean" else base[path] for path, feature in allowed.items()}
    yield _nested(_consistent(nothing, allowed))
    for path, feature in allowed.items():
        for value in _edges(feature, base[path]):
            yield _nested(_consistent({**base, path: value}, allowed))


def _sample(feature: Feature) -> Any:
    return feature.choices[0] if feature.choices else _SAMPLES[feature.kind]


def _edges(feature: Feature, usual: Any) -> list[Any]:
    if feature.kind == "boolean":
        return [not usual]
    if feature.choices:
        return [choice for choice in feature.choices if choice != usual]
    lowest = Decimal(-_LARGE) if feature.lowest is None else Decimal(str(feature.lowest))
    return [lowest, *([0] if lowest < 0 else []), _LARGE]


def _consistent(values: Mapping[str, Any], allowed: Mapping[str, Feature]) -> dict[str, Any]:
    """Leave out what is not there when its guard says no."""
    return {
        path: None if (guard := allowed[path].guard) is not None and not values[guard] else value
        for path, value in values.items()
    }


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = path.split(".")
        at = context
        for name in parents:
            at = at.setdefault(name, {})
        at[leaf] = value
    return context


def _table(content: Mapping[str, Any]) -> _Table:
    rows = []
    texts = {str(column.get("field") or "") for column in content["inputs"]}
    for number, rule in enumerate(content["rules"], 1):
        texts |= {rule[column["id"]] for column in (*content["inputs"], *content["outputs"])}
        cells = [_cell(column, rule[column["id"]]) for column in content["inputs"] if rule[column["id"]].strip()]
        outputs = [
            (str(column.get("name") or column["field"]), zen.compile_expression(rule[column["id"]]))
            for column in content["outputs"]
        ]
        rows.append(_Row(number, cells, outputs))
    return _Table(rows, sorted(set().union(*(read(text).paths for text in texts))), set())


def _at(given: Mapping[str, Any], path: str) -> Any:
    value: Any = given
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _cell(column: Mapping[str, Any], text: str) -> _Cell:
    tested = (column.get("field") or "").strip()
    heading = str(column.get("name") or column.get("field") or column["id"])
    paths = frozenset(read(text).paths)
    if not tested:
        return _Cell(heading, text, None, zen.compile_expression(text), paths)
    return _Cell(heading, text, zen.compile_expression(tested), zen.compile_unary_expression(text), paths)


def _check_nulls(name: str, seen: Any, findings: Findings) -> None:
    """Refuse expressions without a value: a division by zero or a wrong name gives none, and no error."""
    if not isinstance(seen, Mapping) or "rule" in seen:
        return
    for key, value in seen.items():
        if isinstance(value, Mapping) and value.get("result") is None:
            findings.add("no_value", "试算时没有得到值（例如除数为零）", node=name, column=key)


@dataclass(frozen=True, slots=True)
class _Equality:
    """A value that is compared with a plain one, and where."""

    row: int
    column: str
    path: str
    plain: Token
    choices: Sequence[str]


def _equalities(content: Mapping[str, Any], stage: Stage) -> Iterator[_Equality]:
    allowed = features(stage)
    for row, column, text in _texts(content):
        for path, plain in equalities(text):
            yield _Equality(row, column, path, plain, allowed[path].choices if path in allowed else ())


def _texts(content: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Yield the row, the column and the text of every expression in a node."""
    for row, expression in enumerate(content.get("expressions", ()), 1):
        yield row, expression["key"], expression["value"]
    for row, rule in enumerate(content.get("rules", ()), 1):
        for column in (*content["inputs"], *content["outputs"]):
            yield row, str(column.get("name") or column.get("field")), rule[column["id"]]


def _check_equalities(name: str, equal: Sequence[_Equality], given: Mapping[str, Any], findings: Findings) -> None:
    """Refuse to compare values of two kinds: they are never equal, and the engine says nothing."""
    for item in equal:
        value = _at(given, item.path)
        if value is None:
            continue
        if _kind(value) != item.plain.kind:
            reason = f"{item.path} 是{_KIND_NAMES[_kind(value)]}，与 {item.plain.text} 永远不会相等"
            findings.add("wrong_kind", reason, node=name, row=item.row, column=item.column)
        elif item.choices and item.plain.text[1:-1] not in item.choices:
            reason = f"{item.path} 只能是 {'、'.join(item.choices)}，不会是 {item.plain.text}"
            findings.add("unknown_choice", reason, node=name, row=item.row, column=item.column)


def _kind(value: Any) -> str:
    return "string" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "number"


def _check_row(name: str, row: _Row, given: dict[str, Any], findings: Findings) -> None:
    """Evaluate a row's cells from left to right, as the engine would, until one says no."""
    for cell in row.inputs:
        try:
            says = _says(cell, given)
        except RuntimeError as raised:
            reason = f"试算失败，引擎会略过此行：{cell.text}（{typed_error(raised).reason}）"
            findings.add("failing_cell", reason, node=name, row=row.number, column=cell.heading)
            return
        except _WrongKindError as error:
            findings.add("wrong_kind", f"{error}：{cell.text}", node=name, row=row.number, column=cell.heading)
            return
        if not says:
            return
    for heading, output in row.outputs:
        try:
            value = output.evaluate(given)
        except RuntimeError as raised:
            reason = f"试算失败，引擎会略过此行（{typed_error(raised).reason}）"
            findings.add("failing_cell", reason, node=name, row=row.number, column=heading)
            continue
        if value is None:
            findings.add("no_value", "试算时没有得到值", node=name, row=row.number, column=heading)


class _WrongKindError(ValueError):
    pass


def _says(cell: _Cell, given: dict[str, Any]) -> bool:
    if cell.tested is None:
        says = cell.test.evaluate(given)
        if not isinstance(says, bool):
            msg = "条件应得到是或否"
            raise _WrongKindError(msg)
        return says
    value = cell.tested.evaluate(given)
    if value is None:
        msg = "被判断的数据没有值"
        raise _WrongKindError(msg)
    kind = _kind(value)
    beside = {_kind(other) for path in cell.paths if (other := _at(given, path)) is not None}
    for compared in sorted((plain_kinds(cell.text) | beside) - {kind}):
        msg = f"把{_KIND_NAMES[kind]}与{_KIND_NAMES[compared]}比较，永远不会相等"
        raise _WrongKindError(msg)
    return bool(cell.test.evaluate({**given, "$": value}))
