"""The durable steps from the draft to the repaid loan, and what the province is told."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from accounts import queries as accounts
from core.steps.registry import Again, Done, Outcome, StepRun, register_step
from lending import reporting
from lending.models import Drawdown, Repayment
from lending.operations import disbursement, drawdowns, repayment, reversal

SHORTLY: Final = timedelta(seconds=1)


@register_step(drawdowns.LAPSE_DRAFT)
def lapse_draft(run: StepRun) -> Outcome:
    """End a draft whose time is over."""
    return Done(partial(drawdowns.lapse_draft, drawdown_id=run.subject_id))


@register_step(disbursement.PAID)
def paid(run: StepRun) -> Outcome:
    """Conclude a disbursement that the core has answered."""
    payment_id = Drawdown.objects.values_list("payment_id", flat=True).get(pk=run.subject_id)
    if payment_id is not None and accounts.payment(payment_id).status == "pending":
        return Again("payment pending", SHORTLY)
    return Done(partial(disbursement.payment_ended, drawdown_id=run.subject_id))


@register_step(repayment.COLLECTED)
def collected(run: StepRun) -> Outcome:
    """Conclude a repayment that the core has answered."""
    payment_id = Repayment.objects.values_list("payment_id", flat=True).get(pk=run.subject_id)
    if payment_id is not None and accounts.payment(payment_id).status == "pending":
        return Again("payment pending", SHORTLY)
    return Done(partial(repayment.collection_ended, repayment_id=run.subject_id))


@register_step(reversal.RETURNED)
def returned(run: StepRun) -> Outcome:
    """Conclude a reversal that the core has answered."""
    payment_id = Repayment.objects.values_list("reversal_payment_id", flat=True).get(pk=run.subject_id)
    if payment_id is not None and accounts.payment(payment_id).status == "pending":
        return Again("payment pending", SHORTLY)
    return Done(partial(reversal.return_ended, repayment_id=run.subject_id))


@register_step(reporting.SEQUENCE)
def sequence(run: StepRun) -> Outcome:
    """Give the leaves of this bank's evidence log their place."""
    del run
    return Done(result={"placed": reporting.sequence_leaves()})


@register_step(reporting.PUSH_FIGURES, is_awaited=False)
def push_figures(run: StepRun) -> Outcome:
    """Report this bank's figures to the province."""
    del run
    try:
        return Done(result=reporting.push_figures())
    except reporting.AnotherPush:
        return Again("another push", SHORTLY)
