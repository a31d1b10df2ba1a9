"""What can be done in the accounts room."""

from __future__ import annotations

from accounts.operations.claims import place_claim, release_claim
from accounts.operations.ledger import AccountNotActive, InsufficientFunds, Line, UnbalancedEntry, post_entry
from accounts.operations.payments import Leg, PaymentView, book_payment, collect_from, pay_into

__all__ = [
    "AccountNotActive",
    "InsufficientFunds",
    "Leg",
    "Line",
    "PaymentView",
    "UnbalancedEntry",
    "book_payment",
    "collect_from",
    "pay_into",
    "place_claim",
    "post_entry",
    "release_claim",
]
