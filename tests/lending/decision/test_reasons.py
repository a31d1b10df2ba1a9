"""Reasons: every code that a decision can give has a text, and none hints at a list."""

from __future__ import annotations

import pytest

from lending.decision.reasons import REASONS, customer_text, in_order
from lending.decision.standard import standard_content


class TestReasons:
    def test_every_reason_of_the_standard_models_has_a_text_and_its_effect(self) -> None:
        for stage in ("early", "full"):
            table = next(node for node in standard_content(stage)["nodes"] if node["id"] == "admission")
            for rule in table["content"]["rules"]:
                code, effect = (rule[f"admission-o{column}"].strip("'") for column in (1, 2))
                assert REASONS[code].effect == effect
                assert customer_text(code).endswith("。")

    def test_no_text_hints_at_a_list_or_names_an_agency(self) -> None:
        words = ("名单", "黑名单", "反洗钱", "制裁", "恐怖", "公安", "涉案", "可疑", "监测", "风险")
        for reason in REASONS.values():
            assert not [word for word in words if word in reason.text]

    def test_the_neutral_refusal_says_nothing(self) -> None:
        assert REASONS["refused"].effect == "reject"
        assert "未能通过" in customer_text("refused")

    def test_texts_differ_so_that_a_reason_can_be_told_from_another(self) -> None:
        assert len({reason.text for reason in REASONS.values()}) == len(REASONS)

    def test_an_unknown_reason_is_loud(self) -> None:
        with pytest.raises(KeyError):
            customer_text("no_such_reason")
        with pytest.raises(KeyError):
            in_order(["no_such_reason"])

    def test_they_are_listed_once_in_a_fixed_order(self) -> None:
        assert in_order(["student", "not_invited", "student"]) == ("not_invited", "student")
