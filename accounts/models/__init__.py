"""The tables of the accounts room."""

from __future__ import annotations

from accounts.models.customer import Customer
from accounts.models.deposit_account import Claim, DepositAccount
from accounts.models.ledger import JournalEntry, Payment, Posting
from accounts.models.session import Session

__all__ = ["Claim", "Customer", "DepositAccount", "JournalEntry", "Payment", "Posting", "Session"]
