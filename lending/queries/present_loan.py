"""A customer's loan as it stands now, read in one message: the call that a phone makes most often."""

from __future__ import annotations

import uuid
from typing import Final

from core.db.asks import Ask, Rows, together
from core.db.rows import Shape, relate
from core.errors import NotFound
from core.ids import parse_id
from lending.loan_records import keep_present_rows
from lending.models import CreditLine, Instalment, Loan, Product, RepaymentShare

LOAN: Final = Shape(Loan)
LINE: Final = Shape(CreditLine, only=["id", "product"])
PRODUCT: Final = Shape(Product, only=["id", "code"])
INSTALMENT: Final = Shape(Instalment)
SHARE: Final = Shape(RepaymentShare)
OWN: Final = "l.id = %s AND l.customer_id = %s"
FIND_LOAN: Final = f"""
SELECT {LOAN.columns("l")}, {LINE.columns("c")}, {PRODUCT.columns("p")}
FROM lending_loan l JOIN lending_credit_line c ON c.id = l.line_id JOIN lending_product p ON p.id = c.product_id
WHERE {OWN}
"""  # noqa: S608 -- put together from constants; values are parameters
FIND_PLAN: Final = f"""
SELECT {INSTALMENT.columns("i")} FROM lending_instalment i JOIN lending_loan l ON l.id = i.loan_id
WHERE {OWN} AND i.replaced_by_version IS NULL ORDER BY i.number
"""  # noqa: S608 -- as above
FIND_PAID: Final = f"""
SELECT {SHARE.columns("s")} FROM lending_repayment_share s JOIN lending_instalment i ON i.id = s.instalment_id
JOIN lending_loan l ON l.id = i.loan_id WHERE {OWN} AND i.replaced_by_version IS NULL AND i.closed_date IS NULL
"""  # noqa: S608 -- as above


def access_present_loan(customer_id: uuid.UUID, loan_id: str) -> Loan:
    """Return the customer's own loan, with what its present standing is made of (`loan_records.present_record`).

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    values = [parse_id(loan_id), customer_id]
    loan = Ask(FIND_LOAN, values, _read_loan)
    plan = Ask(FIND_PLAN, values, lambda rows: [INSTALMENT.read(row) for row in rows.found])
    paid = Ask(FIND_PAID, values, lambda rows: [SHARE.read(row) for row in rows.found])
    if values[0] is not None:
        together(loan, plan, paid)
    row = None if values[0] is None else loan.answer()
    if row is None:
        raise NotFound
    keep_present_rows(row, plan.answer(), paid.answer())
    return row


def _read_loan(rows: Rows) -> Loan | None:
    if rows.first is None:
        return None
    of_line = LOAN.width + LINE.width
    row, line = LOAN.read(rows.first[: LOAN.width]), LINE.read(rows.first[LOAN.width : of_line])
    relate(line, product=PRODUCT.read(rows.first[of_line:]))
    relate(row, line=line)
    return row
