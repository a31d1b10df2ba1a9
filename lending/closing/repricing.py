"""Give floating loans the price of their day: each in a transaction of its own, the earliest day first (INT-01).

A loan that is repriced has a later day or none, so what was interrupted goes on where it stopped. One that fails is logged
and left to the next day, which gives it the price of its own day all the same; it keeps no other loan waiting.
"""

from __future__ import annotations

import time
import uuid
from datetime import date, timedelta
from typing import Final

import structlog

from core.operations import opens_transaction
from lending.closing.stages import record_stage
from lending.models import Loan, LoanEvent
from lending.models.closing import REPRICING
from lending.models.loan import OWED
from lending.models.loan_event import REPRICED
from lending.operations.loan_changes import reprice_loan

log = structlog.get_logger(__name__)
AT_ONCE: Final = 200


def reprice_loans(*, closed_date: date, until: float) -> bool:
    """Reprice the loans whose day is reached on the day that begins, until a moment; tell whether that is done."""
    day = closed_date + timedelta(days=1)
    failed: list[uuid.UUID] = []
    while loans := _reached(day, failed):
        for loan_id in loans:
            _reprice(loan_id, failed)
            if time.monotonic() >= until:
                return False
    _record(closed_date=closed_date, failed=len(failed))
    return True


def _reprice(loan_id: uuid.UUID, failed: list[uuid.UUID]) -> None:
    try:
        reprice_loan(loan_id=loan_id)
    except Exception:
        log.exception("repricing.failed", loan=loan_id.hex)
        failed.append(loan_id)


def _reached(day: date, failed: list[uuid.UUID]) -> list[uuid.UUID]:
    rows = Loan.objects.filter(OWED, next_reprice_date__lte=day).exclude(pk__in=failed)
    return list(rows.order_by("next_reprice_date", "pk").values_list("pk", flat=True)[:AT_ONCE])


@opens_transaction
def _record(*, closed_date: date, failed: int) -> None:
    """Say that it is done; the loans with another rate from the day on are counted from their history.

    So the figure is the same whether one run repriced them all or several that died on the way.
    """
    changed = LoanEvent.objects.filter(kind=REPRICED, business_date=closed_date + timedelta(days=1)).count()
    record_stage(closed_date=closed_date, stage=REPRICING, figures={"repriced": changed, "failed": failed})
