"""Interest by the day integral (INT-04 积数计息): balances × days, added up as integers and rounded once.

Adding up rounded daily amounts is wrong: 33,333.33 at 4.35 % over 30 days is 120.83, not 30 × 4.03 = 120.90.
The same function charges penalty and compound interest; only the balance and the rate differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from core.money import divide_half_up
from lending.loans.rates import RATE_UNITS_IN_ONE, rate_units

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from lending.loans.day_count import DayCount


@dataclass(frozen=True, slots=True)
class BalanceFrom:
    """A balance that stands from the start of `value_date` until the next one."""

    value_date: date
    balance_fen: int


def interest_days(from_date: date, to_date: date, *, min_days: int = 0) -> int:
    """Return the days that bear interest: the first counts, the last does not (INT-03 算头不算尾).

    Money repaid on its first day bears none, unless the product charges `min_days`.

    Raises:
        ValueError: the period ends before it starts.
    """
    if to_date < from_date:
        msg = f"interest from {from_date} cannot end on {to_date}"
        raise ValueError(msg)
    return max((to_date - from_date).days, min_days)


def fen_days(balances: Sequence[BalanceFrom], *, until_date: date) -> int:
    """Return the integral of a balance over the days up to `until_date`, that day excluded, in fen × days.

    Balances come in order of their value dates. Several on one day are allowed; the last of them counts.

    Raises:
        ValueError: the dates are out of order, or a balance is negative.
    """
    ends = (*balances, BalanceFrom(until_date, 0))
    total = 0
    for span, after in pairwise(ends):
        if span.balance_fen < 0:
            msg = f"the balance of {span.value_date} is negative: {span.balance_fen} fen"
            raise ValueError(msg)
        total += span.balance_fen * interest_days(span.value_date, after.value_date)
    return total


def interest_on(integral_fen_days: int, *, annual_rate: Decimal, day_count: DayCount) -> int:
    """Return the interest in fen on so many fen × days: exact, rounded once half up.

    `annual_rate` is in per cent with at most four decimals; the days are those of `day_count`, over its base.
    """
    return divide_half_up(integral_fen_days * rate_units(annual_rate), RATE_UNITS_IN_ONE * day_count.base)
