"""When a floating loan takes a new price, and which (INT-01)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from lending.loans.due_dates import MONTHS_PER_YEAR, months_after

FIXED: Final = "fixed"
EVERY_JANUARY: Final = "every_january"
ANNIVERSARY: Final = "anniversary"
BASIS_POINTS_IN_A_PERCENT: Final = 100


def next_repricing(rule: str, start_date: date, *, after: date) -> date | None:
    """Return the first day after a day on which a loan of this rule takes a new price; None where it never does.

    Raises:
        ValueError: the rule is none.
    """
    if rule == FIXED:
        return None
    if rule == EVERY_JANUARY:
        return date(after.year + 1, 1, 1)
    if rule != ANNIVERSARY:
        msg = f"there is no repricing rule {rule!r}"
        raise ValueError(msg)
    years = max(1, after.year - start_date.year)
    candidates = (
        months_after(start_date, MONTHS_PER_YEAR * (years + more), anchor_day=start_date.day) for more in (0, 1)
    )
    return next(day for day in candidates if day > after)


def last_repricing(rule: str, start_date: date, *, before: date | None) -> date | None:
    """Return the day on which a loan took its last price, given the day of its next; None where it still has its first."""
    if before is None:
        return None
    anchor_day = 1 if rule == EVERY_JANUARY else start_date.day
    day = months_after(before, -MONTHS_PER_YEAR, anchor_day=anchor_day)
    return day if day > start_date else None


def price(lpr_rate: Decimal, spread_bp: int) -> Decimal:
    """Return the annual rate in per cent that a loan prime rate and a spread make."""
    return lpr_rate + Decimal(spread_bp) / BASIS_POINTS_IN_A_PERCENT


def price_within(lpr_rate: Decimal, spread_bp: int, *, floor: Decimal, ceiling: Decimal) -> Decimal:
    """Return `price` within a product's lowest and highest annual rate in per cent."""
    return max(floor, min(ceiling, price(lpr_rate, spread_bp)))


def spread_of(annual_rate: Decimal, *, lpr_rate: Decimal) -> int:
    """Return the whole basis points over the loan prime rate that a contract states of a rate.

    Raises:
        ValueError: the rate has none; publishing sees to it that floor and ceiling have one.
    """
    spread = (annual_rate - lpr_rate) * BASIS_POINTS_IN_A_PERCENT
    whole = int(spread)
    if whole != spread:
        msg = f"a spread of {spread} basis points cannot be written in a contract"
        raise ValueError(msg)
    return whole
