"""Bound cards, and whether money may go out to one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts import parameters
from accounts.models import Card
from core.clock import now
from core.errors import NotFound
from tenants.parameters import value_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOutflow:
    """Whether money may go out to a card now, and from when on (wall time); None for a card that is not bound."""

    allowed: bool
    from_at: datetime | None


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
