"""What staff do to accounts by two people (`core.approvals`): the second one's agreement is the act."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Final

from accounts.operations.restrictions import Order, lift_restriction, place_restriction
from core.approvals.registry import Approved, register_approval

RESTRICT: Final = "account.restrict"
LIFT: Final = "restriction.lift"
PROPOSER: Final = "accounts.propose_restriction"
DECIDER: Final = "accounts.decide_restriction"


def values_of(order: Order) -> dict[str, Any]:
    """Write an order as a proposal keeps it; the account is the proposal's subject."""
    return {
        "kind": order.kind,
        "amount_fen": order.amount_fen,
        "order_number": order.order_number,
        "authority": order.authority,
        "expires_date": None if order.expires_date is None else order.expires_date.isoformat(),
    }


@register_approval(RESTRICT, title="账户限制令", proposer=PROPOSER, decider=DECIDER)
def restrict(approved: Approved) -> None:
    """Put an order in force; the subject is the account."""
    values = dict(approved.values)
    expires = values.pop("expires_date")
    order = Order(
        account_id=uuid.UUID(approved.subject),
        expires_date=None if expires is None else date.fromisoformat(expires),
        **values,
    )
    place_restriction(order=order, reason=approved.reason, actor=approved.actor)


@register_approval(LIFT, title="解除账户限制令", proposer=PROPOSER, decider=DECIDER)
def lift(approved: Approved) -> None:
    """Lift an order; the subject is the order."""
    lift_restriction(restriction_id=uuid.UUID(approved.subject), reason=approved.reason, actor=approved.actor)
