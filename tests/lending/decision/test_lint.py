"""The lint: what the engine lets through in silence is refused here, by node, row and column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest

from lending.decision.lint import lint
from lending.decision.standard import standard_content, standard_model
from tests.lending.decision.changed_models import (
    STUDENT,
    Change,
    Content,
    add_node,
    edit_schema,
    extra_node,
    lets_a_student_through,
    linted,
    remove_edge,
    set_cell,
    set_column,
    set_content,
    set_expression,
)

if TYPE_CHECKING:
    from lending.decision.features import Stage


class TestStandardModels:
    @pytest.mark.parametrize("stage", ["early", "full"])
    def test_have_no_findings(self, stage: Stage) -> None:
        assert lint(standard_content(stage), stage=stage) == []
        assert lint(standard_model(stage).content, stage=stage) == []

    def test_refuse_a_student_when_nothing_is_changed(self) -> None:
        assert not lets_a_student_through(lambda _content: None)


FAIL_OPEN: Final = [
    (
        "an input cell that cannot be read",
        set_cell("i1", "checks.student and and"),
        "bad_input_cell",
        "admission",
        STUDENT,
    ),
    ("an output cell that cannot be read", set_cell("o1", "'student"), "bad_output_cell", "admission", STUDENT),
    (
        "an input cell with a wrong name",
        set_cell("i1", "checks.studnet"),
        "unknown_variable",
        "admission",
        STUDENT,
    ),
    (
        "an output cell with an unknown function",
        set_cell("o1", "upcase('student')"),
        "bad_output_cell",
        "admission",
        STUDENT,
    ),
    ("an empty output cell", set_cell("o1", " "), "empty_output", "admission", STUDENT),
    ("a missing output cell", set_cell("o1", None), "missing_cell", "admission", STUDENT),
    ("a condition that is no yes or no", set_cell("i1", "applicant.age"), "wrong_kind", "admission", STUDENT),
    ("a cell that fails", set_cell("i1", "applicant.student > 0"), "failing_cell", "admission", STUDENT),
    ("a wrong reason", set_cell("o1", "'studnet'"), "unknown_reason", "admission", STUDENT),
    (
        "a wrong field",
        set_column("admission", "inputs", 0, field="checks.al"),
        "unknown_variable",
        "admission",
        None,
    ),
    (
        "a condition under a field",
        set_column("admission", "inputs", 0, field="policy.min_age"),
        "wrong_kind",
        "admission",
        STUDENT,
    ),
    (
        "a field that cannot be read",
        set_column("admission", "inputs", 0, field="checks +"),
        "bad_field",
        "admission",
        None,
    ),
    ("a wrong output name", set_column("admission", "outputs", 0, field=""), "bad_key", "admission", None),
    (
        "a rule that never holds",
        set_expression("checks", "checks.student", "applicant.student and applicant.age > 200"),
        None,
        "",
        None,
    ),
    (
        "reasons that are not answered",
        set_expression("result", "reasons", "filter(admission, #.code == 'nobody')"),
        None,
        "",
        None,
    ),
    (
        "two nodes of one id",
        lambda content: content["nodes"].append(extra_node("admission")),
        "duplicate_id",
        "admission",
        None,
    ),
    (
        "a second result under the same name",
        lambda content: (
            content["nodes"].append(
                extra_node("later", expressions=[{"id": "later-1", "key": "admission", "value": "[]"}])
            ),
            content["edges"].insert(0, {"id": "a", "sourceId": "checks", "targetId": "later"}),
            content["edges"].insert(0, {"id": "b", "sourceId": "later", "targetId": "result"}),
        ),
        "overwritten",
        "result",
        None,
    ),
    (
        "a second exit that is reached first",
        lambda content: (
            content["nodes"].insert(0, {"id": "out2", "name": "out2", "type": "outputNode", "content": {}}),
            content["edges"].insert(0, {"id": "x", "sourceId": "facts", "targetId": "out2"}),
        ),
        "not_one_outputNode",
        "",
        None,
    ),
]


class TestWhatTheEngineLetsThroughInSilence:
    @pytest.mark.parametrize(
        ("change", "code", "node", "row"),
        [pytest.param(*case[1:], id=case[0]) for case in FAIL_OPEN if case[2] is not None],
    )
    def test_is_refused_by_node_and_row(self, change: Change, code: str, node: str, row: int | None) -> None:
        assert lets_a_student_through(change)

        found = {(finding.code, finding.node, finding.row): finding.reason for finding in linted(change)}
        assert found[code, node, row]

    @pytest.mark.parametrize("change", [pytest.param(case[1], id=case[0]) for case in FAIL_OPEN if case[2] is None])
    def test_what_only_a_test_case_can_catch_is_named_here(self, change: Change) -> None:
        """A rule may be well formed and never hold; saved test cases are what finds that."""
        assert lets_a_student_through(change)
        assert linted(change) == []


class TestUnsoundShapes:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("{", "not_json"),
            ("[]", "not_a_model"),
            ("{}", "not_a_model"),
            ('{"nodes": [], "edges": []}', "not_a_model"),
            ('{"nodes": [{"id": "a"}], "edges": "x"}', "not_a_model"),
            ('{"nodes": [{"id": "a", "id": "b"}], "edges": []}', "duplicate_key"),
        ],
    )
    def test_text_that_is_no_model_is_refused(self, text: str, code: str) -> None:
        assert [finding.code for finding in lint(text)] == [code]

    @pytest.mark.parametrize(
        ("change", "code", "node"),
        [
            (add_node({"id": "", "type": "expressionNode"}), "bad_id", ""),
            (add_node(extra_node("f", "functionNode", source="x")), "forbidden_functionNode", "f"),
            (add_node(extra_node("f", "customNode", kind="x", config={})), "forbidden_customNode", "f"),
            (add_node(extra_node("f", "decisionNode", key="126:standard:1")), "forbidden_decisionNode", "f"),
            (add_node(extra_node("f", "switchNode", statements=[])), "forbidden_switchNode", "f"),
            (add_node(extra_node("f", "weirdNode", x=1)), "unknown_node_type", "f"),
            (add_node(extra_node("in2", "inputNode", schema="")), "not_one_inputNode", ""),
            (lambda content: content["nodes"].pop(), "not_one_outputNode", ""),
            (set_content("checks", inputField="applicant"), "input_field", "checks"),
            (set_content("checks", executionMode="loop"), "loop", "checks"),
            (set_content("checks", executionMode={"loop": 1}), "loop", "checks"),
            (add_node(extra_node("lost")), "unreachable", "lost"),
            (add_node(extra_node("lost"), ("checks", "lost")), "leads_nowhere", "lost"),
            (add_node(extra_node("lost"), ("lost", "checks")), "unreachable", "lost"),
            (add_node(extra_node("lost"), ("checks", "ghost")), "dangling_edge", "ghost"),
            (add_node(extra_node("a"), ("checks", "a"), ("a", "checks")), "cyclic", ""),
            (lambda content: content["edges"].append(dict(content["edges"][0])), "duplicate_edge", "facts"),
            (lambda content: content["edges"][0].update(sourceHandle="yes"), "branch_edge", "facts"),
            (lambda content: content["edges"][0].update(id=content["edges"][1]["id"]), "duplicate_id", ""),
            (set_content("admission", hitPolicy="any"), "engine_refuses", ""),
            (remove_edge("checks", "admission"), "leads_nowhere", "checks"),
        ],
    )
    def test_nodes_and_edges_that_leave_rules_unasked_are_refused(self, change: Change, code: str, node: str) -> None:
        assert (code, node) in {(finding.code, finding.node) for finding in linted(change)}


class TestInputSchema:
    @pytest.mark.parametrize(
        ("change", "code", "column"),
        [
            (set_content("facts", schema=""), "no_schema", ""),
            (set_content("facts", schema=None), "no_schema", ""),
            (set_content("facts", schema="{bad"), "bad_schema", ""),
            (set_content("facts", schema="[1]"), "bad_schema", ""),
            (edit_schema(lambda schema: schema.update(anyOf=[])), "bad_schema", ""),
            (edit_schema(lambda schema: schema.pop("type")), "bad_schema", ""),
            (
                edit_schema(lambda schema: schema["properties"]["applicant"].update(required="age")),
                "bad_schema",
                "applicant",
            ),
            (
                edit_schema(
                    lambda schema: schema["properties"]["applicant"]["properties"].update(sex={"type": "string"})
                ),
                "forbidden_feature",
                "applicant.sex",
            ),
            (
                edit_schema(lambda schema: schema["properties"].update(marital_status={"type": "string"})),
                "forbidden_feature",
                "marital_status",
            ),
            (
                edit_schema(
                    lambda schema: schema["properties"]["applicant"]["properties"].update(zodiac={"type": "string"})
                ),
                "unknown_feature",
                "applicant.zodiac",
            ),
            (
                edit_schema(
                    lambda schema: schema["properties"]["applicant"]["properties"]["age"].update(
                        type=["integer", "null"]
                    )
                ),
                "changed_type",
                "applicant.age",
            ),
            (
                edit_schema(lambda schema: schema["properties"]["policy"]["properties"]["min_age"].pop("minimum")),
                "changed_type",
                "policy.min_age",
            ),
        ],
    )
    def test_declares_only_allowed_values_with_their_own_types(self, change: Change, code: str, column: str) -> None:
        assert ("facts", code, column) in {(finding.node, finding.code, finding.column) for finding in linted(change)}

    @pytest.mark.parametrize(
        "edit",
        [
            lambda schema: schema["required"].remove("applicant"),
            lambda schema: schema["properties"]["applicant"]["required"].remove("student"),
        ],
    )
    def test_requires_every_value_that_is_used(self, edit: Callable[[Content], Any]) -> None:
        found = {(item.code, item.node, item.row, item.column) for item in linted(edit_schema(edit))}
        assert ("not_required", "checks", STUDENT, "checks.student") in found

    def test_that_forbids_what_is_always_told_is_found_in_the_dry_run(self) -> None:
        def change(content: Content) -> None:
            set_expression("checks", "checks.student", "false")(content)
            edit_schema(lambda schema: schema["properties"]["applicant"]["properties"].pop("student"))(content)
            edit_schema(lambda schema: schema["properties"]["applicant"]["required"].remove("student"))(content)

        assert {finding.code for finding in linted(change)} == {"refuses_facts"}

    def test_may_leave_out_what_is_not_used(self) -> None:
        def change(content: Content) -> None:
            set_expression("checks", "checks.student", "false")(content)
            for edit in (
                lambda schema: schema["properties"]["applicant"]["properties"].pop("student"),
                lambda schema: schema["properties"]["applicant"]["required"].remove("student"),
                lambda schema: schema["properties"]["applicant"].pop("additionalProperties"),
            ):
                edit_schema(edit)(content)

        assert linted(change) == []


class TestJunk:
    def test_anywhere_in_a_model_never_breaks_the_lint(self) -> None:
        junk: list[Any] = [None, 5, -1.5, True, "", "x", [], {}, [1], [None], {"a": 1}, [{}]]
        random = Random(20261120)
        places = list(_places(standard_content("early")))
        for _ in range(150):
            content = standard_content("early")
            *way, last = random.choice(places)
            at: Any = content
            for step in way:
                at = at[step]
            at[last] = random.choice(junk)

            for finding in lint(content, stage="early"):
                assert finding.code
                assert finding.reason


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value in a JSON document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in steps:
        yield (*way, step)
        yield from _places(child, (*way, step))


class TestFinding:
    def test_tells_the_place_and_the_reason_in_chinese(self) -> None:
        finding = linted(set_cell("i2", "< < 3", node="card-lenders", row=2), "full")[0]

        assert (finding.node, finding.row, finding.column) == ("card-lenders", 2, "在贷机构数")
        assert finding.reason.startswith("无法读取：< < 3（")
        assert "backtrace" not in finding.reason.lower()
