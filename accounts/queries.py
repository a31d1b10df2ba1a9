"""What can be asked of the accounts room; `access_*` are the only way from a request to an object."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db.models import Model, QuerySet

from accounts import parameters
from accounts.attribution import only_own
from accounts.availability import RankedFreeze, available_fen, freezes_of
from accounts.balances import (
    Statement,
    StatementLine,
    balance_at,
    deposits_equal_ledger,
    gl_balance,
    gl_balance_by_value,
    holds_equal_accounts,
    late_value_date,
    quota_used_fen,
    quotas_equal_charges,
    statement_of_account,
    suspense_agrees,
    trial_balance,
)
from accounts.complaining import access_complaint, overdue_complaints
from accounts.filing_days import FilingAgreement, FilingCount, FilingDifference, filings_agree, overdue_filings
from accounts.ledger.chart import CHART
from accounts.models import (
    AccountClosing,
    Card,
    Customer,
    DepositAccount,
    Payment,
    Registration,
    Reverification,
    Suspension,
    TopUp,
    Transfer,
)
from accounts.models.closing import CLOSING
from accounts.models.deposit_account import ACTIVE, CLASS_ONE, CLASS_THREE
from accounts.models.ledger import PENDING
from accounts.models.movements import FAILED, POSTED, STRANDED
from accounts.outflows import Outflow, outflows_on
from accounts.outside_money import RECEIPT_CHANNELS, ReceiptView, receipt, receipt_by_voucher
from accounts.receiving import Receiving, asking_receiving, can_repay_from
from core.clock import now
from core.crypto import blind_index
from core.errors import NotFound
from core.ids import parse_id
from tenants.parameters import value_of

__all__ = [
    "RECEIPT_CHANNELS",
    "AccountView",
    "CustomerView",
    "FilingAgreement",
    "FilingCount",
    "FilingDifference",
    "Outflow",
    "PaymentStatus",
    "Progress",
    "RankedFreeze",
    "ReceiptView",
    "Receiving",
    "Statement",
    "StatementLine",
    "access_account",
    "access_card",
    "access_closing",
    "access_complaint",
    "access_registration",
    "access_reverification",
    "access_top_up",
    "access_transfer",
    "account_view",
    "asking_receiving",
    "available_fen",
    "balance_at",
    "can_repay_from",
    "customer",
    "deposits_equal_ledger",
    "filings_agree",
    "freezes_of",
    "gl_balance",
    "gl_balance_by_value",
    "gl_name",
    "holds_equal_accounts",
    "late_value_date",
    "latest_opening",
    "latest_registration",
    "only_own",
    "outflows_on",
    "overdue_complaints",
    "overdue_filings",
    "payment",
    "quota_used_fen",
    "quotas_equal_charges",
    "receipt",
    "receipt_by_voucher",
    "statement_of_account",
    "suspended_for",
    "suspense_agrees",
    "transfer",
    "trial_balance",
    "unknown_customers",
    "usable_accounts",
]
M = TypeVar("M", bound=Model)
ACCOUNT_NUMBER: Final = "account.number"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOutflow:
    """Whether money may go out to a card now, and from when on (wall time); None for a card that is not bound."""

    allowed: bool
    from_at: datetime | None


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


def cards_of(customer_id: uuid.UUID) -> QuerySet[Card]:
    """Return the customer's own cards, whatever became of them."""
    return Card.objects.filter(customer_id=customer_id)


def outflow_to_card(card_id: uuid.UUID) -> CardOutflow:
    """Tell whether money may go out to a card now, and from when on.

    Raises:
        NotFound: there is no such card.
    """
    row = Card.objects.filter(pk=card_id).first()
    if row is None:
        raise NotFound
    return outflow_to(row)


def outflow_to(card: Card) -> CardOutflow:
    """Tell it of a card at hand: from the second one on, the bank's cooling period must be over (A2-18)."""
    if card.status != "active":
        return CardOutflow(allowed=False, from_at=None)
    from_at = card.bound_at
    if card.further and from_at is not None:
        from_at += timedelta(hours=value_of(parameters.CARD_COOLING_HOURS.name, kind=int))
    return CardOutflow(allowed=from_at is None or from_at <= now(), from_at=from_at)


def is_opened_here(number: str) -> bool:
    """Tell whether a number is that of a Class II or III account of this bank, which is nobody's bound card (ACC-03)."""
    index = blind_index(number, domain=ACCOUNT_NUMBER)
    return DepositAccount.objects.filter(number_index=index).exclude(account_class=CLASS_ONE).exists()


def usable_accounts(customer_id: uuid.UUID) -> list[AccountView]:
    """Return the accounts that a loan can be paid into, Class I first: not Class III (A1-24), none that is being closed."""
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
        available_fen=available_fen(row),
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


def transfer(transfer_id: uuid.UUID) -> PaymentStatus:
    """Return how far a transfer is: pending, posted, or failed with a code; one that is stranded has failed.

    Raises:
        NotFound: there is none.
    """
    row = Transfer.objects.filter(pk=transfer_id).first()
    if row is None:
        raise NotFound
    ended = {POSTED: POSTED, FAILED: FAILED, STRANDED: FAILED}
    return PaymentStatus(id=row.pk, status=ended.get(row.status, PENDING), code=row.reason_code)


def account_with_number(number: str) -> AccountView | None:
    """Return the account of this number at the current bank, found by its keyed hash, or None."""
    row = DepositAccount.objects.filter(number_index=blind_index(number, domain="account.number")).first()
    return None if row is None else _view(row)


def gl_name(gl_code: str) -> str:
    """Return the Chinese name of a GL account.

    Raises:
        KeyError: the chart has no such account.
    """
    return CHART[gl_code].name
