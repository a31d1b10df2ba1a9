"""The tables of the accounts room."""

from __future__ import annotations

from accounts.models.customer import Customer
from accounts.models.deposit_account import Claim, DepositAccount
from accounts.models.filing import Filing
from accounts.models.ledger import JournalEntry, Payment, Posting
from accounts.models.registration import Card, Registration
from accounts.models.session import Session

__all__ = [
    "Card",
    "Claim",
    "Customer",
    "DepositAccount",
    "Filing",
    "JournalEntry",
    "Payment",
    "Posting",
    "Registration",
    "Session",
]
