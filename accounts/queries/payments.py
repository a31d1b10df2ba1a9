"""How far money on its way is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from accounts.models import Payment, Transfer
from accounts.models.ledger import PENDING
from accounts.models.movements import FAILED, POSTED, STRANDED
from core.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    """How far a payment is: pending, arrived, posted or failed with a code."""

    id: uuid.UUID
    status: str
    code: str


def payment(payment_id: uuid.UUID) -> PaymentStatus:
    """Return how far a payment is.

    Raises:
        NotFound: there is none.
    """
    row = Payment.objects.filter(pk=payment_id).first()
    if row is None:
        raise NotFound
    return PaymentStatus(id=row.pk, status=row.status, code=row.code)


def transfer(transfer_id: uuid.UUID) -> PaymentStatus:
    """Return how far a transfer is: pending, posted, or failed with a code; one that is stranded has failed.

    Raises:
        NotFound: there is none.
    """
    row = Transfer.objects.filter(pk=transfer_id).first()
    if row is None:
        raise NotFound
    ended = {POSTED: POSTED, FAILED: FAILED, STRANDED: FAILED}
    return PaymentStatus(id=row.pk, status=ended.get(row.status, PENDING), code=row.reason_code)
