"""Penalty and compound interest on what is unpaid (PEN-01, 银发〔2003〕251号), and days overdue (PEN-02).

Both are day integrals of an unpaid balance, kept as integers and rounded once: what an instalment has cost up
to a day is always computed from its whole history, and what was paid of it is subtracted. So a partial
payment in between never loses or invents a fen, and a backdated question gets the answer of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from core.money import divide_half_up
from lending.loans.accrual import BalanceFrom, fen_days
from lending.loans.rates import RATE_UNITS_IN_ONE, rate_units

if TYPE_CHECKING:
    from decimal import Decimal

    from lending.loans.day_count import DayCount

_WHOLE_PERCENT = 100
Part = Literal["compound", "penalty", "interest", "principal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyTerms:
    """What default costs by the contract.

    `annual_rate` is the contract rate and `markup_percent` what default adds to it (50 = half as much again),
    both per cent with at most four decimals. `compound` says whether unpaid interest is charged too; penalty
    interest never is. Within `grace_days` of the due date nothing is charged (INT-07).
    """

    annual_rate: Decimal
    markup_percent: Decimal
    day_count: DayCount
    compound: bool = True
    grace_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What one repayment paid on one instalment, in fen, on its value date."""

    value_date: date
    compound_fen: int = 0
    penalty_fen: int = 0
    interest_fen: int = 0
    principal_fen: int = 0

    @property
    def total_fen(self) -> int:
        """All four parts together."""
        return self.compound_fen + self.penalty_fen + self.interest_fen + self.principal_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalmentRecord:
    """One instalment as the contract has it, and what was paid on it, oldest first."""

    number: int
    due_date: date
    principal_fen: int
    interest_fen: int
    payments: tuple[Payment, ...] = ()

    def paid_fen(self, part: Part) -> int:
        """Return what was paid of one part."""
        return sum(int(getattr(payment, f"{part}_fen")) for payment in self.payments)

    @property
    def unpaid_principal_fen(self) -> int:
        """The principal of the instalment that is not paid, due or not."""
        return self.principal_fen - self.paid_fen("principal")

    @property
    def unpaid_interest_fen(self) -> int:
        """The contract interest of the instalment that is not paid, due or not."""
        return self.interest_fen - self.paid_fen("interest")


def accrued_penalty(record: InstalmentRecord, terms: PenaltyTerms, *, on_date: date) -> int:
    """Return the penalty in fen on the instalment's principal up to a day, that day excluded; paid or not."""
    return _charge(record, terms, "principal", record.principal_fen, on_date)


def accrued_compound(record: InstalmentRecord, terms: PenaltyTerms, *, on_date: date) -> int:
    """Return the compound interest in fen on the instalment's interest up to a day; paid or not."""
    return _charge(record, terms, "interest", record.interest_fen, on_date) if terms.compound else 0


def days_past_due(record: InstalmentRecord, terms: PenaltyTerms, *, on_date: date) -> int:
    """Return the days that the instalment is overdue: 0 on its due date and in the days of grace (PEN-02)."""
    if on_date <= record.due_date + timedelta(days=terms.grace_days) or not is_unpaid(record, terms, on_date=on_date):
        return 0
    return (on_date - record.due_date).days


def is_unpaid(record: InstalmentRecord, terms: PenaltyTerms, *, on_date: date) -> bool:
    """Tell whether anything of an instalment that has fallen due is still to be paid."""
    return bool(
        record.unpaid_principal_fen
        or record.unpaid_interest_fen
        or accrued_penalty(record, terms, on_date=on_date) - record.paid_fen("penalty")
        or accrued_compound(record, terms, on_date=on_date) - record.paid_fen("compound")
    )


def _charge(record: InstalmentRecord, terms: PenaltyTerms, part: Part, amount_fen: int, on_date: date) -> int:
    """Charge the penalty rate on what was unpaid from the due date on; a payment in grace is in time."""
    grace_ends = record.due_date + timedelta(days=terms.grace_days)
    if on_date <= grace_ends:
        return 0
    balances = [BalanceFrom(record.due_date, amount_fen)]
    for payment in record.payments:
        paid_date = record.due_date if payment.value_date <= grace_ends else payment.value_date
        if paid_date <= on_date:
            amount_fen -= int(getattr(payment, f"{part}_fen"))
            balances.append(BalanceFrom(paid_date, amount_fen))
    integral = fen_days(balances, until_date=on_date)
    marked_up = rate_units(terms.annual_rate) * rate_units(_WHOLE_PERCENT + terms.markup_percent)
    return divide_half_up(integral * marked_up, RATE_UNITS_IN_ONE**2 * terms.day_count.base)
