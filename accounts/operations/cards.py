"""Cards: show one, have its bank asked, take it away again."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import IntegrityError, transaction

from accounts import parameters
from accounts.models import Card, Claim, Customer, DepositAccount
from accounts.models.customer import REGISTERED
from accounts.models.deposit_account import ACTIVE, CLASS_ONE, CORE
from accounts.models.filing import BOUND_CARD
from accounts.numbers import is_card_number
from accounts.operations.filings import owe_change
from accounts.states import CARD
from core.clock import now
from core.crypto import blind_index
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from tenants.parameters import value_of
from verification import operations as verification

NUMBER: Final = "card.number"
CHECK: Final = "card.check"
ACT: Final = "bind_card"
COUNTED: Final = ("active", "unbound")
UNFINISHED: Final = ("checking", "step_up", "active")


class CardNumberInvalid(Problem):
    """The number is no bank card's: 16 to 19 digits with a right check digit."""

    code = "card_number_invalid"
    status = 422
    title = "银行卡号有误，请检查后重新输入"


class StepUpRequired(Problem):
    """A second card asks for face and voice (A2-15); a card that was removed still counts."""

    code = "step_up_required"
    status = 403
    title = "绑定第二张银行卡需进行人脸和声纹核验"


class LastCardWithLoan(Problem):
    """The last card of an account stays while something rests on the account (ACC-14)."""

    code = "last_card_with_loan"
    status = 409
    title = "您有未结清的贷款，暂不能解绑最后一张银行卡"


class CardBoundAlready(Problem):
    """The customer has bound this card, or is about to."""

    code = "card_bound_already"
    status = 409
    title = "该银行卡已绑定"


@within_transaction
def record_card(*, customer_id: uuid.UUID, number: str, phone: str, account_id: uuid.UUID | None) -> Card:
    """Record a card that a customer has shown, to be checked with its bank.

    For an account that is to be opened, a card that is bound already but to no account is taken as it is.

    Raises:
        CardNumberInvalid: the number is none.
        CardBoundAlready: an unfinished or active card of the customer has this number.
    """
    if not is_card_number(number):
        raise CardNumberInvalid
    index = blind_index(number, domain=NUMBER)
    existing = Card.objects.filter(customer_id=customer_id, number_index=index, status__in=UNFINISHED).first()
    if existing is not None:
        if existing.status != "active" or existing.account_id is not None or account_id is None:
            raise CardBoundAlready
        existing.account_id, existing.phone = account_id, phone
        existing.save(update_fields=["account_id", "phone"])
        return existing
    try:
        with transaction.atomic():
            return Card.objects.create(
                customer_id=customer_id, number=number, number_index=index, last_four=number[-4:], phone=phone,
                account_id=account_id,
            )  # fmt: skip
    except IntegrityError as error:
        raise CardBoundAlready from error


@opens_transaction
def bind_card(*, customer_id: uuid.UUID, number: str, phone: str, code_id: uuid.UUID, code: str) -> Card:
    """Start binding the customer's first card, by a text message only.

    Raises:
        StateConflict: the customer is not registered.
        StepUpRequired: it would be the second card, counting those that were removed.
        PhoneCodeWrong, CardNumberInvalid, CardBoundAlready: see there.
    """
    customer = Customer.objects.select_for_update().get(pk=customer_id)
    if customer.stage != REGISTERED:
        raise StateConflict("请先完成注册")
    if Card.objects.filter(customer=customer, status__in=COUNTED).exists():
        raise StepUpRequired
    verification.consume_phone_code(
        subject_id=customer_id, code_id=code_id, code=code, phone=phone, action=ACT, subject=None
    )
    card = record_card(customer_id=customer_id, number=number, phone=phone, account_id=None)
    enqueue(CHECK, card.id)
    return card


@within_transaction
def card_checked(
    *, card_id: uuid.UUID, refusal: str, class_one_number: str | None = None, balance_fen: int = 0
) -> None:
    """End a card's check: active or refused; a Class I card of this bank makes its account known here.

    Locks are taken in the room's order: customer, account, card.
    """
    Customer.objects.select_for_update().get(cards__pk=card_id)
    card = Card.objects.select_for_update().get(pk=card_id)
    if card.status != "checking":
        return
    account = None
    if not refusal and class_one_number is not None:
        account, refusal = _class_one(card.customer_id, class_one_number, balance_fen)
    if refusal:
        transition(
            CARD, card_id, "refuse", actor="system", reason=refusal, reason_code=refusal, checked_at=now(),
            retryable=refusal == "vendor_unavailable",
        )  # fmt: skip
        return
    transition(CARD, card_id, "match", actor="system", checked_at=now(), account=account)


def _class_one(customer_id: uuid.UUID, number: str, balance_fen: int) -> tuple[DepositAccount | None, str]:
    """Return the customer's Class I account, or why there is none: another customer has it, or the customer another.

    The customer's row is locked by the caller, so that of two cards at once each sees the other's account.
    """
    index = blind_index(number, domain="account.number")
    known = DepositAccount.objects.filter(number_index=index).first()
    if known is not None:
        return (known, "") if known.customer_id == customer_id else (None, "bound_card_mismatch")
    held = DepositAccount.objects.filter(customer_id=customer_id, account_class=CLASS_ONE, status=ACTIVE).count()
    if held >= value_of(parameters.MAX_CLASS_ONE.name, kind=int):  # ACC-01
        return None, "account_limit_reached"
    account, _ = DepositAccount.objects.get_or_create(
        number_index=index,
        defaults={
            "customer_id": customer_id, "account_class": CLASS_ONE, "keeper": CORE, "status": ACTIVE,
            "number": number, "open_channel": "COUNTER", "face_to_face": True, "balance_fen": balance_fen,
            "opened_at": now(),
        },
    )  # fmt: skip
    return (account, "") if account.customer_id == customer_id else (None, "bound_card_mismatch")


@opens_transaction
def unbind_card(*, card_id: uuid.UUID, customer_id: uuid.UUID) -> None:
    """Remove a card.

    Raises:
        LastCardWithLoan: it is the last card of an account on which something rests.
        StateConflict: the card is not bound.
    """
    Customer.objects.select_for_update().get(pk=customer_id)
    card = Card.objects.filter(pk=card_id, customer_id=customer_id).first()
    if card is None:
        raise NotFound
    if card.account_id is not None:
        DepositAccount.objects.select_for_update(no_key=True).get(pk=card.account_id)
    others = Card.objects.filter(customer_id=customer_id, status="active").exclude(pk=card_id)
    claims = Claim.objects.filter(account__customer_id=customer_id, released_at=None)
    if card.status == "active" and claims.exists() and not others.exists():
        raise LastCardWithLoan
    transition(CARD, card_id, "unbind", actor=f"customer:{customer_id.hex}", unbound_at=now())
    if card.account_id is not None:
        owe_change(account_id=card.account_id, changed=BOUND_CARD)
