"""What can be asked of the accounts room; `access_*` are the only way from a request to an object."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.db.models import Model, QuerySet, Sum

from accounts.filing_days import FilingAgreement, FilingCount, FilingDifference, filings_agree, overdue_filings
from accounts.ledger.chart import CHART, SUSPENSE
from accounts.models import (
    AccountClosing,
    Card,
    Customer,
    DepositAccount,
    Payment,
    Posting,
    Receipt,
    ReceiptUse,
    Registration,
    Reverification,
    Suspension,
)
from accounts.models.closing import CLOSING
from accounts.models.deposit_account import ACTIVE, CLASS_ONE, CLASS_THREE, OWN
from core.errors import NotFound
from core.ids import parse_id

__all__ = [
    "AccountView",
    "CustomerView",
    "FilingAgreement",
    "FilingCount",
    "FilingDifference",
    "PaymentStatus",
    "Progress",
    "access_account",
    "access_card",
    "access_closing",
    "access_registration",
    "access_reverification",
    "account_view",
    "customer",
    "deposits_equal_ledger",
    "filings_agree",
    "gl_balance",
    "gl_name",
    "latest_opening",
    "latest_registration",
    "overdue_filings",
    "payment",
    "suspended_for",
    "suspense_agrees",
    "trial_balance",
    "usable_accounts",
]
M = TypeVar("M", bound=Model)


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
    """A deposit account as other rooms see one; amounts in fen."""

    id: uuid.UUID
    customer_id: uuid.UUID
    account_class: str
    number: str
    status: str
    keeper: str
    balance_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    """How far a payment is: pending, arrived, posted or failed with a code."""

    id: uuid.UUID
    status: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far something is that a customer has begun: its status by the contract's words, and why it ended."""

    id: uuid.UUID
    status: str
    reason_code: str


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


def usable_accounts(customer_id: uuid.UUID) -> list[AccountView]:
    """Return the customer's accounts at this bank that a loan can be paid into and repaid from, Class I first.

    A Class III account is none (A1-24), nor is one that is being closed.
    """
    rows = DepositAccount.objects.filter(customer_id=customer_id, status=ACTIVE).exclude(account_class=CLASS_THREE)
    standing = rows.exclude(pk__in=AccountClosing.objects.filter(status=CLOSING).values("account_id"))
    return [_view(row) for row in standing.order_by("account_class", "pk")]


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
    )


def payment(payment_id: uuid.UUID) -> PaymentStatus:
    """Return how far a payment is.

    Raises:
        NotFound: there is none.
    """
    row = Payment.objects.filter(pk=payment_id).first()
    if row is None:
        raise NotFound
    return PaymentStatus(id=row.pk, status=row.status, code=row.code)


def gl_balance(gl_code: str, *, on: date | None = None) -> int:
    """Return the balance of a GL account in fen, debit positive, now or at the end of a past booking date."""
    rows = Posting.objects.filter(gl_code=gl_code)
    if on is not None:
        rows = rows.filter(entry__booking_date__lte=on)
    return int(rows.aggregate(total=Sum("amount_fen"))["total"] or 0)


def gl_name(gl_code: str) -> str:
    """Return the Chinese name of a GL account.

    Raises:
        KeyError: the chart has no such account.
    """
    return CHART[gl_code].name


def trial_balance(*, on: date | None = None) -> dict[str, int]:
    """Return every GL account's balance in fen, debit positive; they sum to zero."""
    rows = Posting.objects.all() if on is None else Posting.objects.filter(entry__booking_date__lte=on)
    return dict(rows.values_list("gl_code").annotate(total=Sum("amount_fen")).order_by("gl_code"))


def deposits_equal_ledger() -> bool:
    """Tell whether the balances of all accounts kept here equal the ledger's customer deposits."""
    held = DepositAccount.objects.filter(keeper=OWN).aggregate(total=Sum("balance_fen"))["total"] or 0
    return held == -gl_balance("2011")


def suspense_agrees() -> bool:
    """Tell whether the ledger's suspense is what is left of the receipts, with what is on its way to the core."""
    left = Receipt.objects.aggregate(total=Sum("left_fen"))["total"] or 0
    on_its_way = ReceiptUse.objects.filter(entry=None, code="").aggregate(total=Sum("amount_fen"))["total"] or 0
    return left + on_its_way == -gl_balance(SUSPENSE)
