"""An amount on a form: typed in yuan, as Chinese keyboards write it, kept in fen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from core.admin.fields import YuanField


class TestYuanField:
    @pytest.mark.parametrize(
        ("typed", "fen"),
        [("50000", 50_000_00), ("50,000.05", 50_000_05), ("５０，０００．５", 50_000_50), (" 0 ", 0), ("0.01", 1)],
    )
    def test_reads_what_people_type(self, typed: str, fen: int) -> None:
        assert YuanField().clean(typed) == fen

    @pytest.mark.parametrize(
        "typed", ["", "五万", "1e3", "1,2.3.4", "1.005", "-0.01", "10000000000.01", "nan", "Infinity"]
    )
    def test_refuses_what_is_no_amount(self, typed: str) -> None:
        with pytest.raises(ValidationError):
            YuanField().clean(typed)

    def test_says_how_an_amount_is_written(self) -> None:
        with pytest.raises(ValidationError, match="例如 50000"):
            YuanField().clean("五万")

    def test_what_need_not_be_given_is_none(self) -> None:
        assert YuanField(required=False).clean("") is None

    @pytest.mark.parametrize(("lowest", "typed", "fen"), [("0.01", "0.01", 1), ("-100", "-99.99", -99_99)])
    def test_may_begin_elsewhere_than_at_nought(self, lowest: str, typed: str, fen: int) -> None:
        field = YuanField(lowest=Decimal(lowest))
        assert field.clean(typed) == fen
        with pytest.raises(ValidationError):
            field.clean(str(Decimal(lowest) - Decimal("0.01")))

    def test_shows_fen_as_yuan_and_what_was_typed_as_it_was_typed(self) -> None:
        assert YuanField().prepare_value(5_000_05) == "5000.05"
        assert YuanField().prepare_value("5,000") == "5,000"

    def test_the_same_amount_typed_otherwise_is_no_change(self) -> None:
        assert not YuanField().has_changed(5_000_00, "5,000.0")
        assert not YuanField(required=False).has_changed(None, "")
        assert YuanField().has_changed(5_000_00, "5,000.01")
        assert YuanField().has_changed(5_000_00, "五千")
