"""What has become of a loan: the fold of everything that happened to it, in the order of value dates (ALLOC-03).

A loan as it stands is its opening and its facts, and nothing else. A repayment that is entered late or taken back is a
change of the facts; the fold of what is left says how the loan stands, and what every other repayment has really paid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lending.loans.rate_history import RateFrom
from lending.loans.repaying import Policy, Repaid, RepaymentKind, repay
from lending.loans.replanning import Keep, replanned
from lending.loans.standing import LoanRecord, standing_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentFact:
    """A repayment of a total, by kind, on its value date; `key` names it to the caller."""

    key: Hashable
    value_date: date
    kind: RepaymentKind
    total_fen: int
    keep: Keep = Keep.TERM


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFact:
    """The contract rate is another one from a day on (INT-01)."""

    value_date: date
    annual_rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MisuseFact:
    """From a day on the money was used for what it was not lent for (PEN-01)."""

    value_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RescheduleFact:
    """The principal that is not yet due falls due on other dates: extended by agreement (EXT-01), or called in (LN-12)."""

    value_date: date
    due_dates: tuple[date, ...]
    is_extension: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayFact:
    """From a day on it is known that due dates to come are holidays: each falls on its next working day (INT-07)."""

    value_date: date
    moved: Mapping[date, date]


Fact = RepaymentFact | RateFact | MisuseFact | RescheduleFact | HolidayFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A loan after its facts, and what each repayment did, by its key."""

    loan: LoanRecord
    repaid: Mapping[Hashable, Repaid] = field(default_factory=dict)


def replay(opening: LoanRecord, policy_on: Callable[[date], Policy], facts: Sequence[Fact]) -> Replayed:
    """Fold facts into a loan as it was opened, by the policy of each day; facts of one day in the order given."""
    loan, repaid = opening, {}
    for fact in in_order(facts):
        loan, done = after(loan, policy_on, fact)
        if isinstance(fact, RepaymentFact) and done is not None:
            repaid[fact.key] = done
    return Replayed(loan=loan, repaid=repaid)


def in_order(facts: Sequence[Fact]) -> list[Fact]:
    """Return facts in the order in which they count: by value date, those of one day as they were given."""
    return sorted(facts, key=lambda fact: fact.value_date)


def after(loan: LoanRecord, policy_on: Callable[[date], Policy], fact: Fact) -> tuple[LoanRecord, Repaid | None]:
    """Return a loan after its next fact, and what it did where it is a repayment."""
    if not isinstance(fact, RepaymentFact):
        return changed(loan, fact), None
    policy, day = policy_on(fact.value_date), fact.value_date
    done = repay(loan, policy, kind=fact.kind, total_fen=fact.total_fen, on_date=day, keep=fact.keep)
    return done.loan, done


def changed(loan: LoanRecord, fact: RateFact | MisuseFact | RescheduleFact | HolidayFact) -> LoanRecord:
    """Return a loan after a fact that is no repayment; the rows to come are made anew."""
    principal_fen = standing_on(loan, on_date=fact.value_date).not_due_principal_fen
    if isinstance(fact, RescheduleFact):
        return replanned(loan, on_date=fact.value_date, principal_fen=principal_fen, due_dates=fact.due_dates)
    if isinstance(fact, HolidayFact):
        dates = dict.fromkeys(fact.moved.get(row.due_date, row.due_date) for row in loan.ahead_of(fact.value_date))
        return replanned(loan, on_date=fact.value_date, principal_fen=principal_fen, due_dates=tuple(dates))
    if isinstance(fact, RateFact):
        later = (*loan.terms.later_rates, RateFrom(fact.value_date, fact.annual_rate))
        terms = dataclasses.replace(loan.terms, later_rates=later)
    else:
        terms = dataclasses.replace(loan.terms, misused_from_date=fact.value_date)
    return replanned(dataclasses.replace(loan, terms=terms), on_date=fact.value_date, principal_fen=principal_fen)


def opening_of(loan: LoanRecord) -> LoanRecord:
    """Return a loan with nothing paid and nothing settled, its first terms and the rows given."""
    rows = tuple(dataclasses.replace(row, payments=()) for row in loan.instalments)
    terms = dataclasses.replace(loan.terms, later_rates=(), misused_from_date=None)
    return dataclasses.replace(
        loan, instalments=rows, terms=terms, settled_to_date=None, carried_interest_fen=0, ended_date=None
    )  # fmt: skip
