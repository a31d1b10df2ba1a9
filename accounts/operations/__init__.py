"""What can be done in the accounts room."""

from __future__ import annotations

from accounts.operations.claims import place_claim, release_claim
from accounts.operations.corrections import reverse_entry
from accounts.operations.day import follow_day
from accounts.operations.filings import owe_change
from accounts.operations.ledger import AccountNotActive, InsufficientFunds, Line, UnbalancedEntry, post_entry
from accounts.operations.payments import Leg, PaymentView, book_payment, collect_from, pay_into
from accounts.operations.receipts import (
    OutsideMoney,
    ReceiptExceeded,
    ReceiptKnown,
    assign_receipt_to_account,
    open_receipt,
    return_to_receipt,
    take_receipt_for,
)
from accounts.operations.refunds import Payee, owe_refund
from accounts.operations.suspensions import refuse_suspended

__all__ = [
    "AccountNotActive",
    "InsufficientFunds",
    "Leg",
    "Line",
    "OutsideMoney",
    "Payee",
    "PaymentView",
    "ReceiptExceeded",
    "ReceiptKnown",
    "UnbalancedEntry",
    "assign_receipt_to_account",
    "book_payment",
    "collect_from",
    "follow_day",
    "open_receipt",
    "owe_change",
    "owe_refund",
    "pay_into",
    "place_claim",
    "post_entry",
    "refuse_suspended",
    "release_claim",
    "return_to_receipt",
    "reverse_entry",
    "take_receipt_for",
]
