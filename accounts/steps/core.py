"""Move money on an account that the bank's core system keeps."""

from __future__ import annotations

from functools import partial

from accounts import vendors
from accounts.models import Payment
from accounts.models.ledger import IN, PENDING
from accounts.operations import payments
from accounts.providers.core_system import Booking, RequestStatus
from core.errors import NotFound
from core.gateway import Rejected
from core.steps.registry import LEDGER, Done, Failed, Outcome, StepRun, register_step


@register_step(payments.MOVE_IN_CORE, lane=LEDGER)
def move_in_core(run: StepRun) -> Outcome:
    """Credit or debit in the core under the step's own id (QUERYABLE); money of unknown fate is asked for.

    There is no deadline: the step ends when the core has said what became of the money.
    """
    payment = Payment.objects.select_related("account").get(pk=run.subject_id)
    if payment.status != PENDING:
        return Done()
    try:
        booking = _booked(payment, run)
    except Rejected as refusal:
        return Failed(refusal.code, partial(payments.payment_failed, payment_id=payment.pk, code=refusal.code))
    arrived = partial(
        payments.payment_arrived, payment_id=payment.pk, core_reference=booking.reference,
        balance_fen=booking.balance_fen, booked_at=booking.booked_at,
    )  # fmt: skip
    return Done(arrived)


def _booked(payment: Payment, run: StepRun) -> Booking:
    core = vendors.core_system()
    if run.attempt > 1:
        fate = core.fate_of(asked_id=run.request_id, request_id=run.request_id)
        if fate.status is RequestStatus.DONE and fate.booking is not None:
            return fate.booking
        if fate.status is RequestStatus.REJECTED:
            raise Rejected("core", "move", code=str(fate.refusal))
    number = payment.account.number
    if number is None:
        raise NotFound
    move = core.credit if payment.direction == IN else core.debit
    return move(
        account_number=number, amount_fen=payment.amount_fen, memo=payment.memo, request_id=run.request_id,
        order_date=payment.order_date,
    )  # fmt: skip
