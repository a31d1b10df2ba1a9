"""What is owed on a loan on a day: due, running, overdue; a pure function of the rows and the business date.

Contract interest stops on principal that has fallen overdue, where the penalty replaces it; the principal
that is not yet due goes on at the contract rate (PEN-01).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.money import divide_half_up
from lending.loans.overdue import (
    InstalmentRecord,
    accrued_compound,
    accrued_penalty,
    days_past_due,
    is_unpaid,
)
from lending.loans.rate_history import RATE_ONE, PenaltyTerms, rate_days
from lending.loans.terms import RepaymentMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What is owed, in fen, by kind, in the order in which it is paid (ALLOC-01)."""

    fee_fen: int = 0
    compound_fen: int = 0
    penalty_fen: int = 0
    interest_fen: int = 0
    principal_fen: int = 0

    @property
    def total_fen(self) -> int:
        """All kinds together."""
        return self.fee_fen + self.compound_fen + self.penalty_fen + self.interest_fen + self.principal_fen

    def __add__(self, other: Owed) -> Owed:
        """Add kind by kind."""
        return Owed(
            fee_fen=self.fee_fen + other.fee_fen,
            compound_fen=self.compound_fen + other.compound_fen,
            penalty_fen=self.penalty_fen + other.penalty_fen,
            interest_fen=self.interest_fen + other.interest_fen,
            principal_fen=self.principal_fen + other.principal_fen,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedOn:
    """What is owed on one instalment."""

    number: int
    owed: Owed


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanRecord:
    """A loan as the arithmetic sees it; `anchor_day` is the day of the month on which it falls due.

    `instalments` are the rows in force, those that have fallen due and those to come, in order. Interest on principal
    that is not yet due runs from the last due date, or from `settled_to_date` where a repayment in between has settled
    it; what that repayment left unpaid of it is `carried_interest_fen`. A loan that was settled has an `ended_date`: its
    rows keep their terms, but what lies after that day never falls due.
    """

    start_date: date
    anchor_day: int
    terms: PenaltyTerms
    instalments: tuple[InstalmentRecord, ...]
    method: str = RepaymentMethod.EQUAL_INSTALMENT
    settled_to_date: date | None = None
    carried_interest_fen: int = 0
    ended_date: date | None = None

    @property
    def outstanding_principal_fen(self) -> int:
        """All principal that is not paid, due or not."""
        return sum(record.unpaid_principal_fen for record in self.instalments)

    def fallen_by(self, day: date) -> tuple[InstalmentRecord, ...]:
        """Return the instalments that have fallen due by a day."""
        last = day if self.ended_date is None else min(day, self.ended_date)
        return tuple(record for record in self.instalments if record.due_date <= last)

    def ahead_of(self, day: date) -> tuple[InstalmentRecord, ...]:
        """Return the instalments that fall due after a day."""
        last = day if self.ended_date is None else date.max
        return tuple(record for record in self.instalments if record.due_date > last)

    def running_from(self, day: date) -> date:
        """Return the day from which the interest runs that is running on a day."""
        fallen = max((record.due_date for record in self.fallen_by(day)), default=self.start_date)
        return max(fallen, self.settled_to_date or fallen)

    def carried_on(self, day: date) -> int:
        """Return what is carried of interest that was settled in part; the next due date takes it up."""
        return self.carried_interest_fen if self.running_from(day) == self.settled_to_date else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a loan stands on a day.

    `due` is what has fallen due and is unpaid, instalment by instalment, oldest first; `overdue` is the part
    of it whose due date has passed. `running_interest_fen` is what the principal not yet due has cost since
    the last due date.
    """

    due: tuple[OwedOn, ...]
    overdue: Owed
    overdue_days: int
    running_interest_fen: int
    not_due_principal_fen: int

    @property
    def due_in_all(self) -> Owed:
        """What has fallen due and is unpaid, in one."""
        return sum((item.owed for item in self.due), Owed())

    @property
    def accrued_interest_fen(self) -> int:
        """Contract interest up to the day that is not paid: what has fallen due and what is running."""
        return self.due_in_all.interest_fen + self.running_interest_fen


def standing_on(loan: LoanRecord, *, on_date: date) -> Standing:
    """Return how a loan stands on a business date; what falls due on that day is due, not overdue."""
    fallen = loan.fallen_by(on_date)
    due = tuple(
        OwedOn(number=record.number, owed=owed_on(record, loan.terms, on_date=on_date))
        for record in fallen
        if is_unpaid(record, loan.terms, on_date=on_date)
    )
    late = {record.number: days_past_due(record, loan.terms, on_date=on_date) for record in fallen}
    not_due_fen = sum(record.unpaid_principal_fen for record in loan.ahead_of(on_date))
    return Standing(
        due=due,
        overdue=sum((item.owed for item in due if late[item.number]), Owed()),
        overdue_days=max(late.values(), default=0),
        running_interest_fen=running_interest(loan, not_due_fen, on_date=on_date) + loan.carried_on(on_date),
        not_due_principal_fen=not_due_fen,
    )


def is_over(loan: LoanRecord, *, on_date: date) -> bool:
    """Tell whether nothing is owed on a loan any more, now or later."""
    if loan.ended_date is not None:
        return True
    return not (loan.outstanding_principal_fen or standing_on(loan, on_date=on_date).due or loan.carried_on(on_date))


def owed_on(record: InstalmentRecord, terms: PenaltyTerms, *, on_date: date) -> Owed:
    """Return what is unpaid of an instalment that has fallen due."""
    return Owed(
        compound_fen=accrued_compound(record, terms, on_date=on_date) - record.paid_fen("compound"),
        penalty_fen=accrued_penalty(record, terms, on_date=on_date) - record.paid_fen("penalty"),
        interest_fen=record.unpaid_interest_fen,
        principal_fen=record.unpaid_principal_fen,
    )


def running_interest(loan: LoanRecord, principal_fen: int, *, on_date: date, at_least_days: int = 0) -> int:
    """Return the interest in fen that principal not yet due has cost since it last was settled, rounded once.

    `at_least_days` is charged where the loan is repaid sooner after its start (INT-03).
    """
    from_date = loan.running_from(on_date)
    if principal_fen == 0 or on_date < from_date:
        return 0
    terms = loan.terms
    numerator = rate_days(
        terms.rates(), terms.day_count, from_date, on_date, anchor_day=loan.anchor_day,
        min_days=at_least_days if from_date == loan.start_date else 0,
    )  # fmt: skip
    return divide_half_up(principal_fen * numerator, RATE_ONE * terms.day_count.base)


def settlement_on(loan: LoanRecord, *, on_date: date, fee_fen: int = 0) -> tuple[OwedOn, ...]:
    """Return what settles a loan in full on a day, instalment by instalment (EARLY-01).

    What has fallen due comes first; the interest that runs is paid with the first instalment not yet due, the
    others pay their principal and no interest. The fee is paid with the last.
    """
    standing, ahead = standing_on(loan, on_date=on_date), loan.ahead_of(on_date)
    running = loan.carried_on(on_date) + running_interest(
        loan, standing.not_due_principal_fen, on_date=on_date, at_least_days=loan.terms.min_days
    )
    rest = [
        OwedOn(
            number=record.number,
            owed=Owed(
                fee_fen=fee_fen if record is ahead[-1] else 0,
                interest_fen=running if record is ahead[0] else 0,
                principal_fen=record.unpaid_principal_fen,
            ),
        )
        for record in ahead
    ]
    return (*standing.due, *rest)
