"""The lint: what the engine lets through in silence is refused here, by node, row and column."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest

from lending.decision.engine import DecisionModel, evaluate
from lending.decision.facts import early_context
from lending.decision.lint import Finding, lint
from lending.decision.standard import standard_content, standard_model
from tests.lending.decision.applicants import early, policy

if TYPE_CHECKING:
    from lending.decision.features import Stage

Content = dict[str, Any]
Change = Callable[[Content], None]

STUDENT: Final = 5  # the row of the admission table that refuses students


def _node(content: Content, node_id: str) -> Content:
    return next(node for node in content["nodes"] if node["id"] == node_id)


def _rules(content: Content, node_id: str = "admission") -> list[dict[str, str]]:
    rules: list[dict[str, str]] = _node(content, node_id)["content"]["rules"]
    return rules


def _cell(column: str, value: str | None, *, node: str = "admission", row: int = STUDENT) -> Change:
    """Change a cell, or take it away."""

    def change(content: Content) -> None:
        rule = _rules(content, node)[row - 1]
        if value is None:
            del rule[f"{node}-{column}"]
        else:
            rule[f"{node}-{column}"] = value

    return change


def _expression(node: str, key: str, value: str) -> Change:
    def change(content: Content) -> None:
        expressions = _node(content, node)["content"]["expressions"]
        next(item for item in expressions if item["key"] == key)["value"] = value

    return change


def _add_expression(node: str, key: str, value: str) -> Change:
    def change(content: Content) -> None:
        _node(content, node)["content"]["expressions"].append({"id": f"{node}-new", "key": key, "value": value})

    return change


def _content(node: str, **changes: Any) -> Change:
    return lambda content: _node(content, node)["content"].update(changes)


def _column(node: str, kind: str, position: int, **changes: Any) -> Change:
    return lambda content: _node(content, node)["content"][kind][position].update(changes)


def _schema(edit: Callable[[Content], Any]) -> Change:
    def change(content: Content) -> None:
        entry = _node(content, "facts")["content"]
        schema = json.loads(entry["schema"])
        edit(schema)
        entry["schema"] = json.dumps(schema)

    return change


def _add_node(node: Content, *links: tuple[str, str]) -> Change:
    def change(content: Content) -> None:
        content["nodes"].append(node)
        for source, target in links:
            content["edges"].append({"id": f"{source}+{target}", "sourceId": source, "targetId": target})

    return change


def _remove_edge(source: str, target: str) -> Change:
    def change(content: Content) -> None:
        content["edges"][:] = [
            edge for edge in content["edges"] if (edge["sourceId"], edge["targetId"]) != (source, target)
        ]

    return change


def _extra(node_id: str, kind: str = "expressionNode", /, **content: Any) -> Content:
    expressions = {
        "expressions": [{"id": "e1", "key": f"extra.{node_id}", "value": "1"}],
        "passThrough": True,
    }
    return {"id": node_id, "name": node_id, "type": kind, "content": content or expressions}


def _linted(change: Change, stage: Stage = "early") -> list[Finding]:
    content = standard_content(stage)
    change(content)
    return lint(json.dumps(content), stage=stage)


def _lets_a_student_through(change: Change) -> bool:
    """Ask the engine itself: does a student pass, without an error, under the changed model?"""
    content = standard_content("early")
    change(content)
    model = DecisionModel.of(bank="125", name="changed", content=content)
    result = evaluate(model, early_context(early(student=True), policy())).result
    return not [row for row in result.get("reasons", []) if row.get("code") == "student"]


class TestStandardModels:
    @pytest.mark.parametrize("stage", ["early", "full"])
    def test_have_no_findings(self, stage: Stage) -> None:
        assert lint(standard_content(stage), stage=stage) == []
        assert lint(standard_model(stage).content, stage=stage) == []

    def test_refuse_a_student_when_nothing_is_changed(self) -> None:
        assert not _lets_a_student_through(lambda _content: None)


FAIL_OPEN: Final = [
    (
        "an input cell that cannot be read",
        _cell("i1", "checks.student and and"),
        "bad_input_cell",
        "admission",
        STUDENT,
    ),
    ("an output cell that cannot be read", _cell("o1", "'student"), "bad_output_cell", "admission", STUDENT),
    (
        "an input cell with a wrong name",
        _cell("i1", "checks.studnet"),
        "unknown_variable",
        "admission",
        STUDENT,
    ),
    (
        "an output cell with an unknown function",
        _cell("o1", "upcase('student')"),
        "bad_output_cell",
        "admission",
        STUDENT,
    ),
    ("an empty output cell", _cell("o1", " "), "empty_output", "admission", STUDENT),
    ("a missing output cell", _cell("o1", None), "missing_cell", "admission", STUDENT),
    ("a condition that is no yes or no", _cell("i1", "applicant.age"), "wrong_kind", "admission", STUDENT),
    ("a cell that fails", _cell("i1", "applicant.student > 0"), "failing_cell", "admission", STUDENT),
    ("a wrong reason", _cell("o1", "'studnet'"), "unknown_reason", "admission", STUDENT),
    (
        "a wrong field",
        _column("admission", "inputs", 0, field="checks.al"),
        "unknown_variable",
        "admission",
        None,
    ),
    (
        "a condition under a field",
        _column("admission", "inputs", 0, field="policy.min_age"),
        "wrong_kind",
        "admission",
        STUDENT,
    ),
    (
        "a field that cannot be read",
        _column("admission", "inputs", 0, field="checks +"),
        "bad_field",
        "admission",
        None,
    ),
    ("a wrong output name", _column("admission", "outputs", 0, field=""), "bad_key", "admission", None),
    (
        "a rule that never holds",
        _expression("checks", "checks.student", "applicant.student and applicant.age > 200"),
        None,
        "",
        None,
    ),
    (
        "reasons that are not answered",
        _expression("result", "reasons", "filter(admission, #.code == 'nobody')"),
        None,
        "",
        None,
    ),
    (
        "two nodes of one id",
        lambda content: content["nodes"].append(_extra("admission")),
        "duplicate_id",
        "admission",
        None,
    ),
    (
        "a second result under the same name",
        lambda content: (
            content["nodes"].append(
                _extra("later", expressions=[{"id": "later-1", "key": "admission", "value": "[]"}])
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
        assert _lets_a_student_through(change)

        found = {(finding.code, finding.node, finding.row): finding.reason for finding in _linted(change)}
        assert found[code, node, row]

    @pytest.mark.parametrize("change", [pytest.param(case[1], id=case[0]) for case in FAIL_OPEN if case[2] is None])
    def test_what_only_a_test_case_can_catch_is_named_here(self, change: Change) -> None:
        """A rule may be well formed and never hold; saved test cases are what finds that."""
        assert _lets_a_student_through(change)
        assert _linted(change) == []


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
            (_add_node({"id": "", "type": "expressionNode"}), "bad_id", ""),
            (_add_node(_extra("f", "functionNode", source="x")), "forbidden_functionNode", "f"),
            (_add_node(_extra("f", "customNode", kind="x", config={})), "forbidden_customNode", "f"),
            (_add_node(_extra("f", "decisionNode", key="126:standard:1")), "forbidden_decisionNode", "f"),
            (_add_node(_extra("f", "switchNode", statements=[])), "forbidden_switchNode", "f"),
            (_add_node(_extra("f", "weirdNode", x=1)), "unknown_node_type", "f"),
            (_add_node(_extra("in2", "inputNode", schema="")), "not_one_inputNode", ""),
            (lambda content: content["nodes"].pop(), "not_one_outputNode", ""),
            (_content("checks", inputField="applicant"), "input_field", "checks"),
            (_content("checks", executionMode="loop"), "loop", "checks"),
            (_content("checks", executionMode={"loop": 1}), "loop", "checks"),
            (_add_node(_extra("lost")), "unreachable", "lost"),
            (_add_node(_extra("lost"), ("checks", "lost")), "leads_nowhere", "lost"),
            (_add_node(_extra("lost"), ("lost", "checks")), "unreachable", "lost"),
            (_add_node(_extra("lost"), ("checks", "ghost")), "dangling_edge", "ghost"),
            (_add_node(_extra("a"), ("checks", "a"), ("a", "checks")), "cyclic", ""),
            (lambda content: content["edges"].append(dict(content["edges"][0])), "duplicate_edge", "facts"),
            (lambda content: content["edges"][0].update(sourceHandle="yes"), "branch_edge", "facts"),
            (lambda content: content["edges"][0].update(id=content["edges"][1]["id"]), "duplicate_id", ""),
            (_content("admission", hitPolicy="any"), "engine_refuses", ""),
            (_remove_edge("checks", "admission"), "leads_nowhere", "checks"),
        ],
    )
    def test_nodes_and_edges_that_leave_rules_unasked_are_refused(self, change: Change, code: str, node: str) -> None:
        assert (code, node) in {(finding.code, finding.node) for finding in _linted(change)}


class TestInputSchema:
    @pytest.mark.parametrize(
        ("change", "code", "column"),
        [
            (_content("facts", schema=""), "no_schema", ""),
            (_content("facts", schema=None), "no_schema", ""),
            (_content("facts", schema="{bad"), "bad_schema", ""),
            (_content("facts", schema="[1]"), "bad_schema", ""),
            (_schema(lambda schema: schema.update(anyOf=[])), "bad_schema", ""),
            (_schema(lambda schema: schema.pop("type")), "bad_schema", ""),
            (
                _schema(lambda schema: schema["properties"]["applicant"].update(required="age")),
                "bad_schema",
                "applicant",
            ),
            (
                _schema(lambda schema: schema["properties"]["applicant"]["properties"].update(sex={"type": "string"})),
                "forbidden_feature",
                "applicant.sex",
            ),
            (
                _schema(lambda schema: schema["properties"].update(marital_status={"type": "string"})),
                "forbidden_feature",
                "marital_status",
            ),
            (
                _schema(
                    lambda schema: schema["properties"]["applicant"]["properties"].update(zodiac={"type": "string"})
                ),
                "unknown_feature",
                "applicant.zodiac",
            ),
            (
                _schema(
                    lambda schema: schema["properties"]["applicant"]["properties"]["age"].update(
                        type=["integer", "null"]
                    )
                ),
                "changed_type",
                "applicant.age",
            ),
            (
                _schema(lambda schema: schema["properties"]["policy"]["properties"]["min_age"].pop("minimum")),
                "changed_type",
                "policy.min_age",
            ),
        ],
    )
    def test_declares_only_allowed_values_with_their_own_types(self, change: Change, code: str, column: str) -> None:
        assert ("facts", code, column) in {(finding.node, finding.code, finding.column) for finding in _linted(change)}

    @pytest.mark.parametrize(
        "edit",
        [
            lambda schema: schema["required"].remove("applicant"),
            lambda schema: schema["properties"]["applicant"]["required"].remove("student"),
        ],
    )
    def test_requires_every_value_that_is_used(self, edit: Callable[[Content], Any]) -> None:
        found = {(item.code, item.node, item.row, item.column) for item in _linted(_schema(edit))}
        assert ("not_required", "checks", STUDENT, "checks.student") in found

    def test_that_forbids_what_is_always_told_is_found_in_the_dry_run(self) -> None:
        def change(content: Content) -> None:
            _expression("checks", "checks.student", "false")(content)
            _schema(lambda schema: schema["properties"]["applicant"]["properties"].pop("student"))(content)
            _schema(lambda schema: schema["properties"]["applicant"]["required"].remove("student"))(content)

        assert {finding.code for finding in _linted(change)} == {"refuses_facts"}

    def test_may_leave_out_what_is_not_used(self) -> None:
        def change(content: Content) -> None:
            _expression("checks", "checks.student", "false")(content)
            for edit in (
                lambda schema: schema["properties"]["applicant"]["properties"].pop("student"),
                lambda schema: schema["properties"]["applicant"]["required"].remove("student"),
                lambda schema: schema["properties"]["applicant"].pop("additionalProperties"),
            ):
                _schema(edit)(content)

        assert _linted(change) == []


class TestExpressions:
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            ("applicant.student and", "bad_expression"),
            ("", "empty_expression"),
            ("applicant.studnet", "unknown_variable"),
            ("applicant", "unknown_variable"),
            ("student", "unknown_variable"),
            ("checks.too_young", "unknown_variable"),
            ("$.checks.related_party", "unknown_variable"),
            ("$", "unknown_variable"),
            ("$nodes.facts.applicant.student", "forbidden_language"),
            ("$root.applicant.student", "forbidden_language"),
            ("applicant['student']", "forbidden_language"),
            ("applicant.student == null", "forbidden_language"),
            ("applicant.student ?? false", "forbidden_language"),
            ("`${applicant.student}` == 'true'", "forbidden_language"),
            ("x = applicant.student; x", "forbidden_language"),
            ("len(keys(applicant)) > 0", "forbidden_language"),
            ("rand(9) > 4", "forbidden_language"),
            ("date('now') > 0", "forbidden_language"),
            ("d().year() > 2000", "forbidden_language"),
            ("bool(applicant.student)", "forbidden_language"),
            ("number('1') > 0", "forbidden_language"),
            ("len({a: 1}) > 0", "forbidden_language"),
            ("applicant.id_valid_days < 30", "unguarded"),
            ("applicant.age / 0", "no_value"),
            ("applicant.age / (policy.id_validity_days - policy.id_validity_days) > 1", "fails"),
            ("policy.max_age / policy.id_validity_days > 1", "fails"),
            ("applicant.age > 'x'", "fails"),
            ("applicant.student == 1", "wrong_kind"),
            ("'true' == applicant.student", "wrong_kind"),
            ("applicant.age in ['22', '23']", "wrong_kind"),
            ("policy.missing_source == 'reveiw'", "unknown_choice"),
            ("policy.missing_source in ['skip', 'none']", "unknown_choice"),
            ("not applicant.age", "fails"),
        ],
    )
    def test_that_hide_miss_or_guess_a_value_are_refused(self, value: str, code: str) -> None:
        found = _linted(_expression("checks", "checks.student", value))
        assert (code, "checks", "checks.student") in {(f.code, f.node, f.column) for f in found} or (
            code == "fails" and {(f.code, f.node) for f in found} == {("fails", "checks")}
        )

    @pytest.mark.parametrize(
        "value",
        [
            "applicant.student or $.checks.too_young",
            "not (applicant.student == false)",
            "applicant.id_has_expiry ? applicant.id_valid_days < 30 : false",
            "some([applicant.age, 3], # > 90)",
            "contains(['a b', \"it's\"], 'x')",
            "policy.missing_source in ['skip', 'review'] and applicant.age in [18..60]",
            "min([applicant.age, 1_000]) > 1e3",
            "applicant.age % 2 == 1 and -applicant.age < 0",
        ],
    )
    def test_that_are_sound_are_accepted(self, value: str) -> None:
        assert _linted(_expression("checks", "checks.student", value)) == []

    @pytest.mark.parametrize(
        ("key", "code"),
        [
            ("", "bad_key"),
            ("学生", "bad_key"),
            ("a b", "bad_key"),
            ("checks.student", "overwritten"),
            ("checks", "overwritten"),
            ("checks.student.really", "overwritten"),
            ("applicant.age", "overwritten"),
            ("applicant", "overwritten"),
        ],
    )
    def test_keys_that_overwrite_something_are_refused(self, key: str, code: str) -> None:
        assert code in {finding.code for finding in _linted(_add_expression("checks", key, "true"))}

    def test_a_field_that_no_row_of_a_list_has_is_refused(self) -> None:
        change = _expression("result", "reasons", "filter(admission, #.effct == 'reject')")
        assert [(f.code, f.node, f.column) for f in _linted(change)] == [("unknown_variable", "result", "reasons")]

    def test_a_node_without_expressions_is_refused(self) -> None:
        assert "empty_node" in {f.code for f in _linted(_content("checks", expressions=[]))}


class TestTables:
    @pytest.mark.parametrize(
        ("change", "code", "node", "row"),
        [
            (_cell("i1", None), "missing_cell", "admission", STUDENT),
            (lambda content: _rules(content)[1].update(old="x"), "unknown_cell", "admission", 2),
            (lambda content: _rules(content)[1].update(_id="admission-r1"), "duplicate_id", "admission", 2),
            (lambda content: _rules(content)[1].pop("_id"), "bad_id", "admission", 2),
            (_column("admission", "outputs", 1, id="admission-o1"), "duplicate_id", "admission", None),
            (_column("admission", "outputs", 1, field="code"), "overwritten", "admission", None),
            (_content("admission", outputPath=None), "no_output_path", "admission", None),
            (_content("admission", outputPath="checks"), "overwritten", "admission", None),
            (_content("admission", rules=[]), "empty_node", "admission", None),
            (_content("admission", hitPolicy="first"), "no_last_row", "admission", 8),
            (_cell("o2", "'review'"), "changed_effect", "admission", STUDENT),
            (
                _cell("o1", "checks.student ? 'student' : 'related_party'"),
                "unknown_reason",
                "admission",
                STUDENT,
            ),
            (_cell("i1", "$ == true"), "unknown_variable", "admission", STUDENT),
        ],
    )
    def test_that_lose_a_row_a_cell_or_a_reason_are_refused(
        self, change: Change, code: str, node: str, row: int | None
    ) -> None:
        assert (code, node, row) in {(f.code, f.node, f.row) for f in _linted(change)}

    @pytest.mark.parametrize(
        ("change", "code", "row", "column"),
        [
            (_cell("i2", "< < 3", node="card-lenders", row=2), "bad_input_cell", 2, "在贷机构数"),
            (_cell("i2", "'1'", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (_cell("i2", "> 'x'", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (_cell("i2", "in ['1', '2']", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (_cell("i2", "rating.scored", node="card-lenders", row=2), "unknown_variable", 2, "在贷机构数"),
            (
                _cell("i2", "policy.allow_thin_file", node="card-lenders", row=2),
                "wrong_kind",
                2,
                "在贷机构数",
            ),
            (_cell("i2", "true", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (
                _cell("i2", "> 1 and bureau.found", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (
                _cell("i2", "> 1 or bureau.found", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (
                _cell("i2", "policy.max_age > 3", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (
                _cell("i2", "not bureau.found", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (_cell("i2", "len('a')", node="card-lenders", row=2), "not_a_plain_test", 2, "在贷机构数"),
            (_cell("i2", "$ > 1", node="card-lenders", row=2), "not_a_plain_test", 2, "在贷机构数"),
            (_cell("i1", "", node="card-lenders", row=2), "unguarded", 2, "在贷机构数"),
            (_cell("i1", "false", node="card-lenders", row=2), "unguarded", 2, "在贷机构数"),
            (
                _cell("i2", "<= policy.max_lender", node="card-lenders", row=2),
                "unknown_variable",
                2,
                "在贷机构数",
            ),
            (_cell("i2", "<= bureau.score", node="card-lenders", row=2), "unguarded", 2, "在贷机构数"),
            (_cell("o1", "bureau.queries_3m", node="card-lenders", row=5), "unguarded", 5, "分值"),
            (_cell("o1", "'a' + 1", node="card-lenders", row=2), "failing_cell", 2, "分值"),
            (_cell("o1", "1 / 0", node="card-lenders", row=2), "no_value", 2, "分值"),
            (_cell("i1", "x", node="card-lenders", row=5), "no_last_row", 5, ""),
            (
                lambda content: (
                    _cell("i1", "", node="card-lenders", row=2)(content),
                    _cell("i2", "", node="card-lenders", row=2)(content),
                ),
                "shadowed_rows",
                2,
                "",
            ),
            (
                _column("card-lenders", "inputs", 1, field="bureau.lenders > 3 and"),
                "bad_field",
                None,
                "在贷机构数",
            ),
        ],
    )
    def test_scorecards_are_checked_cell_by_cell(self, change: Change, code: str, row: int | None, column: str) -> None:
        found = {(f.node, f.code, f.row, f.column) for f in _linted(change, "full")}
        assert ("card-lenders", code, row, column) in found

    @pytest.mark.parametrize(
        "cell",
        [
            "2",
            "1, 2",
            "in [1, 2]",
            "> 0 and < policy.max_lenders",
            "[1..3]",
            "(1..3]",
            "not in [4]",
            "< 1, > policy.max_lenders - 1",
        ],
    )
    def test_cells_in_every_sound_form_are_accepted(self, cell: str) -> None:
        assert _linted(_cell("i2", cell, node="card-lenders", row=2), "full") == []


class TestResults:
    @pytest.mark.parametrize(
        ("change", "code", "node"),
        [
            (_content("result", passThrough=True), "bad_result", "decision"),
            (_content("result", outputPath="x"), "bad_result", "result"),
            (_add_node(_extra("more"), ("facts", "more"), ("more", "decision")), "bad_result", "decision"),
            (_expression("result", "limit_yuan", "offer.limit_yuan"), "inexact_amount", "result"),
            (_expression("result", "limit_yuan", "string(offer.limit_yuan)"), "inexact_amount", "result"),
            (
                _expression("result", "limit_yuan", "string(round(offer.limit_yuan, 4))"),
                "inexact_amount",
                "result",
            ),
            (
                _expression("result", "annual_rate", "string(round(1, 4)) + string(round(2, 4))"),
                "inexact_amount",
                "result",
            ),
            (
                _expression("result", "annual_rate", "string(round(offer.annual_rate, 2))"),
                "inexact_amount",
                "result",
            ),
            (_add_expression("result", "bonus", "1"), "unknown_result", "result"),
            (
                lambda content: _node(content, "result")["content"]["expressions"].pop(),
                "missing_result",
                "result",
            ),
            (_expression("result", "reasons", "[]"), "forgotten_reasons", "result"),
            (_expression("result", "reasons", "map(admission, #.code)"), "bad_answer", "decision"),
            (_expression("result", "score", "rating.score / 7"), "bad_answer", "decision"),
            (_expression("result", "scored", "'yes'"), "bad_answer", "decision"),
            (_expression("result", "grade", "'S'"), "bad_answer", "decision"),
            (_expression("result", "term_months", "string(policy.term_months)"), "bad_answer", "decision"),
        ],
    )
    def test_are_exactly_what_a_decision_needs(self, change: Change, code: str, node: str) -> None:
        assert (code, node) in {(f.code, f.node) for f in _linted(change, "full")}


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
        finding = _linted(_cell("i2", "< < 3", node="card-lenders", row=2), "full")[0]

        assert (finding.node, finding.row, finding.column) == ("card-lenders", 2, "在贷机构数")
        assert finding.reason.startswith("无法读取：< < 3（")
        assert "backtrace" not in finding.reason.lower()
