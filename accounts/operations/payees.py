"""Who gets a transfer, and whether their account may take it (ACC-04, ACC-05, ACC-07, A2-18)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Final

from accounts.models import Card, DepositAccount, ReceiptUse, TopUp, Transfer
from accounts.models.deposit_account import ACTIVE, CLASS_ONE, CLASS_THREE, CLASS_TWO, OWN
from accounts.models.ledger import IN
from accounts.models.movements import BOUND, ELSEWHERE, HERE, POSTED
from accounts.models.receipt import TO_ACCOUNT, TRANSFER_IN
from accounts.operations import cards
from accounts.operations.class_three import keep_cap
from accounts.operations.quotas import QuotaExceeded, charge_quota
from accounts.queries import ACCOUNT_NUMBER
from core.crypto import blind_index
from core.errors import InvalidRequest, NotFound, Problem
from core.operations import within_transaction
from verification import queries as verified

CARD_ACTIVE: Final = "active"
SAME_ACCOUNT: Final = {"to": ["收款账户与付款账户相同"]}


class PayeeRefused(Problem):
    """The account at this bank cannot take this transfer, or is not this person's; which of it is not told."""

    code = "payee_refused"
    status = 422
    title = "收款账户无法接收该笔转账，请核对账号和户名"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCard:
    """A bound card of the payer's own."""

    card_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAccount:
    """Somebody's account or card by number and name. PII: both; kept out of `repr`."""

    number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whose account it is: one of the payer's own bound cards, an account kept here, or one elsewhere."""

    kind: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    card: Card | None = None
    account_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None


@within_transaction
def find_recipient(*, payer: DepositAccount, to: ToCard | ToAccount) -> Recipient:
    """Return whose account it is.

    The number of a bound card of the payer's own, or of the Class I account here that such a card stands for, is that card.

    Raises:
        NotFound: the card is not the payer's.
        StateConflict: the card is not bound.
        CardCooling: the card was bound too short a time ago.
        InvalidRequest: it is the very account that pays.
        PayeeRefused: the name does not belong to the number, as far as this bank knows.
    """
    if isinstance(to, ToCard):
        card = Card.objects.filter(pk=to.card_id, customer_id=payer.customer_id).first()
        if card is None:
            raise NotFound
        return _own_card(payer, card)
    index = blind_index(to.number, domain=cards.NUMBER)
    card = Card.objects.filter(customer_id=payer.customer_id, number_index=index, status=CARD_ACTIVE).first()
    if card is not None:
        return _named(_own_card(payer, card), to.name)
    index = blind_index(to.number, domain=ACCOUNT_NUMBER)
    account = DepositAccount.objects.filter(number_index=index).first()
    if account is None:
        return Recipient(kind=ELSEWHERE, number=to.number, name=to.name)
    if account.pk == payer.pk:
        raise InvalidRequest(errors=SAME_ACCOUNT)
    if account.keeper != OWN:
        stands_for_it = Card.objects.filter(account=account, customer_id=payer.customer_id, status=CARD_ACTIVE)
        card = stands_for_it.first() if account.account_class == CLASS_ONE else None
        if card is None:
            return Recipient(kind=ELSEWHERE, number=to.number, name=to.name)
        return _named(_own_card(payer, card), to.name)
    known = _name_of(account.customer_id)
    here = Recipient(kind=HERE, number=to.number, name=known, account_id=account.pk, customer_id=account.customer_id)
    return _named(here, to.name)


def _named(recipient: Recipient, name: str) -> Recipient:
    """Return a recipient whose name this bank knows, where that is the name that was given."""
    if not verified.same_name(recipient.name, name):
        raise PayeeRefused
    return recipient


def _own_card(payer: DepositAccount, card: Card) -> Recipient:
    if payer.account_class == CLASS_ONE and card.account_id == payer.pk:
        raise InvalidRequest(errors=SAME_ACCOUNT)
    cards.refuse_cooling_card(card=card)
    return Recipient(kind=BOUND, number=card.number, name=_name_of(payer.customer_id), card=card)


def _name_of(customer_id: uuid.UUID) -> str:
    known = verified.identity(customer_id)
    return "" if known is None else known.name


@within_transaction
def foresee_recipient(*, account_id: uuid.UUID, to: ToAccount) -> str:
    """Return whose account a later transfer would go to (`bound`, `here`, `elsewhere`), or refuse it as that would.

    A bound card that is new counts as bound: by then it may be old enough.

    Raises:
        NotFound: there is no such account.
        InvalidRequest, PayeeRefused: see `find_recipient` and `refuse_payee`.
    """
    payer = DepositAccount.objects.filter(pk=account_id).first()
    if payer is None:
        raise NotFound
    try:
        recipient = find_recipient(payer=payer, to=to)
    except cards.CardCooling:
        return BOUND
    if recipient.account_id is not None:
        payee = DepositAccount.objects.get(pk=recipient.account_id)
        refuse_payee(payee=payee, from_bound=is_from_bound(payer=payer, payee=payee))
    return recipient.kind


@within_transaction
def is_from_bound(*, payer: DepositAccount, payee: DepositAccount) -> bool:
    """Tell whether the payer's account is one that the payee's is bound to: the same person's Class I account here."""
    return (
        payer.account_class == CLASS_ONE
        and payer.customer_id == payee.customer_id
        and Card.objects.filter(account=payer, customer_id=payer.customer_id, status=CARD_ACTIVE).exists()
    )


@within_transaction
def refuse_payee(*, payee: DepositAccount, from_bound: bool) -> None:
    """Refuse an account kept here that may not take a transfer at all.

    Raises:
        PayeeRefused: it may not.
    """
    if payee.status != ACTIVE or payee.keeper != OWN:
        raise PayeeRefused
    if not from_bound and not takes_from_others(account=payee):
        raise PayeeRefused


@within_transaction
def takes_from_others(*, account: DepositAccount) -> bool:
    """Tell whether an account takes money from accounts that are not bound to it, by whichever way it comes.

    ACC-04: a Class II account does where somebody has confirmed it face to face. ACC-07: a Class III account does once money
    from the bound account has come.
    """
    if account.account_class == CLASS_TWO:
        return account.face_to_face
    return account.account_class != CLASS_THREE or _has_had_bound_money(account)


@within_transaction
def is_bound_card(*, account: DepositAccount, number: str | None) -> bool:
    """Tell whether a number is that of a card that is bound to an account."""
    return number in _bound_numbers(account)


def _bound_numbers(account: DepositAccount) -> set[str]:
    return {card.number for card in Card.objects.filter(account=account, status=CARD_ACTIVE)}


def _has_had_bound_money(account: DepositAccount) -> bool:
    if TopUp.objects.filter(account=account, status=POSTED).exists():
        return True
    from_own = Transfer.objects.filter(payee_account=account, customer_id=account.customer_id, status=POSTED)
    if from_own.filter(account__account_class=CLASS_ONE).exists():
        return True
    booked = ReceiptUse.objects.filter(account=account, use=TO_ACCOUNT, receipt__channel=TRANSFER_IN, code="").exclude(
        entry=None
    )
    bound = _bound_numbers(account)
    return any(use.receipt.payer_account in bound for use in booked.select_related("receipt"))


@within_transaction
def count_inbound(*, payee: DepositAccount, from_bound: bool, amount_fen: int, business_ref: str) -> None:
    """Count a transfer against what its payee may take, and keep the payee's cap in force.

    Raises:
        PayeeRefused: it is more than the payee's quota leaves; how much that is, is the payee's own affair.
    """
    keep_cap(account=payee)
    if from_bound:
        return
    try:
        charge_quota(
            account_id=payee.pk, account_class=payee.account_class, direction=IN, amount_fen=amount_fen,
            business_ref=business_ref,
        )  # fmt: skip
    except QuotaExceeded as error:
        raise PayeeRefused from error
