"""The only way from a request to an object of this room: what is absent and what is another's look the same."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.db.models import Model, QuerySet

from accounts.models import AccountClosing, Card, DepositAccount, Registration, Reverification, TopUp, Transfer
from core.errors import NotFound
from core.ids import parse_id

M = TypeVar("M", bound=Model)


def access_registration(customer_id: uuid.UUID, registration_id: str) -> Registration:
    """Return the customer's own registration.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    return _own(Registration.objects.all(), customer_id, registration_id)


def access_account(customer_id: uuid.UUID, account_id: str) -> DepositAccount:
    """Return the customer's own account.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    return _own(DepositAccount.objects.all(), customer_id, account_id)


def access_card(customer_id: uuid.UUID, card_id: str) -> Card:
    """Return the customer's own card.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    return _own(Card.objects.all(), customer_id, card_id)


def access_top_up(customer_id: uuid.UUID, account_id: str, top_up_id: str) -> TopUp:
    """Return the customer's own top-up of an account.

    Raises:
        NotFound: there is none with this id on this account, or it is another's.
    """
    account = access_account(customer_id, account_id)
    return _own(TopUp.objects.select_related("card").filter(account=account), customer_id, top_up_id)


def access_transfer(customer_id: uuid.UUID, transfer_id: str) -> Transfer:
    """Return the customer's own transfer.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    return _own(Transfer.objects.all(), customer_id, transfer_id)


def access_closing(customer_id: uuid.UUID, account_id: str, closing_id: str) -> AccountClosing:
    """Return a request to close one of the customer's own accounts.

    Raises:
        NotFound: there is none with this id on this account, or it is another's.
    """
    return _of_account(AccountClosing.objects.all(), access_account(customer_id, account_id), closing_id)


def access_reverification(customer_id: uuid.UUID, account_id: str, reverification_id: str) -> Reverification:
    """Return a reverification of one of the customer's own accounts.

    Raises:
        NotFound: there is none with this id on this account, or it is another's.
    """
    return _of_account(Reverification.objects.all(), access_account(customer_id, account_id), reverification_id)


def _of_account(rows: QuerySet[M], account: DepositAccount, text: str) -> M:
    found = parse_id(text)
    row = None if found is None else rows.filter(pk=found, account=account).first()
    if row is None:
        raise NotFound
    return row


def _own(rows: QuerySet[M], customer_id: uuid.UUID, text: str) -> M:
    found = parse_id(text)
    row = None if found is None else rows.filter(pk=found, customer_id=customer_id).first()
    if row is None:
        raise NotFound
    return row
