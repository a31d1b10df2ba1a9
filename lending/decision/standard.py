"""The standard model: admission, six scorecards, rating, grade, limit and price, in two stages.

`early` holds the rules that need no bureau, so that an early refusal costs no credit query; `full` asks them
again (an ID card may expire in between) and goes on. Cut-offs, spreads and caps come in under `policy`, so a
product manager changes numbers and never the model.

Every rule is computed in an expression before a table collects it. A table drops a row whose cell fails,
without a word, and so would let an applicant through; an expression that fails stops the decision.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from lending.decision import jdm
from lending.decision.engine import DecisionModel
from lending.decision.features import Stage, input_schema
from lending.decision.jdm import Column, Node
from lending.decision.policy import GRADES, UNGRADED
from lending.decision.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BANK: Final = "standard"
"""Whose the model is: of no bank, offered to all."""

_EARLY_CHECKS: Final = {
    "not_invited": "policy.invitation_only and not application.invited",
    "region_not_served": "not application.region_served",
    "too_young": "applicant.age < policy.min_age",
    "too_old": "applicant.age > policy.max_age or applicant.age_at_maturity > policy.max_age_at_maturity",
    "student": "policy.reject_students and applicant.student",
    "related_party": "applicant.related_party",
    "id_expired": "applicant.id_has_expiry and applicant.id_valid_days < 0",
    "id_expiring_soon": (
        "applicant.id_has_expiry and applicant.id_valid_days >= 0 and applicant.id_valid_days < policy.id_validity_days"
    ),
}

FULL_CHECKS: Final = _EARLY_CHECKS | {
    "student": (
        "policy.reject_students and"
        " (applicant.student or (government.has_student_register and government.student_enrolled))"
    ),
    "current_overdue": "policy.reject_current_overdue and bureau.found and bureau.overdue_now > 0",
    "overdue_history": "bureau.found and bureau.overdue_12m > policy.max_overdue_12m",
    "overdue_streak": (
        "bureau.found and (bureau.max_consecutive_24m >= policy.overdue_consecutive_reject_at"
        " or bureau.total_overdue_24m >= policy.overdue_total_reject_at)"
    ),
    "too_many_queries": "bureau.found and bureau.queries_3m > policy.max_queries_3m",
    "too_many_lenders": "bureau.found and bureau.lenders > policy.max_lenders",
    "dti_too_high": (
        "bureau.found and earnings.known"
        " and bureau.monthly_debt_payment_yuan * 100 > policy.max_dti_percent * earnings.monthly_yuan"
    ),
    "no_credit_record": "rating.thin and not policy.allow_thin_file",
    "score_too_low": "rating.scored and rating.score < policy.min_score",
    "credit_cap_reached": "offer.cap_left_yuan < policy.min_amount_yuan",
    "limit_below_minimum": (
        f"rating.scored and earnings.known and grading.grade != '{UNGRADED}'"
        " and offer.cap_left_yuan >= policy.min_amount_yuan and offer.limit_yuan < policy.min_amount_yuan"
    ),
    "bureau_unavailable": "not bureau.available",
    "government_unavailable": (
        "not government.available and (policy.missing_source == 'review' or (rating.thin and policy.allow_thin_file))"
    ),
    "income_unknown": "not earnings.known",
    "manual_review": "application.manual_review",
}

EARNINGS: Final = {
    "earnings.known": "income.verified or income.declared",
    "earnings.monthly_yuan": (
        "income.verified ? income.verified_yuan :"
        " income.declared ? income.declared_yuan * policy.declared_income_percent / 100 : 0"
    ),
}

_RATING: Final = {
    "rating.thin": "bureau.available and not bureau.found",
    "rating.scored": "bureau.found or (bureau.available and policy.allow_thin_file and government.available)",
    "rating.score": (
        "(bureau.found ? 520 + card.overdue.points + card.queries.points + card.lenders.points"
        " + card.utilisation.points + card.history.points : 560)"
        " + card.employment.points + card.housing_fund.points"
    ),
}

LIMIT: Final = {
    "offer.cap_left_yuan": "max([0, policy.person_cap_yuan - application.existing_credit_yuan])",
    "offer.product_yuan": (
        "min([policy.max_amount_yuan, rating.thin ? policy.thin_file_max_amount_yuan : policy.max_amount_yuan])"
    ),
    "offer.invited_yuan": ("application.has_invited_limit ? application.invited_limit_yuan : policy.max_amount_yuan"),
    "offer.by_income_yuan": "earnings.monthly_yuan * grading.income_multiple",
    "offer.limit_yuan": (
        "floor(min([$.offer.cap_left_yuan, $.offer.product_yuan, $.offer.invited_yuan,"
        " $.offer.by_income_yuan]) / policy.limit_step_yuan) * policy.limit_step_yuan"
    ),
}

PRICE: Final = {
    "offer.annual_rate": (
        "max([policy.floor_rate, min([policy.ceiling_rate, price.lpr_rate + grading.spread_bp / 100])])"
    ),
}

RESULT: Final = {
    "reasons": "admission",
    "scored": "rating.scored",
    "score": "rating.score",
    "grade": "grading.grade",
    "limit_yuan": "string(round(offer.limit_yuan, 2))",
    "annual_rate": "string(round(offer.annual_rate, 4))",
    "term_months": "policy.term_months",
}

SCORECARDS: Final = (
    (
        "overdue",
        "评分：近 12 个月逾期",
        "bureau.found",
        "bureau.overdue_12m",
        (("0", 60), ("1", 20), ("2", -20), ("> 2", -80)),
    ),
    (
        "queries",
        "评分：近 3 个月查询",
        "bureau.found",
        "bureau.queries_3m",
        (("<= 1", 40), ("<= 3", 25), ("<= 6", 0), ("> 6", -40)),
    ),
    (
        "lenders",
        "评分：在贷机构数",
        "bureau.found",
        "bureau.lenders",
        (("<= 1", 30), ("<= 3", 20), ("<= 5", 0), ("> 5", -30)),
    ),
    (
        "utilisation",
        "评分：信用卡使用率",
        "bureau.has_cards",
        "bureau.card_utilisation",
        (("< 0.3", 40), ("< 0.6", 25), ("< 0.8", 0), (">= 0.8", -30)),
    ),
    (
        "history",
        "评分：信用历史月数",
        "bureau.found",
        "bureau.history_months",
        ((">= 60", 50), (">= 24", 30), (">= 12", 15), ("< 12", 0)),
    ),
    (
        "employment",
        "评分：社保缴纳月数",
        "government.has_social_security",
        "government.social_security_months_24m",
        ((">= 24", 50), (">= 12", 30), (">= 6", 10), ("< 6", 0)),
    ),
    (
        "housing_fund",
        "评分：公积金缴存月数",
        "government.has_housing_fund",
        "government.housing_fund_months_24m",
        ((">= 12", 40), (">= 6", 20), ("< 6", 0)),
    ),
)


@cache
def standard_model(stage: Stage) -> DecisionModel:
    """Return the standard model of a stage; its version changes exactly when its content does."""
    return DecisionModel.of(bank=BANK, name=f"standard-{stage}", content=standard_content(stage))


def standard_content(stage: Stage) -> dict[str, Any]:
    """Build the standard model's JSON, as the visual editor would write it."""
    return _early() if stage == "early" else _full()


def _early() -> dict[str, Any]:
    nodes = [
        jdm.input_node("facts", "申请资料", input_schema("early")),
        jdm.expressions("checks", "准入检查", under("checks", _EARLY_CHECKS)),
        admission(_EARLY_CHECKS),
        jdm.expressions("result", "结果", {"reasons": "admission"}, pass_through=False),
        jdm.output_node("decision", "决定"),
    ]
    return jdm.model(nodes, chain("facts", "checks", "admission", "result", "decision"))


def _full() -> dict[str, Any]:
    cards = [scorecard(*card) for card in SCORECARDS]
    return full_content(
        cards, [jdm.expressions("rating", "评分合计", _RATING)], [(card["id"], "rating") for card in cards],
        checks=FULL_CHECKS, schema=input_schema("full"),
    )  # fmt: skip


def full_content(
    cards: Sequence[Node],
    rating: Sequence[Node],
    edges: Sequence[tuple[str, str]],
    *,
    checks: Mapping[str, str],
    schema: Mapping[str, Any],
) -> dict[str, Any]:
    """Build a model of the full stage around its rating.

    `cards` follow the entry; the nodes of `rating` follow each other and leave `rating.thin`, `rating.scored` and
    `rating.score`; `edges` join the cards to them. Earnings, grade, limit, price and admission are the same for all.
    """
    nodes = [
        jdm.input_node("facts", "申请资料", schema),
        jdm.expressions("earnings", "收入认定", EARNINGS),
        *cards,
        *rating,
        grading(),
        jdm.expressions("limit", "额度测算", LIMIT),
        jdm.expressions("price", "利率定价", PRICE),
        jdm.expressions("checks", "准入检查", under("checks", checks)),
        admission(checks),
        jdm.expressions("result", "结果", RESULT, pass_through=False),
        jdm.output_node("decision", "决定"),
    ]
    spine = chain(
        "facts", "earnings", *(node["id"] for node in rating), "grading", "limit", "price", "checks", "admission",
        "result", "decision",
    )  # fmt: skip
    return jdm.model(nodes, [*spine, *(("facts", card["id"]) for card in cards), *edges])


def scorecard(name: str, title: str, guard: str, field: str, bands: tuple[tuple[str, int], ...]) -> Node:
    """Build a scorecard table: the first band that fits; no points where the source says nothing."""
    return jdm.table(
        f"card-{name}",
        title,
        hit_policy="first",
        inputs=[Column(guard, "有记录"), Column(field, title.removeprefix("评分："))],
        outputs=[Column("points", "分值")],
        rows=[*(("true", band, str(points)) for band, points in bands), ("", "", "0", "无记录")],
        path=f"card.{name}",
    )


def grading() -> Node:
    """Build the table of grades: the best that the score reaches, with its income multiple and its spread."""
    rows = [
        (
            "true",
            f">= policy.grade_{grade.lower()}_min_score",
            f"'{grade}'",
            f"policy.grade_{grade.lower()}_income_multiple",
            f"policy.grade_{grade.lower()}_spread_bp",
        )
        for grade in GRADES
    ]
    return jdm.table(
        "grading",
        "等级",
        hit_policy="first",
        inputs=[Column("rating.scored", "已评分"), Column("rating.score", "评分")],
        outputs=[
            Column("grade", "等级"),
            Column("income_multiple", "收入倍数"),
            Column("spread_bp", "加点（基点）"),
        ],
        rows=[*rows, ("", "", f"'{UNGRADED}'", "0", "0", "未评级")],
        path="grading",
        pass_through=True,
    )


def admission(checks: Mapping[str, str]) -> Node:
    """Build the admission table: every reason that holds is collected, not only the first."""
    return jdm.table(
        "admission",
        "准入规则",
        hit_policy="collect",
        inputs=[Column("", "成立条件")],
        outputs=[Column("code", "原因"), Column("effect", "处理")],
        rows=[(f"checks.{code}", f"'{code}'", f"'{REASONS[code].effect}'", REASONS[code].text) for code in checks],
        path="admission",
        pass_through=True,
    )


def under(root: str, values: Mapping[str, str]) -> dict[str, str]:
    """Put the names of values under a common one."""
    return {f"{root}.{key}": value for key, value in values.items()}


def chain(*nodes: str) -> list[tuple[str, str]]:
    """Join nodes one after the other."""
    return list(pairwise(nodes))
