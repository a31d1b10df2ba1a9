"""Customers' own money on its way: drawn from a card, sent to an account, and what the core says of either.

None of these kinds has a deadline: money of unknown fate is asked for until its fate is known, and stays held.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from accounts import vendors
from accounts.models import Refund, TopUp, Transfer
from accounts.models.movements import COLLECTING, SENDING
from accounts.models.receipt import SENDING as REFUND_SENDING
from accounts.operations import refunds, top_ups, transfer_outcomes, transfers
from accounts.providers.payments import CardHolder, Order, OrderStatus, Payee, PaymentRefusal
from core.errors import NotFound
from core.gateway import Rejected
from core.steps.registry import DEFAULT, LEDGER, Done, Failed, Outcome, StepRun, Unknown, register_step
from verification import queries as verified

PROCESSING: Final = "processing"


@register_step(top_ups.COLLECT, lane=LEDGER)
def collect_top_up(run: StepRun) -> Outcome:
    """Draw a top-up from its card under the step's own id (QUERYABLE); after a first attempt its fate is asked for."""
    top_up = TopUp.objects.select_related("card").get(pk=run.subject_id)
    if top_up.status != COLLECTING:
        return Done()
    return _concluded(
        run, lambda: _collected(top_up, run),
        done=partial(top_ups.top_up_collected, top_up_id=top_up.pk),
        refused=partial(top_ups.top_up_refused, top_up_id=top_up.pk),
    )  # fmt: skip


def _collected(top_up: TopUp, run: StepRun) -> Order:
    identity = verified.identity(top_up.customer_id)
    if identity is None:
        raise NotFound
    holder = CardHolder(
        card_number=top_up.card.number,
        name=identity.name,
        id_number=identity.id_number,
        phone=top_up.card.phone,
    )
    return vendors.payment_network().collect(
        holder=holder, amount_fen=top_up.amount_fen, memo=top_ups.MEMO, request_id=run.request_id
    )


@register_step(transfers.SEND, lane=LEDGER)
def send_transfer(run: StepRun) -> Outcome:
    """Send a transfer under the step's own id (QUERYABLE); after a first attempt its fate is asked for."""
    transfer = Transfer.objects.select_related("account").get(pk=run.subject_id)
    if transfer.status != SENDING:
        return Done()
    return _concluded(
        run, lambda: _sent(transfer, run),
        done=partial(transfer_outcomes.transfer_sent, transfer_id=transfer.pk),
        refused=partial(transfer_outcomes.transfer_refused, transfer_id=transfer.pk),
    )  # fmt: skip


def _sent(transfer: Transfer, run: StepRun) -> Order:
    return vendors.payment_network().send(
        payee=Payee(account_number=transfer.payee_number, name=transfer.payee_name),
        payer_number=transfer.account.number or "",
        amount_fen=transfer.amount_fen,
        memo=transfers.MEMO,
        request_id=run.request_id,
    )


@register_step(refunds.SEND, lane=LEDGER)
def send_refund(run: StepRun) -> Outcome:
    """Send a refund under the step's own id (QUERYABLE); after a first attempt its fate is asked for."""
    refund = Refund.objects.select_related("account").get(pk=run.subject_id)
    if refund.status != REFUND_SENDING:
        return Done()
    return _concluded(
        run, lambda: _given_back(refund, run),
        done=partial(refunds.refund_arrived, refund_id=refund.pk),
        refused=partial(refunds.refund_refused, refund_id=refund.pk),
    )  # fmt: skip


def _given_back(refund: Refund, run: StepRun) -> Order:
    behalf = "" if refund.account is None else refund.account.number
    return vendors.payment_network().send(
        payee=Payee(account_number=refund.payee_account or "", name=refund.payee_name),
        payer_number=behalf or "",
        amount_fen=refund.amount_fen,
        memo=refunds.LEFT,
        request_id=run.request_id,
    )


def _concluded(
    run: StepRun, order: Callable[[], Order], *, done: Callable[..., None], refused: Callable[..., None]
) -> Outcome:
    """Give an order and conclude by what became of it: `done` takes the network's reference, `refused` a code."""
    try:
        given = _settled(run, order)
    except Rejected as refusal:
        code = _reason(refusal.code)
        return Failed(code, partial(refused, code=code))
    if given.status is not OrderStatus.DONE:
        return Unknown(PROCESSING)
    return Done(partial(done, reference=given.reference))


def _settled(run: StepRun, order: Callable[[], Order]) -> Order:
    """Give an order, or what became of it where a former attempt may have given it; never under a new id.

    Raises:
        Rejected: it was refused.
    """
    if run.attempt > 1:
        fate = vendors.payment_network().fate_of(asked_id=run.request_id, request_id=run.request_id)
        if fate.status is OrderStatus.REFUSED:
            raise Rejected("payments", "query", code=str(fate.refusal))
        if fate.status is not OrderStatus.UNKNOWN:
            return fate
    return order()


def _reason(code: str) -> str:
    """Return the word of the contract for a refusal: the network's own, or one for what our mapping does not know."""
    known = code in set(PaymentRefusal) - {PaymentRefusal.OTHER}
    return code if known else transfer_outcomes.PAYMENT_REFUSED


@register_step(top_ups.CREDITED, lane=DEFAULT)
def top_up_credited(run: StepRun) -> Outcome:
    """Conclude a top-up that the core has answered."""
    return Done(partial(top_ups.top_up_credited, top_up_id=run.subject_id))


@register_step(transfers.DEBITED, lane=DEFAULT)
def transfer_debited(run: StepRun) -> Outcome:
    """Go on with a transfer that the core has answered."""
    return Done(partial(transfer_outcomes.transfer_debited, transfer_id=run.subject_id))


@register_step(transfers.REFUNDED, lane=DEFAULT)
def transfer_refunded(run: StepRun) -> Outcome:
    """End a transfer whose refund the core has answered."""
    return Done(partial(transfer_outcomes.transfer_refunded, transfer_id=run.subject_id))
