"""Cards: show one, have its bank asked, from the second on prove face and voice, take it away again."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts import parameters, queries
from accounts.models import Card, Claim, Customer, DepositAccount
from accounts.models.customer import REGISTERED
from accounts.models.deposit_account import (
    ACTIVE,
    CHECKING,
    CLASS_ONE,
    CLASS_THREE,
    CLASS_TWO,
    CORE,
    FACE,
    OPENING,
    REVIEW,
)
from accounts.models.filing import BOUND_CARD
from accounts.models.movements import ON_THEIR_WAY
from accounts.numbers import is_card_number
from accounts.operations.filings import owe_change
from accounts.operations.payments import core_balance_told
from accounts.states import CARD
from core.actors import customer_actor
from core.clock import SHANGHAI, now
from core.crypto import blind_index
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.tenancy import current_bank
from tenants.parameters import value_of
from verification import operations as verification

NUMBER: Final = "card.number"
CHECK: Final = "card.check"
SHOW_ACCOUNT: Final = "card.show_account"
ACT: Final = "bind_card"
COUNTED: Final = ("active", "unbound")
UNFINISHED: Final = ("checking", "step_up", "active")
BEING_OPENED: Final = (CHECKING, REVIEW, FACE, OPENING)
STEP_UP_EXPIRED: Final = "step_up_expired"
GIVEN_UP: Final = "given_up"
RETRYABLE: Final = ("vendor_unavailable", STEP_UP_EXPIRED)


class CardNumberInvalid(Problem):
    """The number is no bank card's: 16 to 19 digits with a right check digit."""

    code = "card_number_invalid"
    status = 422
    title = "银行卡号有误，请检查后重新输入"


class StepUpRequired(Problem):
    """From the second card on, face and voice are both asked for (A2-15); a card that was removed still counts."""

    code = "step_up_required"
    status = 403
    title = "绑定第二张及以后的银行卡，需同时完成人脸和声纹核验"


class LastCardWithLoan(Problem):
    """The last card of an account stays while something rests on the account (ACC-14)."""

    code = "last_card_with_loan"
    status = 409
    title = "您有未结清的贷款，请先绑定其他银行卡再解绑最后一张"


class CardCooling(Problem):
    """The card is the second or a later one and was bound too short a time ago; `available_at` says when it is over."""

    code = "card_cooling"
    status = 409
    title = "该银行卡绑定时间较短，暂不能向其转出资金，请稍后再试"
    replayable = False


class CardBoundAlready(Problem):
    """The customer has bound this card, or is about to."""

    code = "card_bound_already"
    status = 409
    title = "该银行卡已绑定，无需重复绑定；如需新增请更换银行卡"


@within_transaction
def record_card(*, customer_id: uuid.UUID, number: str, phone: str, account_id: uuid.UUID | None) -> Card:
    """Record a card that a customer has shown, to be checked with its bank.

    For an account that is to be opened, a card that is bound already but to no account is taken as it is. One that has
    waited too long for face and voice ends, and is checked anew.

    Raises:
        CardNumberInvalid: the number is none.
        CardBoundAlready: an unfinished or active card of the customer has this number.
    """
    if not is_card_number(number):
        raise CardNumberInvalid
    index = blind_index(number, domain=NUMBER)
    existing = Card.objects.filter(customer_id=customer_id, number_index=index, status__in=UNFINISHED).first()
    if existing is not None and existing.status == "step_up" and _has_waited_too_long(existing):
        refuse_card(card_id=existing.pk, code=STEP_UP_EXPIRED)
        existing = None
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
    """Start binding a card by a text message; when its bank has agreed, only the customer's first is bound by that.

    Raises:
        StateConflict: the customer is not registered.
        PhoneCodeWrong, CardNumberInvalid, CardBoundAlready: see there.
    """
    customer = _locked_customer(customer_id)
    if customer.stage != REGISTERED:
        raise StateConflict("请先完成注册")
    verification.consume_phone_code(
        subject_id=customer_id, code_id=code_id, code=code, phone=phone, action=ACT, subject=None
    )
    card = record_card(customer_id=customer_id, number=number, phone=phone, account_id=None)
    enqueue(CHECK, card.id)
    return card


def _locked_customer(customer_id: uuid.UUID) -> Customer:
    """Lock the customer: whether a card is the first or a later one is decided for one card at a time."""
    return Customer.objects.select_for_update(no_key=True).get(pk=customer_id)


@within_transaction
def card_checked(
    *, card_id: uuid.UUID, refusal: str, class_one_number: str | None = None, balance_fen: int = 0
) -> None:
    """End a card's check: refused, bound, or waiting for face and voice (A2-15).

    A Class I card of this bank makes its account known here, as soon as it is bound. Locks are taken in the room's order:
    customer, account, card.
    """
    _locked_customer(Card.objects.values_list("customer_id", flat=True).get(pk=card_id))
    card = Card.objects.select_for_update().get(pk=card_id)
    if card.status != "checking":
        return
    if not refusal and class_one_number is not None:
        refusal = _class_one_refusal(card.customer_id, class_one_number)
    if refusal:
        refuse_card(card_id=card_id, code=refusal)
        return
    card = accept_card(card_id=card_id)
    if class_one_number is not None and card.status == "active":
        show_class_one(card_id=card_id, number=class_one_number, balance_fen=balance_fen)


@within_transaction
def accept_card(*, card_id: uuid.UUID) -> Card:
    """Bind a card that its bank has agreed to where it is the customer's first, else ask for face and voice (A2-15).

    Cards that were removed count. The caller's transaction holds the customer from here on, so that of two cards at
    once one is the first.
    """
    customer_id = Card.objects.values_list("customer_id", flat=True).get(pk=card_id)
    _locked_customer(customer_id)
    moment = now()
    if Card.objects.filter(customer_id=customer_id, status__in=COUNTED).exists():
        return transition(CARD, card_id, "further_card", actor="system", checked_at=moment, further=True)
    return transition(CARD, card_id, "match", actor="system", checked_at=moment, bound_at=moment)


@within_transaction
def refuse_card(*, card_id: uuid.UUID, code: str, actor: str = "system") -> Card:
    """End a card that is not bound yet, with a code that says why."""
    checked_at = Card.objects.values_list("checked_at", flat=True).get(pk=card_id)
    return transition(
        CARD, card_id, "refuse", actor=actor, reason=code, reason_code=code, checked_at=checked_at or now(),
        retryable=code in RETRYABLE,
    )  # fmt: skip


@opens_transaction
def submit_card(*, card_id: uuid.UUID, customer_id: uuid.UUID, face_token: str | None, voice_token: str | None) -> Card:
    """Bind a further card by face and voice; one that has waited too long since its check ends instead.

    Raises:
        NotFound: it is not the customer's card.
        StateConflict: the card does not wait for face and voice.
        StepUpRequired: one of the two is missing.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the face's token is not good for this.
        VoiceTokenUsed, VoiceTokenMismatch, VoiceTokenExpired: the voice's is not.
    """
    _locked_customer(customer_id)
    card = _own_card(card_id, customer_id)
    CARD.target(card.status, "submit")
    if not face_token or not voice_token:
        raise StepUpRequired
    if _has_waited_too_long(card):
        return refuse_card(card_id=card_id, code=STEP_UP_EXPIRED)
    proof = verification.consume_step_up(
        face_token=face_token, voice_token=voice_token, subject_id=customer_id, action=ACT, business_id=card_id.hex
    )
    bound = transition(
        CARD, card_id, "submit", actor=customer_actor(customer_id), bound_at=now(), step_up_face_id=proof.face_check_id,
        step_up_voice_id=proof.voice_check_id,
    )  # fmt: skip
    if bound.issuer_bank == current_bank().code and bound.account_class == CLASS_ONE:
        enqueue(SHOW_ACCOUNT, card_id)
    else:
        _take_bare_account(bound)
    if bound.account_id is not None:
        owe_change(account_id=bound.account_id, changed=BOUND_CARD)
    return bound


def _has_waited_too_long(card: Card) -> bool:
    """Tell whether what the card's bank has said is too old to bind the card by (ACC-03: asked anew)."""
    hours = value_of(parameters.CARD_STEP_UP_HOURS.name, kind=int)
    return card.checked_at is None or card.checked_at + timedelta(hours=hours) <= now()


def _own_card(card_id: uuid.UUID, customer_id: uuid.UUID) -> Card:
    """Lock one of the customer's cards, and before it the account that it stands for."""
    accounts = DepositAccount.objects.select_for_update(no_key=True, of=("self",))
    accounts.filter(cards__pk=card_id, customer_id=customer_id).first()
    card = Card.objects.select_for_update().filter(pk=card_id, customer_id=customer_id).first()
    if card is None:
        raise NotFound
    return card


@within_transaction
def show_class_one(*, card_id: uuid.UUID, number: str, balance_fen: int) -> None:
    """Make the Class I account known that a bound card of this bank stands for, but for one that cannot be this customer's."""
    _locked_customer(Card.objects.values_list("customer_id", flat=True).get(pk=card_id))
    card = Card.objects.select_for_update().get(pk=card_id)
    if card.status != "active" or _class_one_refusal(card.customer_id, number):
        return
    account, is_new = DepositAccount.objects.get_or_create(
        number_index=blind_index(number, domain=queries.ACCOUNT_NUMBER),
        defaults={
            "customer_id": card.customer_id, "account_class": CLASS_ONE, "keeper": CORE, "status": ACTIVE,
            "number": number, "open_channel": "COUNTER", "face_to_face": True, "balance_fen": balance_fen,
            "opened_at": now(), "balance_at": now(),
        },
    )  # fmt: skip
    if not is_new:
        core_balance_told(account_id=account.pk, balance_fen=balance_fen, at=now())
    if card.account_id is None:
        card.account = account
        card.save(update_fields=["account"])


def _class_one_refusal(customer_id: uuid.UUID, number: str) -> str:
    """Return why a Class I account is not this customer's: another has it, or the customer has another; or nothing.

    The customer's row is locked by the caller, so that of two cards at once each sees the other's account.
    """
    index = blind_index(number, domain=queries.ACCOUNT_NUMBER)
    owner_id = DepositAccount.objects.filter(number_index=index).values_list("customer_id", flat=True).first()
    if owner_id is not None:
        return "" if owner_id == customer_id else "bound_card_mismatch"
    held = DepositAccount.objects.filter(customer_id=customer_id, account_class=CLASS_ONE, status=ACTIVE).count()
    return "account_limit_reached" if held >= value_of(parameters.MAX_CLASS_ONE.name, kind=int) else ""  # ACC-01


@opens_transaction
def unbind_card(*, card_id: uuid.UUID, customer_id: uuid.UUID) -> None:
    """Remove a card; one that still waits for face and voice is given up.

    An account that loses its only card gets another that the customer has bound, so changing the bound card is: bind
    the new one by face and voice, then remove the old one (ACC-14).

    Raises:
        NotFound: it is not the customer's card.
        LastCardWithLoan: it is the last card of an account on which something rests.
        StateConflict: the card is not bound, an account is being opened with it, or money is on its way and this is the
            last card.
    """
    _locked_customer(customer_id)
    card = _own_card(card_id, customer_id)
    if card.status == "step_up":
        refuse_card(card_id=card_id, code=GIVEN_UP, actor=customer_actor(customer_id))
        return
    CARD.target(card.status, "unbind")
    _refuse_needed(card)
    transition(CARD, card_id, "unbind", actor=customer_actor(customer_id), unbound_at=now())
    _give_another(card)
    if card.account_id is not None:
        owe_change(account_id=card.account_id, changed=BOUND_CARD)


def _refuse_needed(card: Card) -> None:
    """Refuse to remove a card that an account cannot be without (ACC-14)."""
    if card.account is not None and card.account.status in BEING_OPENED:
        raise StateConflict("该银行卡正用于开立账户，请待开户结束后再解绑")
    others = Card.objects.filter(customer_id=card.customer_id, status="active").exclude(pk=card.pk)
    claims = Claim.objects.filter(account__customer_id=card.customer_id, released_at=None)
    stand_in = others.filter(Q(account_id=card.account_id) | Q(account=None))
    if others.exists() and stand_in.exists():
        return
    needed = claims.filter(account_id=card.account_id) if others.exists() else claims
    claimants = list(needed.values_list("claimant", flat=True))
    if any(not claimant.startswith(ON_THEIR_WAY) for claimant in claimants):
        raise LastCardWithLoan
    if claimants:
        raise StateConflict("有一笔资金正在转入或转出，请待其办结后再解绑最后一张银行卡")


def _give_another(removed: Card) -> None:
    """Let a bound card that stands for no account take the place of an account's only one."""
    account = removed.account
    if account is None or account.account_class == CLASS_ONE or account.status != ACTIVE:
        return
    bound = Card.objects.filter(customer_id=removed.customer_id, status="active")
    if bound.filter(account=account).exists():
        return
    free = bound.filter(account=None).order_by("bound_at", "pk").first()
    if free is not None:
        free.account = account
        free.save(update_fields=["account"])


def _take_bare_account(bound: Card) -> None:
    """Let a card that is bound now, and stands for nothing yet, stand for the oldest account that was left without one."""
    if bound.account_id is not None:
        return
    bare = DepositAccount.objects.select_for_update(no_key=True, of=("self",)).filter(
        ~Exists(Card.objects.filter(account=OuterRef("pk"), status="active")),
        customer_id=bound.customer_id, status=ACTIVE, account_class__in=(CLASS_TWO, CLASS_THREE),
    )  # fmt: skip
    account = bare.order_by("pk").first()
    if account is not None:
        bound.account = account
        bound.save(update_fields=["account"])


@within_transaction
def refuse_cooling_card(*, card: Card) -> None:
    """Refuse to let money go out to a card that was bound as the second or a later one a short time ago (A2-18).

    Raises:
        StateConflict: the card is not bound.
        CardCooling: the bank's cooling period is not over.
    """
    outflow = queries.outflow_to(card)
    if outflow.allowed:
        return
    if outflow.from_at is None:
        raise StateConflict("该银行卡未绑定，不能向其转出资金，请先绑定该卡")
    from_at = outflow.from_at.astimezone(SHANGHAI)
    raise CardCooling(
        f"为保护您的资金安全，{from_at:%Y-%m-%d %H:%M} 起可向该银行卡转出资金",
        available_at=from_at.isoformat(timespec="seconds"),
    )
