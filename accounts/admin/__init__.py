"""What staff see of customers, accounts and books, masked; orders on accounts, outside money and breaks are their acts."""

from __future__ import annotations

from accounts.admin.complaints import ComplaintPage
from accounts.admin.customers import CustomerPage, RegistrationPage
from accounts.admin.deposits import CardPage, DepositAccountPage
from accounts.admin.filings import FilingPage
from accounts.admin.ledger import GlDayPage, JournalEntryPage, PaymentPage
from accounts.admin.life import AccountClosingPage, DocumentDemandPage, NoticePage, ReverificationPage, SuspensionPage
from accounts.admin.money import HoldPage, TopUpPage, TransferPage
from accounts.admin.receipts import ReceiptPage
from accounts.admin.reconciliation import CoreReconciliationPage, ReconciliationBreakPage
from accounts.admin.refunds import RefundPage
from accounts.admin.restrictions import RestrictionPage
from accounts.models import (
    AccountClosing,
    Card,
    Complaint,
    CoreReconciliation,
    Customer,
    DepositAccount,
    DocumentDemand,
    Filing,
    GlDay,
    Hold,
    JournalEntry,
    Notice,
    Payment,
    Receipt,
    ReconciliationBreak,
    Refund,
    Registration,
    Restriction,
    Reverification,
    Suspension,
    TopUp,
    Transfer,
)

bank_pages = [
    (Customer, CustomerPage),
    (Registration, RegistrationPage),
    (DepositAccount, DepositAccountPage),
    (Card, CardPage),
    (Suspension, SuspensionPage),
    (DocumentDemand, DocumentDemandPage),
    (Reverification, ReverificationPage),
    (AccountClosing, AccountClosingPage),
    (Notice, NoticePage),
    (Complaint, ComplaintPage),
    (JournalEntry, JournalEntryPage),
    (GlDay, GlDayPage),
    (Payment, PaymentPage),
    (TopUp, TopUpPage),
    (Transfer, TransferPage),
    (Hold, HoldPage),
    (Restriction, RestrictionPage),
    (Receipt, ReceiptPage),
    (Refund, RefundPage),
    (CoreReconciliation, CoreReconciliationPage),
    (ReconciliationBreak, ReconciliationBreakPage),
    (Filing, FilingPage),
]
