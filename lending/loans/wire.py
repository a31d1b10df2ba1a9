"""A schedule as it goes over the wire: amounts and rates as strings, dates as ISO 8601."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from core.money import fen_to_yuan

if TYPE_CHECKING:
    from lending.loans.terms import Instalment, Schedule


class InstalmentFields(TypedDict):
    """One row; amounts in yuan, ``"1000.00"``."""

    number: int
    due_date: str
    principal: str
    interest: str
    total: str
    balance: str


class ScheduleFields(TypedDict):
    """What the quote command and endpoint answer; the rate in per cent, ``"6.0000"``."""

    instalments: list[InstalmentFields]
    total_interest: str
    all_in_annual_rate: str
    all_in_basis: str


def instalment_fields(row: Instalment) -> InstalmentFields:
    """Return one row by the names of the contract with the front end."""
    return {
        "number": row.number,
        "due_date": row.due_date.isoformat(),
        "principal": fen_to_yuan(row.principal_fen),
        "interest": fen_to_yuan(row.interest_fen),
        "total": fen_to_yuan(row.total_fen),
        "balance": fen_to_yuan(row.balance_fen),
    }


def schedule_fields(schedule: Schedule) -> ScheduleFields:
    """Return a schedule by the names of the contract with the front end."""
    return {
        "instalments": [instalment_fields(row) for row in schedule.instalments],
        "total_interest": fen_to_yuan(schedule.total_interest_fen),
        "all_in_annual_rate": f"{schedule.all_in_annual_rate:.4f}",
        "all_in_basis": schedule.all_in_basis,
    }
