"""Conclude a receipt that goes into an account in the core."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from accounts.models import ReceiptUse
from accounts.models.ledger import PENDING
from accounts.operations import receipts
from core.steps.registry import Again, Done, Outcome, StepRun, register_step

SHORTLY: Final = timedelta(seconds=1)


@register_step(receipts.CREDITED)
def credited(run: StepRun) -> Outcome:
    """Draw the conclusion from what the core has answered."""
    use = ReceiptUse.objects.select_related("payment").get(pk=run.subject_id)
    if use.payment is not None and use.payment.status == PENDING:
        return Again("payment pending", SHORTLY)
    return Done(partial(receipts.credit_ended, use_id=use.pk))
