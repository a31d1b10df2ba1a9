"""Give money in suspense back: a receipt that was overpaid, paid twice, nobody's; a top-up or transfer that is stranded.

Two people decide. From the decision on the bank owes it (2241); the entry out (2241 → clearing) is booked when it has
left. To a card that is bound to an account here it goes by itself, through the payment network, as a durable step; to
anybody else, at the counter, and where the network has refused it, staff pay it by hand and register that. While the
watchlists hold who gets it, or who had paid it in, it is owed and does not leave.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from accounts.ledger.chart import COUNTER_CLEARING, OTHER_PAYABLES, PAYMENT_CLEARING, SUSPENSE
from accounts.models import Card, DepositAccount, Refund
from accounts.models.receipt import REFUND, SENDING, ReceiptUse
from accounts.operations import cards
from accounts.operations.ledger import Line, post_entry
from accounts.operations.outside_parties import is_free, refuse_unscreened_refund, screen_payee
from accounts.operations.receipts import record_use, refuse_changed_receipt, screen_receipt, take_receipt_part
from accounts.states import REFUND as MACHINE
from core.approvals.operations import SameHands
from core.approvals.registry import took_part
from core.audit.log import record
from core.clock import now
from core.crypto import blind_index
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from verification import queries as verified

SEND: Final = "refund.send"
SYSTEM: Final = "system"
KIND: Final = "refund"
OWED: Final = "退还来款"
LEFT: Final = "退款付出"
REASON_LENGTH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Who gets the money back, and on which account; without one it is paid at the counter. PII: both."""

    name: str
    account: str | None = None


@within_transaction
def owe_refund(*, receipt_id: uuid.UUID, amount_fen: int, payee: Payee, reason: str, actor: str) -> uuid.UUID:
    """Decide that a receipt, or what is left of it, goes back: debit 3101, credit 2241; return the refund's id.

    Raises:
        SameHands, OutsidePartyHeld, ReceiptExceeded, InvalidRequest, NotFound: see `take_receipt_part`.
    """
    receipt = take_receipt_part(receipt_id=receipt_id, amount_fen=amount_fen, actor=actor)
    # What was decided before is in the uses, so that each part of a receipt has a reference of its own.
    number = ReceiptUse.objects.filter(receipt_id=receipt_id).count() + 1
    entry_id = post_entry(
        business_ref=f"refund:{receipt_id.hex}:{number}",
        kind=KIND,
        lines=[
            Line(gl_code=SUSPENSE, amount_fen=amount_fen),
            Line(gl_code=OTHER_PAYABLES, amount_fen=-amount_fen),
        ],
        memo=OWED,
    )
    use = record_use(receipt=receipt, use=REFUND, amount_fen=amount_fen, entry_id=entry_id, actor=actor)
    refund = Refund.objects.create(
        use=use, amount_fen=amount_fen, payee_name=payee.name, payee_account=payee.account, reason=reason,
        approved_by=actor, account=_account_of(payee),
    )  # fmt: skip
    send_by_itself(refund=refund)
    return refund.pk


def _account_of(payee: Payee) -> DepositAccount | None:
    """Return the account here that the payee's card is bound to, where card and name are the same customer's."""
    if payee.account is None:
        return None
    index = blind_index(payee.account, domain=cards.NUMBER)
    bound = Card.objects.filter(number_index=index, status="active", account__isnull=False).select_related("account")
    for card in bound:
        identity = verified.identity(card.customer_id)
        if identity is not None and verified.same_name(identity.name, payee.name):
            return card.account
    return None


@within_transaction
def owe_correction(
    *, reversal_id: uuid.UUID, account: DepositAccount, amount_fen: int, reason: str, actor: str
) -> uuid.UUID:
    """Owe the customer of a closed account, at the counter, what a reversal has booked as owed (2241); return the refund's id.

    Raises:
        NotFound: nobody is known behind the account.
    """
    identity = verified.identity(account.customer_id)
    if identity is None:
        raise NotFound
    refund = Refund.objects.create(
        correction_id=reversal_id, account=account, amount_fen=amount_fen, payee_name=identity.name, payee_account=None,
        reason=reason[:REASON_LENGTH], approved_by=actor,
    )  # fmt: skip
    send_by_itself(refund=refund)
    return refund.pk


@within_transaction
def send_by_itself(*, refund: Refund) -> None:
    """Screen who gets a new refund; owe its sending, where the payment network can be told the payee on an account's behalf.

    One whose payee is held stays owed: once that is cleared, staff pay it by hand.
    """
    screen_payee(refund=refund)
    if is_free(refund=refund) and refund.account_id is not None and refund.payee_account:
        transition(MACHINE, refund.pk, "send", actor=SYSTEM)
        enqueue(SEND, refund.pk)


@within_transaction
def refund_arrived(*, refund_id: uuid.UUID, reference: str) -> None:
    """Conclude when the network has paid: the entry out; a refund that is past this stays as it is."""
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.status == SENDING:
        _leave(refund, PAYMENT_CLEARING, reference[:64], SYSTEM)


@within_transaction
def refund_refused(*, refund_id: uuid.UUID, code: str) -> None:
    """Conclude when the network has refused: the money is owed again, and staff pay it by hand."""
    if Refund.objects.select_for_update().get(pk=refund_id).status == SENDING:
        refund_returned(refund_id=refund_id, reason=code, actor=SYSTEM)


def refund_receipt(
    *, receipt_id: uuid.UUID, amount_fen: int, payee: Payee, reason: str, actor: str, left_seen_fen: int | None = None
) -> uuid.UUID:
    """Decide that a receipt goes back; see `owe_refund`. Its payer is screened before.

    Raises:
        StateConflict: see `refuse_changed_receipt`.
    """
    screen_receipt(receipt_id=receipt_id)
    return _refund_receipt(
        receipt_id=receipt_id, amount_fen=amount_fen, payee=payee, reason=reason, actor=actor,
        left_seen_fen=left_seen_fen,
    )  # fmt: skip


@opens_transaction
def _refund_receipt(
    *, receipt_id: uuid.UUID, amount_fen: int, payee: Payee, reason: str, actor: str, left_seen_fen: int | None
) -> uuid.UUID:
    refuse_changed_receipt(receipt_id=receipt_id, left_seen_fen=left_seen_fen)
    return owe_refund(receipt_id=receipt_id, amount_fen=amount_fen, payee=payee, reason=reason, actor=actor)


@within_transaction
def refund_sent(*, refund_id: uuid.UUID, actor: str) -> None:
    """Record that a transfer with the money is on its way.

    Raises:
        StateConflict: the refund is not owed.
    """
    transition(MACHINE, refund_id, "send", actor=actor)


@within_transaction
def refund_returned(*, refund_id: uuid.UUID, reason: str, actor: str) -> None:
    """Record that the transfer failed: the money is owed again.

    Raises:
        StateConflict: no transfer is on its way.
    """
    transition(MACHINE, refund_id, "return", actor=actor, reason=reason)


@within_transaction
def refund_paid(*, refund_id: uuid.UUID, outside_reference: str, actor: str) -> None:
    """Record that the money has left: debit 2241, credit the clearing account of the way that it went, not that it came.

    Raises:
        NotFound: there is no such refund.
        StateConflict: it is paid already, or is on its way through the payment network.
        SameHands: who pays is who approved it.
        OutsidePartyHeld: who gets it, or had paid it in, is held by the watchlists, or not screened by those of now.
    """
    refund = Refund.objects.select_for_update(of=("self",)).filter(pk=refund_id).first()
    if refund is None:
        raise NotFound
    MACHINE.target(refund.status, "pay")
    if refund.status == SENDING and refund.account_id is not None:
        raise StateConflict("该笔退款正在通过支付系统汇出，结果未明前不能登记付款")
    if took_part(actor, people=refund.approved_by):
        raise SameHands("批准人与付款登记人不能为同一人，请由其他员工登记")
    refuse_unscreened_refund(refund=refund)
    _leave(refund, _clearing(refund), outside_reference, actor)


def _clearing(refund: Refund) -> str:
    """Return by which clearing account money leaves that staff have paid: to an account by payment, else at the counter."""
    return PAYMENT_CLEARING if refund.payee_account else COUNTER_CLEARING


def _leave(refund: Refund, clearing: str, reference: str, actor: str) -> None:
    entry_id = post_entry(
        business_ref=f"refund_paid:{refund.pk.hex}",
        kind=KIND,
        lines=[
            Line(gl_code=OTHER_PAYABLES, amount_fen=refund.amount_fen),
            Line(gl_code=clearing, amount_fen=-refund.amount_fen),
        ],
        memo=LEFT,
    )
    transition(
        MACHINE, refund.pk, "pay", actor=actor, outside_reference=reference, paid_by=actor, paid_at=now(),
        entry_id=entry_id,
    )  # fmt: skip


@opens_transaction
def screen_refund(*, refund_id: uuid.UUID) -> None:
    """Screen who gets a refund, and who had paid it in, where that has to be done again, and commit it.

    Raises:
        NotFound: there is no such refund.
    """
    refund = Refund.objects.select_for_update(of=("self",)).filter(pk=refund_id).first()
    if refund is None:
        raise NotFound
    screen_payee(refund=refund)


def register_refund_paid(*, refund_id: uuid.UUID, outside_reference: str, actor: str) -> None:
    """Register that staff have paid a refund by hand, at the counter or in the bank's payment system; see `refund_paid`.

    Who gets it is screened before.
    """
    screen_refund(refund_id=refund_id)
    _register_refund_paid(refund_id=refund_id, outside_reference=outside_reference, actor=actor)


@opens_transaction
def _register_refund_paid(*, refund_id: uuid.UUID, outside_reference: str, actor: str) -> None:
    refund_paid(refund_id=refund_id, outside_reference=outside_reference, actor=actor)
    record("refund.paid", actor=actor, subject=refund_id.hex, detail={"reference": outside_reference})
