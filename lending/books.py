"""Where the loan book stands in the bank's chart of accounts, and what every entry of it is called.

Disbursement: debit loan principal, credit the customer's account (or the clearing with the core). Repayment: debit the
account, credit loan principal, interest income, penalty income. Principal on `LOAN_PRINCIPAL` is the sum of what all
loans owe, always (GL-01).
"""

from __future__ import annotations

import uuid
from typing import Final

LOAN_PRINCIPAL: Final = "1301"
INTEREST_INCOME: Final = "6011"
PENALTY_INCOME: Final = "6051"

PAYMENT_REFUSED: Final = "payment_refused"
_REASONS: Final = {"insufficient_funds": "insufficient_funds", "account_not_found": "account_not_active"}

DISBURSEMENT: Final = "disbursement"
REPAYMENT: Final = "repayment"


def claimant(loan_id: uuid.UUID) -> str:
    """Name a loan to the accounts room: an account with a loan on it stays, and so does its last card."""
    return f"loan:{loan_id.hex}"


def reason_of(payment_code: str) -> str:
    """Return the contract's reason for a payment that the core system has refused."""
    return _REASONS.get(payment_code, PAYMENT_REFUSED)
