"""Send money of a receipt back to whoever paid it: overpaid, paid twice, nobody's (maker and checker).

From the decision on the bank owes it (2241); the entry out (2241 → clearing) is booked when it has left.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from accounts.ledger.chart import OTHER_PAYABLES, SUSPENSE
from accounts.models import Refund
from accounts.models.receipt import REFUND, ReceiptUse
from accounts.operations.ledger import Line, post_entry
from accounts.operations.receipts import CLEARING, record_use, take_receipt_part
from accounts.states import REFUND as MACHINE
from core.approvals.operations import SameHands
from core.audit.log import record
from core.clock import now
from core.errors import NotFound
from core.operations import opens_transaction, within_transaction
from core.states import transition

KIND: Final = "refund"
OWED: Final = "退还来款"
LEFT: Final = "退款付出"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Who gets the money back, and on which account; without one it is paid at the counter. PII: both."""

    name: str
    account: str | None = None


@within_transaction
def owe_refund(*, receipt_id: uuid.UUID, amount_fen: int, payee: Payee, reason: str, actor: str) -> uuid.UUID:
    """Decide that a receipt, or what is left of it, goes back: debit 3101, credit 2241; return the refund's id.

    Raises:
        SameHands, ReceiptExceeded, InvalidRequest, NotFound: see `take_receipt_part`.
    """
    receipt = take_receipt_part(receipt_id=receipt_id, amount_fen=amount_fen, actor=actor)
    # What was decided before is in the uses, so that each part of a receipt has a reference of its own.
    number = ReceiptUse.objects.filter(receipt_id=receipt_id).count() + 1
    entry_id = post_entry(
        business_ref=f"refund:{receipt_id.hex}:{number}",
        kind=KIND,
        lines=[
            Line(gl_code=SUSPENSE, amount_fen=amount_fen),
            Line(gl_code=OTHER_PAYABLES, amount_fen=-amount_fen),
        ],
        memo=OWED,
    )
    use = record_use(receipt=receipt, use=REFUND, amount_fen=amount_fen, entry_id=entry_id, actor=actor)
    refund = Refund.objects.create(
        use=use, amount_fen=amount_fen, payee_name=payee.name, payee_account=payee.account, reason=reason,
        approved_by=actor,
    )  # fmt: skip
    return refund.pk


@opens_transaction
def refund_receipt(*, receipt_id: uuid.UUID, amount_fen: int, payee: Payee, reason: str, actor: str) -> uuid.UUID:
    """Decide that a receipt goes back; see `owe_refund`."""
    return owe_refund(receipt_id=receipt_id, amount_fen=amount_fen, payee=payee, reason=reason, actor=actor)


@within_transaction
def refund_sent(*, refund_id: uuid.UUID, actor: str) -> None:
    """Record that a transfer with the money is on its way.

    Raises:
        StateConflict: the refund is not owed.
    """
    transition(MACHINE, refund_id, "send", actor=actor)


@within_transaction
def refund_returned(*, refund_id: uuid.UUID, reason: str, actor: str) -> None:
    """Record that the transfer failed: the money is owed again.

    Raises:
        StateConflict: no transfer is on its way.
    """
    transition(MACHINE, refund_id, "return", actor=actor, reason=reason)


@within_transaction
def refund_paid(*, refund_id: uuid.UUID, outside_reference: str, actor: str) -> None:
    """Record that the money has left: debit 2241, credit the clearing account that it came in by.

    Raises:
        NotFound: there is no such refund.
        StateConflict: it is paid already.
        SameHands: who pays is who approved it.
    """
    refund = Refund.objects.select_for_update().select_related("use__receipt").filter(pk=refund_id).first()
    if refund is None:
        raise NotFound
    MACHINE.target(refund.status, "pay")
    if refund.approved_by == actor:
        raise SameHands("批准人与付款登记人不能为同一人，请由其他员工登记")
    entry_id = post_entry(
        business_ref=f"refund_paid:{refund_id.hex}",
        kind=KIND,
        lines=[
            Line(gl_code=OTHER_PAYABLES, amount_fen=refund.amount_fen),
            Line(gl_code=CLEARING[refund.use.receipt.channel], amount_fen=-refund.amount_fen),
        ],
        memo=LEFT,
    )
    transition(
        MACHINE, refund_id, "pay", actor=actor, outside_reference=outside_reference, paid_by=actor, paid_at=now(),
        entry_id=entry_id,
    )  # fmt: skip


@opens_transaction
def register_refund_paid(*, refund_id: uuid.UUID, outside_reference: str, actor: str) -> None:
    """Register that staff have paid a refund by hand, at the counter or in the bank's payment system; see `refund_paid`."""
    refund_paid(refund_id=refund_id, outside_reference=outside_reference, actor=actor)
    record("refund.paid", actor=actor, subject=refund_id.hex, detail={"reference": outside_reference})
