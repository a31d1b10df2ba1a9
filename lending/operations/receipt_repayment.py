"""Repay a loan from money that came in outside the app: at the counter, by transfer, by a third party, backdated.

The money waits in suspense (3101) since one person recorded it. A second one decides that it pays this loan
(`lending.approvals`), seeing what it would do; who recorded the receipt never decides. What the loan does not owe stays
in suspense, to be refunded. A day that is over is not opened again: the entry is booked today and counts from the value
date, and the loan is folded anew where that lies before another fact (ALLOC-03).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from accounts import operations as accounts
from accounts import queries as account_queries
from core.audit.log import record
from core.errors import StateConflict
from core.operations import opens_transaction, within_transaction
from lending import books
from lending.models import Repayment
from lending.models.repayment import RECEIPT
from lending.operations.loan_locks import lock_line
from lending.operations.repayment import lock_repayable
from lending.operations.repayment_posting import post_repayment
from lending.queries.receipts import FromReceipt, foresee_receipt, told
from lending.repayment_amounts import legs_of, shares_json

PLAN: Final = "plan"


@opens_transaction
def plan_from_receipt(*, loan_id: uuid.UUID, wanted: FromReceipt) -> dict[str, Any]:
    """Refuse what could not be approved; return what a proposal keeps: what is wanted, and what it would do.

    Raises:
        NotFound: there is no such loan, or no such receipt.
        StateConflict: the loan was settled by the value date, or a repayment on it is on its way.
        OutsidePartyHeld: the watchlists hold whoever paid it.
        ReceiptExceeded: the receipt has less left.
        ValueDateRefused, RepaymentKindNotOffered, RepaymentExceedsDebt, AmountOutOfRange: see `foresee_receipt`.
    """
    loan = lock_repayable(loan_id=loan_id, as_of=wanted.value_date)
    receipt = account_queries.receipt(wanted.receipt_id)
    accounts.refuse_held_payer(receipt_id=receipt.id)
    if wanted.amount_fen > receipt.left_fen:
        raise accounts.ReceiptExceeded
    return {**wanted.as_json(), PLAN: told(foresee_receipt(loan, wanted))}


@within_transaction
def repay_from_receipt(
    *, loan_id: uuid.UUID, values: Mapping[str, Any], decided_by: str, actor: str, reason: str
) -> Repayment:
    """Book what was proposed, exactly as both people have seen it.

    Raises:
        StateConflict: the loan, or what the repayment would do to it, has changed since; propose it anew.
        SameHands: who decides is who recorded the receipt.
        NotFound, OutsidePartyHeld, ReceiptExceeded and the problems of `foresee_receipt`: see `plan_from_receipt`.
    """
    wanted = FromReceipt.from_json(values)
    loan = lock_repayable(loan_id=loan_id, as_of=wanted.value_date)
    foreseen = foresee_receipt(loan, wanted)
    if not _is_as_seen(values[PLAN], told(foreseen)):
        raise StateConflict("申请提交后贷款情况已变化，请驳回后重新申请")
    lock_line(line_id=loan.line_id)
    repayment = Repayment.objects.create(
        loan=loan, source=RECEIPT, receipt_id=wanted.receipt_id, kind=wanted.kind,
        keeps=wanted.keep or loan.prepayment_keeps, value_date=wanted.value_date, total_fen=foreseen.total_fen,
        shares=shares_json(foreseen.repaid.shares), **asdict(foreseen.repaid.total),
    )  # fmt: skip
    accounts.take_receipt_for(
        receipt_id=wanted.receipt_id,
        amount_fen=repayment.total_fen,
        legs=legs_of(repayment),
        business_ref=f"{books.REPAYMENT}:{repayment.pk.hex}",
        kind=books.REPAYMENT,
        memo="来款归还贷款",
        actor=decided_by,
        value_date=wanted.value_date,
    )
    record(
        "repayment.from_receipt", actor=actor, subject=repayment.pk.hex,
        detail={"receipt": wanted.receipt_id.hex, "amount_fen": repayment.total_fen, "reason": reason},
    )  # fmt: skip
    return post_repayment(repayment=repayment, loan=loan)


def _is_as_seen(seen: Mapping[str, int], found: Mapping[str, int]) -> bool:
    """Compare two dry runs; what is overdue grows by itself from one day to the next."""
    grows = {"overdue_without_fen", "overdue_after_fen"}
    return {name: fen for name, fen in seen.items() if name not in grows} == {
        name: fen for name, fen in found.items() if name not in grows
    }
