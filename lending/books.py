"""Where the loan book stands in the bank's chart of accounts, and what every entry of it is called.

Disbursement: debit loan principal, credit the customer's account (or the clearing with the core). Repayment: debit the
account, credit loan principal and the receivables of interest and of penalty. Principal on `LOAN_PRINCIPAL` is the sum
of what all loans owe, always (GL-01). Income is booked by the day end alone, which brings each receivable to the sum of
what the loans owe (`lending.closing.income`): so a repayment, a reversal, a repricing or a loan that no longer accrues
needs no entry of its own in income.
"""

from __future__ import annotations

import uuid
from typing import Final

from lending.loans.standing import Owed

LOAN_PRINCIPAL: Final = "1301"
INTEREST_RECEIVABLE: Final = "1302"
PENALTY_RECEIVABLE: Final = "1303"
LOAN_LOSS_ALLOWANCE: Final = "1304"
OTHER_PAYABLES: Final = "2241"
INTEREST_INCOME: Final = "6011"
PENALTY_INCOME: Final = "6051"
IMPAIRMENT_LOSS: Final = "6701"
MEMO_INTEREST: Final = "9001"
MEMO_INTEREST_CONTRA: Final = "9002"
MEMO_WRITTEN_OFF: Final = "9011"
MEMO_WRITTEN_OFF_CONTRA: Final = "9012"

PAYMENT_REFUSED: Final = "payment_refused"
_REASONS: Final = {"insufficient_funds": "insufficient_funds", "account_not_found": "account_not_active"}

DISBURSEMENT: Final = "disbursement"
REPAYMENT: Final = "repayment"
REVERSAL: Final = "repayment_reversal"
REALLOCATION: Final = "repayment_reallocation"
REFUND: Final = "refund"
WRITE_OFF: Final = "write_off"
RECOVERY: Final = "recovery"


def claimant(loan_id: uuid.UUID) -> str:
    """Name a loan to the accounts room: an account with a loan on it stays, and so does its last card."""
    return f"loan:{loan_id.hex}"


def reason_of(payment_code: str) -> str:
    """Return the contract's reason for a payment that the core system has refused."""
    return _REASONS.get(payment_code, PAYMENT_REFUSED)


def credits_of(paid: Owed, *, excess_fen: int = 0, is_written_off: bool = False) -> dict[str, int]:
    """Return what a repayment credits, in fen by GL account: the fee is income, the rest was receivable before.

    The principal of a loan that was written off is no asset any more: what comes back of it goes to the allowance.
    """
    return {
        LOAN_LOSS_ALLOWANCE if is_written_off else LOAN_PRINCIPAL: paid.principal_fen,
        INTEREST_RECEIVABLE: paid.interest_fen,
        PENALTY_RECEIVABLE: paid.penalty_fen + paid.compound_fen,
        INTEREST_INCOME: paid.fee_fen,
        OTHER_PAYABLES: excess_fen,
    }
