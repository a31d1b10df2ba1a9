"""Orders on accounts: proposed by one member of staff, in force when another has checked them, ended by date (ACC-15).

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
from accounts.models.restrictions import FREEZE, PROPOSED, STANDING, STOP_PAY
from accounts.states import RESTRICTION
from core.audit.log import record
from core.clock import business_date, now
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition

SYSTEM: Final = "system"


class RestrictionRefused(Problem):
    """An order on an account cannot be entered as it stands; the detail says why."""

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
    reason: str
    expires_date: date | None


@opens_transaction
def propose_restriction(*, order: Order, actor: str) -> uuid.UUID:
    """Enter an order, to be checked by somebody else; nothing is stopped yet.

    Raises:
        NotFound: there is no such account.
        RestrictionRefused: a freeze has no last day, its day has passed, an amount is nothing, or the account is not one
            that money stands on here.
    """
    account = _locked_account(order.account_id)
    _check(order, account)
    row = Restriction.objects.create(
        account=account, kind=order.kind, amount_fen=order.amount_fen, order_number=order.order_number,
        authority=order.authority, reason=order.reason, expires_date=order.expires_date, proposed_by=actor,
    )  # fmt: skip
    _trace("proposed", row, actor)
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


@opens_transaction
def check_restriction(*, restriction_id: uuid.UUID, approve: bool, actor: str, reason: str = "") -> None:
    """Put a proposed order in force, or decline it; from its commit on no debit takes what it keeps.

    Raises:
        NotFound: there is no such order.
        StateConflict: it does not wait for a check, its day has passed, or the one who checks is the one who proposed.
    """
    row = _locked(restriction_id)
    _two_people(row.proposed_by, actor)
    if not approve:
        row = transition(
            RESTRICTION, row.pk, "decline", actor=actor, reason=reason, checked_by=actor, ended_at=now()
        )  # fmt: skip
        _trace("declined", row, actor)
        return
    if row.status == PROPOSED and _is_over(row):
        raise StateConflict("该限制令已过到期日，不能生效")
    row = transition(RESTRICTION, row.pk, "approve", actor=actor, checked_by=actor, in_force_at=now())
    _take_effect(row.account_id)
    _trace("in_force", row, actor)


@opens_transaction
def propose_lift(*, restriction_id: uuid.UUID, actor: str, reason: str) -> None:
    """Propose that an order be lifted; it stays in force until somebody else has checked that.

    Raises:
        NotFound: there is no such order.
        StateConflict: it is not in force.
    """
    row = _locked(restriction_id)
    row = transition(
        RESTRICTION, row.pk, "propose_lift", actor=actor, reason=reason, lift_proposed_by=actor, lift_checked_by="",
        lift_reason=reason,
    )  # fmt: skip
    _trace("lift_proposed", row, actor)


@opens_transaction
def check_lift(*, restriction_id: uuid.UUID, approve: bool, actor: str, reason: str = "") -> None:
    """Lift an order, or leave it in force; what it kept can be taken from the commit on.

    Raises:
        NotFound: there is no such order.
        StateConflict: nobody has proposed to lift it, or the one who checks is the one who proposed.
    """
    row = _locked(restriction_id)
    _two_people(row.lift_proposed_by, actor)
    if not approve:
        row = transition(RESTRICTION, row.pk, "decline_lift", actor=actor, reason=reason, lift_checked_by=actor)
        _trace("lift_declined", row, actor)
        return
    row = transition(RESTRICTION, row.pk, "approve_lift", actor=actor, lift_checked_by=actor, ended_at=now())
    _take_effect(row.account_id)
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
def end_restrictions() -> int:
    """End every order whose last day lies before the business date, and those that nobody checked in time.

    For the day's work; a debit does the same for its own account, so an order never outlives its day. Returns how many
    ended.
    """
    accounts = _over().order_by("account_id").values_list("account_id", flat=True).distinct()
    ended = sum(end_restrictions_of(account_id=account_id) for account_id in list(accounts))
    late = Restriction.objects.filter(status=PROPOSED, expires_date__lt=business_date())
    for restriction_id in list(late.order_by("pk").values_list("pk", flat=True)):
        transition(RESTRICTION, restriction_id, "decline", actor=SYSTEM, reason="到期未复核", ended_at=now())
    return ended


def _over() -> QuerySet[Restriction]:
    return Restriction.objects.filter(status__in=STANDING, expires_date__lt=business_date())


def _is_over(row: Restriction) -> bool:
    return row.expires_date is not None and row.expires_date < business_date()


def _locked(restriction_id: uuid.UUID) -> Restriction:
    """Lock an order's account, then return the order."""
    account_id = Restriction.objects.filter(pk=restriction_id).values_list("account_id", flat=True).first()
    if account_id is None:
        raise NotFound
    _locked_account(account_id)
    return Restriction.objects.select_for_update().get(pk=restriction_id)


def _locked_account(account_id: uuid.UUID) -> DepositAccount:
    account = DepositAccount.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if account is None:
        raise NotFound
    return account


def _two_people(proposer: str, checker: str) -> None:
    if proposer == checker:
        raise StateConflict("经办人与复核人不能是同一人")


def _take_effect(account_id: uuid.UUID) -> None:
    """Put on the account's row what its orders in force add up to."""
    orders = Restriction.objects.filter(account_id=account_id, status__in=STANDING)
    frozen_fen = orders.aggregate(total=Sum("amount_fen"))["total"] or 0
    stopped = orders.filter(amount_fen=None).exists()
    DepositAccount.objects.filter(pk=account_id).update(frozen_fen=frozen_fen, debits_stopped=stopped)


def _trace(what: str, row: Restriction, actor: str) -> None:
    detail = {"account": row.account_id.hex, "kind": row.kind, "order_number": row.order_number}
    record(f"restriction.{what}", actor=actor, subject=row.pk.hex, detail=detail)
