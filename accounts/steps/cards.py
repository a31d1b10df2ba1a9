"""The check of a card at the bank that issued it, for binding and for opening."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from accounts import queries, vendors
from accounts.models import Card, DepositAccount
from accounts.models.deposit_account import CLASS_THREE
from accounts.operations import cards, opening
from accounts.providers.bound_card import BoundCardAnswer, BoundCardResult, CardAccountClass
from accounts.providers.core_system import ClassOneAccount
from core.operations import opens_transaction
from core.steps.registry import VENDOR, Done, Outcome, StepRun, register_step
from core.tenancy import current_bank
from verification import queries as verified

PATIENCE: Final = timedelta(seconds=120)
MISMATCH: Final = "bound_card_mismatch"
BINDABLE: Final = (CardAccountClass.CLASS_I, CardAccountClass.CREDIT)
NEVER_BOUND: Final = (CardAccountClass.CLASS_II, CardAccountClass.CLASS_III)
FOUR: Final = 4
FIVE: Final = 5


def _asked(card: Card, request_id: str) -> BoundCardAnswer:
    identity = verified.identity(card.customer_id)
    if identity is None:
        raise ValueError("a card of somebody whose identity is unknown")
    return vendors.bound_card_check().verify(
        name=identity.name,
        id_number=identity.id_number,
        phone=card.phone,
        card_number=card.number,
        request_id=request_id,
    )


def refusal_of(answer: BoundCardAnswer, *, elements: int = FIVE) -> str:
    """Return why the card cannot be bound, or nothing (ACC-03).

    Name, ID number, phone and number must agree, and an account of Class II or III is never bound to. The fifth
    element, that the issuer says it is Class I or a credit card, is not asked for by a Class III account.
    """
    agrees = answer.result is BoundCardResult.MATCH and answer.account_class not in NEVER_BOUND
    bindable = agrees and (elements == FOUR or answer.account_class in BINDABLE)
    return "" if bindable else MISMATCH


@opens_transaction
def _keep_issuer(card: Card, answer: BoundCardAnswer) -> None:
    card.issuer_bank, card.issuer_name = answer.issuer_bank, answer.issuer_name
    card.account_class = "" if answer.account_class is None else answer.account_class.value
    card.save(update_fields=["issuer_bank", "issuer_name", "account_class"])


def _card_unchecked(run: StepRun) -> None:
    cards.card_checked(card_id=run.subject_id, refusal="vendor_unavailable")


@register_step(cards.CHECK, lane=VENDOR, deadline=PATIENCE, give_up=_card_unchecked)
def check_card(run: StepRun) -> Outcome:
    """Ask the issuer about a card; one of this bank's own shows its Class I account. PURE."""
    card = Card.objects.get(pk=run.subject_id)
    if queries.is_opened_here(card.number):
        return Done(partial(cards.card_checked, card_id=card.pk, refusal=MISMATCH))
    answer = _asked(card, run.request_id)
    refusal = refusal_of(answer)
    _keep_issuer(card, answer)
    own = answer.issuer_bank == current_bank().code and answer.account_class is CardAccountClass.CLASS_I
    account = _class_one_account(card, run.request_id) if own and not refusal else None
    if account is None:
        return Done(partial(cards.card_checked, card_id=card.pk, refusal=refusal))
    return Done(
        partial(
            cards.card_checked,
            card_id=card.pk,
            refusal=refusal,
            class_one_number=account.account_number,
            balance_fen=account.balance_fen,
        )
    )


def _class_one_account(card: Card, request_id: str) -> ClassOneAccount | None:
    """Ask the core for the Class I account of a card's owner."""
    identity = verified.identity(card.customer_id)
    if identity is None:
        return None
    return vendors.core_system().class_one_account(
        name=identity.name, id_number=identity.id_number, request_id=request_id
    )


@register_step(cards.SHOW_ACCOUNT, lane=VENDOR)
def show_account(run: StepRun) -> Outcome:
    """Ask the core for the Class I account that a further card of this bank stands for, now that it is bound. PURE."""
    card = Card.objects.get(pk=run.subject_id)
    account = _class_one_account(card, run.request_id)
    if account is None:
        return Done()
    return Done(
        partial(cards.show_class_one, card_id=card.pk, number=account.account_number, balance_fen=account.balance_fen)
    )


def _opening_unchecked(run: StepRun) -> None:
    opening.bound_card_checked(account_id=run.subject_id, refusal="vendor_unavailable")


@register_step(opening.CHECK_CARD, lane=VENDOR, deadline=PATIENCE, give_up=_opening_unchecked)
def check_bound_card(run: StepRun) -> Outcome:
    """Ask the issuer about the card that a new account is to be bound to. PURE."""
    card = Card.objects.get(account_id=run.subject_id, status__in=["checking", "active"])
    if queries.is_opened_here(card.number):
        return Done(partial(opening.bound_card_checked, account_id=run.subject_id, refusal=MISMATCH))
    answer = _asked(card, run.request_id)
    _keep_issuer(card, answer)
    account_class = DepositAccount.objects.values_list("account_class", flat=True).get(pk=run.subject_id)
    refusal = refusal_of(answer, elements=FOUR if account_class == CLASS_THREE else FIVE)
    return Done(partial(opening.bound_card_checked, account_id=run.subject_id, refusal=refusal))
