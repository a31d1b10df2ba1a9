"""What every loan owes on a day, as SQL over the columns that its row repeats (`lending.models.loan.Loan`).

The figures equal `lending.loans.standing.standing_on` to the fen, loan by loan, which a test compares over random loans.
The expressions speak of a loan `l` and, where they charge for default, of an instalment `i` of it; `%(day)s` is the day.
Sums over numerators go beyond BIGINT, so they are NUMERIC; `div` is exact.
"""

from __future__ import annotations

from typing import Final

from lending.loans.day_count import DayCount
from lending.loans.rate_history import RATE_ONE

BASE: Final = (
    f"CASE l.day_count WHEN '{DayCount.ACT_365.value}' THEN {RATE_ONE * DayCount.ACT_365.base}::numeric "
    f"ELSE {RATE_ONE * DayCount.ACT_360.base}::numeric END"
)
"""One whole: what a numerator is divided by."""


def rounded(numerator: str) -> str:
    """Divide a numerator that is not negative by one whole, half up, as `core.money.divide_half_up` does."""
    return f"div(2 * ({numerator}) + {BASE}, 2 * {BASE})"


COUNTED: Final = "lending_counted_days(l.day_count, l.running_from_date, %(day)s::date, l.anchor_day)"
RUNNING: Final = f"""
CASE WHEN l.running_fen = 0 OR l.running_from_date >= %(day)s::date THEN 0
     ELSE {
    rounded(f"l.running_fen::numeric * (l.prior_numerator + l.running_numerator::numeric * ({COUNTED} - l.prior_days))")
}
END"""
INTEREST: Final = f"l.due_interest_fen + l.carried_interest_fen + {RUNNING}"
"""Contract interest up to the day: what has fallen due and is unpaid, what was carried, what is running."""

UNPAID: Final = "i.closed_date IS NULL AND i.replaced_by_version IS NULL AND i.due_date <= %(day)s::date"
"""The instalments that have fallen due and are not paid: few, and by an index."""

_OVER: Final = "%(day)s::date > i.due_date + l.grace_days"
_DAYS: Final = "(%(day)s::date - i.charged_to_date)"


def _charge(part: str) -> str:
    """Charge the rate of default on what is unpaid, on top of what has come together; nothing within the days of grace."""
    column = {"principal": "penalty", "interest": "compound"}[part]
    unpaid = f"(i.{part}_fen - i.paid_{part}_fen)::numeric"
    numerator = f"i.{column}_numerator + {unpaid} * l.overdue_numerator * {_DAYS}"
    return f"CASE WHEN {_OVER} THEN {rounded(numerator)} ELSE 0 END - i.paid_{column}_fen"


def _charge_both() -> str:
    """Charge it on unpaid interest and on unpaid penalties, rounded together: over one whole squared (PEN-01, its switch).

    A penalty that still grows costs each night what it has come to; see `lending.loans.overdue.on_penalty_numerator`.
    """
    principal, rate = "(i.principal_fen - i.paid_principal_fen)::numeric", "l.overdue_numerator"
    interest = f"(i.interest_fen - i.paid_interest_fen)::numeric * {rate} * {_DAYS}"
    growing = (
        f"{_DAYS} * (i.penalty_numerator - i.paid_penalty_fen * {BASE})"
        f" + {principal} * {rate} * ({_DAYS}::bigint * ({_DAYS} - 1) / 2)"
    )
    standing = f"{_DAYS} * ({rounded('i.penalty_numerator')} - i.paid_penalty_fen) * {BASE}"
    on_penalty = f"{rate} * CASE WHEN i.principal_fen > i.paid_principal_fen THEN {growing} ELSE {standing} END"
    whole = f"({BASE}) * ({BASE})"
    numerator = f"(i.compound_numerator + {interest}) * {BASE} + i.penalty_compound_numerator + {on_penalty}"
    return f"CASE WHEN {_OVER} THEN div(2 * ({numerator}) + {whole}, 2 * {whole}) ELSE 0 END - i.paid_compound_fen"


PENALTY: Final = _charge("principal")
COMPOUND: Final = f"""
CASE WHEN l.compound_penalty AND l.compound_on_penalty THEN {_charge_both()}
     WHEN l.compound_penalty THEN {_charge("interest")} ELSE 0 END"""
