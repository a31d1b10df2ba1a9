"""What staff see of customers, accounts and books, masked; and what they do about money from outside and breaks."""

from __future__ import annotations

from accounts.admin.customers import CustomerPage, RegistrationPage
from accounts.admin.deposits import CardPage, DepositAccountPage
from accounts.admin.filings import FilingPage
from accounts.admin.ledger import JournalEntryPage, PaymentPage
from accounts.admin.life import AccountClosingPage, NoticePage, ReverificationPage, SuspensionPage
from accounts.admin.receipts import ReceiptPage, RefundPage
from accounts.admin.reconciliation import CoreReconciliationPage, ReconciliationBreakPage
from accounts.models import (
    AccountClosing,
    Card,
    CoreReconciliation,
    Customer,
    DepositAccount,
    Filing,
    JournalEntry,
    Notice,
    Payment,
    Receipt,
    ReconciliationBreak,
    Refund,
    Registration,
    Reverification,
    Suspension,
)

bank_pages = [
    (Customer, CustomerPage),
    (Registration, RegistrationPage),
    (DepositAccount, DepositAccountPage),
    (Card, CardPage),
    (Suspension, SuspensionPage),
    (Reverification, ReverificationPage),
    (AccountClosing, AccountClosingPage),
    (Notice, NoticePage),
    (JournalEntry, JournalEntryPage),
    (Payment, PaymentPage),
    (Receipt, ReceiptPage),
    (Refund, RefundPage),
    (CoreReconciliation, CoreReconciliationPage),
    (ReconciliationBreak, ReconciliationBreakPage),
    (Filing, FilingPage),
]
