"""Repay a loan: worked out on the business date, collected, booked, spread over its instalments (ALLOC-01).

Always possible while the account has the money: an expired ID card, a frozen line or a suspended bank stop new money
only (ACC-13, PU-07a). Where this system keeps the account, collection and booking are one transaction; where the core
keeps it, the core debits under our id and the entry follows in the transaction that draws the conclusions.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any, Final

from django.db.models import F

from accounts import operations as accounts
from accounts import queries as account_queries
from core.clock import business_date, now
from core.errors import StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then
from lending import books
from lending.loan_records import record_of
from lending.loans.overdue import is_unpaid
from lending.models import Instalment, Loan, LoanEvent, Repayment, RepaymentShare
from lending.models.loan import ACTIVE, EVENT_SETTLED, REPAID
from lending.models.repayment import EARLY_FULL, POSTING
from lending.operations.drawdowns import SYSTEM, refuse_foreign_account
from lending.operations.lines import repay_line
from lending.operations.loan_locks import lock_line, lock_loan
from lending.queries.repaying import RepaymentExceedsDebt, plan_repayment
from lending.reporting import PUSH_FIGURES
from lending.states import LOAN, REPAYMENT

COLLECTED: Final = "repayment.collected"


@opens_transaction
def repay_loan(
    *, loan_id: uuid.UUID, customer_id: uuid.UUID, kind: str, amount_fen: int | None, account_id: uuid.UUID
) -> Repayment:
    """Repay from one of the customer's accounts; what is paid is fixed here, on the present business date.

    Raises:
        StateConflict: the loan is settled, or another repayment on it is on its way.
        RepaymentKindNotOffered, RepaymentExceedsDebt, AmountOutOfRange: see `plan_repayment`; nothing due at all counts
            as exceeded.
        AccountNotActive: the account is not one of the customer's own that money can move on.
        InsufficientFunds: the account has less.
    """
    loan = lock_loan(loan_id=loan_id)
    LOAN.target(loan.status, "settle")
    if Repayment.objects.filter(loan=loan, status=POSTING).exists():
        raise StateConflict("该笔贷款有一笔还款正在处理，请稍后再试")
    plan = plan_repayment(loan, kind=kind, amount_fen=amount_fen)
    if not plan.shares:
        raise RepaymentExceedsDebt("当前没有到期应还的款项")
    refuse_foreign_account(customer_id=customer_id, account_id=account_id)
    lock_line(line_id=loan.line_id)
    repayment = Repayment.objects.create(
        loan=loan, account_id=account_id, kind=kind, value_date=business_date(), total_fen=plan.total.total_fen,
        shares=[{"number": share.number, **asdict(share.paid)} for share in plan.shares], **asdict(plan.total),
    )  # fmt: skip
    payment = accounts.collect_from(
        account_id=account_id,
        amount_fen=repayment.total_fen,
        legs=_legs(repayment),
        business_ref=f"{books.REPAYMENT}:{repayment.pk.hex}",
        kind=books.REPAYMENT,
        memo="归还贷款",
        then=Then(COLLECTED, repayment.pk.hex),
    )
    repayment.payment_id = payment.id
    repayment.save(update_fields=["payment_id"])
    return _post(repayment, loan) if payment.status == "posted" else repayment


def _legs(repayment: Repayment) -> list[accounts.Leg]:
    """Return the credits: principal, interest (with the fee, part of what the loan yields), penalty and compound."""
    credits_fen = {
        books.LOAN_PRINCIPAL: repayment.principal_fen,
        books.INTEREST_INCOME: repayment.interest_fen + repayment.fee_fen,
        books.PENALTY_INCOME: repayment.penalty_fen + repayment.compound_fen,
    }
    return [accounts.Leg(gl_code=code, amount_fen=fen) for code, fen in credits_fen.items() if fen]


@within_transaction
def collection_ended(*, repayment_id: uuid.UUID) -> None:
    """Draw the conclusion when the core has answered: the entry and what was paid, or the failure."""
    loan = lock_loan(loan_id=Repayment.objects.values_list("loan_id", flat=True).get(pk=repayment_id))
    repayment = Repayment.objects.select_for_update().get(pk=repayment_id)
    if repayment.status != POSTING or repayment.payment_id is None:
        return
    payment = account_queries.payment(repayment.payment_id)
    if payment.status == "failed":
        code = books.reason_of(payment.code)
        transition(REPAYMENT, repayment_id, "fail", actor=SYSTEM, reason=code, reason_code=code)
        return
    lock_line(line_id=loan.line_id)
    if accounts.book_payment(payment_id=payment.id).status == "posted":
        _post(repayment, loan)


def _post(repayment: Repayment, loan: Loan) -> Repayment:
    """Spread a booked repayment over the instalments, give its principal back to the line, settle what is paid off."""
    rows = {row.number: row for row in loan.instalments.all()}
    RepaymentShare.objects.bulk_create(
        RepaymentShare(
            id=new_id(), repayment=repayment, instalment=rows[share["number"]], value_date=repayment.value_date,
            **_amounts(share),
        )
        for share in repayment.shares
    )  # fmt: skip
    for share in repayment.shares:
        Instalment.objects.filter(pk=rows[share["number"]].pk).update(
            **{f"paid_{name}": F(f"paid_{name}") + fen for name, fen in _amounts(share).items() if name != "fee_fen"}
        )
    if repayment.principal_fen:
        repay_line(line_id=loan.line_id, amount_fen=repayment.principal_fen)
        Loan.objects.filter(pk=loan.pk).update(outstanding_fen=F("outstanding_fen") - repayment.principal_fen)
    paid = Loan.objects.prefetch_related("instalments__shares").get(pk=loan.pk)
    _close_instalments(paid, repayment)
    _record(REPAID, paid, repayment)
    if paid.status == ACTIVE and not paid.instalments.filter(closed_date=None).exists():
        _settle(paid, repayment)
    enqueue(PUSH_FIGURES, f"repaid:{repayment.pk.hex}")
    return transition(
        REPAYMENT, repayment.pk, "post", actor=SYSTEM, balance_after_fen=paid.outstanding_fen, posted_at=now()
    )


def _amounts(share: dict[str, Any]) -> dict[str, int]:
    return {name: int(fen) for name, fen in share.items() if name != "number"}


def _close_instalments(loan: Loan, repayment: Repayment) -> None:
    """Close what is paid: by a settlement every instalment, else those of which nothing is owed any more."""
    record = record_of(loan)
    paid = {
        row.number
        for row in record.instalments
        if repayment.kind == EARLY_FULL or not is_unpaid(row, record.terms, on_date=repayment.value_date)
    }
    loan.instalments.filter(number__in=paid, closed_date=None).update(closed_date=repayment.value_date)


def _settle(loan: Loan, repayment: Repayment) -> None:
    transition(LOAN, loan.pk, "settle", actor=SYSTEM, settled_date=repayment.value_date)
    accounts.release_claim(account_id=loan.account_id, claimant=books.claimant(loan.pk))
    _record(EVENT_SETTLED, loan, repayment)


def _record(kind: str, loan: Loan, repayment: Repayment) -> None:
    LoanEvent.objects.create(
        loan=loan,
        kind=kind,
        business_date=repayment.value_date,
        amount_fen=repayment.total_fen,
        outstanding_fen=loan.outstanding_fen,
        detail={"repayment": repayment.pk.hex, "kind": repayment.kind, "shares": repayment.shares},
    )
