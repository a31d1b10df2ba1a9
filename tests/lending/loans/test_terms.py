"""Terms: a wrong one is refused with its field, the reason and the next step."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.money import MAX_FEN
from lending.loans.errors import InvalidTermError, TermsError
from lending.loans.rates import parse_annual_rate
from lending.loans.terms import RepaymentMethod, ScheduleTerms

GOOD: dict[str, Any] = {
    "principal_fen": 10_000_000,
    "annual_rate": Decimal(6),
    "method": "equal_instalment",
    "periods": 12,
    "start_date": date(2024, 1, 15),
    "day_count": "30/360",
}


class TestScheduleTerms:
    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("principal_fen", 0, "大于零"),
            ("principal_fen", -1, "大于零"),
            ("principal_fen", MAX_FEN + 1, "不超过 9999999999999.99"),
            ("principal_fen", 100.0, "整数"),
            ("principal_fen", "100", "整数"),
            ("principal_fen", True, "整数"),
            ("annual_rate", Decimal("-0.0001"), "0 至 100"),
            ("annual_rate", Decimal("100.0001"), "0 至 100"),
            ("annual_rate", Decimal("6.00001"), "四位小数"),
            ("annual_rate", Decimal("1E-999999"), "四位小数"),
            ("annual_rate", Decimal("1E+999999"), "0 至 100"),
            ("annual_rate", Decimal("NaN"), "数字"),
            ("annual_rate", Decimal("sNaN"), "数字"),
            ("annual_rate", Decimal("Infinity"), "数字"),
            ("annual_rate", 6.0, "数字"),
            ("annual_rate", 6, "数字"),
            ("method", "equal_installment", "不认识的还款方式"),
            ("method", "", "不认识的还款方式"),
            ("periods", 0, "1 至 360"),
            ("periods", -12, "1 至 360"),
            ("periods", 361, "1 至 360"),
            ("periods", 12.0, "整数"),
            ("start_date", date(1948, 12, 31), "1949 年至 2199 年"),
            ("start_date", date(2200, 1, 1), "1949 年至 2199 年"),
            ("start_date", datetime(2024, 1, 15, tzinfo=UTC), "应为日期"),
            ("start_date", "2024-01-15", "应为日期"),
            ("day_count", "30/365", "不认识的计息基础"),
            ("day_count", "ACT/360", "不认识的计息基础"),
            ("first_due_date", date(2024, 1, 15), "起始日之后"),
            ("first_due_date", date(2023, 2, 15), "起始日之后"),
            ("first_due_date", date(2200, 1, 1), "1949 年至 2199 年"),
            ("first_due_date", datetime(2024, 2, 15, tzinfo=UTC), "应为日期"),
            ("due_day", 0, "1 至 31"),
            ("due_day", 32, "1 至 31"),
            ("due_day", -1, "1 至 31"),
            ("instalment_multiple_fen", 0, "大于零"),
            ("instalment_multiple_fen", -100, "大于零"),
        ],
    )
    def test_a_wrong_value_names_its_field_and_the_next_step(self, field: str, value: object, reason: str) -> None:
        with pytest.raises(InvalidTermError, match=reason) as caught:
            ScheduleTerms(**{**GOOD, field: value})
        assert caught.value.field == field
        assert caught.value.next_step
        assert caught.value.code == "invalid_term"

    @pytest.mark.parametrize("method", ["equal_principal", "interest_only", "bullet"])
    def test_only_equal_instalments_can_be_rounded_to_a_multiple(self, method: str) -> None:
        with pytest.raises(InvalidTermError, match="只有等额本息") as caught:
            ScheduleTerms(**{**GOOD, "method": method, "instalment_multiple_fen": 100})
        assert caught.value.field == "instalment_multiple_fen"

    def test_a_first_due_date_off_the_due_day_is_refused(self) -> None:
        with pytest.raises(InvalidTermError, match="不一致"):
            ScheduleTerms(**{**GOOD, "first_due_date": date(2024, 2, 15), "due_day": 20})

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("principal_fen", 1),
            ("principal_fen", MAX_FEN),
            ("annual_rate", Decimal(0)),
            ("annual_rate", Decimal(100)),
            ("periods", 1),
            ("periods", 360),
            ("due_day", 1),
            ("due_day", 31),
            ("start_date", date(1949, 1, 1)),
            ("start_date", date(2199, 12, 31)),
            ("method", RepaymentMethod.BULLET),
        ],
    )
    def test_the_edges_of_each_range_are_inside(self, field: str, value: object) -> None:
        assert getattr(ScheduleTerms(**{**GOOD, field: value}), field) == value

    def test_the_rate_is_kept_with_four_decimals(self) -> None:
        assert str(ScheduleTerms(**{**GOOD, "annual_rate": Decimal("5.40")}).annual_rate) == "5.4000"
        assert str(ScheduleTerms(**{**GOOD, "annual_rate": Decimal("-0.00")}).annual_rate) == "0.0000"


class TestParseAnnualRate:
    @pytest.mark.parametrize(
        ("text", "rate"),
        [("6", "6.0000"), ("5.4", "5.4000"), ("15.678", "15.6780"), ("0", "0.0000"), ("100", "100.0000")],
    )
    def test_reads_per_cent(self, text: str, rate: str) -> None:
        assert str(parse_annual_rate(text)) == rate

    @pytest.mark.parametrize(
        "text", ["", "6%", "6,5", "6.", ".5", "1e1", "NaN", "6.00000", "６", "+6", "6 ", "-6", "101"]
    )
    def test_refuses_everything_else(self, text: str) -> None:
        with pytest.raises(TermsError) as caught:
            parse_annual_rate(text)
        assert caught.value.field == "annual_rate"
