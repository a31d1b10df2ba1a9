"""The durable steps of the accounts room; importing the package registers them."""

from __future__ import annotations

from accounts.steps import (
    cards,
    closing,
    core,
    day,
    filings,
    holds,
    housekeeping,
    money,
    notices,
    opening,
    receipts,
    registration,
    reverification,
)

__all__ = [
    "cards",
    "closing",
    "core",
    "day",
    "filings",
    "holds",
    "housekeeping",
    "money",
    "notices",
    "opening",
    "receipts",
    "registration",
    "reverification",
]
