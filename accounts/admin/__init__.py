"""What staff see of customers, accounts and books: only shown, and masked."""

from __future__ import annotations

from accounts.admin.customers import CustomerPage, RegistrationPage
from accounts.admin.deposits import CardPage, DepositAccountPage, FilingPage
from accounts.admin.ledger import JournalEntryPage, PaymentPage
from accounts.models import Card, Customer, DepositAccount, Filing, JournalEntry, Payment, Registration

bank_pages = [
    (Customer, CustomerPage),
    (Registration, RegistrationPage),
    (DepositAccount, DepositAccountPage),
    (Card, CardPage),
    (JournalEntry, JournalEntryPage),
    (Payment, PaymentPage),
    (Filing, FilingPage),
]
