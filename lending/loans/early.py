"""Early repayment in full: what is owed when a loan is paid back inside a period (EARLY-01)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lending.loans.accrual import interest_on
from lending.loans.day_count import DayCount, counted_days

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class EarlyFullRepayment:
    """What settles a loan on a day on which nothing of it is overdue."""

    principal_fen: int
    interest_fen: int

    @property
    def total_fen(self) -> int:
        """Principal and interest together, in fen."""
        return self.principal_fen + self.interest_fen


def early_full_repayment(
    *,
    outstanding_principal_fen: int,
    annual_rate: Decimal,
    day_count: DayCount,
    interest_from_date: date,
    repayment_date: date,
    anchor_day: int | None = None,
    min_days: int = 0,
) -> EarlyFullRepayment:
    """Return the principal outstanding and its interest from the last due date that is paid to the repayment.

    Interest runs from `interest_from_date` (the last due date, or the start) by the loan's own day count, the
    day of repayment excluded; `min_days` is what a product charges at least (INT-03). An instalment that
    falls due on the repayment day is paid first, so that the interest starts anew there and is zero.

    Raises:
        ValueError: the repayment lies before `interest_from_date`, or the principal is negative.
    """
    if outstanding_principal_fen < 0:
        msg = f"outstanding principal is negative: {outstanding_principal_fen} fen"
        raise ValueError(msg)
    days = counted_days(day_count, interest_from_date, repayment_date, anchor_day=anchor_day)
    interest_fen = interest_on(
        outstanding_principal_fen * max(days, min_days), annual_rate=annual_rate, day_count=day_count
    )
    return EarlyFullRepayment(outstanding_principal_fen, interest_fen)
