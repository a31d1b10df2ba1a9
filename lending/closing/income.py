"""Income: bring the receivables of interest and of default to what the loans owe, by true-up (GL-01, RISK-04).

The sums and the balances are of one moment, so a repayment that is booked meanwhile lowers both or neither. What a loan
that no longer accrues owes stands in the memo accounts alone: its share of the receivables goes back out of income by the
very same difference.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, Final

from core.operations import within_transaction
from lending import books
from lending.closing import ledger
from lending.closing.owed import COMPOUND, INTEREST, PENALTY, UNPAID
from lending.closing.rows import fetch_all
from lending.models.loan import SETTLED

KIND: Final = "day_end_income"
ACCRUES: Final = "l.status = 'active' AND NOT l.is_non_accrual"
INTEREST_OF_ALL: Final = f"""
SELECT p.code, {ACCRUES}, count(*), sum({INTEREST})::bigint
FROM lending_loan l
JOIN lending_credit_line line ON line.id = l.line_id
JOIN lending_product p ON p.id = line.product_id
WHERE l.status <> '{SETTLED}'
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 -- put together from constants; values are parameters
DEFAULT_OF_ALL: Final = f"""
SELECT p.code, {ACCRUES}, sum({PENALTY})::bigint, sum({COMPOUND})::bigint
FROM lending_instalment i
JOIN lending_loan l ON l.id = i.loan_id
JOIN lending_credit_line line ON line.id = l.line_id
JOIN lending_product p ON p.id = line.product_id
WHERE {UNPAID}
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 -- put together from constants; values are parameters

TRUE_UPS: Final = (
    (books.INTEREST_RECEIVABLE, books.INTEREST_INCOME, "interest_fen", "计提应收利息"),
    (books.PENALTY_RECEIVABLE, books.PENALTY_INCOME, "default_fen", "计提应收罚息"),
    (books.MEMO_INTEREST, books.MEMO_INTEREST_CONTRA, "memo_fen", "表外应收未收利息"),
)


@within_transaction
def book_income(*, day: date) -> dict[str, Any]:
    """Book the income of the business day that is being closed; return the figures by product and what was booked.

    The transaction must see one moment (`core.operations.opens_snapshot`).
    """
    products = owed_by_product(day)
    booked = {
        gl_code: ledger.true_up(
            gl_code=gl_code,
            contra_code=contra_code,
            target_fen=sum(figures[name] for figures in products.values()),
            business_ref=f"{KIND}:{day}:{gl_code}",
            kind=KIND,
            memo=memo,
        )
        for gl_code, contra_code, name, memo in TRUE_UPS
    }
    return {"products": products, "booked_fen": booked}


def owed_by_product(day: date) -> dict[str, dict[str, int]]:
    """Return what the loans of each product owe on a day beside principal, in fen, and how many loans there are.

    `interest_fen` and `default_fen` (penalty and compound interest) are of the loans that accrue, `memo_fen` is all of
    the others, those that were written off included.
    """
    found: dict[str, dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(("loans", "interest_fen", "default_fen", "memo_fen"), 0)
    )
    for code, accrues, loans, interest_fen in fetch_all(INTEREST_OF_ALL, {"day": day}):
        found[code]["loans"] += loans
        found[code]["interest_fen" if accrues else "memo_fen"] += interest_fen
    for code, accrues, penalty_fen, compound_fen in fetch_all(DEFAULT_OF_ALL, {"day": day}):
        found[code]["default_fen" if accrues else "memo_fen"] += penalty_fen + compound_fen
    return dict(found)
