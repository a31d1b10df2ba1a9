"""Provisions: expected credit loss by stage in the books, the general reserve as a figure beside them (RISK-04)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, Final

from core.money import divide_half_up
from core.operations import within_transaction
from lending import books, parameters
from lending.closing import ledger
from lending.closing.rows import fetch_all
from lending.models.loan import ACTIVE

KIND: Final = "day_end_provision"
BASIS_POINTS_IN_ONE: Final = 10_000
OUTSTANDING: Final = f"""
SELECT p.code, l.stage, l.category, sum(l.outstanding_fen)::bigint
FROM lending_loan l
JOIN lending_credit_line line ON line.id = l.line_id
JOIN lending_product p ON p.id = line.product_id
WHERE l.status = '{ACTIVE}'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 -- put together from constants; values are parameters


@within_transaction
def book_provisions(*, day: date) -> dict[str, Any]:
    """Bring the allowance to what the stages of the loans call for; return that by product, and the general reserve.

    The allowance of a product's stage is its principal times the coverage of the stage, rounded once. The general reserve
    (财金〔2012〕20号) goes by category; it is appropriated from profit at the year's end, so here it is a figure only.
    The transaction must see one moment.
    """
    rules = parameters.reserve_rules(day)
    by_stage: dict[tuple[str, int], int] = defaultdict(int)
    by_category: dict[str, int] = defaultdict(int)
    for code, stage, category, fen in fetch_all(OUTSTANDING, {}):
        by_stage[code, stage] += fen
        by_category[category] += fen
    products: dict[str, dict[str, int]] = defaultdict(lambda: {"principal_fen": 0, "allowance_fen": 0})
    for (code, stage), fen in by_stage.items():
        products[code]["principal_fen"] += fen
        products[code]["allowance_fen"] += divide_half_up(fen * rules.coverage[stage - 1], BASIS_POINTS_IN_ONE)
    booked_fen = ledger.true_up(
        gl_code=books.LOAN_LOSS_ALLOWANCE,
        contra_code=books.IMPAIRMENT_LOSS,
        target_fen=-sum(figures["allowance_fen"] for figures in products.values()),
        business_ref=f"{KIND}:{day}:{books.LOAN_LOSS_ALLOWANCE}",
        kind=KIND,
        memo="计提贷款损失准备",
    )
    return {
        "products": dict(products),
        "booked_fen": {books.LOAN_LOSS_ALLOWANCE: booked_fen},
        "principal_by_category_fen": dict(by_category),
        "general_reserve_fen": divide_half_up(
            sum(fen * rules.general_reserve[category] for category, fen in by_category.items()), BASIS_POINTS_IN_ONE
        ),
    }
