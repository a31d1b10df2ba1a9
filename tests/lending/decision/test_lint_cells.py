"""The lint of what stands in a model: expressions, the cells of tables, and what a model answers."""

from __future__ import annotations

import pytest

from tests.lending.decision.changed_models import (
    STUDENT,
    Change,
    add_expression,
    add_node,
    extra_node,
    linted,
    node_of,
    rules_of,
    set_cell,
    set_column,
    set_content,
    set_expression,
)


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
        found = linted(set_expression("checks", "checks.student", value))
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
        assert linted(set_expression("checks", "checks.student", value)) == []

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
        assert code in {finding.code for finding in linted(add_expression("checks", key, "true"))}

    def test_a_field_that_no_row_of_a_list_has_is_refused(self) -> None:
        change = set_expression("result", "reasons", "filter(admission, #.effct == 'reject')")
        assert [(f.code, f.node, f.column) for f in linted(change)] == [("unknown_variable", "result", "reasons")]

    def test_a_node_without_expressions_is_refused(self) -> None:
        assert "empty_node" in {f.code for f in linted(set_content("checks", expressions=[]))}


class TestTables:
    @pytest.mark.parametrize(
        ("change", "code", "node", "row"),
        [
            (set_cell("i1", None), "missing_cell", "admission", STUDENT),
            (lambda content: rules_of(content)[1].update(old="x"), "unknown_cell", "admission", 2),
            (lambda content: rules_of(content)[1].update(_id="admission-r1"), "duplicate_id", "admission", 2),
            (lambda content: rules_of(content)[1].pop("_id"), "bad_id", "admission", 2),
            (set_column("admission", "outputs", 1, id="admission-o1"), "duplicate_id", "admission", None),
            (set_column("admission", "outputs", 1, field="code"), "overwritten", "admission", None),
            (set_content("admission", outputPath=None), "no_output_path", "admission", None),
            (set_content("admission", outputPath="checks"), "overwritten", "admission", None),
            (set_content("admission", rules=[]), "empty_node", "admission", None),
            (set_content("admission", hitPolicy="first"), "no_last_row", "admission", 8),
            (set_cell("o2", "'review'"), "changed_effect", "admission", STUDENT),
            (
                set_cell("o1", "checks.student ? 'student' : 'related_party'"),
                "unknown_reason",
                "admission",
                STUDENT,
            ),
            (set_cell("i1", "$ == true"), "unknown_variable", "admission", STUDENT),
        ],
    )
    def test_that_lose_a_row_a_cell_or_a_reason_are_refused(
        self, change: Change, code: str, node: str, row: int | None
    ) -> None:
        assert (code, node, row) in {(f.code, f.node, f.row) for f in linted(change)}

    @pytest.mark.parametrize(
        ("change", "code", "row", "column"),
        [
            (set_cell("i2", "< < 3", node="card-lenders", row=2), "bad_input_cell", 2, "在贷机构数"),
            (set_cell("i2", "'1'", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (set_cell("i2", "> 'x'", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (set_cell("i2", "in ['1', '2']", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (set_cell("i2", "rating.scored", node="card-lenders", row=2), "unknown_variable", 2, "在贷机构数"),
            (
                set_cell("i2", "policy.allow_thin_file", node="card-lenders", row=2),
                "wrong_kind",
                2,
                "在贷机构数",
            ),
            (set_cell("i2", "true", node="card-lenders", row=2), "wrong_kind", 2, "在贷机构数"),
            (
                set_cell("i2", "> 1 and bureau.found", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (
                set_cell("i2", "> 1 or bureau.found", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (
                set_cell("i2", "policy.max_age > 3", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (
                set_cell("i2", "not bureau.found", node="card-lenders", row=2),
                "not_a_plain_test",
                2,
                "在贷机构数",
            ),
            (set_cell("i2", "len('a')", node="card-lenders", row=2), "not_a_plain_test", 2, "在贷机构数"),
            (set_cell("i2", "$ > 1", node="card-lenders", row=2), "not_a_plain_test", 2, "在贷机构数"),
            (set_cell("i1", "", node="card-lenders", row=2), "unguarded", 2, "在贷机构数"),
            (set_cell("i1", "false", node="card-lenders", row=2), "unguarded", 2, "在贷机构数"),
            (
                set_cell("i2", "<= policy.max_lender", node="card-lenders", row=2),
                "unknown_variable",
                2,
                "在贷机构数",
            ),
            (set_cell("i2", "<= bureau.score", node="card-lenders", row=2), "unguarded", 2, "在贷机构数"),
            (set_cell("o1", "bureau.queries_3m", node="card-lenders", row=5), "unguarded", 5, "分值"),
            (set_cell("o1", "'a' + 1", node="card-lenders", row=2), "failing_cell", 2, "分值"),
            (set_cell("o1", "1 / 0", node="card-lenders", row=2), "no_value", 2, "分值"),
            (set_cell("i1", "x", node="card-lenders", row=5), "no_last_row", 5, ""),
            (
                lambda content: (
                    set_cell("i1", "", node="card-lenders", row=2)(content),
                    set_cell("i2", "", node="card-lenders", row=2)(content),
                ),
                "shadowed_rows",
                2,
                "",
            ),
            (
                set_column("card-lenders", "inputs", 1, field="bureau.lenders > 3 and"),
                "bad_field",
                None,
                "在贷机构数",
            ),
        ],
    )
    def test_scorecards_are_checked_cell_by_cell(self, change: Change, code: str, row: int | None, column: str) -> None:
        found = {(f.node, f.code, f.row, f.column) for f in linted(change, "full")}
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
        assert linted(set_cell("i2", cell, node="card-lenders", row=2), "full") == []


class TestResults:
    @pytest.mark.parametrize(
        ("change", "code", "node"),
        [
            (set_content("result", passThrough=True), "bad_result", "decision"),
            (set_content("result", outputPath="x"), "bad_result", "result"),
            (add_node(extra_node("more"), ("facts", "more"), ("more", "decision")), "bad_result", "decision"),
            (set_expression("result", "limit_yuan", "offer.limit_yuan"), "inexact_amount", "result"),
            (set_expression("result", "limit_yuan", "string(offer.limit_yuan)"), "inexact_amount", "result"),
            (
                set_expression("result", "limit_yuan", "string(round(offer.limit_yuan, 4))"),
                "inexact_amount",
                "result",
            ),
            (
                set_expression("result", "annual_rate", "string(round(1, 4)) + string(round(2, 4))"),
                "inexact_amount",
                "result",
            ),
            (
                set_expression("result", "annual_rate", "string(round(offer.annual_rate, 2))"),
                "inexact_amount",
                "result",
            ),
            (add_expression("result", "bonus", "1"), "unknown_result", "result"),
            (
                lambda content: node_of(content, "result")["content"]["expressions"].pop(),
                "missing_result",
                "result",
            ),
            (set_expression("result", "reasons", "[]"), "forgotten_reasons", "result"),
            (set_expression("result", "reasons", "map(admission, #.code)"), "bad_answer", "decision"),
            (set_expression("result", "score", "rating.score / 7"), "bad_answer", "decision"),
            (set_expression("result", "scored", "'yes'"), "bad_answer", "decision"),
            (set_expression("result", "grade", "'S'"), "bad_answer", "decision"),
            (set_expression("result", "term_months", "string(policy.term_months)"), "bad_answer", "decision"),
        ],
    )
    def test_are_exactly_what_a_decision_needs(self, change: Change, code: str, node: str) -> None:
        assert (code, node) in {(f.code, f.node) for f in linted(change, "full")}
