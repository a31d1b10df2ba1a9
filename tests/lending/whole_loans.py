"""Read loans with all that belongs to them in one message: for tests that look at every loan after every step."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from core.db.asks import Ask, together
from lending.loan_records import keep_all_rows
from lending.models import Instalment, Loan, RepaymentShare
from lending.operations.loan_locks import INSTALMENT, LOAN, SHARE

LOANS: Final = f"SELECT {LOAN.columns('l')} FROM lending_loan l WHERE l.id = ANY(%s) ORDER BY l.id"
PLANS: Final = f"SELECT {INSTALMENT.columns('i')} FROM lending_instalment i WHERE i.loan_id = ANY(%s)"
PAID: Final = f"""
SELECT {SHARE.columns("s")} FROM lending_repayment_share s JOIN lending_instalment i ON i.id = s.instalment_id
WHERE i.loan_id = ANY(%s)
"""


def whole_loans(ids: Sequence[uuid.UUID]) -> list[Loan]:
    """Return loans in the order of their ids, with the rows of every version of their plans and what was paid on them."""
    loans: Ask[list[Loan]] = Ask(LOANS, [list(ids)], lambda rows: [LOAN.read(row) for row in rows.found])
    plans: Ask[list[Instalment]] = Ask(PLANS, [list(ids)], lambda rows: [INSTALMENT.read(row) for row in rows.found])
    paid: Ask[list[RepaymentShare]] = Ask(PAID, [list(ids)], lambda rows: [SHARE.read(row) for row in rows.found])
    together(loans, plans, paid)
    for loan in loans.answer():
        own = [row for row in plans.answer() if row.loan_id == loan.pk]
        mine = {row.pk for row in own}
        keep_all_rows(loan, own, [share for share in paid.answer() if share.instalment_id in mine])
    return loans.answer()
