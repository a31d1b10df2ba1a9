"""Repay a loan: worked out on the business date, collected, booked, entered in the loan (ALLOC-01).

Always possible while the account has the money: an expired ID card, a frozen line or a suspended bank stop new money
only (ACC-13, PU-07a). Where this system keeps the account, collection and booking are one transaction; where the core
keeps it, the core debits under our id and the entry follows in the transaction that draws the conclusions: booked on that
day, and counting from the one on which the customer paid.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import date
from typing import Final

from accounts import operations as accounts
from accounts import queries as account_queries
from accounts.operations import AccountNotActive
from core.clock import business_date
from core.errors import StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.registry import Then
from lending import books
from lending.models import Loan, Repayment
from lending.models.repayment import CUSTOMER, POSTING
from lending.operations.loan_locks import lock_line, lock_loan
from lending.operations.repayment_posting import post_repayment
from lending.operations.settling import SYSTEM
from lending.queries.repaying import NOTHING_DUE, Plan, RepaymentExceedsDebt, plan_repayment
from lending.repayment_amounts import legs_of, shares_json
from lending.states import REPAYMENT

COLLECTED: Final = "repayment.collected"


@opens_transaction
def repay_loan(
    *,
    loan_id: uuid.UUID,
    customer_id: uuid.UUID,
    kind: str,
    amount_fen: int | None,
    account_id: uuid.UUID,
    keep: str | None = None,
) -> Repayment:
    """Repay from one of the customer's accounts; what is paid is fixed here, on the present business date.

    `keep` says what a partial early repayment leaves as it is (`term`, `instalment`; default: the product's).

    Raises:
        StateConflict: the loan is settled, or another repayment on it is on its way.
        RepaymentKindNotOffered, RepaymentExceedsDebt, AmountOutOfRange: see `plan_repayment`; nothing due at all counts
            as exceeded.
        AccountNotActive: the account is not one of the customer's own that money can move on.
        InsufficientFunds: the account has less.
    """
    loan = lock_repayable(loan_id=loan_id)
    plan = plan_repayment(loan, kind=kind, amount_fen=amount_fen, keep=keep)
    if not plan.shares:
        raise RepaymentExceedsDebt(NOTHING_DUE)
    if not account_queries.can_repay_from(customer_id=customer_id, account_id=account_id):
        raise AccountNotActive
    return collect(
        loan=loan, plan=plan, kind=kind, keep=keep, account_id=account_id, source=CUSTOMER
    )  # fmt: skip


@within_transaction
def lock_repayable(*, loan_id: uuid.UUID, as_of: date | None = None) -> Loan:
    """Lock a loan that can be repaid now, or as of a day that is over, and return it with its instalments.

    Raises:
        NotFound: there is no such loan.
        StateConflict: it is settled, and was by then; or a repayment on it is on its way.
    """
    loan = lock_loan(loan_id=loan_id)
    if loan.settled_date is not None and (as_of is None or as_of >= loan.settled_date):
        raise StateConflict("该笔贷款已结清，无需还款")
    if Repayment.objects.filter(loan=loan, status=POSTING).exists():
        raise StateConflict("该笔贷款有一笔还款正在处理，请稍后再试")
    return loan


@within_transaction
def collect(*, loan: Loan, plan: Plan, kind: str, keep: str | None, account_id: uuid.UUID, source: str) -> Repayment:
    """Take a planned repayment from an account, and enter it where that is done at once.

    Raises:
        AccountNotActive, InsufficientFunds: nothing is taken.
    """
    lock_line(line_id=loan.line_id)
    repayment = Repayment.objects.create(
        loan=loan, account_id=account_id, kind=kind, source=source, keeps=keep or loan.prepayment_keeps,
        value_date=business_date(), total_fen=plan.total_fen, shares=shares_json(plan.shares), **asdict(plan.total),
    )  # fmt: skip
    payment = accounts.collect_from(
        account_id=account_id,
        amount_fen=repayment.total_fen,
        legs=legs_of(repayment),
        business_ref=f"{books.REPAYMENT}:{repayment.pk.hex}",
        kind=books.REPAYMENT,
        memo="归还贷款",
        then=Then(COLLECTED, repayment.pk.hex),
    )
    repayment.payment_id = payment.id
    repayment.save(update_fields=["payment_id"])
    return post_repayment(repayment=repayment, loan=loan) if payment.status == "posted" else repayment


@within_transaction
def collection_ended(*, repayment_id: uuid.UUID) -> None:
    """Draw the conclusion when the core has answered: the entry and what was paid, or the failure."""
    loan = lock_loan(loan_id=Repayment.objects.values_list("loan_id", flat=True).get(pk=repayment_id))
    repayment = Repayment.objects.select_for_update(no_key=True).get(pk=repayment_id)
    if repayment.status != POSTING or repayment.payment_id is None:
        return
    payment = account_queries.payment(repayment.payment_id)
    if payment.status == "failed":
        code = books.reason_of(payment.code)
        transition(REPAYMENT, repayment_id, "fail", actor=SYSTEM, reason=code, reason_code=code)
        return
    lock_line(line_id=loan.line_id)
    if accounts.book_payment(payment_id=payment.id, value_date=repayment.value_date).status == "posted":
        post_repayment(repayment=repayment, loan=loan)
