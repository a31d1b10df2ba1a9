"""Within what every product lies: the province's numbers, or the bank's own tighter ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from core.money import FEN_PER_YUAN
from lending.decision.policy import LONGEST_TERM_MONTHS
from lending.loans.repricing import BASIS_POINTS_IN_A_PERCENT
from lending.purposes import BUSINESS, CONSUMER
from tenants.parameters import Parameter, Tighter, declare, values_of

_BOUNDS: Final[tuple[tuple[str, int, str, str, str, Tighter, int, int], ...]] = (
    ("consumer_max_amount_yuan", 200_000, "个人消费贷款产品最高额度的上限", "元", "LN-01，银保监会令2020年第9号",
     "lower", 1_000, 300_000),
    ("business_max_amount_yuan", 3_000_000, "个人经营贷款产品最高额度的上限", "元", "LN-02，工程取值", "lower",
     1_000, 10_000_000),
    ("consumer_max_term_months", 60, "个人消费贷款期限的上限", "月", "LN-03，个人贷款管理办法，令2024年第3号", "lower",
     1, 60),
    ("business_max_term_months", 60, "个人经营贷款期限的上限", "月", "LN-03，个人贷款管理办法，令2024年第3号", "lower",
     1, 60),
    ("long_cycle_max_term_months", 120, "经营现金流回收周期较长的个人经营贷款期限的上限", "月",
     "LN-03，个人贷款管理办法，令2024年第3号", "lower", 1, LONGEST_TERM_MONTHS),
    ("max_rate_bp", 2_400, "产品年利率上限的最高取值", "基点", "LN-11，金规〔2025〕9号，年化综合成本不超过 24%", "lower",
     300, 2_400),
    ("min_age", 18, "产品最低年龄的下限", "岁", "ACC-12", "higher", 18, 60),
    ("max_age_at_maturity", 70, "产品到期时最高年龄的上限", "岁", "ACC-12", "lower", 40, 70),
)  # fmt: skip
PRODUCT_BOUNDS: Final = {
    name: declare(Parameter(f"bounds.{name}", default, meaning, unit, source, tighter, low=low, high=high))
    for name, default, meaning, unit, source, tighter, low, high in _BOUNDS
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductBounds:
    """Within what every product lies: amounts in fen by kind, terms in months by kind, the rate annual per cent.

    A business product whose customers wait long for their money may go beyond its kind's terms (LN-03).
    """

    max_amount_fen: Mapping[str, int]
    max_term_months: Mapping[str, int]
    long_cycle_max_term_months: int
    max_rate: Decimal
    min_age: int
    max_age_at_maturity: int


def product_bounds(on: date) -> ProductBounds:
    """Return the bounds in force at the current bank on a business date: the province's, or the bank's own tighter ones."""
    values = values_of([spec.name for spec in PRODUCT_BOUNDS.values()], on=on)
    found = {name: values[spec.name] for name, spec in PRODUCT_BOUNDS.items()}
    return ProductBounds(
        max_amount_fen={kind: found[f"{kind}_max_amount_yuan"] * FEN_PER_YUAN for kind in (CONSUMER, BUSINESS)},
        max_term_months={kind: found[f"{kind}_max_term_months"] for kind in (CONSUMER, BUSINESS)},
        long_cycle_max_term_months=found["long_cycle_max_term_months"],
        max_rate=Decimal(found["max_rate_bp"]) / BASIS_POINTS_IN_A_PERCENT,
        min_age=found["min_age"],
        max_age_at_maturity=found["max_age_at_maturity"],
    )
