"""What a loan's own row repeats of its record, so that one statement can ask a million loans (see `Loan`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lending.loans.day_count import counted_days
from lending.loans.overdue import days_past_due
from lending.loans.rate_history import rate_days, rate_on
from lending.loans.standing import LoanRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a loan is charged by from a day on, as its row repeats it; see `Loan`."""

    running_fen: int
    running_from_date: date
    running_numerator: int
    prior_numerator: Decimal
    prior_days: int
    overdue_numerator: int
    due_interest_fen: int
    next_due_date: date | None
    overdue_since_date: date | None


def running_of(loan: LoanRecord, *, on_date: date) -> Running:
    """Work out what a loan's row repeats of its record on a day."""
    terms = loan.terms
    rates = terms.rates()
    from_date = loan.running_from(on_date)
    change = max(
        (rate.from_date for rate in rates if rate.from_date and from_date < rate.from_date <= on_date), default=None
    )
    prior, prior_days = 0, 0
    if change is not None:
        prior = rate_days(rates, terms.day_count, from_date, change, anchor_day=loan.anchor_day)
        prior_days = counted_days(terms.day_count, from_date, change, anchor_day=loan.anchor_day)
    present = rate_on(rates, on_date)
    fallen, ahead = loan.fallen_by(on_date), loan.ahead_of(on_date)
    late = [row.due_date for row in fallen if days_past_due(row, terms, on_date=on_date)]
    return Running(
        running_fen=sum(row.unpaid_principal_fen for row in ahead),
        running_from_date=from_date,
        running_numerator=present.running,
        prior_numerator=Decimal(prior),
        prior_days=prior_days,
        overdue_numerator=present.overdue,
        due_interest_fen=sum(row.unpaid_interest_fen for row in fallen),
        next_due_date=ahead[0].due_date if ahead else None,
        overdue_since_date=min(late, default=None),
    )
