"""A dry run: sample facts, values at their edges, sources missing in turn, every cell evaluated alone.

The engine drops a row whose cell fails and goes on; here the same cell is evaluated alone, where it cannot
fail unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import zen

from lending.decision.engine import DecisionInputError, typed_error
from lending.decision.exact_json import exact_json
from lending.decision.facts import flat, policy_context
from lending.decision.features import Feature, Stage, features
from lending.decision.lint.text import comparison_kinds, read
from lending.decision.policy import PolicyFields

if TYPE_CHECKING:
    from lending.decision.lint.findings import Findings, Graph

_SAMPLES: Final[Mapping[str, Any]] = {
    "boolean": True,
    "integer": 30,
    "number": Decimal("8000.50"),
    "string": "",
}
_LARGE: Final = 1_000_000
_KIND_NAMES: Final = {"string": "文本", "number": "数值"}


@dataclass(frozen=True, slots=True)
class _Cell:
    """An input cell with what it needs to be evaluated alone."""

    heading: str
    text: str
    tested: zen.Expression | None
    test: zen.Expression


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    inputs: Sequence[_Cell]
    outputs: Sequence[tuple[str, zen.Expression]]
    paths: Sequence[str]
    seen: set[str]

    def needed(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the values that this row looks at, None where it has looked at the same before."""
        part = _nested({path: _at(given, path) for path in self.paths})
        key = repr(part)
        if key in self.seen:
            return None
        self.seen.add(key)
        return part


def check_probes(graph: Graph, stage: Stage, findings: Findings) -> None:
    """Run the model over sample facts; every failing cell, missing value and inexact number is a finding."""
    content = zen.ZenDecisionContent(json.dumps(graph.content))
    engine = zen.ZenEngine({"loader": lambda _key: content})
    tables = {
        name: _rows(node["content"])
        for name, node in graph.nodes.items()
        if "rules" in node.get("content", {})
    }
    for context in sample_contexts(stage):
        text = exact_json(context)
        try:
            answer = engine.evaluate("model", text, {"trace": True})
        except RuntimeError as raised:
            error = typed_error(raised)
            code = "refuses_facts" if isinstance(error, DecisionInputError) else "fails"
            findings.add(code, f"试算失败：{error.reason}", node=error.node)
            continue
        for key, value in answer["result"].items():
            if value is None or isinstance(value, float):
                findings.add(
                    "inexact_result", f"试算结果 {key} 缺失或不是精确值", node=graph.exit, column=key
                )
        for name, trace in answer["trace"].items():
            _check_nulls(name, trace["traceData"], findings)
            for row in tables.get(name, ()):
                part = row.needed(trace["input"])
                if part is not None:
                    _check_row(name, row, part, findings)


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


def _rows(content: Mapping[str, Any]) -> list[_Row]:
    rows = []
    for number, rule in enumerate(content["rules"], 1):
        cells = [
            _cell(column, rule[column["id"]]) for column in content["inputs"] if rule[column["id"]].strip()
        ]
        outputs = [
            (str(column.get("name") or column["field"]), zen.compile_expression(rule[column["id"]]))
            for column in content["outputs"]
        ]
        paths = sorted(set().union(*(read(text).paths for text in _texts(content, rule))))
        rows.append(_Row(number, cells, outputs, paths, set()))
    return rows


def _texts(content: Mapping[str, Any], rule: Mapping[str, str]) -> Iterator[str]:
    for column in content["inputs"]:
        yield rule[column["id"]]
        yield str(column.get("field") or "")
    for column in content["outputs"]:
        yield rule[column["id"]]


def _at(given: Mapping[str, Any], path: str) -> Any:
    value: Any = given
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _cell(column: Mapping[str, Any], text: str) -> _Cell:
    tested = (column.get("field") or "").strip()
    heading = str(column.get("name") or column.get("field") or column["id"])
    if not tested:
        return _Cell(heading, text, None, zen.compile_expression(text))
    return _Cell(heading, text, zen.compile_expression(tested), zen.compile_unary_expression(text))


def _check_nulls(name: str, seen: Any, findings: Findings) -> None:
    """Refuse expressions without a value: a division by zero or a wrong name gives none, and no error."""
    if not isinstance(seen, Mapping) or "rule" in seen:
        return
    for key, value in seen.items():
        if isinstance(value, Mapping) and value.get("result") is None:
            findings.add("no_value", "试算时没有得到值（例如除数为零）", node=name, column=key)


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
            findings.add(
                "wrong_kind", f"{error}：{cell.text}", node=name, row=row.number, column=cell.heading
            )
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
    kind = "string" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "number"
    for compared in sorted(comparison_kinds(cell.text) - {kind}):
        msg = f"把{_KIND_NAMES.get(kind, '是否')}与{_KIND_NAMES[compared]}比较，永远不会相等"
        raise _WrongKindError(msg)
    return bool(cell.test.evaluate({**given, "$": value}))
