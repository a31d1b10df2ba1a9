"""Early repayment in full (EARLY-01, M7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from core.money import yuan_to_fen
from lending.loans.day_count import DayCount
from lending.loans.early import EarlyFullRepayment, early_full_repayment


def settled(repayment: str, *, day_count: DayCount = DayCount.THIRTY_360, min_days: int = 0) -> EarlyFullRepayment:
    """Settle the loan of M1 after its third instalment."""
    return early_full_repayment(
        outstanding_principal_fen=yuan_to_fen("75558.28"),
        annual_rate=Decimal(6),
        day_count=day_count,
        interest_from_date=date(2024, 4, 15),
        repayment_date=date.fromisoformat(repayment),
        anchor_day=15,
        min_days=min_days,
    )


class TestEarlyFullRepayment:
    def test_m7_ten_days_into_the_fourth_period(self) -> None:
        due = settled("2024-04-25")
        assert due == EarlyFullRepayment(yuan_to_fen("75558.28"), yuan_to_fen("125.93"))
        assert due.total_fen == yuan_to_fen("75684.21")

    def test_a_due_date_bears_nothing_after_its_instalment_is_paid(self) -> None:
        assert settled("2024-04-15").interest_fen == 0

    def test_a_product_may_charge_a_day_at_least(self) -> None:
        assert settled("2024-04-15", min_days=1) == settled("2024-04-16")
        assert settled("2024-04-25", min_days=1) == settled("2024-04-25")

    def test_a_whole_month_costs_a_twelfth(self) -> None:
        assert settled("2024-05-15").interest_fen == yuan_to_fen("377.79")

    def test_actual_days_cost_what_they_are(self) -> None:
        assert settled("2024-06-15", day_count=DayCount.ACT_360).interest_fen == yuan_to_fen("768.18")

    def test_a_repayment_before_the_last_due_date_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cannot end on"):
            settled("2024-04-14")

    def test_a_negative_principal_is_refused(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            early_full_repayment(
                outstanding_principal_fen=-1,
                annual_rate=Decimal(6),
                day_count=DayCount.ACT_360,
                interest_from_date=date(2024, 4, 15),
                repayment_date=date(2024, 4, 16),
            )
