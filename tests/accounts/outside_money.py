"""Money from outside as tests record, use and count it: one login records, another decides, a third pays."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from accounts.models import DepositAccount, JournalEntry, Payment, Posting, Receipt, ReceiptUse, Refund
from accounts.operations import Leg, return_to_receipt, take_receipt_for
from accounts.operations.receipts import (
    OutsideMoney,
    assign_receipt,
    record_receipt,
)
from accounts.operations.refunds import (
    Payee,
    refund_receipt,
)
from accounts.queries import (
    suspense_agrees,
    trial_balance,
)
from core.ids import new_id

MAKER, CHECKER, THIRD = "maker", "checker", "third"
PAYEE = Payee(name="付款人", account="6217990000000000013")


def record(amount_fen: int = 1_000_00, channel: str = "transfer_in", **more: Any) -> Receipt:
    money = OutsideMoney(
        channel=channel, reference=more.pop("reference", new_id().hex), amount_fen=amount_fen,
        payer_name="付款人", **more,
    )  # fmt: skip
    return Receipt.objects.get(pk=record_receipt(money=money, actor=MAKER))


def left(receipt: Receipt) -> int:
    return Receipt.objects.get(pk=receipt.pk).left_fen


def assign(receipt: Receipt, account: DepositAccount, amount_fen: int, actor: str = CHECKER) -> None:
    assign_receipt(receipt_id=receipt.pk, account_number=account.number or "", amount_fen=amount_fen, actor=actor)


def take(receipt: Receipt, amount_fen: int, *legs: tuple[str, int], actor: str = CHECKER) -> uuid.UUID:
    with transaction.atomic():
        return take_receipt_for(
            receipt_id=receipt.pk, amount_fen=amount_fen, legs=[Leg(gl_code=code, amount_fen=fen) for code, fen in legs],
            business_ref=f"repayment:{new_id().hex}", kind="repayment", memo="还款", actor=actor,
        )  # fmt: skip


def give_back(business_ref: str, *legs: tuple[str, int]) -> None:
    with transaction.atomic():
        return_to_receipt(
            business_ref=business_ref, legs=[Leg(gl_code=code, amount_fen=fen) for code, fen in legs], memo="还款冲正",
            actor="a+b",
        )  # fmt: skip


def refund(receipt: Receipt, amount_fen: int, actor: str = CHECKER) -> Refund:
    found = refund_receipt(receipt_id=receipt.pk, amount_fen=amount_fen, payee=PAYEE, reason="多付", actor=actor)
    return Refund.objects.get(pk=found)


def books() -> dict[str, int]:
    """Return what the ledger has; its suspense is always what is left of the receipts."""
    assert suspense_agrees()
    return {code: fen for code, fen in trial_balance().items() if fen}


def rows() -> tuple[int, ...]:
    return tuple(
        model._default_manager.count() for model in (JournalEntry, Posting, Payment, Receipt, ReceiptUse, Refund)
    )
