"""What can be asked of the accounts room; `access_*` are the only way from a request to an object."""

from __future__ import annotations

from accounts.attribution import only_own
from accounts.availability import RankedFreeze, available_fen, freezes_of
from accounts.balances import (
    Statement,
    StatementLine,
    balance_at,
    deposits_equal_ledger,
    gl_balance,
    gl_balance_by_value,
    holds_equal_accounts,
    late_value_date,
    quota_used_fen,
    quotas_equal_charges,
    statement_of_account,
    suspense_agrees,
    trial_balance,
)
from accounts.complaining import access_complaint, overdue_complaints
from accounts.filing_days import FilingAgreement, FilingCount, FilingDifference, filings_agree, overdue_filings
from accounts.ledger.chart import gl_name
from accounts.outflows import Outflow, outflows_on
from accounts.outside_money import RECEIPT_CHANNELS, ReceiptView, receipt, receipt_by_voucher
from accounts.queries.access import (
    access_account,
    access_card,
    access_closing,
    access_registration,
    access_reverification,
    access_top_up,
    access_transfer,
)
from accounts.queries.cards import CardOutflow, cards_of, outflow_to, outflow_to_card
from accounts.queries.holders import (
    ACCOUNT_NUMBER,
    AccountView,
    CustomerView,
    Progress,
    account_view,
    account_with_number,
    customer,
    is_opened_here,
    latest_opening,
    latest_registration,
    suspended_for,
    unknown_customers,
    usable_accounts,
)
from accounts.queries.payments import PaymentStatus, payment, transfer
from accounts.receiving import Receiving, asking_receiving, can_repay_from

__all__ = [
    "ACCOUNT_NUMBER",
    "RECEIPT_CHANNELS",
    "AccountView",
    "CardOutflow",
    "CustomerView",
    "FilingAgreement",
    "FilingCount",
    "FilingDifference",
    "Outflow",
    "PaymentStatus",
    "Progress",
    "RankedFreeze",
    "ReceiptView",
    "Receiving",
    "Statement",
    "StatementLine",
    "access_account",
    "access_card",
    "access_closing",
    "access_complaint",
    "access_registration",
    "access_reverification",
    "access_top_up",
    "access_transfer",
    "account_view",
    "account_with_number",
    "asking_receiving",
    "available_fen",
    "balance_at",
    "can_repay_from",
    "cards_of",
    "customer",
    "deposits_equal_ledger",
    "filings_agree",
    "freezes_of",
    "gl_balance",
    "gl_balance_by_value",
    "gl_name",
    "holds_equal_accounts",
    "is_opened_here",
    "late_value_date",
    "latest_opening",
    "latest_registration",
    "only_own",
    "outflow_to",
    "outflow_to_card",
    "outflows_on",
    "overdue_complaints",
    "overdue_filings",
    "payment",
    "quota_used_fen",
    "quotas_equal_charges",
    "receipt",
    "receipt_by_voucher",
    "statement_of_account",
    "suspended_for",
    "suspense_agrees",
    "transfer",
    "trial_balance",
    "unknown_customers",
    "usable_accounts",
]
