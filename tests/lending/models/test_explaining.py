"""A decision in plain Chinese: its path for staff, and what a customer who asks is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.audit.models import AuditEntry
from lending.decision.four_sources import four_source_content
from lending.decision.reasons import REASONS
from lending.decision.standard import standard_content
from lending.explaining import COMPUTED, in_words, label_of_path, path_of
from lending.models import Application, Decision
from lending.models.decision import EARLY, FULL
from lending.reasons import OTHERS, OUTCOME_TEXTS, explanation
from tests.lending.applicants import REPORT, Outside, change_product
from tests.lending.models import making
from tests.lending.test_borrowing_admin import ADMIN, _staff

Decided = Callable[..., Application]
HINTS = ("名单", "洗钱", "涉诈", "制裁", "恐怖", "黑", "公安", "司法", "风控", "可疑", "匹配", "命中")


class TestExplanation:
    """LN-14, AML-08: plain Chinese, what to do next, and never a hint at a list."""

    @pytest.mark.parametrize("outcome", list(OUTCOME_TEXTS))
    def test_never_hints_at_a_list(self, outcome: str) -> None:
        for code in (*REASONS, *OTHERS):
            told = explanation(outcome, [code])
            assert [word for word in HINTS if word in told.replace("受邀名单", "")] == [], code

    def test_of_a_hit_is_that_of_any_refusal(self) -> None:
        told = explanation("rejected", ["refused"])
        assert told.startswith("很抱歉，您的申请未能通过。主要原因：1. 很抱歉，您的申请未能通过。")
        assert told.endswith("由工作人员复核。")

    def test_numbers_the_reasons_and_tells_the_same_text_once(self) -> None:
        told = explanation("review", ["government_unavailable", "income_unknown", "income_unknown"])
        assert "1. 部分资料暂未取得" in told
        assert "2. 暂无法核实您的收入" in told
        assert "3. " not in told


class TestWords:
    def test_write_an_expression_in_chinese(self) -> None:
        told = in_words("bureau.found and bureau.overdue_12m > policy.max_overdue_12m")
        assert told == "有征信记录 且 近 12 个月逾期期数 > 近 12 个月逾期期数上限"
        assert in_words("grading.grade != 'none'") == "等级 != 未评级"

    def test_are_known_for_all_that_our_templates_compute(self) -> None:
        keys = {
            item["key"]
            for content in (standard_content("early"), standard_content("full"), four_source_content())
            for node in content["nodes"]
            if node["type"] == "expressionNode"
            for item in node["content"]["expressions"]
            if not item["key"].startswith("checks.")
        }
        assert keys <= set(COMPUTED)
        assert all(label_of_path(key) != key for key in keys)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestPath:
    def test_names_node_row_rule_values_and_version(self, decided: Decided, outside: Outside) -> None:
        outside.bureau = replace(REPORT, overdue_12m=3, total_overdue_24m=3)
        decision = Decision.objects.select_related("model").get(application=decided(), stage=FULL)
        lines = {(line.node, line.row): line for line in path_of(decision)}
        refused = lines["准入规则", 10]
        assert refused.rule.startswith("有征信记录 且 近 12 个月逾期期数 > 近 12 个月逾期期数上限（您近一年")
        assert refused.values == "有征信记录 是；近 12 个月逾期期数 3；近 12 个月逾期期数上限 2"
        assert refused.result == "原因 overdue_history；处理 拒绝"
        assert lines["评分：近 12 个月逾期", 4].rule == "有征信记录 是；近 12 个月逾期期数 > 2"
        score = next(line for line in lines.values() if line.rule.startswith("评分 ="))
        assert score.result == str(decision.score)
        assert "评分：近 12 个月逾期·分值" in score.rule

    def test_is_told_of_early_decisions_and_of_a_banks_own_model(self, decided: Decided) -> None:
        change_product("XF01", full_model_id=making.published("four", template="four-sources").pk)
        application = decided()
        early = Decision.objects.select_related("model").get(application=application, stage=EARLY)
        assert {line.node for line in path_of(early)} == {"结果"}
        full = Decision.objects.select_related("model").get(application=application, stage=FULL)
        told = {line.node: line for line in path_of(full)}
        assert told["子模型：支付评分"].rule == "其他情况（未返回，跳过）"
        assert told["合成评分"].row is None

    def test_is_shown_to_reviewers_for_a_reason_that_is_recorded(self, decided: Decided, outside: Outside) -> None:
        outside.bureau = replace(REPORT, queries_3m=9)
        application = decided()
        decision = Decision.objects.get(application=application, stage=FULL)
        path = f"{ADMIN}/decision/{decision.pk}"
        risk = _staff("风险")
        shown = risk.get(f"{path}/change/").content.decode()
        assert "准入规则 第 12 行" in shown
        assert decision.model_id in shown
        assert "与原决策一致" in shown
        assert "近 3 个月征信查询次数上限 6" not in shown  # figures are told for a reason only
        assert "您近期申请信贷较为频繁" in risk.get(f"{ADMIN}/application/{application.pk}/change/").content.decode()
        assert risk.post(f"{path}/path/", {}).status_code == 200
        assert not AuditEntry.objects.filter(action="decision.path_seen").exists()
        page = risk.post(f"{path}/path/", {"reason": "客户来电询问"}).content.decode()
        assert "近 3 个月查询次数 9；近 3 个月征信查询次数上限 6" in page
        seen = AuditEntry.objects.get(action="decision.path_seen")
        assert (seen.subject, seen.detail["reason"]) == (application.pk.hex, "客户来电询问")
        for role in ("客户经理", "客服", "审计", "产品经理"):
            assert _staff(role).post(f"{path}/path/", {"reason": "x"}).status_code == 403
