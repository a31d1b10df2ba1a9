"""Orders on accounts: placed, lifted, ended by date (ACC-15). That it takes two people is `accounts.approvals`.

An account's row carries what its orders in force add up to; it is locked before them, so that neither a debit nor
another order slips between an order and its effect.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import QuerySet, Sum

from accounts.models import DepositAccount, Restriction
from accounts.models.deposit_account import ACTIVE, OWN
from accounts.models.restrictions import FREEZE, IN_FORCE, STOP_PAY
from accounts.operations.ledger import AccountNotActive
from accounts.receiving import asking_receiving
from accounts.states import RESTRICTION
from core.audit.log import record
from core.clock import business_date, now
from core.db.asks import alone
from core.errors import NotFound, Problem
from core.operations import opens_transaction, within_transaction
from core.states import transition

SYSTEM: Final = "system"


class RestrictionRefused(Problem):
    """An order on an account cannot be placed as it stands; the detail says why."""

    code = "restriction_refused"
    status = 422
    title = "限制令内容有误，未能登记"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an order says: on which account, what it stops, who ordered it, until when. No amount: the whole account."""

    account_id: uuid.UUID
    kind: str
    amount_fen: int | None
    order_number: str
    authority: str
    expires_date: date | None


@opens_transaction
def check_order(*, order: Order) -> None:
    """Refuse a proposal that could not be approved; see `place_restriction`."""
    _check(order, _locked_account(order.account_id))


@within_transaction
def place_restriction(*, order: Order, reason: str, actor: str) -> uuid.UUID:
    """Put an order in force; from the commit on no debit takes what it keeps.

    Raises:
        NotFound: there is no such account.
        RestrictionRefused: a freeze has no last day, its day has passed, an amount is nothing, the very same order is in
            force, or the account is not one that money stands on here.
    """
    account = _locked_account(order.account_id)
    _check(order, account)
    row = Restriction.objects.create(
        account=account, kind=order.kind, amount_fen=order.amount_fen, order_number=order.order_number,
        authority=order.authority, reason=reason, expires_date=order.expires_date, placed_by=actor, placed_at=now(),
    )  # fmt: skip
    _take_effect(account.pk)
    _trace("placed", row, actor)
    return row.pk


def _check(order: Order, account: DepositAccount) -> None:
    if account.keeper != OWN:
        raise RestrictionRefused("该账户由核心系统记账，请在核心系统办理")
    if account.status != ACTIVE:
        raise RestrictionRefused("该账户当前不是可用状态")
    if order.kind == FREEZE and order.expires_date is None:
        raise RestrictionRefused("司法冻结须填写到期日")
    if order.kind == STOP_PAY and order.amount_fen is not None:
        raise RestrictionRefused("止付针对整个账户，不填写金额")
    if order.amount_fen is not None and order.amount_fen <= 0:
        raise RestrictionRefused("冻结金额须大于零")
    if order.expires_date is not None and order.expires_date < business_date():
        raise RestrictionRefused("到期日不得早于当前营业日")
    same = {name: getattr(order, name) for name in ("kind", "amount_fen", "order_number", "authority", "expires_date")}
    if Restriction.objects.filter(account=account, status=IN_FORCE, **same).exists():
        raise RestrictionRefused("同一文书的同一限制已在该账户生效，无需重复登记；续冻或增额请按新文书登记")


@within_transaction
def lift_restriction(*, restriction_id: uuid.UUID, reason: str, actor: str) -> None:
    """Lift an order; what it kept can be taken from the commit on.

    Raises:
        NotFound: there is no such order.
        StateConflict: it is not in force.
    """
    account_id = Restriction.objects.filter(pk=restriction_id).values_list("account_id", flat=True).first()
    if account_id is None:
        raise NotFound
    _locked_account(account_id)
    row = transition(
        RESTRICTION, restriction_id, "lift", actor=actor, reason=reason, lifted_by=actor, lift_reason=reason,
        ended_at=now(),
    )  # fmt: skip
    _take_effect(account_id)
    _trace("lifted", row, actor)


@within_transaction
def end_restrictions_of(*, account_id: uuid.UUID) -> int:
    """End one account's orders whose last day lies before the business date; return how many did."""
    _locked_account(account_id)
    ended = list(_over().filter(account_id=account_id).order_by("pk").values_list("pk", flat=True))
    for restriction_id in ended:
        transition(RESTRICTION, restriction_id, "expire", actor=SYSTEM, ended_at=now())
    if ended:
        _take_effect(account_id)
    return len(ended)


@within_transaction
def refuse_kept(*, customer_id: uuid.UUID, account_id: uuid.UUID) -> None:
    """Refuse to pay new business into an account whose orders in force would keep some of it; one past its day does not.

    Money that comes otherwise is let in. Whoever borrows would owe what a court has.

    Raises:
        AccountNotActive: they would, or it is none of the customer's `usable_accounts`.
    """
    end_restrictions_of(account_id=account_id)
    receiving = alone(asking_receiving(customer_id=customer_id, account_id=account_id))
    if receiving is None or receiving.is_kept_from:
        raise AccountNotActive


@within_transaction
def end_restrictions() -> int:
    """End every order whose last day lies before the business date; return how many did.

    For the day's work; a debit does the same for its own account, so an order never outlives its day.
    """
    accounts = _over().order_by("account_id").values_list("account_id", flat=True).distinct()
    return sum(end_restrictions_of(account_id=account_id) for account_id in list(accounts))


def _over() -> QuerySet[Restriction]:
    return Restriction.objects.filter(status=IN_FORCE, expires_date__lt=business_date())


def _locked_account(account_id: uuid.UUID) -> DepositAccount:
    account = DepositAccount.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if account is None:
        raise NotFound
    return account


def _take_effect(account_id: uuid.UUID) -> None:
    """Put on the account's row what its orders in force add up to."""
    orders = Restriction.objects.filter(account_id=account_id, status=IN_FORCE)
    frozen_fen = orders.aggregate(total=Sum("amount_fen"))["total"] or 0
    stopped = orders.filter(amount_fen=None).exists()
    DepositAccount.objects.filter(pk=account_id).update(frozen_fen=frozen_fen, debits_stopped=stopped)


def _trace(what: str, row: Restriction, actor: str) -> None:
    detail = {"account": row.account_id.hex, "kind": row.kind, "order_number": row.order_number}
    record(f"restriction.{what}", actor=actor, subject=row.pk.hex, detail=detail)
