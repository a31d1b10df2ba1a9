"""The way from the borrower's account to a payee: the one place where entrusted payment meets the accounts room's transfers.

There is no transfer out of an account yet, so the way is closed: `is_offered` says no, a drawdown that names a payee is
refused before anything is promised, and `pass_to_payee`, should it be reached all the same, raises instead of pretending.
Opening it is this module's business alone: call the transfer with `Then(AT_PAYEE, drawdown)` and return how far it is.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from lending.models import EntrustedPayment


class TransferNotConnected(RuntimeError):
    """There is no transfer out of an account to a payee: the step that asked for it parks, for an operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """How far a transfer to a payee is: `pending`, `posted`, or `failed` with a code."""

    id: uuid.UUID
    status: str
    code: str = ""


def is_offered() -> bool:
    """Tell whether a payee can be paid from an account of this bank."""
    return False


def pass_to_payee(*, payment: EntrustedPayment) -> Passed:
    """Transfer a drawdown's amount from the borrower's account to its payee, within the caller's transaction.

    Raises:
        TransferNotConnected: see there.
    """
    msg = f"no transfer to the payee of drawdown {payment.drawdown_id.hex}: accounts offers none"
    raise TransferNotConnected(msg)
