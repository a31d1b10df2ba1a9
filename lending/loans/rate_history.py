"""What a loan costs a day, over its life: the contract rate, its repricings, and the rates of default (PEN-01).

A rate is an exact integer over `RATE_ONE`: the annual rate times the factor that default puts on it. Where money
is used for what it was not lent for, the misuse rate replaces the contract rate from that day on all principal; where
principal is overdue as well, the heavier of the two counts, never their sum (银发〔2003〕251号).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lending.loans.day_count import DayCount, counted_days
from lending.loans.rates import RATE_UNITS_IN_ONE, rate_units

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

RATE_ONE: Final = RATE_UNITS_IN_ONE**2
_WHOLE_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class RateFrom:
    """The annual contract rate in per cent from a day on."""

    from_date: date
    annual_rate: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """The rates from a day on, each over `RATE_ONE` a year; `from_date` None means from the start."""

    from_date: date | None
    running: int
    overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyTerms:
    """What a loan costs by its contract.

    `annual_rate` is the contract rate at the start, `later_rates` what repricings have made of it, oldest first;
    `markup_percent` is what default adds to it (50 = half as much again) and `misuse_markup_percent` what misuse adds
    from `misused_from_date` on, all per cent with at most four decimals. `compound` says whether unpaid interest is charged
    too, and then `compound_on_penalty` whether unpaid penalty interest is. Within `grace_days` of the due date nothing is
    charged (INT-07).
    `min_days` is what a loan that is repaid at once is charged at least (INT-03).
    """

    annual_rate: Decimal
    markup_percent: Decimal
    day_count: DayCount
    compound: bool = True
    compound_on_penalty: bool = False
    grace_days: int = 0
    min_days: int = 0
    later_rates: tuple[RateFrom, ...] = ()
    misuse_markup_percent: int | Decimal = 0
    misused_from_date: date | None = None

    def rates(self) -> tuple[Rate, ...]:
        """Return the rates over the loan's life, oldest first; the first counts from the start."""
        changes = {change.from_date: change.annual_rate for change in self.later_rates}
        days = sorted({*changes, *([self.misused_from_date] if self.misused_from_date else [])})
        contract = self.annual_rate
        found = [self._rate(None, contract)]
        for day in days:
            contract = changes.get(day, contract)
            found.append(self._rate(day, contract))
        return tuple(found)

    def contract_rate_on(self, day: date) -> Decimal:
        """Return the annual contract rate in per cent on a day, without what default adds."""
        return next((r.annual_rate for r in reversed(self.later_rates) if r.from_date <= day), self.annual_rate)

    def _rate(self, day: date | None, contract: Decimal) -> Rate:
        misused = self.misused_from_date is not None and day is not None and day >= self.misused_from_date
        units = rate_units(contract)
        misuse = self.misuse_markup_percent if misused else 0
        heavier = max(self.markup_percent, misuse)
        return Rate(
            from_date=day,
            running=units * rate_units_of_percent(misuse),
            overdue=units * rate_units_of_percent(heavier),
        )


def rate_units_of_percent(markup_percent: int | Decimal) -> int:
    """Return one hundred per cent and a markup, in rate units."""
    return int((_WHOLE_PERCENT + markup_percent) * (RATE_UNITS_IN_ONE // _WHOLE_PERCENT))


def rate_on(rates: Sequence[Rate], day: date) -> Rate:
    """Return the rates of a day."""
    return next(rate for rate in reversed(rates) if rate.from_date is None or rate.from_date <= day)


def rate_days(
    rates: Sequence[Rate],
    day_count: DayCount,
    from_date: date,
    to_date: date,
    *,
    anchor_day: int | None = None,
    min_days: int = 0,
) -> int:
    """Return rate × counted days of a period, summed over its rates: balance × this ÷ (`RATE_ONE` × base) is interest.

    The days of the whole period are counted once, by the loan's day count, and split at the day of a change by the days
    counted up to it, so that a change in the middle of a month of 30 days leaves 30 days in all.

    Raises:
        ValueError: the period ends before it starts.
    """
    total, before = 0, 0
    changes = [rate for rate in rates if rate.from_date is not None and from_date < rate.from_date < to_date]
    pieces = [rate_on(rates, from_date), *changes]
    for place, rate in enumerate(pieces):
        last = place == len(pieces) - 1
        end = to_date if last else changes[place].from_date
        counted = counted_days(day_count, from_date, end or to_date, anchor_day=anchor_day)
        counted = max(counted, min_days) if last else counted
        total += rate.running * (counted - before)
        before = counted
    return total
