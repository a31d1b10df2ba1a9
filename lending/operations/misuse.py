"""Mark a loan as misused from a day on: what everything that follows from a misuse hangs on (LN-12, PEN-01)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from core.clock import business_date
from core.operations import within_transaction
from lending.models import LoanEvent
from lending.operations.loan_locks import lock_loan

MISUSED: Final = "misused"


@within_transaction
def mark_misused(*, loan_id: uuid.UUID, from_date: date, amount_fen: int) -> None:
    """Record that a loan's money was misused from a day on, in fen; a loan is marked once, by the earliest that is known first.

    The event is what the arithmetic reads the misuse rate from: who takes it up does so here.

    Raises:
        NotFound: there is no such loan.
    """
    loan = lock_loan(loan_id=loan_id)
    if LoanEvent.objects.filter(loan=loan, kind=MISUSED).exists():
        return
    LoanEvent.objects.create(
        loan=loan,
        kind=MISUSED,
        business_date=business_date(),
        amount_fen=amount_fen,
        outstanding_fen=loan.outstanding_fen,
        detail={"from_date": from_date.isoformat()},
    )
