"""What staff see of customers, accounts and books: only shown, and masked; orders on accounts are acts of two people."""

from __future__ import annotations

from accounts.admin.customers import CustomerPage, RegistrationPage
from accounts.admin.deposits import CardPage, DepositAccountPage, FilingPage
from accounts.admin.ledger import GlDayPage, JournalEntryPage, PaymentPage
from accounts.admin.money import HoldPage, TopUpPage, TransferPage
from accounts.admin.restrictions import RestrictionPage
from accounts.models import (
    Card,
    Customer,
    DepositAccount,
    Filing,
    GlDay,
    Hold,
    JournalEntry,
    Payment,
    Registration,
    Restriction,
    TopUp,
    Transfer,
)

bank_pages = [
    (Customer, CustomerPage),
    (Registration, RegistrationPage),
    (DepositAccount, DepositAccountPage),
    (Card, CardPage),
    (JournalEntry, JournalEntryPage),
    (GlDay, GlDayPage),
    (Payment, PaymentPage),
    (TopUp, TopUpPage),
    (Transfer, TransferPage),
    (Hold, HoldPage),
    (Restriction, RestrictionPage),
    (Filing, FilingPage),
]
