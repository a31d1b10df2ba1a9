"""The durable steps of the accounts room; importing the package registers them."""

from __future__ import annotations

from accounts.steps import cards, core, days, holds, housekeeping, money, opening, registration

__all__ = ["cards", "core", "days", "holds", "housekeeping", "money", "opening", "registration"]
