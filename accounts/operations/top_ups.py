"""Top an account up from a bound card of the customer's own: collected there under our id, then credited here.

Always open, at a suspended bank too (PU-07a): a borrower must be able to repay. What comes from a bound card counts
against no quota (ACC-05).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.db.models import Sum

from accounts import parameters, queries
from accounts.ledger.chart import PAYMENT_CLEARING, SUSPENSE
from accounts.models import Card, DepositAccount, TopUp
from accounts.models.deposit_account import ACTIVE, CLASS_ONE, CLASS_THREE
from accounts.models.ledger import FAILED
from accounts.models.movements import COLLECTING, CREDITING
from accounts.operations.claims import place_claim, release_claim
from accounts.operations.ledger import AccountNotActive, BalanceLimitExceeded, Line, post_entry
from accounts.operations.payments import Leg, book_payment, pay_into
from accounts.states import TOP_UP
from core.clock import now
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then
from verification import operations as verification

COLLECT: Final = "top_up.collect"
CREDITED: Final = "top_up.credited"
ACT: Final = "top_up"
KIND: Final = "top_up"
MEMO: Final = "银行卡转入"
SYSTEM: Final = "system"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeProof:
    """A one-time code and the message that it came with."""

    code_id: uuid.UUID
    code: str = field(repr=False)


@opens_transaction
def start_top_up(
    *, customer_id: uuid.UUID, account_id: uuid.UUID, card_id: uuid.UUID, amount_fen: int, proof: CodeProof
) -> TopUp:
    """Take the order to draw an amount from a card; the card's bank is asked by a step.

    One that joint discipline keeps from being drawn (ACC-09) ends at once, told neutrally.

    Raises:
        NotFound: the account or the card is not the customer's.
        PhoneCodeWrong: the code is not the one that was sent to the card's phone for this amount.
        StateConflict: the card is not bound.
        AccountNotActive: the account cannot receive money now.
        BalanceLimitExceeded: a Class III account would have more than it may.
    """
    account = (
        DepositAccount.objects.select_for_update(no_key=True).filter(pk=account_id, customer_id=customer_id).first()
    )
    card = Card.objects.filter(pk=card_id, customer_id=customer_id).first()
    if account is None or card is None:
        raise NotFound
    verification.consume_phone_code(
        subject_id=customer_id, code_id=proof.code_id, code=proof.code, phone=card.phone, action=ACT,
        subject=account_id.hex, amount_fen=amount_fen,
    )  # fmt: skip
    if card.status != "active":
        raise StateConflict("该银行卡未绑定，请先绑定或选择其他银行卡")
    if account.status != ACTIVE:
        raise AccountNotActive
    _refuse_too_much(account, amount_fen)
    top_up = TopUp.objects.create(customer_id=customer_id, account=account, card=card, amount_fen=amount_fen)
    place_claim(account_id=account_id, claimant=_reference(top_up.pk))
    if _is_limited(top_up):
        _end(top_up, "refuse", reason_code=REFUSED)
        return TopUp.objects.get(pk=top_up.pk)
    enqueue(COLLECT, top_up.pk)
    return top_up


def _is_limited(top_up: TopUp) -> bool:
    """Tell whether joint discipline keeps the money in this bank's Class I account that the card stands for (ACC-09).

    What comes from another bank is that bank's to limit, and what is owed is repaid from the Class I account itself.
    """
    source = None if top_up.card.account is None else top_up.card.account.account_class
    return source == CLASS_ONE and verification.is_disciplined(
        subject_id=top_up.customer_id, purpose=ACT, business_id=top_up.pk.hex
    )  # fmt: skip


def _refuse_too_much(account: DepositAccount, amount_fen: int) -> None:
    """Refuse what a Class III account could not take, with what is on its way already (ACC-07)."""
    if account.account_class != CLASS_THREE:
        return
    coming = TopUp.objects.filter(account=account, status__in=(COLLECTING, CREDITING))
    coming_fen = coming.aggregate(total=Sum("amount_fen"))["total"] or 0
    if account.balance_fen + coming_fen + amount_fen > parameters.in_fen(parameters.THREE_BALANCE):
        raise BalanceLimitExceeded


def _reference(top_up_id: uuid.UUID) -> str:
    """Name a top-up to the books, and as what rests on its account while it is on its way."""
    return f"{KIND}:{top_up_id.hex}"


@within_transaction
def top_up_collected(*, top_up_id: uuid.UUID, reference: str) -> None:
    """Credit what the card's bank has paid; money that its account can no longer take is put in suspense.

    One that is past this stays as it is.
    """
    top_up = _locked(top_up_id)
    if top_up.status != COLLECTING:
        return
    TopUp.objects.filter(pk=top_up_id).update(reference=reference[:64])
    try:
        with transaction.atomic():
            paid = pay_into(
                account_id=top_up.account_id,
                amount_fen=top_up.amount_fen,
                legs=[Leg(gl_code=PAYMENT_CLEARING, amount_fen=top_up.amount_fen)],
                business_ref=_reference(top_up_id),
                kind=KIND,
                memo=MEMO,
                then=Then(CREDITED, top_up_id.hex),
                is_new_business=False,
            )
    except (AccountNotActive, BalanceLimitExceeded) as refused:
        _strand(top_up, refused.code)
        return
    if paid.status == "posted":
        _end(top_up, "post", payment_id=paid.id)
    else:
        transition(TOP_UP, top_up_id, "credit", actor=SYSTEM, payment_id=paid.id)


@within_transaction
def top_up_refused(*, top_up_id: uuid.UUID, code: str) -> None:
    """End a top-up that the card's bank has refused; no money moved."""
    top_up = _locked(top_up_id)
    if top_up.status == COLLECTING:
        _end(top_up, "refuse", reason_code=code)


@within_transaction
def top_up_credited(*, top_up_id: uuid.UUID) -> None:
    """Book what the core has credited, or put in suspense what it has refused to take."""
    top_up = _locked(top_up_id)
    if top_up.status != CREDITING or top_up.payment_id is None:
        return
    payment = queries.payment(top_up.payment_id)
    if payment.status == FAILED:
        _strand(top_up, payment.code)
    elif book_payment(payment_id=payment.id).status == "posted":
        _end(top_up, "post")


def _strand(top_up: TopUp, code: str) -> None:
    """Book money that came for an account that cannot take it: the bank owes it, and staff give it back."""
    post_entry(
        business_ref=f"{KIND}_suspense:{top_up.pk.hex}",
        kind=KIND,
        lines=[
            Line(gl_code=PAYMENT_CLEARING, amount_fen=top_up.amount_fen),
            Line(gl_code=SUSPENSE, amount_fen=-top_up.amount_fen),
        ],
        memo=MEMO,
    )
    _end(top_up, "strand", reason_code=code[:40])


def _end(top_up: TopUp, event: str, **fields: object) -> None:
    reason = str(fields.get("reason_code", ""))
    transition(TOP_UP, top_up.pk, event, actor=SYSTEM, reason=reason, ended_at=now(), **fields)
    release_claim(account_id=top_up.account_id, claimant=_reference(top_up.pk))


def _locked(top_up_id: uuid.UUID) -> TopUp:
    return TopUp.objects.select_for_update(of=("self",)).get(pk=top_up_id)
