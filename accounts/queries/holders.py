"""Customers and their accounts, and how far one has come with becoming a customer."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from accounts.availability import available_fen
from accounts.models import Customer, DepositAccount, Registration, Suspension
from accounts.models.deposit_account import CLASS_ONE
from accounts.receiving import USABLE
from core.crypto import blind_index
from core.errors import NotFound

ACCOUNT_NUMBER: Final = "account.number"
USABLE_OF: Final = f"""
SELECT a.* FROM accounts_deposit_account a WHERE a.customer_id = %s AND {USABLE} ORDER BY a.account_class, a.id
"""  # noqa: S608 -- put together from constants; values are parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """A customer as other rooms see one."""

    id: uuid.UUID
    stage: str
    occupation: str
    residence_address: str | None
    tax_residency: str
    first_scan_id: uuid.UUID | None
    last_scan_id: uuid.UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A deposit account as other rooms see one; amounts in fen. What is available is what is not held or frozen."""

    id: uuid.UUID
    customer_id: uuid.UUID
    account_class: str
    number: str
    status: str
    keeper: str
    balance_fen: int
    available_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far something is that a customer has begun: its status by the contract's words, and why it ended."""

    id: uuid.UUID
    status: str
    reason_code: str


def unknown_customers(ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of some ids that are no customer's at the current bank; one statement."""
    return set(ids) - set(Customer.objects.filter(pk__in=ids).values_list("pk", flat=True))


def customer(customer_id: uuid.UUID) -> CustomerView:
    """Return a customer.

    Raises:
        NotFound: there is none.
    """
    row = Customer.objects.filter(pk=customer_id).first()
    if row is None:
        raise NotFound
    return CustomerView(
        id=row.pk,
        stage=row.stage,
        occupation=row.occupation,
        residence_address=row.residence_address,
        tax_residency=row.tax_residency,
        first_scan_id=row.first_scan_id,
        last_scan_id=row.last_scan_id,
    )


def account_view(account_id: uuid.UUID) -> AccountView:
    """Return an account.

    Raises:
        NotFound: there is none.
    """
    row = DepositAccount.objects.filter(pk=account_id).first()
    if row is None:
        raise NotFound
    return _view(row)


def account_with_number(number: str) -> AccountView | None:
    """Return the account of this number at the current bank, found by its keyed hash, or None."""
    row = DepositAccount.objects.filter(number_index=blind_index(number, domain=ACCOUNT_NUMBER)).first()
    return None if row is None else _view(row)


def is_opened_here(number: str) -> bool:
    """Tell whether a number is that of a Class II or III account of this bank, which is nobody's bound card (ACC-03)."""
    index = blind_index(number, domain=ACCOUNT_NUMBER)
    return DepositAccount.objects.filter(number_index=index).exclude(account_class=CLASS_ONE).exists()


def usable_accounts(customer_id: uuid.UUID) -> list[AccountView]:
    """Return the customer's accounts at this bank that a loan can be paid into, Class I first."""
    return [_view(row) for row in DepositAccount.objects.raw(USABLE_OF, [customer_id])]


def suspended_for(account_id: uuid.UUID) -> tuple[str, ...]:
    """Return the reasons for which an account takes no new business now, none where it takes some (ACC-08, ACC-13)."""
    rows = Suspension.objects.filter(account_id=account_id, until_date=None).order_by("reason")
    return tuple(rows.values_list("reason", flat=True))


def latest_registration(customer_id: uuid.UUID) -> Progress | None:
    """Return how far the customer's latest registration is, None where they have begun none."""
    row = Registration.objects.filter(customer_id=customer_id).only("status", "reason_code").order_by("-pk").first()
    return None if row is None else Progress(id=row.pk, status=row.status, reason_code=row.reason_code)


def latest_opening(customer_id: uuid.UUID) -> Progress | None:
    """Return how far the customer's latest opening of an account is, None where they have begun none."""
    rows = DepositAccount.objects.filter(customer_id=customer_id).exclude(account_class=CLASS_ONE)
    row = rows.only("status", "reason_code").order_by("-pk").first()
    return None if row is None else Progress(id=row.pk, status=row.status, reason_code=row.reason_code)


def _view(row: DepositAccount) -> AccountView:
    return AccountView(
        id=row.pk,
        customer_id=row.customer_id,
        account_class=row.account_class,
        number=row.number or "",
        status=row.status,
        keeper=row.keeper,
        balance_fen=row.balance_fen,
        available_fen=available_fen(row),
    )
