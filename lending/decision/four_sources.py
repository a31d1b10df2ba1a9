"""The four-source scorecard (四源评分卡), a template that a bank may start from: four sub-models and a combiner.

Two social scores, one payment score and the credit report each give points and have a weight. A source that gave nothing
is never zero points: its sub-model is skipped, the others weigh the more, and what would be granted goes to a person
(`source_unavailable`). Points and weights stand in the model's cells, so a bank changes them without touching a formula;
what each sub-model contributed is in the decision's path.
"""

from __future__ import annotations

from typing import Any, Final

from lending.decision import jdm
from lending.decision.features import SOURCES, input_schema
from lending.decision.jdm import Column, Node
from lending.decision.standard import FULL_CHECKS, SCORECARDS, full_content, scorecard

BUREAU_CARDS: Final = ("overdue", "queries", "lenders", "utilisation", "history")
BUREAU_WEIGHT: Final = 40
_SCORES: Final = (
    ("social_a", "子模型：社交评分甲", 20),
    ("social_b", "子模型：社交评分乙", 15),
    ("payment", "子模型：支付评分", 25),
)
_BANDS: Final = ((">= 800", 760), (">= 650", 680), (">= 500", 600), ("< 500", 460))

_BUREAU: Final = {
    "sub.bureau.points": (
        "bureau.found ? 520 + card.overdue.points + card.queries.points + card.lenders.points"
        " + card.utilisation.points + card.history.points : 0"
    ),
    "sub.bureau.weight": f"bureau.found ? {BUREAU_WEIGHT} : 0",
}

_COMBINER: Final = {
    "combined.weight": "sub.social_a.weight + sub.social_b.weight + sub.payment.weight + sub.bureau.weight",
    "combined.points": (
        "sub.social_a.points * sub.social_a.weight + sub.social_b.points * sub.social_b.weight"
        " + sub.payment.points * sub.payment.weight + sub.bureau.points * sub.bureau.weight"
    ),
    "rating.thin": "bureau.available and not bureau.found",
    "rating.scored": "$.combined.weight > 0",
    "rating.score": "floor($.combined.points / max([1, $.combined.weight]))",
}

_CHECKS: Final = FULL_CHECKS | {
    "source_unavailable": (
        f"not {SOURCES}.has_social_a or not {SOURCES}.has_social_b or not {SOURCES}.has_payment or not bureau.found"
    ),
}


def four_source_content() -> dict[str, Any]:
    """Build the template's JSON, as the visual editor would write it; of the full stage."""
    cards = [scorecard(*card) for card in SCORECARDS if card[0] in BUREAU_CARDS]
    subs = [_sub_model(*score) for score in _SCORES]
    rating = [
        jdm.expressions("sub-bureau", "子模型：征信", _BUREAU),
        jdm.expressions("combiner", "合成评分", _COMBINER),
    ]
    edges = [(card["id"], "sub-bureau") for card in cards] + [(sub["id"], "combiner") for sub in subs]
    return full_content(
        [*cards, *subs], rating, edges, checks=_CHECKS, schema=input_schema("full", with_sources=True)
    )  # fmt: skip


def _sub_model(name: str, title: str, weight: int) -> Node:
    """Build a sub-model: points by bands of the source's score and its weight; neither where it gave nothing."""
    rows = [("true", band, str(points), str(weight)) for band, points in _BANDS]
    return jdm.table(
        f"sub-{name}",
        title,
        hit_policy="first",
        inputs=[Column(f"{SOURCES}.has_{name}", "已返回"), Column(f"{SOURCES}.{name}_score", "评分")],
        outputs=[Column("points", "分值"), Column("weight", "权重")],
        rows=[*rows, ("", "", "0", "0", "未返回，跳过")],
        path=f"sub.{name}",
    )
