"""Who moves something, as histories and the audit log name them."""

from __future__ import annotations

import uuid
from typing import Final

SYSTEM: Final = "system"


def actor_of(customer_id: uuid.UUID) -> str:
    """Name a customer."""
    return f"customer:{customer_id.hex}"
