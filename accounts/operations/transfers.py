"""Send money from an account: to a bound card of one's own, to somebody's account here, or at another bank.

Between two accounts kept here it is one transaction. Otherwise the money is set aside in the request's own transaction,
by a hold, or, where the core keeps the account, by the core's debit under our id; so no number of transfers at once
overdraws. Then it is sent under our id (QUERYABLE). A suspended bank stops none of this (PU-07a).
"""

from __future__ import annotations

import uuid
from typing import Final

from accounts import parameters
from accounts.ledger.chart import CUSTOMER_DEPOSITS, PAYMENT_CLEARING
from accounts.models import DepositAccount, Transfer
from accounts.models.deposit_account import ACTIVE, OWN
from accounts.models.ledger import OUT
from accounts.models.movements import BOUND
from accounts.operations.claims import place_claim
from accounts.operations.holds import place_hold, void_hold
from accounts.operations.ledger import AccountNotActive, BalanceLimitExceeded, Line, post_entry
from accounts.operations.payees import (
    PayeeRefused,
    Recipient,
    ToAccount,
    ToCard,
    count_inbound,
    find_recipient,
    is_from_bound,
    refuse_payee,
)
from accounts.operations.payments import Leg, collect_from
from accounts.operations.quotas import charge_quota
from accounts.operations.restrictions import end_restrictions_of
from accounts.operations.suspensions import refuse_suspended
from accounts.operations.top_ups import CodeProof
from accounts.states import TRANSFER
from core.actors import customer_actor
from core.clock import now
from core.errors import InvalidRequest, NotFound
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then
from verification import operations as verification
from verification import queries as verified

SEND: Final = "transfer.send"
DEBITED: Final = "transfer.debited"
REFUNDED: Final = "transfer.refunded"
ACT: Final = "transfer"
KIND: Final = "transfer"
MEMO: Final = "转账"
REFUSED: Final = "refused"
SYSTEM: Final = "system"


@opens_transaction
def start_transfer(
    *, customer_id: uuid.UUID, account_id: uuid.UUID, to: ToCard | ToAccount, amount_fen: int, proof: CodeProof | None
) -> Transfer:
    """Take the order to send money, and set the money aside; somebody on a watchlist gets none, told neutrally.

    From whoever is under joint discipline (ACC-09) nothing goes out, told as neutrally.

    Raises:
        NotFound: the account or the card is not the customer's.
        InvalidRequest: a code is missing that this payee asks for, or the payee is the account itself.
        PhoneCodeWrong: the code is not the one that was sent to the customer for this amount.
        AccountNotActive: nothing can leave the account now: its state, a suspension (ACC-08, ACC-13), or an order on the
            whole of it (ACC-15).
        StateConflict, CardCooling, PayeeRefused: see `find_recipient` and `refuse_payee`.
        QuotaExceeded: more than the account may send to accounts that are not bound (ACC-05, ACC-07).
        InsufficientFunds: less is available.
    """
    payer = DepositAccount.objects.filter(pk=account_id, customer_id=customer_id).first()
    if payer is None:
        raise NotFound
    recipient = find_recipient(payer=payer, to=to)
    _prove(customer_id, account_id, amount_fen, proof, needed=recipient.kind != BOUND or isinstance(to, ToAccount))
    return _send(account_id, recipient, amount_fen, actor=customer_actor(customer_id))


@within_transaction
def transfer_on_order(
    *, account_id: uuid.UUID, to: ToAccount, amount_fen: int, actor: str, hold_id: uuid.UUID | None = None
) -> Transfer:
    """Send money that the customer has ordered to be sent elsewhere in the app, signed for there; no code is asked for.

    `hold_id` is what was set aside for it meanwhile: it is given back in the same breath. All else is as if the customer
    had sent it: watchlists, quotas, orders on the account.

    Raises:
        NotFound: there is no such account.
        AccountNotActive, PayeeRefused, QuotaExceeded, InsufficientFunds, InvalidRequest, CardCooling: see `start_transfer`.
    """
    payer = DepositAccount.objects.filter(pk=account_id).first()
    if payer is None:
        raise NotFound
    return _send(account_id, find_recipient(payer=payer, to=to), amount_fen, actor=actor, hold_id=hold_id)


def _send(
    account_id: uuid.UUID, recipient: Recipient, amount_fen: int, *, actor: str, hold_id: uuid.UUID | None = None
) -> Transfer:
    """Set the money aside and send it, or send it at once; see `start_transfer`."""
    payer, payee = lock_accounts(payer_id=account_id, payee_id=recipient.account_id)
    if hold_id is not None:
        void_hold(hold_id=hold_id)
    if payer.status != ACTIVE:
        raise AccountNotActive
    refuse_suspended(account_id=account_id)
    if payer.debits_stopped or payer.frozen_fen:
        end_restrictions_of(account_id=account_id)
    from_bound = payee is not None and is_from_bound(payer=payer, payee=payee)
    if payee is not None:
        refuse_payee(payee=payee, from_bound=from_bound)
    transfer = Transfer.objects.create(
        customer_id=payer.customer_id, account=payer, payee_kind=recipient.kind, payee_name=recipient.name,
        payee_number=recipient.number, card=recipient.card, payee_account=payee, amount_fen=amount_fen,
    )  # fmt: skip
    if not _is_clear(transfer, recipient) or _is_limited(transfer, recipient):
        return transition(
            TRANSFER, transfer.pk, "refuse", actor=SYSTEM, reason=REFUSED, reason_code=REFUSED, ended_at=now()
        )  # fmt: skip
    if recipient.kind != BOUND and not from_bound:
        charge_quota(
            account_id=payer.pk, account_class=payer.account_class, direction=OUT, amount_fen=amount_fen,
            business_ref=_reference(transfer.pk),
        )  # fmt: skip
    if payer.keeper != OWN:
        return _debit(transfer, actor)
    if payee is not None:
        return _post(transfer, payee, from_bound=from_bound, actor=actor)
    return _hold(transfer, actor)


def _prove(
    customer_id: uuid.UUID, account_id: uuid.UUID, amount_fen: int, proof: CodeProof | None, *, needed: bool
) -> None:
    """Take the one-time code; to a bound card none is needed, and one that is given must be right."""
    if proof is None:
        if needed:
            raise InvalidRequest(errors={"phone_code": ["向非绑定账户转账须提供短信验证码"]})
        return
    verification.consume_phone_code(
        subject_id=customer_id, code_id=proof.code_id, code=proof.code, phone=verified.phone_of(customer_id), action=ACT,
        subject=account_id.hex, amount_fen=amount_fen,
    )  # fmt: skip


@within_transaction
def lock_accounts(*, payer_id: uuid.UUID, payee_id: uuid.UUID | None) -> tuple[DepositAccount, DepositAccount | None]:
    """Lock the accounts of a transfer, in the order of their ids whichever way the money goes."""
    wanted = [payer_id] if payee_id is None else [payer_id, payee_id]
    rows = DepositAccount.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    found = {row.pk: row for row in rows}
    return found[payer_id], None if payee_id is None else found[payee_id]


def _is_clear(transfer: Transfer, recipient: Recipient) -> bool:
    """Screen who pays and who gets it, in the transaction in which money is set aside (AML-05)."""
    of = {"purpose": ACT, "business_id": transfer.pk.hex}
    outcomes = [verification.screen_subject(subject_id=transfer.customer_id, **of)]
    if recipient.customer_id is not None:
        outcomes.append(verification.screen_subject(subject_id=recipient.customer_id, **of))
    elif recipient.kind != BOUND:
        outcomes.append(verification.screen_counterparty(name=recipient.name, subject_id=transfer.customer_id, **of))
    return set(outcomes) == {"clear"}


def _is_limited(transfer: Transfer, recipient: Recipient) -> bool:
    """Tell whether joint discipline keeps the money in (ACC-09): all but taxes, social security and utilities."""
    if recipient.number in parameters.exempt_payees():
        return False
    return verification.is_disciplined(
        subject_id=transfer.customer_id, purpose=ACT, business_id=transfer.pk.hex
    )  # fmt: skip


def _reference(transfer_id: uuid.UUID) -> str:
    """Name a transfer to the books, to the quotas, and as what rests on its account while it is on its way."""
    return f"{KIND}:{transfer_id.hex}"


def _debit(transfer: Transfer, actor: str) -> Transfer:
    """Have the core take the money; what follows is started when it has answered."""
    payment = collect_from(
        account_id=transfer.account_id,
        amount_fen=transfer.amount_fen,
        legs=[Leg(gl_code=PAYMENT_CLEARING, amount_fen=transfer.amount_fen)],
        business_ref=_reference(transfer.pk),
        kind=KIND,
        memo=MEMO,
        then=Then(DEBITED, transfer.pk.hex),
    )
    place_claim(account_id=transfer.account_id, claimant=_reference(transfer.pk))
    return transition(TRANSFER, transfer.pk, "debit", actor=actor, payment_id=payment.id)


def _hold(transfer: Transfer, actor: str) -> Transfer:
    """Set the money aside here and owe the sending to a step."""
    hold_id = place_hold(
        account_id=transfer.account_id, amount_fen=transfer.amount_fen, business_ref=_reference(transfer.pk)
    )
    place_claim(account_id=transfer.account_id, claimant=_reference(transfer.pk))
    enqueue(SEND, transfer.pk)
    return transition(TRANSFER, transfer.pk, "hold", actor=actor, hold_id=hold_id)


def _post(transfer: Transfer, payee: DepositAccount, *, from_bound: bool, actor: str) -> Transfer:
    """Move the money between two accounts kept here, at once."""
    reference = _reference(transfer.pk)
    count_inbound(payee=payee, from_bound=from_bound, amount_fen=transfer.amount_fen, business_ref=reference)
    try:
        post_entry(
            business_ref=reference,
            kind=KIND,
            lines=[
                Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=transfer.amount_fen, account_id=transfer.account_id),
                Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-transfer.amount_fen, account_id=payee.pk),
            ],
            memo=MEMO,
        )
    except BalanceLimitExceeded as error:
        raise PayeeRefused from error
    return transition(TRANSFER, transfer.pk, "post", actor=actor, ended_at=now())
