"""The tables of the accounts room."""

from __future__ import annotations

from accounts.models.books import GlDay
from accounts.models.customer import Customer
from accounts.models.deposit_account import Claim, DepositAccount
from accounts.models.filing import Filing
from accounts.models.holds import Hold
from accounts.models.ledger import JournalEntry, Payment, Posting
from accounts.models.movements import TopUp, Transfer
from accounts.models.quotas import QuotaCharge, QuotaUse
from accounts.models.registration import Card, Registration
from accounts.models.restrictions import Restriction
from accounts.models.session import Session

__all__ = [
    "Card",
    "Claim",
    "Customer",
    "DepositAccount",
    "Filing",
    "GlDay",
    "Hold",
    "JournalEntry",
    "Payment",
    "Posting",
    "QuotaCharge",
    "QuotaUse",
    "Registration",
    "Restriction",
    "Session",
    "TopUp",
    "Transfer",
]
