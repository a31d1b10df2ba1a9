"""The rules that need no bureau, each at its boundary."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from lending.decision.decide import decide_early
from lending.decision.engine import DecisionModel, read_trace
from lending.decision.facts import FactsError, age_on
from lending.decision.standard import standard_content
from tests.lending.decision.applicants import TODAY, early, policy


def _reasons(facts: dict[str, Any], fields: dict[str, Any]) -> tuple[str, ...]:
    decision = decide_early(early(**facts), policy(**fields))
    assert decision.passed is (decision.reasons == ())
    return decision.reasons


class TestDecideEarly:
    def test_an_ordinary_applicant_passes(self) -> None:
        assert _reasons({}, {}) == ()

    @pytest.mark.parametrize(
        ("facts", "fields", "reasons"),
        [
            ({"invited": False}, {"invitation_only": True}, ("not_invited",)),
            ({"invited": True}, {"invitation_only": True}, ()),
            ({"invited": False}, {"invitation_only": False}, ()),
            ({"region_evidence": None}, {}, ("region_not_served",)),
            ({"region_evidence": "employer"}, {}, ()),
            ({"birth_date": date(2004, 11, 21)}, {}, ("too_young",)),
            ({"birth_date": date(2004, 11, 20)}, {}, ()),
            ({"birth_date": date(1966, 11, 20)}, {}, ()),
            ({"birth_date": date(1965, 11, 21)}, {}, ()),
            ({"birth_date": date(1965, 11, 20)}, {}, ("too_old",)),
            ({"birth_date": date(1966, 11, 21)}, {"term_months": 60}, ()),
            ({"birth_date": date(1966, 11, 20)}, {"term_months": 72, "max_age_at_maturity": 66}, ()),
            (
                {"birth_date": date(1966, 11, 20)},
                {"term_months": 72, "max_age_at_maturity": 65},
                ("too_old",),
            ),
            ({"birth_date": date(1966, 11, 21)}, {"term_months": 72, "max_age_at_maturity": 65}, ()),
            ({"student": True}, {}, ("student",)),
            ({"student": True}, {"reject_students": False}, ()),
            ({"related_party": True}, {}, ("related_party",)),
            ({"id_valid_until_date": None}, {}, ()),
            ({"id_valid_until_date": TODAY + timedelta(days=30)}, {}, ()),
            ({"id_valid_until_date": TODAY + timedelta(days=29)}, {}, ("id_expiring_soon",)),
            ({"id_valid_until_date": TODAY}, {}, ("id_expiring_soon",)),
            ({"id_valid_until_date": TODAY}, {"id_validity_days": 0}, ()),
            ({"id_valid_until_date": TODAY - timedelta(days=1)}, {}, ("id_expired",)),
            ({"id_valid_until_date": TODAY - timedelta(days=1)}, {"id_validity_days": 0}, ("id_expired",)),
        ],
    )
    def test_each_rule_at_its_boundary(
        self, facts: dict[str, Any], fields: dict[str, Any], reasons: tuple[str, ...]
    ) -> None:
        assert _reasons(facts, fields) == reasons

    def test_all_reasons_are_collected_in_a_fixed_order(self) -> None:
        facts = {
            "region_evidence": None,
            "birth_date": date(2009, 1, 1),
            "student": True,
            "related_party": True,
            "id_valid_until_date": date(2026, 1, 1),
        }
        expected = ("not_invited", "region_not_served", "too_young", "student", "related_party", "id_expired")
        assert _reasons(facts, {"invitation_only": True}) == expected

    @pytest.mark.parametrize(
        ("facts", "code"),
        [
            ({"related_party": True}, "related_party"),
            ({"region_evidence": None}, "region_not_served"),
            ({"birth_date": date(2008, 11, 21)}, "too_young"),
            ({"id_valid_until_date": TODAY - timedelta(days=1)}, "id_expired"),
        ],
    )
    def test_what_the_law_forbids_is_refused_even_by_a_model_without_rules(
        self, facts: dict[str, Any], code: str
    ) -> None:
        content = standard_content("early")
        rules = next(node for node in content["nodes"] if node["id"] == "admission")["content"]["rules"]
        del rules[1:]
        model = DecisionModel.of(bank="125", name="own", content=content)

        assert decide_early(early(**facts), policy(), model=model).reasons == (code,)
        assert decide_early(early(birth_date=date(2008, 11, 20)), policy(), model=model).passed

    def test_the_path_shows_which_rule_held(self) -> None:
        trace = read_trace(decide_early(early(student=True), policy()).trace)

        assert trace["order"] == ["facts", "checks", "admission", "result", "decision"]
        assert trace["data"]["checks"]["checks.student"] == {"result": True}
        assert [row["rule"]["_id"] for row in trace["data"]["admission"]] == ["admission-r5"]

    def test_a_birth_after_the_business_date_is_a_defect_of_the_caller(self) -> None:
        with pytest.raises(FactsError):
            early(birth_date=TODAY + timedelta(days=1))


class TestAcc12AgeOn:
    @pytest.mark.parametrize(
        ("birth", "day", "age"),
        [
            (date(2004, 2, 29), date(2026, 2, 28), 21),
            (date(2004, 2, 29), date(2026, 3, 1), 22),
            (date(2004, 2, 29), date(2028, 2, 29), 24),
            (date(2000, 1, 1), date(2026, 1, 1), 26),
            (date(2000, 1, 2), date(2026, 1, 1), 25),
            (date(2026, 1, 1), date(2026, 1, 1), 0),
        ],
    )
    def test_is_counted_by_birthdays(self, birth: date, day: date, age: int) -> None:
        assert age_on(birth, day) == age
