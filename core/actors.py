"""Who acts, as histories, the audit log and rows keep it: a login, or the two of an approval joined, or a customer."""

from __future__ import annotations

import uuid
from typing import Final

ACTOR_LENGTH: Final = 310
"""Room for two logins of 150 characters, the most that Django has, and the sign that joins them."""

CUSTOMER: Final = "customer:"


def customer_actor(customer_id: uuid.UUID) -> str:
    """Name a customer who acts; idempotency keys are kept by the same name."""
    return f"{CUSTOMER}{customer_id.hex}"


def is_customer(actor: str) -> bool:
    """Tell whether who acted was a customer."""
    return actor.startswith(CUSTOMER)
