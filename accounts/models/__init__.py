"""The tables of the accounts room."""

from __future__ import annotations

from accounts.models.customer import Customer
from accounts.models.session import Session

__all__ = ["Customer", "Session"]
