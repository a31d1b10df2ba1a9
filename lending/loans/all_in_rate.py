"""The all-in annual rate that a customer must be shown (LN-10, 中国人民银行公告〔2021〕第3号).

Where every period is a whole month that costs a twelfth of the year, it is the monthly internal rate × 12.
Otherwise it is cost ÷ Σ(principal outstanding × actual days) × 365, which must be labelled simple (单利).
Rounding to the fen and a year of 360 days must never make a loan look cheaper than its contract: the figure
is at least contract rate × 365/base, where a year of twelve twelfths leaves nothing to add.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from core.money import divide_half_up
from lending.loans.day_count import DayCount, PeriodLength, period_length
from lending.loans.due_dates import MONTHS_PER_YEAR
from lending.loans.errors import InvalidTermError
from lending.loans.rates import RATE_UNITS_IN_ONE, rate_from_units, rate_units
from lending.loans.terms import AllInRate, Instalment, ScheduleTerms

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS_OF_THE_YEAR = 365
_ONE_MONTH = PeriodLength(whole_months=1, odd_days=0)
_HALF_UNIT_MONTHS_IN_ONE = 2 * MONTHS_PER_YEAR * RATE_UNITS_IN_ONE


def all_in_rate(terms: ScheduleTerms, instalments: Sequence[Instalment], *, fees_fen: Sequence[int] = ()) -> AllInRate:
    """Return the all-in rate of a schedule, rounded once half up to four decimals.

    `fees_fen` holds what is paid beside each instalment, one figure per row; empty means that nothing is.

    Raises:
        InvalidTermError: a fee is negative, or there are not as many as instalments.
    """
    fees = tuple(fees_fen) or (0,) * len(instalments)
    if len(fees) != len(instalments) or min(fees) < 0:
        next_step = f"请给出 {len(instalments)} 个不小于零的金额"
        raise InvalidTermError("fees_fen", "费用应逐期给出且不为负", next_step)
    contract_units = rate_units(terms.annual_rate)
    if _charges_twelfths(terms, instalments):
        payments = [row.total_fen + fee for row, fee in zip(instalments, fees, strict=True)]
        units = _monthly_internal_rate_units(terms.principal_fen, payments)
        return AllInRate(rate_from_units(max(units, contract_units)), "irr")
    base = DayCount(terms.day_count).base
    floor_units = divide_half_up(contract_units * DAYS_OF_THE_YEAR, base)
    units = _simple_rate_units(terms, instalments, sum(fees))
    return AllInRate(rate_from_units(max(units, floor_units)), "simple")


def _charges_twelfths(terms: ScheduleTerms, instalments: Sequence[Instalment]) -> bool:
    """Tell whether every period is one whole month that is charged at a twelfth of the year."""
    if DayCount(terms.day_count) is not DayCount.THIRTY_360:
        return False
    anchor_day = terms.due_dates().anchor_day
    days = (terms.start_date, *(row.due_date for row in instalments))
    return all(period_length(a, b, anchor_day=anchor_day) == _ONE_MONTH for a, b in pairwise(days))


def _simple_rate_units(terms: ScheduleTerms, instalments: Sequence[Instalment], fees_fen: int) -> int:
    cost_fen = fees_fen
    fen_days = 0
    balance_fen, from_date = terms.principal_fen, terms.start_date
    for row in instalments:
        cost_fen += row.interest_fen
        fen_days += balance_fen * (row.due_date - from_date).days
        balance_fen, from_date = row.balance_fen, row.due_date
    return divide_half_up(cost_fen * DAYS_OF_THE_YEAR * RATE_UNITS_IN_ONE, fen_days)


def _monthly_internal_rate_units(principal_fen: int, payments_fen: Sequence[int]) -> int:
    """Return the internal rate of monthly payments × 12 in rate units, rounded half up, by exact integers.

    The payments must cover the principal. Bisects on the rounded figure itself: the result is the largest
    figure whose lower rounding edge the true rate reaches, so no tolerance is involved.
    """
    upper = 1
    while _is_reached(upper, principal_fen, payments_fen):
        upper *= 2
    lower = 0
    while upper - lower > 1:
        middle = (lower + upper) // 2
        if _is_reached(middle, principal_fen, payments_fen):
            lower = middle
        else:
            upper = middle
    return lower


def _is_reached(units: int, principal_fen: int, payments_fen: Sequence[int]) -> bool:
    """Tell whether the true rate × 12 is at least `units` less one half.

    That is so where the payments clear a debt that grows at this lower edge. The debt is kept as an integer
    over `_HALF_UNIT_MONTHS_IN_ONE` to the power of the payments made.
    """
    debt, scale = principal_fen, 1
    growth = _HALF_UNIT_MONTHS_IN_ONE + 2 * units - 1
    for payment_fen in payments_fen:
        scale *= _HALF_UNIT_MONTHS_IN_ONE
        debt = debt * growth - payment_fen * scale
    return debt <= 0
