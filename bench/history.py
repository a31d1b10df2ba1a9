"""Give a borrower's loan a long history: `python -m bench.history --bank 125 --borrower 7`.

The borrower was paid out before. The loan gets 36 instalments, of which 30 are closed, and 300 events: eight repayments on
each of these, and the rest repricings that change nothing. The rows are like those that the operations leave; the day is
the loan's first, on which nothing of this is in the future that a reader would look at.
"""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from typing import Any, Final

import django

from bench.borrowers import id_of

INSTALMENTS: Final = 36
CLOSED: Final = 30
PARTS: Final = 8
EVENTS: Final = 300
MONTH: Final = timedelta(days=30)


def lengthen(loan: Any) -> None:
    """Make the instalments up to 36, close the first 30 of them, each by eight repayments, and add the events."""
    from core.clock import now
    from lending.models import Instalment, LoanEvent, Repayment, RepaymentShare
    from lending.models.loan_event import REPAID, REPRICED
    from lending.models.repayment import POSTED

    last = loan.instalments.order_by("-number")[0]
    Instalment.objects.bulk_create(
        Instalment(
            loan=loan, number=number, due_date=last.due_date + (number - last.number) * MONTH, interest_fen=100_00,
            principal_fen=0 if number > CLOSED else 800_00, balance_fen=0,
        )
        for number in range(last.number + 1, INSTALMENTS + 1)
    )  # fmt: skip
    shares: list[RepaymentShare] = []
    for row in loan.instalments.filter(number__lte=CLOSED).order_by("number"):
        for part in range(PARTS):
            principal_fen = row.principal_fen // PARTS + (row.principal_fen % PARTS if part == 0 else 0)
            interest_fen = row.interest_fen // PARTS + (row.interest_fen % PARTS if part == 0 else 0)
            paid = Repayment(
                loan=loan, account_id=loan.account_id, kind="due", status=POSTED, value_date=row.due_date,
                total_fen=principal_fen + interest_fen, principal_fen=principal_fen, interest_fen=interest_fen,
                balance_after_fen=0, posted_at=now(), sequence=len(shares) + 1,
            )  # fmt: skip
            shares.append(
                RepaymentShare(
                    repayment=paid, instalment=row, value_date=row.due_date, principal_fen=principal_fen,
                    interest_fen=interest_fen,
                )
            )  # fmt: skip
        row.paid_principal_fen, row.paid_interest_fen, row.closed_date = (
            row.principal_fen,
            row.interest_fen,
            row.due_date,
        )
        row.save(update_fields=["paid_principal_fen", "paid_interest_fen", "closed_date"])
    Repayment.objects.bulk_create(share.repayment for share in shares)
    RepaymentShare.objects.bulk_create(shares)
    kinds = [REPAID] * len(shares) + [REPRICED] * (EVENTS - len(shares) - loan.events.count())
    LoanEvent.objects.bulk_create(
        LoanEvent(
            loan=loan,
            kind=kind,
            business_date=loan.start_date,
            amount_fen=0,
            outstanding_fen=loan.outstanding_fen,
            detail={"number": nth},
            sequence=nth + 1 if kind == REPRICED else None,
        )
        for nth, kind in enumerate(kinds)
    )


def main() -> None:
    """Lengthen, and say of which loan there is how much."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--bank", required=True)
    parser.add_argument("--borrower", required=True, type=int)
    asked = parser.parse_args()
    django.setup()
    from django.db import transaction

    from core.tenancy import in_bank
    from lending.models import Loan

    with in_bank(asked.bank), transaction.atomic():
        loan = Loan.objects.get(drawdown_id=id_of("drawdown", asked.borrower))
        lengthen(loan)
        counts = {"instalments": loan.instalments.count(), "events": loan.events.count()}
        print(json.dumps({"loan": loan.pk.hex, **counts}))


if __name__ == "__main__":
    main()
