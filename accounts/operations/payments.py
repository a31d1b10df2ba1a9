"""Move money between the bank and a customer's account, whoever keeps the account.

An account kept here is posted in the caller's transaction. One that the bank's core system keeps takes three beats
against
the clearing account: the intent (a pending payment and a step), the core's booking under the payment's own id, and the
entry, which the caller books in the transaction in which it draws its own conclusions.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import Q

from accounts.ledger.chart import CORE_CLEARING, CUSTOMER_DEPOSITS
from accounts.models import Claim, DepositAccount, JournalEntry, Payment
from accounts.models.deposit_account import ACTIVE, CORE, OWN
from accounts.models.ledger import ARRIVED, FAILED, IN, OUT, PENDING, POSTED
from accounts.operations.class_three import keep_cap
from accounts.operations.ledger import AccountNotActive, Line, booking, post_entry
from accounts.operations.restrictions import end_restrictions_of
from accounts.operations.suspensions import refuse_suspended, refuse_suspended_for
from accounts.queries import Receiving
from core.clock import business_date
from core.db.asks import Ask
from core.db.constraints import violated
from core.db.rows import new_row
from core.errors import NotFound
from core.ids import new_id
from core.operations import within_transaction
from core.steps.queue import enqueue
from core.steps.registry import Then

MOVE_IN_CORE: Final = "accounts.move_in_core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One line on the bank's side of a payment: a GL account and a positive amount in fen."""

    gl_code: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """How far a payment is: `pending`, `arrived` (at the core), `posted` (in our ledger) or `failed` with a code."""

    id: uuid.UUID
    status: str
    code: str = ""


@within_transaction
def pay_into(  # noqa: PLR0913 -- keyword-only: what a payment is made of
    *,
    account_id: uuid.UUID,
    amount_fen: int,
    legs: Sequence[Leg],
    business_ref: str,
    kind: str,
    memo: str,
    then: Then,
    is_new_business: bool = True,
    value_date: date | None = None,
) -> PaymentView:
    """Pay money of the bank into a customer's account: debit the legs, credit the account.

    Posted at once where the account is kept here; otherwise pending, and `then` is started when the core has answered.
    No quota counts it (ACC-06). A suspended account takes no new business, but what is the customer's own already
    (`is_new_business=False`). `value_date` is an earlier one where the entry counts from a day that is over, as what takes a
    repayment back does; of an account that the core keeps, `book_payment` is told.

    Raises:
        AccountNotActive: the account cannot receive money now, or is suspended (ACC-08, ACC-13).
        BalanceLimitExceeded: a Class III account would have more than it may (ACC-07).
        UnbalancedEntry: the legs do not sum to the amount.
    """
    if is_new_business:
        refuse_suspended(account_id=account_id)
    return _move(_intent(IN, account_id, amount_fen, legs, business_ref, kind, memo), then, value_date)


@within_transaction
def collect_from(
    *,
    account_id: uuid.UUID,
    amount_fen: int,
    legs: Sequence[Leg],
    business_ref: str,
    kind: str,
    memo: str,
    then: Then,
) -> PaymentView:
    """Collect money from a customer's account: debit the account, credit the legs. See `pay_into`.

    An order on an account kept here beats the collection (ACC-15): one on the whole account makes it as good as not
    active, one on an amount leaves what is above it. An order past its day keeps nothing.

    Raises:
        AccountNotActive: money cannot be taken from the account now: its state, or an order on the whole of it.
        InsufficientFunds: the account, kept here, has less, what is held or frozen left aside.
        UnbalancedEntry: the legs do not sum to the amount.
    """
    return _move(_intent(OUT, account_id, amount_fen, legs, business_ref, kind, memo), then)


@within_transaction
def paying_into_own(  # noqa: PLR0913 -- keyword-only: what a payment is made of
    *,
    receiving: Receiving,
    payment_id: uuid.UUID,
    account_id: uuid.UUID,
    amount_fen: int,
    legs: Sequence[Leg],
    business_ref: str,
    kind: str,
    memo: str,
    claimant: str,
) -> Ask[None]:
    """Pay new business into an account that this system keeps, and let something rest on it, with other statements.

    The payment is posted by it; see `pay_into` and `place_claim`. `receiving` is what the caller has just been told of
    the account. What is sent after this may rely on the money being there: where it is not, nothing is done at all.

    Raises:
        AccountNotActive: the account is suspended (ACC-08, ACC-13).
        UnbalancedEntry: the legs do not sum to the amount.
    """
    refuse_suspended_for(reason=receiving.suspended_for)
    today = business_date()
    entry = new_row(JournalEntry, business_ref=business_ref, kind=kind, booking_date=today, value_date=today, memo=memo)
    payment = new_row(
        Payment,
        id=payment_id,
        account_id=account_id,
        direction=IN,
        amount_fen=amount_fen,
        legs=[[leg.gl_code, leg.amount_fen] for leg in legs],
        business_ref=business_ref,
        kind=kind,
        memo=memo,
        order_date=today,
        status=POSTED,
        entry_id=entry["id"],
    )
    lines = _lines(
        IN, amount_fen, payment["legs"], Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=0, account_id=account_id)
    )
    claims = [new_row(Claim, account_id=account_id, claimant=claimant)]
    return booking(entry=entry, lines=lines, payments=[payment], claims=claims)


def _intent(
    direction: str, account_id: uuid.UUID, amount_fen: int, legs: Sequence[Leg], business_ref: str, kind: str, memo: str
) -> Payment:
    return Payment(
        id=new_id(),
        account_id=account_id,
        direction=direction,
        amount_fen=amount_fen,
        legs=[[leg.gl_code, leg.amount_fen] for leg in legs],
        business_ref=business_ref,
        kind=kind,
        memo=memo,
        order_date=business_date(),
        status=PENDING,
    )


def _move(payment: Payment, then: Then, value_date: date | None = None) -> PaymentView:
    account = _account(payment.account_id)
    if payment.direction == OUT and (account.debits_stopped or account.frozen_fen):
        end_restrictions_of(account_id=account.pk)
    if payment.direction == IN:
        keep_cap(account=account)
    if account.keeper == OWN:
        other_side = Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=0, account_id=account.pk)
        payment.entry_id = _post(payment, other_side, value_date)
        payment.status = POSTED
    else:
        payment.request_id = enqueue(MOVE_IN_CORE, payment.id, then=then)
    _insert(payment)
    return PaymentView(id=payment.id, status=payment.status)


def _account(account_id: uuid.UUID) -> DepositAccount:
    columns = ("keeper", "status", "account_class", "debits_stopped", "frozen_fen", "balance_cap_fen")
    account = DepositAccount.objects.filter(pk=account_id).only(*columns).first()
    if account is None:
        raise NotFound
    if account.status != ACTIVE:
        raise AccountNotActive
    return account


def _insert(payment: Payment) -> None:
    """Insert a payment; the account may have begun to close since it was looked at (ACC-14)."""
    try:
        payment.save(force_insert=True)
    except IntegrityError as error:
        if violated(error) != "accounts_account_stands":
            raise
        raise AccountNotActive from error


def _post(payment: Payment, other_side: Line, value_date: date | None) -> uuid.UUID:
    """Book a payment's entry; the amount of `other_side` follows from the payment."""
    lines = _lines(payment.direction, payment.amount_fen, payment.legs, other_side)
    return post_entry(
        business_ref=payment.business_ref, kind=payment.kind, lines=lines, memo=payment.memo, value_date=value_date
    )  # fmt: skip


def _lines(direction: str, amount_fen: int, legs: Sequence[Sequence[Any]], other_side: Line) -> list[Line]:
    """Return the lines of a payment's entry: its legs, and what they come to on the other side."""
    sign = 1 if direction == IN else -1
    lines = [Line(gl_code=code, amount_fen=sign * amount) for code, amount in legs]
    total = Line(gl_code=other_side.gl_code, amount_fen=-sign * amount_fen, account_id=other_side.account_id)
    return [*lines, total]


@within_transaction
def book_payment(*, payment_id: uuid.UUID, value_date: date | None = None) -> PaymentView:
    """Book a payment that has arrived at the core, against the clearing account; one that is booked stays so.

    `value_date` is an earlier one where the money counts from before the core has answered.

    Raises:
        NotFound: there is no such payment.
    """
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise NotFound
    if payment.status == ARRIVED:
        payment.entry_id = _post(payment, Line(gl_code=CORE_CLEARING, amount_fen=0), value_date)
        payment.status = POSTED
        payment.save(update_fields=["entry_id", "status"])
    return PaymentView(id=payment.id, status=payment.status, code=payment.code)


@within_transaction
def payment_arrived(
    *, payment_id: uuid.UUID, core_reference: str, balance_fen: int | None = None, booked_at: datetime | None = None
) -> None:
    """Record that the core has booked a pending payment, and what it says the account has after it."""
    payments = Payment.objects.filter(pk=payment_id, status=PENDING)
    if not payments.update(status=ARRIVED, core_reference=core_reference[:64]):
        return
    if balance_fen is not None and booked_at is not None:
        account_id = Payment.objects.values_list("account_id", flat=True).get(pk=payment_id)
        core_balance_told(account_id=account_id, balance_fen=balance_fen, at=booked_at)


@within_transaction
def core_balance_told(*, account_id: uuid.UUID, balance_fen: int, at: datetime) -> None:
    """Keep what the core says that an account in it has, for the customer to see; an older word changes nothing."""
    older = Q(balance_at=None) | Q(balance_at__lte=at)
    accounts = DepositAccount.objects.filter(older, pk=account_id, keeper=CORE, status=ACTIVE)
    accounts.update(balance_fen=balance_fen, balance_at=at)


@within_transaction
def payment_failed(*, payment_id: uuid.UUID, code: str) -> None:
    """Record that the core has refused a pending payment, and why."""
    Payment.objects.filter(pk=payment_id, status=PENDING).update(status=FAILED, code=code[:40])
