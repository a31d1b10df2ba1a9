"""Loans of the worked examples, made by the arithmetic alone: M1 is 100,000 at 6 % over twelve instalments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.money import fen_to_yuan, yuan_to_fen
from lending.loans.day_count import DayCount
from lending.loans.overdue import InstalmentRecord, Payment
from lending.loans.rate_history import PenaltyTerms
from lending.loans.schedule import build_schedule
from lending.loans.standing import LoanRecord, Owed
from lending.loans.terms import Schedule, ScheduleTerms

START: Final = date(2024, 1, 15)


def day(text: str) -> date:
    """Read a date."""
    return date.fromisoformat(text)


def terms(
    principal: str = "100000.00",
    *,
    rate: str = "6",
    method: str = "equal_instalment",
    periods: int = 12,
    start: date = START,
    day_count: str = "30/360",
    **more: Any,
) -> ScheduleTerms:
    """Make terms from readable values."""
    return ScheduleTerms(
        principal_fen=yuan_to_fen(principal), annual_rate=Decimal(rate), method=method, periods=periods,
        start_date=start, day_count=day_count, **more,
    )  # fmt: skip


def costs(**changes: Any) -> PenaltyTerms:
    """Return what M1 costs in default: 6 %, half as much again when overdue."""
    values = {"annual_rate": Decimal(6), "markup_percent": Decimal(50), "day_count": DayCount.THIRTY_360, **changes}
    return PenaltyTerms(**values)


def loan(asked: ScheduleTerms, *, paid: int = 0, **default: Any) -> LoanRecord:
    """Open a loan of which the first instalments were paid on their days."""
    schedule: Schedule = build_schedule(asked)
    rows = tuple(
        InstalmentRecord(
            number=row.number, due_date=row.due_date, principal_fen=row.principal_fen, interest_fen=row.interest_fen,
            payments=()
            if row.number > paid
            else (Payment(value_date=row.due_date, interest_fen=row.interest_fen, principal_fen=row.principal_fen),),
        )
        for row in schedule.instalments
    )  # fmt: skip
    charged = costs(annual_rate=asked.annual_rate, day_count=DayCount(asked.day_count), **default)
    return LoanRecord(
        start_date=asked.start_date, anchor_day=asked.due_dates().anchor_day, terms=charged, instalments=rows,
        method=asked.method,
    )  # fmt: skip


def m1(paid: int = 0, **default: Any) -> LoanRecord:
    """Return the loan of M1."""
    return loan(terms(), paid=paid, **default)


def yuan(owed: Owed) -> tuple[str, ...]:
    """Return fee, compound interest, penalty, interest and principal in yuan."""
    kinds = (owed.fee_fen, owed.compound_fen, owed.penalty_fen, owed.interest_fen, owed.principal_fen)
    return tuple(fen_to_yuan(fen) for fen in kinds)
