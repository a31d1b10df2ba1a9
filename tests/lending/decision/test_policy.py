"""Policy fields: bounds, contradictions, and what reaches a model."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest

from lending.decision.decide import decide_full
from lending.decision.facts import flat, full_context, policy_context
from lending.decision.features import features, input_schema, is_forbidden
from lending.decision.policy import PolicyFields, PolicyFieldsError, label_of, lpr_tenor
from tests.lending.decision.applicants import FULL, full, policy


class TestPolicyFields:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"min_age": 17}, "min_age"),
            ({"min_age": 61}, "max_age"),
            ({"max_age": 66}, "max_age_at_maturity"),
            ({"min_age": "22"}, "min_age"),
            ({"min_age": True}, "min_age"),
            ({"min_age": Decimal(22)}, "min_age"),
            ({"max_dti_percent": 60}, "max_dti_percent"),
            ({"max_dti_percent": 60.0}, "max_dti_percent"),
            ({"max_dti_percent": Decimal("NaN")}, "max_dti_percent"),
            ({"max_dti_percent": Decimal("100.01")}, "max_dti_percent"),
            ({"floor_rate": Decimal("3.00001")}, "floor_rate"),
            ({"floor_rate": Decimal("23.68")}, "floor_rate"),
            ({"floor_rate": Decimal(10), "ceiling_rate": Decimal(9)}, "floor_rate"),
            ({"ceiling_rate": Decimal("24.0001")}, "ceiling_rate"),
            ({"grade_b_min_score": 720}, "grade_a_min_score"),
            ({"min_score": 539}, "min_score"),
            ({"max_amount_fen": 999_99}, "max_amount_fen"),
            ({"thin_file_max_amount_fen": 999_99}, "thin_file_max_amount_fen"),
            ({"person_cap_fen": 999_99}, "person_cap_fen"),
            ({"limit_step_fen": 0}, "limit_step_fen"),
            ({"limit_step_fen": 1_000_01}, "limit_step_fen"),
            ({"year_days": 362}, "year_days"),
            ({"missing_source": "zero"}, "missing_source"),
            ({"allow_thin_file": 1}, "allow_thin_file"),
        ],
    )
    def test_that_could_not_decide_are_refused_by_field(self, changes: dict[str, Any], field: str) -> None:
        with pytest.raises(PolicyFieldsError) as caught:
            policy(**changes)
        assert list(caught.value.problems) == [field]
        assert caught.value.problems[field]

    def test_every_field_has_a_label_of_its_own(self) -> None:
        labels = [label_of(item.name) for item in fields(PolicyFields)]
        assert len(set(labels)) == len(labels)

    @pytest.mark.parametrize(
        ("changes", "ceiling"),
        [
            ({}, "23.6712"),
            ({"year_days": 365}, "24.0000"),
            ({"ceiling_rate": Decimal("15.4")}, "15.4"),
        ],
    )
    def test_the_ceiling_keeps_the_all_in_cost_within_24_per_cent(self, changes: dict[str, Any], ceiling: str) -> None:
        fields_ = policy(**changes)
        assert fields_.effective_ceiling_rate == Decimal(ceiling)
        assert fields_.effective_ceiling_rate * 365 / fields_.year_days <= 24

    def test_a_change_of_a_number_changes_the_next_decision_and_not_the_model(self) -> None:
        before, after = decide_full(FULL, policy()), decide_full(FULL, policy(grade_a_spread_bp=101))
        assert before.model_version == after.model_version
        assert (str(before.annual_rate), str(after.annual_rate)) == ("4.0000", "4.0100")


class TestLprTenor:
    @pytest.mark.parametrize(("months", "tenor"), [(1, "1Y"), (12, "1Y"), (36, "1Y"), (60, "1Y"), (61, "5Y")])
    def test_follows_the_term(self, months: int, tenor: str) -> None:
        assert lpr_tenor(months) == tenor


class TestFeatures:
    def test_the_context_holds_exactly_the_allowed_values(self) -> None:
        assert set(flat(full_context(FULL, policy()))) == set(features("full"))
        assert {f"policy.{path}" for path in policy_context(policy())} < set(features("early"))

    @pytest.mark.parametrize(
        "facts",
        [
            FULL,
            full(bureau=None),
            full(government=None),
            full(card_utilisation=None),
            full(id_valid_until_date=None),
        ],
    )
    def test_a_value_is_there_exactly_when_its_guard_says_so(self, facts: Any) -> None:
        values = flat(full_context(facts, policy()))
        for path, feature in features("full").items():
            there = values[path] is not None
            assert there is (values[feature.guard] if feature.guard else True), path

    def test_the_schema_requires_everything_and_allows_nothing_beside(self) -> None:
        for stage in ("early", "full"):
            schema = input_schema(stage)
            assert set(schema["required"]) == set(schema["properties"])
            for part in schema["properties"].values():
                assert set(part["required"]) == set(part["properties"])
                assert part["additionalProperties"] is False

    @pytest.mark.parametrize(
        "path",
        [
            "applicant.sex",
            "gender",
            "applicant.Marital-Status",
            "applicant.ethnic_group",
            "home.village_code",
            "x.id_number",
        ],
    )
    def test_what_may_never_decide_is_known_by_any_name(self, path: str) -> None:
        assert is_forbidden(path)

    def test_no_allowed_feature_is_forbidden(self) -> None:
        assert [path for path in features("full") if is_forbidden(path)] == []
