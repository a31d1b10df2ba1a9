"""Work out what a repayment pays: by its kind, on the business date, instalment by instalment (ALLOC-01, EARLY-01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.clock import business_date
from core.errors import Problem
from core.money import fen_to_yuan
from lending.loan_records import policy_of, record_of
from lending.loans.allocation import Share
from lending.loans.repaying import Policy, RepaymentKind, cost_of_prepaying, repay, settlement
from lending.loans.replanning import Keep
from lending.loans.standing import LoanRecord, Owed, Standing, standing_on
from lending.loans.terms import RepaymentMethod
from lending.models import Loan
from lending.queries.terms import AmountOutOfRange

NOTHING_DUE: Final = "当前没有到期应还的款项，如需还款请选择提前还款"


class RepaymentExceedsDebt(Problem):
    """More is offered than is owed for this kind of repayment: such money is not taken (ALLOC-02)."""

    code = "repayment_exceeds_debt"
    status = 422
    title = "还款金额超过应还金额，请按试算金额还款"


class RepaymentKindNotOffered(Problem):
    """This loan is not repaid in this way: `any` is for loans that may be repaid any day, `early_partial` for others."""

    code = "repayment_kind_not_offered"
    status = 422
    title = "该笔贷款不适用所选的还款方式，请选择其他还款方式"


def offered_kind(loan: Loan, kind: str) -> RepaymentKind:
    """Return the kind of repayment that a word names.

    Raises:
        RepaymentKindNotOffered: the loan is not repaid in this way.
    """
    other = RepaymentKind.EARLY_PARTIAL if loan.method == RepaymentMethod.PAY_ANY_DAY else RepaymentKind.ANY
    if kind == other:
        raise RepaymentKindNotOffered(
            errors={"kind": [f"可选：{'、'.join(each for each in RepaymentKind if each != other)}"]}
        )
    return RepaymentKind(kind)


def _exceeds(most_fen: int) -> RepaymentExceedsDebt:
    """Say how much would be taken."""
    if most_fen == 0:
        return RepaymentExceedsDebt(NOTHING_DUE)
    return RepaymentExceedsDebt(errors={"amount": [f"最多可还 {fen_to_yuan(most_fen)} 元"]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a repayment would pay: its total in fen, by kind, and instalment by instalment."""

    total_fen: int
    total: Owed
    shares: tuple[Share, ...]


def plan_repayment(
    loan: Loan, *, kind: str, amount_fen: int | None, on: date | None = None, keep: str | None = None
) -> Plan:
    """Work out what a repayment pays on a business date (default: the present one).

    - `due` pays what has fallen due, all of it without an amount; less is taken only where something is overdue
      (ALLOC-02).
    - `early_full` settles the loan, and takes exactly that.
    - `early_partial` prepays `amount_fen` of principal: what has fallen due, the interest of that principal to the day
      and the fee come on top.
    - `any` takes `amount_fen` in all, the interest that runs first; without an amount it settles.

    Raises:
        RepaymentKindNotOffered, RepaymentExceedsDebt: see there.
        AmountOutOfRange: the amount is nothing, or less than this kind takes.
    """
    sort = offered_kind(loan, kind)
    day, record = on or business_date(), record_of(loan)
    policy = policy_of(loan)
    total_fen = _total(record, policy, sort, amount_fen, day)
    done = repay(record, policy, kind=sort, total_fen=total_fen, on_date=day, keep=Keep(keep or loan.prepayment_keeps))
    if done.excess_fen:
        raise _exceeds(total_fen - done.excess_fen)
    return Plan(total_fen=total_fen, total=done.total, shares=done.shares)


def _total(record: LoanRecord, policy: Policy, kind: RepaymentKind, amount_fen: int | None, day: date) -> int:
    """Return what is paid in all; refuse an amount that this kind does not take."""
    standing = standing_on(record, on_date=day)
    if amount_fen is not None and amount_fen <= 0:
        raise AmountOutOfRange("还款金额应大于零")
    if kind is RepaymentKind.DUE:
        return _due(standing, amount_fen)
    whole_fen = sum(debt.owed.total_fen for debt in settlement(record, policy, on_date=day))
    if kind is RepaymentKind.EARLY_PARTIAL:
        return _ahead(record, policy, standing, amount_fen, day)
    if amount_fen is not None and amount_fen > whole_fen:
        raise _exceeds(whole_fen)
    if kind is RepaymentKind.EARLY_FULL and amount_fen not in (None, whole_fen):
        raise AmountOutOfRange(f"该还款方式须一次还清 {fen_to_yuan(whole_fen)} 元")
    return whole_fen if amount_fen is None else amount_fen


def _due(standing: Standing, amount_fen: int | None) -> int:
    owed_fen = standing.due_in_all.total_fen
    if amount_fen is None or amount_fen == owed_fen:
        return owed_fen
    if amount_fen > owed_fen:
        raise _exceeds(owed_fen)
    if not standing.overdue_days:
        raise AmountOutOfRange(f"该还款方式须一次还清 {fen_to_yuan(owed_fen)} 元")
    return amount_fen


def _ahead(record: LoanRecord, policy: Policy, standing: Standing, amount_fen: int | None, day: date) -> int:
    if amount_fen is None:
        raise AmountOutOfRange("请填写要提前归还的本金金额")
    if amount_fen >= standing.not_due_principal_fen:
        raise RepaymentExceedsDebt("提前归还的本金应少于未到期本金；归还全部请选择提前结清")
    cost = cost_of_prepaying(record, policy, principal_fen=amount_fen, on_date=day)
    return standing.due_in_all.total_fen + cost.total_fen
