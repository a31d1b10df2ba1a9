"""Money from outside as other rooms see it: what was recorded, what is left of it, who paid."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from accounts.models import Receipt
from accounts.models.receipt import CHANNELS
from core.errors import NotFound

RECEIPT_CHANNELS: Final = tuple(CHANNELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """Money from outside as other rooms see it; amounts in fen, `left_fen` is what nobody has been given yet.

    PII: the payer, kept out of `repr`.
    """

    id: uuid.UUID
    channel: str
    reference: str
    amount_fen: int
    left_fen: int
    received_date: date
    recorded_by: str
    payer_name: str = field(repr=False)


def receipt(receipt_id: uuid.UUID) -> ReceiptView:
    """Return money from outside.

    Raises:
        NotFound: there is none with this id.
    """
    return _receipt(Receipt.objects.filter(pk=receipt_id).first())


def receipt_by_voucher(*, channel: str, reference: str) -> ReceiptView:
    """Return money from outside by the voucher that it was recorded under; what was voided is not there.

    Raises:
        NotFound: none was.
    """
    return _receipt(Receipt.objects.filter(channel=channel, reference=reference, voided_date=None).first())


def _receipt(row: Receipt | None) -> ReceiptView:
    if row is None:
        raise NotFound("没有登记该来款凭证")
    return ReceiptView(
        id=row.pk, channel=row.channel, reference=row.reference, amount_fen=row.amount_fen, left_fen=row.left_fen,
        received_date=row.received_date, recorded_by=row.recorded_by, payer_name=row.payer_name or "",
    )  # fmt: skip
