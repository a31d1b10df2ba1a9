"""Conclude a transfer when the network or the core has answered; one that is past the question stays as it is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from django.db import transaction

from accounts import queries
from accounts.ledger.chart import CUSTOMER_DEPOSITS, PAYMENT_CLEARING, SUSPENSE
from accounts.models import Transfer
from accounts.models.ledger import FAILED
from accounts.models.movements import DEBITING, REFUNDING, SENDING
from accounts.operations.claims import release_claim
from accounts.operations.holds import post_hold, void_hold
from accounts.operations.ledger import AccountNotActive, BalanceLimitExceeded, Line, post_entry
from accounts.operations.payees import PayeeRefused, count_inbound, is_from_bound, refuse_payee
from accounts.operations.payments import Leg, book_payment, pay_into
from accounts.operations.quotas import return_quota
from accounts.operations.transfers import KIND, MEMO, REFUNDED, SEND, SYSTEM, lock_accounts
from accounts.states import TRANSFER
from core.clock import now
from core.operations import within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then

REFUND: Final = "transfer_refund"
REFUND_MEMO: Final = "转账退回"
PAYMENT_REFUSED: Final = "payment_refused"
CORE_REASONS: Final[Mapping[str, str]] = {
    "insufficient_funds": "insufficient_funds",
    "account_not_found": "account_not_active",
}


@within_transaction
def transfer_sent(*, transfer_id: uuid.UUID, reference: str) -> None:
    """Post a transfer that has arrived: the hold leaves with its entry; where the core keeps the account, it has left."""
    transfer = _locked(transfer_id)
    if transfer.status != SENDING:
        return
    if transfer.hold_id is not None:
        legs = [Leg(gl_code=PAYMENT_CLEARING, amount_fen=transfer.amount_fen)]
        post_hold(hold_id=transfer.hold_id, legs=legs, kind=KIND, memo=MEMO)
    _end(transfer, "post", reference=reference[:64])


@within_transaction
def transfer_refused(*, transfer_id: uuid.UUID, code: str) -> None:
    """Give the money of a refused transfer back: the hold is voided, or the core is asked to credit."""
    transfer = _locked(transfer_id)
    if transfer.status != SENDING:
        return
    if transfer.hold_id is not None:
        void_hold(hold_id=transfer.hold_id, reason=code)
        _fail(transfer, code)
    else:
        _give_back(transfer, code)


@within_transaction
def transfer_debited(*, transfer_id: uuid.UUID) -> None:
    """Go on with money that the core has taken: to an account here, or out; or end, where the core has refused."""
    transfer = _locked(transfer_id)
    if transfer.status != DEBITING or transfer.payment_id is None:
        return
    payment = queries.payment(transfer.payment_id)
    if payment.status == FAILED:
        _fail(transfer, CORE_REASONS.get(payment.code, PAYMENT_REFUSED))
        return
    if book_payment(payment_id=payment.id).status != "posted":
        return
    if transfer.payee_account_id is None:
        transition(TRANSFER, transfer_id, "send", actor=SYSTEM)
        enqueue(SEND, transfer_id)
    else:
        _deliver(transfer, transfer.payee_account_id)


def _deliver(transfer: Transfer, payee_id: uuid.UUID) -> None:
    """Credit an account kept here, or give the money back where it can no longer take it."""
    payer, payee = lock_accounts(payer_id=transfer.account_id, payee_id=payee_id)
    assert payee is not None  # noqa: S101 -- an id was given
    reference = f"{KIND}_in:{transfer.pk.hex}"
    from_bound = is_from_bound(payer=payer, payee=payee)
    try:
        with transaction.atomic():
            refuse_payee(payee=payee, from_bound=from_bound)
            count_inbound(payee=payee, from_bound=from_bound, amount_fen=transfer.amount_fen, business_ref=reference)
            post_entry(
                business_ref=reference,
                kind=KIND,
                lines=[
                    Line(gl_code=PAYMENT_CLEARING, amount_fen=transfer.amount_fen),
                    Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-transfer.amount_fen, account_id=payee_id),
                ],
                memo=MEMO,
            )
    except (PayeeRefused, AccountNotActive, BalanceLimitExceeded):
        _give_back(transfer, PayeeRefused.code)
        return
    _end(transfer, "post")


def _give_back(transfer: Transfer, code: str) -> None:
    """Ask the core to credit what it has taken, without a deadline; what its account cannot take goes into suspense."""
    try:
        with transaction.atomic():
            refund = pay_into(
                account_id=transfer.account_id,
                amount_fen=transfer.amount_fen,
                legs=[Leg(gl_code=PAYMENT_CLEARING, amount_fen=transfer.amount_fen)],
                business_ref=f"{REFUND}:{transfer.pk.hex}",
                kind=REFUND,
                memo=REFUND_MEMO,
                then=Then(REFUNDED, transfer.pk.hex),
                is_new_business=False,
            )
    except AccountNotActive:
        _strand(transfer, code)
        return
    transition(TRANSFER, transfer.pk, "give_back", actor=SYSTEM, reason=code, reason_code=code, refund_id=refund.id)


@within_transaction
def transfer_refunded(*, transfer_id: uuid.UUID) -> None:
    """End a transfer whose money the core has credited back; what the core will not take is put in suspense."""
    transfer = _locked(transfer_id)
    if transfer.status != REFUNDING or transfer.refund_id is None:
        return
    refund = queries.payment(transfer.refund_id)
    if refund.status == FAILED:
        _strand(transfer, transfer.reason_code)
    elif book_payment(payment_id=refund.id).status == "posted":
        _fail(transfer, transfer.reason_code)


def _strand(transfer: Transfer, code: str) -> None:
    """Book money that can go neither on nor back: the bank owes it, and staff give it back."""
    post_entry(
        business_ref=f"{KIND}_suspense:{transfer.pk.hex}",
        kind=KIND,
        lines=[
            Line(gl_code=PAYMENT_CLEARING, amount_fen=transfer.amount_fen),
            Line(gl_code=SUSPENSE, amount_fen=-transfer.amount_fen),
        ],
        memo=REFUND_MEMO,
    )
    return_quota(business_ref=f"{KIND}:{transfer.pk.hex}")
    _end(transfer, "strand", reason_code=code)


def _fail(transfer: Transfer, code: str) -> None:
    return_quota(business_ref=f"{KIND}:{transfer.pk.hex}")
    _end(transfer, "refuse", reason_code=code)


def _end(transfer: Transfer, event: str, **fields: object) -> None:
    reason = str(fields.get("reason_code", ""))
    transition(TRANSFER, transfer.pk, event, actor=SYSTEM, reason=reason, ended_at=now(), **fields)
    release_claim(account_id=transfer.account_id, claimant=f"{KIND}:{transfer.pk.hex}")


def _locked(transfer_id: uuid.UUID) -> Transfer:
    return Transfer.objects.select_for_update(of=("self",)).get(pk=transfer_id)
