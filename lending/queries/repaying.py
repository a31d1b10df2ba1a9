"""Work out what a repayment pays: by its kind, on the business date, instalment by instalment (ALLOC-01, EARLY-01)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.clock import business_date
from core.errors import Problem
from lending.loan_records import early_fee_fen, record_of
from lending.loans.allocation import MoreThanOwed, Share, allocate
from lending.loans.standing import Owed, settlement_on, standing_on
from lending.models import Loan
from lending.models.repayment import DUE, EARLY_FULL
from lending.queries.terms import AmountOutOfRange

OFFERED: Final = (DUE, EARLY_FULL)


class RepaymentExceedsDebt(Problem):
    """More is offered than is owed for this kind of repayment: such money is not taken (ALLOC-02)."""

    code = "repayment_exceeds_debt"
    status = 422
    title = "还款金额超过应还金额"


class RepaymentKindNotOffered(Problem):
    """This kind of repayment is not offered yet."""

    code = "repayment_kind_not_offered"
    status = 422
    title = "暂不支持该还款方式"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a repayment would pay: in all, and instalment by instalment."""

    total: Owed
    shares: tuple[Share, ...]


def plan_repayment(loan: Loan, *, kind: str, amount_fen: int | None) -> Plan:
    """Work out what a repayment pays on the present business date; without an amount, all that its kind asks for.

    `due` pays what has fallen due; less than that is taken only where something is overdue (ALLOC-02). `early_full`
    settles the loan, and takes exactly that.

    Raises:
        RepaymentKindNotOffered, RepaymentExceedsDebt: see there.
        AmountOutOfRange: the amount is nothing, or less than this kind takes.
    """
    if kind not in OFFERED:
        raise RepaymentKindNotOffered
    today, record = business_date(), record_of(loan)
    standing = standing_on(record, on_date=today)
    debts = standing.due
    if kind == EARLY_FULL:
        debts = settlement_on(
            record, on_date=today, fee_fen=early_fee_fen(loan, not_due_fen=standing.not_due_principal_fen)
        )
    owed_fen = sum(debt.owed.total_fen for debt in debts)
    wanted_fen = owed_fen if amount_fen is None else amount_fen
    may_be_partial = kind == DUE and standing.overdue_days > 0
    if wanted_fen < owed_fen and not (may_be_partial and wanted_fen > 0):
        raise AmountOutOfRange("该还款方式须一次还清应还金额")
    try:
        shares = allocate(wanted_fen, debts, overdue_days=standing.overdue_days)
    except MoreThanOwed as error:
        raise RepaymentExceedsDebt from error
    return Plan(total=sum((share.paid for share in shares), Owed()), shares=shares)
