"""What a repayment does to a loan: how its money is spread, and how the loan stands after it.

One function for every repayment, whether it is made now or replayed after something before it has changed. A repayment
is its total and its kind; which principal it prepays follows from the total.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.money import round_half_up
from lending.loans.allocation import ALLOCATION, Allocation, Share, allocate
from lending.loans.overdue import InstalmentRecord, Payment
from lending.loans.replanning import Keep, replanned
from lending.loans.standing import LoanRecord, Owed, OwedOn, running_interest, settlement_on, standing_on
from lending.loans.terms import RepaymentMethod

if TYPE_CHECKING:
    from datetime import date

AHEAD: Final = 0
"""The number under which a repayment lists principal that it repays before any instalment asks for it."""


class RepaymentKind(StrEnum):
    """What a repayment is for, by the words of the contract with the front end."""

    DUE = "due"
    EARLY_FULL = "early_full"
    EARLY_PARTIAL = "early_partial"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a contract says of repayments: the fee for principal ahead of time in per cent, and the order of debts."""

    early_fee_percent: Decimal = Decimal(0)
    allocation: Allocation = ALLOCATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaid:
    """What a repayment did: its shares by instalment, what was more than the debt, and the loan after it."""

    shares: tuple[Share, ...]
    excess_fen: int
    loan: LoanRecord

    @property
    def total(self) -> Owed:
        """What was paid, by kind."""
        return sum((share.paid for share in self.shares), Owed())


def early_fee(loan: LoanRecord, policy: Policy, principal_fen: int) -> int:
    """Return what the contract charges for principal that is repaid before it is due, in fen (EARLY-01).

    What may be repaid any day is never early: whoever paid all but a fen of it would pay no fee either.
    """
    if loan.method == RepaymentMethod.PAY_ANY_DAY:
        return 0
    return round_half_up(Decimal(principal_fen) * policy.early_fee_percent / 100)


def cost_of_prepaying(loan: LoanRecord, policy: Policy, *, principal_fen: int, on_date: date) -> Owed:
    """Return what prepaying so much principal costs on a day: its interest to the day and the fee with it (M8)."""
    return Owed(
        fee_fen=early_fee(loan, policy, principal_fen),
        interest_fen=running_interest(
            loan, principal_fen, on_date=on_date, at_least_days=loan.terms.min_days
        ),
        principal_fen=principal_fen,
    )  # fmt: skip


def settlement(loan: LoanRecord, policy: Policy, *, on_date: date) -> tuple[OwedOn, ...]:
    """Return what settles a loan in full on a day, instalment by instalment, with the fee."""
    not_due_fen = standing_on(loan, on_date=on_date).not_due_principal_fen
    return settlement_on(loan, on_date=on_date, fee_fen=early_fee(loan, policy, not_due_fen))


def repay(
    loan: LoanRecord, policy: Policy, *, kind: RepaymentKind, total_fen: int, on_date: date, keep: Keep = Keep.TERM
) -> Repaid:
    """Spread a repayment: what has fallen due comes first, then what its kind prepays; the rest is excess.

    - `due` prepays nothing.
    - Any other settles the loan where it is enough for that; less than that `early_full` prepays as `early_partial` does,
      or as `any` does where the loan is repaid any day.
    - `early_partial` prepays the most principal that the rest pays together with its interest and fee; the rows to come
      are made anew.
    - `any` settles the interest that runs, then prepays principal; on the first day, where the product charges `min_days`,
      it prepays with their interest.
    """
    if kind is not RepaymentKind.DUE:
        debts = settlement(loan, policy, on_date=on_date)
        if total_fen >= sum(debt.owed.total_fen for debt in debts):
            done = _spread(loan, policy, debts, total_fen, on_date)
            ended_date = loan.ended_date or on_date
            ended = dataclasses.replace(done.loan, ended_date=ended_date, carried_interest_fen=0)
            return dataclasses.replace(done, loan=ended)
    standing = standing_on(loan, on_date=on_date)
    due_fen = standing.due_in_all.total_fen
    paid = _spread(loan, policy, standing.due, min(total_fen, due_fen), on_date)
    left_fen = total_fen - min(total_fen, due_fen)
    if left_fen == 0 or kind is RepaymentKind.DUE or standing.not_due_principal_fen == 0:
        return dataclasses.replace(paid, excess_fen=left_fen)
    any_day = kind is RepaymentKind.ANY or loan.method == RepaymentMethod.PAY_ANY_DAY
    if any_day and not _costs_min_days(loan, on_date):
        ahead, after = _pay_any(paid.loan, left_fen, on_date)
    else:
        ahead, after = _prepay(paid.loan, policy, left_fen, on_date, keep)
    shares = (*paid.shares, Share(AHEAD, ahead)) if ahead.total_fen else paid.shares
    return Repaid(shares=shares, excess_fen=left_fen - ahead.total_fen, loan=after)


def _costs_min_days(loan: LoanRecord, on_date: date) -> bool:
    return loan.terms.min_days > 0 and on_date == loan.start_date


def _spread(loan: LoanRecord, policy: Policy, debts: tuple[OwedOn, ...], total_fen: int, on_date: date) -> Repaid:
    owed_fen = sum(debt.owed.total_fen for debt in debts)
    overdue_days = standing_on(loan, on_date=on_date).overdue_days
    shares = allocate(min(total_fen, owed_fen), debts, overdue_days=overdue_days, allocation=policy.allocation)
    paid = {share.number: share.paid for share in shares}
    rows = tuple(_with(row, paid.get(row.number), on_date) for row in loan.instalments)
    after = dataclasses.replace(loan, instalments=rows)
    return Repaid(shares=shares, excess_fen=max(0, total_fen - owed_fen), loan=after)


def _with(row: InstalmentRecord, paid: Owed | None, on_date: date) -> InstalmentRecord:
    if paid is None:
        return row
    payment = Payment(
        value_date=on_date,
        compound_fen=paid.compound_fen,
        penalty_fen=paid.penalty_fen,
        interest_fen=paid.interest_fen,
        principal_fen=paid.principal_fen,
    )
    in_order = sorted((*row.payments, payment), key=lambda each: each.value_date)  # what was taken back may be later
    return dataclasses.replace(row, payments=tuple(in_order))


def _prepay(loan: LoanRecord, policy: Policy, left_fen: int, on_date: date, keep: Keep) -> tuple[Owed, LoanRecord]:
    """Prepay the most principal that the money pays with its interest and fee; found by bisection, exactly."""
    not_due_fen = standing_on(loan, on_date=on_date).not_due_principal_fen

    def cost(principal_fen: int) -> Owed:
        return cost_of_prepaying(loan, policy, principal_fen=principal_fen, on_date=on_date)

    lower, upper = 0, min(left_fen, not_due_fen) + 1
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (middle, upper) if cost(middle).total_fen <= left_fen else (lower, middle)
    if lower == 0:
        return Owed(), loan
    paid = cost(lower)
    if lower == not_due_fen and loan.carried_on(on_date):
        carried_fen = min(loan.carried_on(on_date), left_fen - paid.total_fen)
        paid += Owed(interest_fen=carried_fen)
    return paid, replanned(loan, on_date=on_date, principal_fen=not_due_fen - lower, keep=keep)


def _pay_any(loan: LoanRecord, left_fen: int, on_date: date) -> tuple[Owed, LoanRecord]:
    """Settle the interest that runs, then principal; interest that is not paid is carried to the next due date."""
    standing = standing_on(loan, on_date=on_date)
    running_fen = standing.running_interest_fen
    interest_fen = min(left_fen, running_fen)
    principal_fen = min(left_fen - interest_fen, standing.not_due_principal_fen)
    settled = dataclasses.replace(
        loan, settled_to_date=on_date, carried_interest_fen=running_fen - interest_fen
    )  # fmt: skip
    after = replanned(settled, on_date=on_date, principal_fen=standing.not_due_principal_fen - principal_fen)
    return Owed(interest_fen=interest_fen, principal_fen=principal_fen), after
