"""The tables of the accounts room."""

from __future__ import annotations

from accounts.models.books import GlDay
from accounts.models.closing import AccountClosing
from accounts.models.complaint import Complaint, ComplaintEntry
from accounts.models.customer import Customer
from accounts.models.deposit_account import Claim, DepositAccount
from accounts.models.filing import Filing
from accounts.models.holds import Hold
from accounts.models.ledger import JournalEntry, Payment, Posting
from accounts.models.movements import TopUp, Transfer
from accounts.models.notice import Notice
from accounts.models.quotas import QuotaCharge, QuotaUse
from accounts.models.receipt import Receipt, ReceiptUse, Refund
from accounts.models.reconciliation import CoreReconciliation, ReconciliationBreak
from accounts.models.registration import Card, Registration
from accounts.models.restrictions import Restriction
from accounts.models.session import Session
from accounts.models.suspension import DocumentDemand, Reverification, Suspension

__all__ = [
    "AccountClosing",
    "Card",
    "Claim",
    "Complaint",
    "ComplaintEntry",
    "CoreReconciliation",
    "Customer",
    "DepositAccount",
    "DocumentDemand",
    "Filing",
    "GlDay",
    "Hold",
    "JournalEntry",
    "Notice",
    "Payment",
    "Posting",
    "QuotaCharge",
    "QuotaUse",
    "Receipt",
    "ReceiptUse",
    "ReconciliationBreak",
    "Refund",
    "Registration",
    "Restriction",
    "Reverification",
    "Session",
    "Suspension",
    "TopUp",
    "Transfer",
]
