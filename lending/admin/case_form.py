"""The form of a saved case: a made-up applicant, from whom one changes what matters, and what must come out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms

from core.admin.acts import ActForm
from core.admin.fields import YuanField
from core.clock import business_date
from core.errors import InvalidRequest
from lending.decision.facts import (
    BureauFacts,
    ContributionFacts,
    EarlyFacts,
    FactsError,
    FullFacts,
    GovernmentFacts,
    SourceFacts,
)
from lending.decision.reasons import REASONS
from lending.loans.due_dates import months_after
from lending.modelling import case_snapshot
from lending.models import Product
from lending.models.decision import EARLY, OUTCOMES
from lending.offering import policy_of
from lending.queries.products import version_in_force

MONTHS_IN_A_YEAR: Final = 12
CONTRIBUTIONS: Final = (("social_security", "社保"), ("housing_fund", "公积金"), ("tax", "个税"))
COUNTS: Final = (
    ("overdue_now", "当前逾期笔数", 0),
    ("overdue_12m", "近 12 个月逾期期数", 0),
    ("max_consecutive_24m", "近 24 个月最长连续逾期期数", 0),
    ("total_overdue_24m", "近 24 个月累计逾期期数", 0),
    ("queries_3m", "近 3 个月查询次数", 1),
    ("lenders", "在贷机构数", 1),
    ("history_months", "信用历史月数", 60),
)
SCORES: Final = (("social_a", "社交评分甲"), ("social_b", "社交评分乙"), ("payment", "支付评分"))


def _yuan(label: str, initial: str | None = None) -> YuanField:
    return YuanField(label=f"{label}（元）", required=False, initial=initial)


def _whole(label: str, initial: int | None = None, *, highest: int = 1_000_000) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=highest, initial=initial)


def _flag(label: str, *, initial: bool = False) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, initial=initial)


class EarlyCaseForm(ActForm):
    """What the rules look at that need no bureau, and what must come out."""

    name = forms.CharField(label="用例名称", max_length=60)
    product = forms.ChoiceField(label="采用其取值的产品")
    age = forms.IntegerField(label="年龄（周岁）", min_value=0, max_value=120, initial=36)
    id_valid_days = forms.IntegerField(
        label="身份证剩余有效天数",
        required=False,
        min_value=-9999,
        max_value=9999,
        initial=2000,
        help_text="留空为长期",
    )
    invited = _flag("在受邀名单内")
    region_served = _flag("属于服务区域", initial=True)
    student = _flag("自报在校学生")
    related_party = _flag("本行关系人")
    outcome = forms.ChoiceField(label="应得结论")
    reasons = forms.MultipleChoiceField(
        label="应得原因", required=False, choices=[(code, f"{code}：{reason.text}") for code, reason in REASONS.items()],
        help_text="按住 Ctrl 可选多项",
    )  # fmt: skip
    stage_outcomes: ClassVar[tuple[str, ...]] = ("passed", "rejected")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the products of this bank and the outcomes of the stage."""
        super().__init__(*args, **kwargs)
        products: Any = self.fields["product"]
        products.choices = [(row.code, row.code) for row in Product.objects.filter(versions__number__gte=1).distinct()]
        outcomes: Any = self.fields["outcome"]
        outcomes.choices = [pair for pair in OUTCOMES if pair[0] in self.stage_outcomes]
        reasons: Any = self.fields["reasons"]
        reasons.widget = forms.SelectMultiple(choices=reasons.choices, attrs={"size": 8, "class": "w-full"})


class FullCaseForm(EarlyCaseForm):
    """Everything that a full decision looks at, and what must come out."""

    declared_monthly_income_fen = _yuan("自报月收入", "8000.00")
    existing_credit_fen = _yuan("本行已有额度合计", "0.00")
    invited_limit_fen = _yuan("名单预授额度")
    lpr_rate = forms.DecimalField(
        label="LPR（%）", max_digits=6, decimal_places=4, min_value=Decimal(0), initial="3.00"
    )
    manual_review = _flag("须人工审核")
    bureau_available = _flag("征信已返回", initial=True)
    found = _flag("有征信记录", initial=True)
    overdue_now, overdue_12m, max_consecutive_24m, total_overdue_24m, queries_3m, lenders, history_months = (
        _whole(label, initial) for _, label, initial in COUNTS
    )
    monthly_debt_payment_fen = _yuan("月负债还款额", "1000.00")
    card_utilisation = forms.DecimalField(
        label="信用卡使用率", required=False, min_value=Decimal(0), max_digits=6, decimal_places=4, initial="0.35",
        help_text="已用除以授信，例如 0.35；留空为没有信用卡",
    )  # fmt: skip
    score = _whole("征信机构评分", 700)
    government_available = _flag("政务数据已返回", initial=True)
    social_security_months, housing_fund_months, tax_months = (
        _whole(f"近 24 个月{label}月数", 24 if name == "social_security" else None, highest=24)
        for name, label in CONTRIBUTIONS
    )
    social_security_base, housing_fund_base, tax_base = (
        _yuan(f"{label}月基数", "10000.00" if name == "social_security" else None) for name, label in CONTRIBUTIONS
    )
    enrolled = forms.ChoiceField(
        label="学籍", choices=[("no", "不在册"), ("yes", "在册"), ("", "未查")], required=False, initial="no"
    )
    social_a, social_b, payment = (_whole(label) for _, label in SCORES)
    expected_limit_fen = _yuan("应得额度")
    stage_outcomes = ("offered", "rejected", "review")


def case_form(stage: str) -> type[EarlyCaseForm]:
    """Return the form of a stage's cases."""
    return EarlyCaseForm if stage == EARLY else FullCaseForm


def read_case(given: Mapping[str, Any], *, stage: str) -> dict[str, Any]:
    """Return what was filled in as `operations.models.add_case` takes it.

    Raises:
        InvalidRequest: the figures cannot be true together.
    """
    try:
        early = _early(given)
        facts = early if stage == EARLY else _full(given, early)
    except FactsError as error:
        raise InvalidRequest("所填数据互相矛盾，请检查") from error
    policy = policy_of(version_in_force(given["product"]))
    return {
        "name": given["name"],
        "taken": case_snapshot(facts, policy),
        "outcome": given["outcome"],
        "reasons": given["reasons"],
        "limit_fen": given.get("expected_limit_fen"),
    }


def _early(given: Mapping[str, Any]) -> EarlyFacts:
    today, days = business_date(), given["id_valid_days"]
    return EarlyFacts(
        on_date=today,
        birth_date=months_after(today, -MONTHS_IN_A_YEAR * given["age"], anchor_day=today.day),
        id_valid_until_date=None if days is None else today + timedelta(days=days),
        invited=given["invited"],
        region_evidence="case" if given["region_served"] else None,
        student=given["student"],
        related_party=given["related_party"],
    )


def _full(given: Mapping[str, Any], early: EarlyFacts) -> FullFacts:
    scores = {f"{name}_score": given[name] for name, _ in SCORES}
    return FullFacts(
        early=early,
        declared_monthly_income_fen=given["declared_monthly_income_fen"],
        existing_credit_fen=given["existing_credit_fen"] or 0,
        invited_limit_fen=given["invited_limit_fen"],
        bureau=_bureau(given) if given["bureau_available"] else None,
        government=_government(given) if given["government_available"] else None,
        lpr_rate=given["lpr_rate"],
        lpr_date=early.on_date,
        manual_review=given["manual_review"],
        sources=None if all(score is None for score in scores.values()) else SourceFacts(**scores),
    )


def _bureau(given: Mapping[str, Any]) -> BureauFacts:
    if not given["found"]:
        return BureauFacts(found=False)
    return BureauFacts(
        found=True,
        monthly_debt_payment_fen=given["monthly_debt_payment_fen"] or 0,
        card_utilisation=given["card_utilisation"],
        score=given["score"],
        **{name: given[name] or 0 for name, _, _ in COUNTS},
    )


def _government(given: Mapping[str, Any]) -> GovernmentFacts:
    paid = {
        name: None
        if given[f"{name}_months"] is None
        else ContributionFacts(months_paid_24m=given[f"{name}_months"], monthly_base_fen=given[f"{name}_base"] or 0)
        for name, _ in CONTRIBUTIONS
    }
    return GovernmentFacts(**paid, student_enrolled={"yes": True, "no": False}.get(given["enrolled"]))
