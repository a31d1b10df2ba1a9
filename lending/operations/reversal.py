"""Take a repayment back: the money returns, and the loan stands as if it had never been paid (ALLOC-03).

Nothing is changed in the books: the return is an entry of its own, which counts from the day of what it takes back, and what
later repayments then pay otherwise is another. Where the core keeps the account, the loan follows when the core has credited
it. What was paid from a receipt is left of the receipt again. A loan that was written off stays so: the return mirrors what
its recovery has booked.
"""

from __future__ import annotations

import uuid
from typing import Final

from accounts import operations as accounts
from accounts import queries as account_queries
from core.audit.log import record
from core.clock import business_date, now
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.operations import within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then
from lending import books
from lending.models import Loan, Repayment
from lending.models.loan import SETTLED
from lending.models.loan_event import REVERSED
from lending.models.repayment import POSTED, POSTING, RECEIPT
from lending.operations.judging import judge_anew
from lending.operations.loan_changes import catch_up
from lending.operations.loan_locks import lock_line, lock_loan
from lending.operations.repayment_posting import rebuild_loan
from lending.operations.settling import SYSTEM, follow_settlement, record_event
from lending.queries.loan_changes import refuse_returning_excess
from lending.repayment_amounts import legs_of
from lending.reporting import PUSH_FIGURES
from lending.states import REPAYMENT

RETURNED: Final = "repayment.returned"


@within_transaction
def reverse_repayment(*, repayment_id: uuid.UUID, actor: str, reason: str) -> Repayment:
    """Give a repayment back to the account, or the receipt, that it came from, and work the loan out without it.

    Raises:
        NotFound: there is no such repayment.
        StateConflict: it is not posted, is being taken back already, or another repayment on the loan is on its way.
        AccountNotActive: the account cannot receive money now.
    """
    loan, repayment = _lock(repayment_id)
    if repayment.status != POSTED or repayment.reversal_payment_id is not None:
        raise StateConflict("只有已入账且未冲正的还款可以冲正")
    _refuse_another_on_its_way(loan)
    record("repayment.reversal_begun", actor=actor, subject=repayment_id.hex, detail={"reason": reason})
    lock_line(line_id=loan.line_id)
    if repayment.source == RECEIPT or repayment.account_id is None:
        accounts.return_to_receipt(
            business_ref=f"{books.REPAYMENT}:{repayment_id.hex}", legs=legs_of(repayment), memo="还款冲正", actor=actor
        )
        return _finish(loan, repayment, actor, reason)
    payment = accounts.pay_into(
        account_id=repayment.account_id,
        amount_fen=repayment.total_fen,
        legs=legs_of(repayment),
        business_ref=_reference(repayment),
        kind=books.REVERSAL,
        memo="还款冲正",
        then=Then(RETURNED, repayment_id.hex),
        is_new_business=False,
        value_date=repayment.value_date,
    )
    repayment.reversal_payment_id = payment.id
    repayment.save(update_fields=["reversal_payment_id"])
    return _finish(loan, repayment, actor, reason) if payment.status == "posted" else repayment


def _reference(repayment: Repayment) -> str:
    """Name the return of a repayment to the books; what the core has refused before keeps its own name, and this another."""
    again = f":{new_id().hex[-12:]}" if repayment.reason_code else ""
    return f"{books.REVERSAL}:{repayment.pk.hex}{again}"


@within_transaction
def return_excess(*, repayment_id: uuid.UUID, actor: str, reason: str) -> Repayment:
    """Give back to its account what of a repayment is more than the debt, and was owed to the customer: it has paid the rest.

    Raises:
        NotFound: there is no such repayment.
        StateConflict: see `refuse_returning_excess`; or another repayment on the loan is on its way.
        AccountNotActive: the account cannot receive money now.
    """
    loan, repayment = _lock(repayment_id)
    refuse_returning_excess(repayment)
    _refuse_another_on_its_way(loan)
    excess_fen, repayment.excess_fen = repayment.excess_fen, 0
    accounts.pay_into(
        account_id=repayment.account_id,  # type: ignore[arg-type]  # what has none is refused
        amount_fen=excess_fen,
        legs=[accounts.Leg(gl_code=books.OTHER_PAYABLES, amount_fen=excess_fen)],
        business_ref=f"{books.REFUND}:{new_id().hex}",
        kind=books.REFUND,
        memo="多还款项退回",
        then=Then(RETURNED, repayment_id.hex),
        is_new_business=False,
    )
    repayment.total_fen -= excess_fen
    repayment.save(update_fields=["total_fen", "excess_fen"])
    detail: dict[str, str | int | bool | None] = {"reason": reason, "amount_fen": excess_fen}
    record("repayment.excess_returned", actor=actor, subject=repayment_id.hex, detail=detail)
    return repayment


@within_transaction
def return_ended(*, repayment_id: uuid.UUID) -> None:
    """Draw the conclusion when the core has credited the account, or has refused to."""
    loan, repayment = _lock(repayment_id)
    if repayment.status != POSTED or repayment.reversal_payment_id is None:
        return
    payment = account_queries.payment(repayment.reversal_payment_id)
    if payment.status == "failed":
        repayment.reversal_payment_id = None
        repayment.reason_code = books.reason_of(payment.code)
        repayment.save(update_fields=["reversal_payment_id", "reason_code"])
        return
    lock_line(line_id=loan.line_id)
    if accounts.book_payment(payment_id=payment.id, value_date=repayment.value_date).status == "posted":
        _finish(loan, repayment, SYSTEM, "核心已退回")


def _lock(repayment_id: uuid.UUID) -> tuple[Loan, Repayment]:
    loan_id = Repayment.objects.filter(pk=repayment_id).values_list("loan_id", flat=True).first()
    if loan_id is None:
        raise NotFound
    loan = lock_loan(loan_id=loan_id)
    return loan, Repayment.objects.select_for_update(no_key=True).get(pk=repayment_id)


def _refuse_another_on_its_way(loan: Loan) -> None:
    if Repayment.objects.filter(loan=loan, status=POSTING).exists():
        raise StateConflict("该笔贷款有一笔还款正在处理，请稍后再试")


def _finish(loan: Loan, repayment: Repayment, actor: str, reason: str) -> Repayment:
    """Conclude; the line is locked."""
    done = transition(
        REPAYMENT, repayment.pk, "reverse", actor=actor, reason=reason, reversed_at=now(),
        reversed_date=business_date(),
    )  # fmt: skip
    settled_date = loan.settled_date
    rebuild_loan(loan=loan)
    record_event(kind=REVERSED, loan=loan, repayment=done)
    follow_settlement(loan=loan)
    if settled_date is not None and loan.status != SETTLED:
        catch_up(loan=loan, settled_date=settled_date)
    judge_anew(loan=loan)
    enqueue(PUSH_FIGURES, f"reversed:{repayment.pk.hex}")
    return done
