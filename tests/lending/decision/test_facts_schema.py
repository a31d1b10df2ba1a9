"""What an applicant states: the schema and its Chinese complaints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lending.decision.facts_schema import STANDARD_KEYS, facts_problems, facts_schema

GOOD: dict[str, Any] = {
    "employer": {"name": "江阴某某纺织有限公司", "region_code": "320281", "evidence": "upload-1"},
    "residence": {"region_code": "320281", "since": "2020-05-01"},
    "income": {"monthly": "8000.00"},
}


class TestFactsSchema:
    def test_is_a_valid_schema_with_chinese_titles_throughout(self) -> None:
        schema = facts_schema(required=STANDARD_KEYS)
        Draft202012Validator.check_schema(schema)
        assert json.loads(json.dumps(schema)) == schema
        for part in schema["properties"].values():
            assert all(child["title"] for child in (part, *part["properties"].values()))

    def test_requires_what_the_product_demands_in_a_fixed_order(self) -> None:
        assert facts_schema()["required"] == []
        assert facts_schema(required=["income", "employer"])["required"] == ["employer", "income"]

    def test_knows_no_other_key(self) -> None:
        with pytest.raises(KeyError, match="sex"):
            facts_schema(required=["sex"])

    def test_is_a_fresh_copy_each_time(self) -> None:
        facts_schema()["properties"].clear()
        assert facts_problems(facts_schema(), GOOD) == {}


class TestFactsProblems:
    @pytest.mark.parametrize(
        ("facts", "required", "problems"),
        [
            (GOOD, STANDARD_KEYS, {}),
            ({}, (), {}),
            ({}, ("income",), {"income": ["请填写收入"]}),
            ({"income": {}}, (), {"income.monthly": ["请填写月收入（元）"]}),
            ({"income": {"monthly": 8000}}, (), {"income.monthly": ["月收入（元）的格式不正确"]}),
            (
                {"income": {"monthly": "8,000"}},
                (),
                {"income.monthly": ["月收入（元）应为金额，最多两位小数，例如 8000.00"]},
            ),
            (
                {"income": {"monthly": "8000.00\n"}},
                (),
                {"income.monthly": ["月收入（元）应为金额，最多两位小数，例如 8000.00"]},
            ),
            (
                {"residence": {"region_code": "320281", "since": "2024-02-30"}},
                (),
                {"residence.since": ["居住起始日期应为真实日期，例如 2024-05-01"]},
            ),
            (
                {"residence": {"region_code": "32028", "since": "2024-02-01"}},
                (),
                {"residence.region_code": ["居住区县应为六位行政区划代码"]},
            ),
            ({"employer": {"region_code": "320281"}}, (), {"employer.name": ["请填写单位名称"]}),
            ({"employer": {"name": "", "region_code": "320281"}}, (), None),
            ({"employer": "工厂"}, (), {"employer": ["工作单位的格式不正确"]}),
            ({"sex": "F"}, (), {"sex": ["不支持的内容，请勿填写"]}),
            (
                {"employer": {"name": "工厂", "region_code": "320281", "marital_status": "x"}},
                (),
                {"employer.marital_status": ["不支持的内容，请勿填写"]},
            ),
            ([], (), {"": ["申请资料的格式不正确"]}),
            (None, (), {"": ["申请资料的格式不正确"]}),
        ],
    )
    def test_are_told_by_field_in_chinese(
        self, facts: Any, required: tuple[str, ...], problems: dict[str, list[str]] | None
    ) -> None:
        found = facts_problems(facts_schema(required=required), facts)
        if problems is None:
            assert found["employer.name"][0] == "请填写单位名称"
        else:
            assert found == problems

    def test_all_are_told_at_once_and_never_repeat_what_was_written(self) -> None:
        facts = {
            "income": {"monthly": "SECRET-1"},
            "residence": {"region_code": "SECRET-2", "since": "SECRET-3"},
            "employer": {"name": "SECRET" * 20, "region_code": "SECRET-4", "evidence": "S" * 65},
        }
        found = facts_problems(facts_schema(), facts)

        assert set(found) == {
            *("income.monthly", "residence.region_code", "residence.since"),
            *("employer.name", "employer.region_code", "employer.evidence"),
        }
        assert found["employer.name"] == ["单位名称过长，最多 100 个字"]
        assert "SECRET" not in json.dumps(found, ensure_ascii=False)
