"""Penalty and compound interest on what is unpaid (PEN-01, 银发〔2003〕251号), and days overdue (PEN-02).

Both are day integrals of an unpaid balance, kept as integers and rounded once: what an instalment has cost up
to a day is always computed from its whole history, and what was paid of it is subtracted. So a partial
payment in between never loses or invents a fen, and a backdated question gets the answer of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from core.money import divide_half_up
from lending.loans.accrual import BalanceFrom, fen_days
from lending.loans.rate_history import RATE_ONE, PenaltyTerms, rate_on

if TYPE_CHECKING:
    from collections.abc import Sequence

Part = Literal["compound", "penalty", "interest", "principal"]


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
    """Return the compound interest in fen on the instalment's interest up to a day; paid or not.

    Where the contract compounds penalties as well, what they cost is in it, rounded together.
    """
    if not (terms.compound and terms.compound_on_penalty):
        return _charge(record, terms, "interest", record.interest_fen, on_date) if terms.compound else 0
    if on_date <= record.due_date + timedelta(days=terms.grace_days):
        return 0
    one = RATE_ONE * terms.day_count.base
    on_interest = default_numerator(record, terms, "interest", record.interest_fen, on_date=on_date)
    return divide_half_up(on_interest * one + on_penalty_numerator(record, terms, on_date=on_date), one * one)


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
    """Charge the rate of default on what was unpaid from the due date on; a payment in grace is in time."""
    if on_date <= record.due_date + timedelta(days=terms.grace_days):
        return 0
    numerator = default_numerator(record, terms, part, amount_fen, on_date=on_date)
    return divide_half_up(numerator, RATE_ONE * terms.day_count.base)


def default_numerator(
    record: InstalmentRecord, terms: PenaltyTerms, part: Part, amount_fen: int, *, on_date: date
) -> int:
    """Return the integral of what was unpaid from the due date up to a day, times the rate of default.

    Over `RATE_ONE` × base it is the charge; whether the days of grace are over is the caller's question.
    """
    grace_ends = record.due_date + timedelta(days=terms.grace_days)
    balances = _unpaid_from(record, part, amount_fen, grace_ends=grace_ends, on_date=on_date)
    rates = terms.rates()
    changes = [rate.from_date for rate in rates if rate.from_date and record.due_date < rate.from_date < on_date]
    return sum(
        fen_days(_between(balances, start, end), until_date=end) * rate_on(rates, start).overdue
        for start, end in pairwise((record.due_date, *changes, on_date))
    )


def on_penalty_numerator(record: InstalmentRecord, terms: PenaltyTerms, *, on_date: date) -> int:
    """Return what unpaid penalty interest has cost up to a day, over the square of `RATE_ONE` × base (PEN-01, its switch).

    Each night costs what the penalty has come to by then and is not paid. It grows, exactly, while principal is unpaid;
    once that is paid, it is what is owed in whole fen, so that nothing is left of an instalment that is paid.
    """
    one = RATE_ONE * terms.day_count.base
    grace_ends, rates = record.due_date + timedelta(days=terms.grace_days), terms.rates()
    principal = _unpaid_from(record, "principal", record.principal_fen, grace_ends=grace_ends, on_date=on_date)
    penalty = _unpaid_from(record, "penalty", 0, grace_ends=grace_ends, on_date=on_date)
    days = {record.due_date, on_date, *(each.value_date for each in (*principal, *penalty))}
    days |= {rate.from_date for rate in rates if rate.from_date and record.due_date < rate.from_date < on_date}
    total = charged = 0
    for start, end in pairwise(sorted(days)):
        rate, nights = rate_on(rates, start).overdue, (end - start).days
        unpaid_fen = _between(principal, start, end)[0].balance_fen
        paid_fen = -_between(penalty, start, end)[0].balance_fen
        if unpaid_fen:
            growth = unpaid_fen * rate
            total += rate * (nights * (charged - paid_fen * one) + growth * nights * (nights - 1) // 2)
            charged += growth * nights
        else:
            total += rate * nights * (divide_half_up(charged, one) - paid_fen) * one
    return total


def _unpaid_from(
    record: InstalmentRecord, part: Part, amount_fen: int, *, grace_ends: date, on_date: date
) -> list[BalanceFrom]:
    """Return what was unpaid from each day on, oldest first; of several changes on one day the last counts."""
    unpaid = {record.due_date: amount_fen}
    for payment in record.payments:
        paid_date = record.due_date if payment.value_date <= grace_ends else payment.value_date
        if paid_date <= on_date:
            amount_fen -= int(getattr(payment, f"{part}_fen"))
            unpaid[paid_date] = amount_fen
    return [BalanceFrom(day, fen) for day, fen in unpaid.items()]


def _between(balances: Sequence[BalanceFrom], start: date, end: date) -> list[BalanceFrom]:
    """Cut a row of balances to the days from `start` up to `end`."""
    standing = [balance for balance in balances if balance.value_date <= start][-1]
    later = [balance for balance in balances if start < balance.value_date <= end]
    return [BalanceFrom(start, standing.balance_fen), *later]
