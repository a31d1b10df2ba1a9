"""What a customer can use of an account: the balance less what is held and what orders keep (ACC-15)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import DepositAccount, Restriction
from accounts.models.deposit_account import ACTIVE
from accounts.models.restrictions import FREEZE, IN_FORCE
from core.clock import business_date


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedFreeze:
    """A freeze in force, its place in the queue of freezes, and how much of the balance it reaches; amounts in fen.

    `amount_fen` is None for the whole account.
    """

    restriction_id: uuid.UUID
    rank: int
    amount_fen: int | None
    covered_fen: int


def available_fen(account: DepositAccount) -> int:
    """Return what can leave an account now, in fen; never negative. An order past its day keeps nothing."""
    if account.status != ACTIVE:
        return 0
    free_fen = account.balance_fen - account.held_fen
    if account.debits_stopped or account.frozen_fen:
        amounts = list(_in_force().filter(account_id=account.pk).values_list("amount_fen", flat=True))
        if None in amounts:
            return 0
        free_fen -= sum(amount for amount in amounts if amount is not None)
    return max(free_fen, 0)


def freezes_of(account: DepositAccount) -> list[RankedFreeze]:
    """Return the freezes in force on an account, the first first: each reaches what those before it leave.

    What is held was spoken for before a freeze could reach it.
    """
    return freezes_of_all([account])[account.pk]


def freezes_of_all(accounts: Collection[DepositAccount]) -> dict[uuid.UUID, list[RankedFreeze]]:
    """Return the freezes in force on several accounts by the accounts' ids, as `freezes_of`; two statements."""
    orders: dict[uuid.UUID, list[tuple[uuid.UUID, int | None]]] = {account.pk: [] for account in accounts}
    rows = _in_force().filter(account_id__in=list(orders), kind=FREEZE).order_by("placed_at", "pk")
    for account_id, restriction_id, amount_fen in rows.values_list("account_id", "pk", "amount_fen"):
        orders[account_id].append((restriction_id, amount_fen))
    return {account.pk: _ranked(account, orders[account.pk]) for account in accounts}


def _ranked(account: DepositAccount, orders: list[tuple[uuid.UUID, int | None]]) -> list[RankedFreeze]:
    left_fen = max(account.balance_fen - account.held_fen, 0)
    found = []
    for rank, (restriction_id, amount_fen) in enumerate(orders, start=1):
        covered_fen = left_fen if amount_fen is None else min(amount_fen, left_fen)
        left_fen -= covered_fen
        found.append(
            RankedFreeze(restriction_id=restriction_id, rank=rank, amount_fen=amount_fen, covered_fen=covered_fen)
        )
    return found


def _in_force() -> QuerySet[Restriction]:
    still = Q(expires_date=None) | Q(expires_date__gte=business_date())
    return Restriction.objects.filter(still, status=IN_FORCE)
