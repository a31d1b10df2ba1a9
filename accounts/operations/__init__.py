"""What can be done in the accounts room."""

from __future__ import annotations

from accounts.complaint_subjects import Subject, SubjectKind, register_complaint_subject
from accounts.operations.books import DayNotOver, NotALedgerAccount, close_books, reverse_entry, true_up
from accounts.operations.claims import place_claim, release_claim
from accounts.operations.day import follow_day
from accounts.operations.filings import owe_change
from accounts.operations.holds import expire_hold, place_hold, post_hold, void_hold
from accounts.operations.ledger import (
    AccountNotActive,
    BalanceLimitExceeded,
    InsufficientFunds,
    Line,
    UnbalancedEntry,
    post_entry,
)
from accounts.operations.outside_parties import OutsidePartyHeld, refuse_held_payer, screen_payer
from accounts.operations.payees import PayeeRefused, ToAccount, foresee_recipient
from accounts.operations.payments import Leg, PaymentView, book_payment, collect_from, pay_into, paying_into_own
from accounts.operations.quotas import QuotaExceeded, charge_quota, most_out_fen, return_quota
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
from accounts.operations.restrictions import end_restrictions, refuse_kept
from accounts.operations.suspensions import refuse_suspended, refuse_suspended_for
from accounts.operations.transfers import transfer_on_order

__all__ = [
    "AccountNotActive",
    "BalanceLimitExceeded",
    "DayNotOver",
    "InsufficientFunds",
    "Leg",
    "Line",
    "NotALedgerAccount",
    "OutsideMoney",
    "OutsidePartyHeld",
    "Payee",
    "PayeeRefused",
    "PaymentView",
    "QuotaExceeded",
    "ReceiptExceeded",
    "ReceiptKnown",
    "Subject",
    "SubjectKind",
    "ToAccount",
    "UnbalancedEntry",
    "assign_receipt_to_account",
    "book_payment",
    "charge_quota",
    "close_books",
    "collect_from",
    "end_restrictions",
    "expire_hold",
    "follow_day",
    "foresee_recipient",
    "most_out_fen",
    "open_receipt",
    "owe_change",
    "owe_refund",
    "pay_into",
    "paying_into_own",
    "place_claim",
    "place_hold",
    "post_entry",
    "post_hold",
    "refuse_held_payer",
    "refuse_kept",
    "refuse_suspended",
    "refuse_suspended_for",
    "register_complaint_subject",
    "release_claim",
    "return_quota",
    "return_to_receipt",
    "reverse_entry",
    "screen_payer",
    "take_receipt_for",
    "transfer_on_order",
    "true_up",
    "void_hold",
]
