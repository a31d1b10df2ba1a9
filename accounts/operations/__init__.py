"""What can be done in the accounts room."""

from __future__ import annotations

from accounts.operations.books import DayNotOver, NotALedgerAccount, close_books, reverse_entry, true_up
from accounts.operations.claims import place_claim, release_claim
from accounts.operations.holds import expire_hold, place_hold, post_hold, void_hold
from accounts.operations.ledger import (
    AccountNotActive,
    BalanceLimitExceeded,
    InsufficientFunds,
    Line,
    UnbalancedEntry,
    post_entry,
)
from accounts.operations.payments import Leg, PaymentView, book_payment, collect_from, pay_into
from accounts.operations.quotas import QuotaExceeded, charge_quota, return_quota
from accounts.operations.restrictions import end_restrictions

__all__ = [
    "AccountNotActive",
    "BalanceLimitExceeded",
    "DayNotOver",
    "InsufficientFunds",
    "Leg",
    "Line",
    "NotALedgerAccount",
    "PaymentView",
    "QuotaExceeded",
    "UnbalancedEntry",
    "book_payment",
    "charge_quota",
    "close_books",
    "collect_from",
    "end_restrictions",
    "expire_hold",
    "pay_into",
    "place_claim",
    "place_hold",
    "post_entry",
    "post_hold",
    "release_claim",
    "return_quota",
    "reverse_entry",
    "true_up",
    "void_hold",
]
