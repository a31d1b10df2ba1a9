"""Money: read strictly, written plainly, rounded by one rule, spelt out in capitals."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import (
    MAX_FEN,
    Money,
    MoneyFormatError,
    divide_half_up,
    fen_to_yuan,
    in_capitals,
    round_half_up,
    yuan_to_fen,
)

amounts = st.integers(-MAX_FEN, MAX_FEN)


class TestYuanToFen:
    @pytest.mark.parametrize(
        ("text", "fen"),
        [
            ("1000.00", 100_000),
            ("1000", 100_000),
            ("1000.5", 100_050),
            ("0.01", 1),
            ("0.1", 10),
            ("0", 0),
            ("0.00", 0),
            ("-12.30", -1_230),
            ("-0.05", -5),
            ("200000.01", 20_000_001),
            ("9999999999999.99", MAX_FEN),
        ],
    )
    def test_reads_plain_amounts(self, text: str, fen: int) -> None:
        assert yuan_to_fen(text) == fen

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "1000.000",
            "1000.001",
            "1000.",
            ".50",
            "1,000.00",
            "1_000",
            "1e5",
            "1E+5",
            "+5",
            "--5",
            "- 5",
            "NaN",
            "Infinity",
            "-Infinity",
            "0x10",
            "007.00",
            "00",
            " 5",
            "5 ",
            "5.00\n",
            "5元",
            "￥5",
            "５.００",
            "٥",
            "壹",
            "1.0.0",
        ],
    )
    def test_refuses_everything_else(self, text: str) -> None:
        with pytest.raises(MoneyFormatError, match="最多两位小数"):
            yuan_to_fen(text)

    @pytest.mark.parametrize("value", [1000, 10.5, Decimal("1.00"), None, True, b"1.00"])
    def test_refuses_numbers_that_are_not_text(self, value: object) -> None:
        with pytest.raises(MoneyFormatError):
            yuan_to_fen(value)

    @pytest.mark.parametrize("text", ["10000000000000.00", "-10000000000000.00", "9" * 32])
    def test_refuses_amounts_beyond_the_limit(self, text: str) -> None:
        with pytest.raises(MoneyFormatError, match=r"不得超过 9999999999999\.99"):
            yuan_to_fen(text)

    def test_refuses_endless_digits_without_reading_them(self) -> None:
        with pytest.raises(MoneyFormatError):
            yuan_to_fen("9" * 1_000_000)

    @given(amounts)
    def test_reads_back_what_was_written(self, fen: int) -> None:
        assert yuan_to_fen(fen_to_yuan(fen)) == fen


class TestFenToYuan:
    @pytest.mark.parametrize(
        ("fen", "text"),
        [
            (100_000, "1000.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (0, "0.00"),
            (-100, "-1.00"),
            (10**17, f"{10**15}.00"),
        ],
    )
    def test_writes_two_decimals_and_no_separators(self, fen: int, text: str) -> None:
        assert fen_to_yuan(fen) == text


class TestRounding:
    @pytest.mark.parametrize(
        ("amount", "fen"),
        [
            ("0.5", 1),
            ("1.5", 2),
            ("2.5", 3),
            ("2.4999999999", 2),
            ("-0.5", -1),
            ("-2.5", -3),
            ("7", 7),
            ("1E+3", 1000),
        ],
    )
    def test_halves_go_away_from_zero(self, amount: str, fen: int) -> None:
        assert round_half_up(Decimal(amount)) == fen

    def test_the_decimal_context_does_not_matter(self) -> None:
        with localcontext() as context:
            context.prec = 3
            assert round_half_up(Decimal("123456789.5")) == 123_456_790

    @pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
    def test_what_is_no_number_is_refused(self, amount: str) -> None:
        with pytest.raises(ValueError, match="is not an amount"):
            round_half_up(Decimal(amount))

    @given(st.integers(-(10**30), 10**30), st.integers(-(10**12), 10**12).filter(bool))
    def test_a_quotient_is_the_nearest_integer_and_halves_go_outwards(self, numerator: int, denominator: int) -> None:
        exact = Fraction(numerator, denominator)
        rounded = divide_half_up(numerator, denominator)
        assert abs(rounded - exact) <= Fraction(1, 2)
        if abs(rounded - exact) == Fraction(1, 2):
            assert abs(rounded) > abs(exact)

    def test_dividing_by_zero_is_an_error(self) -> None:
        with pytest.raises(ZeroDivisionError):
            divide_half_up(1, 0)


class TestCapitals:
    """SIGN-02; the examples are those of 正确填写票据和结算凭证的基本规定 and the edges between them."""

    @pytest.mark.parametrize(
        ("text", "capitals"),
        [
            ("100000.00", "壹拾万元整"),
            ("1409.50", "壹仟肆佰零玖元伍角"),
            ("6007.14", "陆仟零柒元壹角肆分"),
            ("1680.32", "壹仟陆佰捌拾元零叁角贰分"),
            ("107000.53", "壹拾万柒仟元零伍角叁分"),
            ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
            ("325.04", "叁佰贰拾伍元零肆分"),
            ("0.00", "零元整"),
            ("0.01", "壹分"),
            ("0.10", "壹角"),
            ("0.11", "壹角壹分"),
            ("1.00", "壹元整"),
            ("1.01", "壹元零壹分"),
            ("1.10", "壹元壹角"),
            ("10.00", "壹拾元整"),
            ("10.05", "壹拾元零伍分"),
            ("15.50", "壹拾伍元伍角"),
            ("20.20", "贰拾元零贰角"),
            ("101.00", "壹佰零壹元整"),
            ("110.00", "壹佰壹拾元整"),
            ("1001.00", "壹仟零壹元整"),
            ("1010.00", "壹仟零壹拾元整"),
            ("1100.00", "壹仟壹佰元整"),
            ("10000.00", "壹万元整"),
            ("10001.00", "壹万零壹元整"),
            ("10010.00", "壹万零壹拾元整"),
            ("10100.00", "壹万零壹佰元整"),
            ("11000.00", "壹万壹仟元整"),
            ("100001.00", "壹拾万零壹元整"),
            ("101000.00", "壹拾万壹仟元整"),
            ("1000000.00", "壹佰万元整"),
            ("10000000.00", "壹仟万元整"),
            ("10010001.00", "壹仟零壹万零壹元整"),
            ("20003000.40", "贰仟万叁仟元零肆角"),
            ("100000000.00", "壹亿元整"),
            ("100000001.00", "壹亿零壹元整"),
            ("100001000.00", "壹亿零壹仟元整"),
            ("100010000.00", "壹亿零壹万元整"),
            ("110000000.00", "壹亿壹仟万元整"),
            ("1000000000000.00", "壹万亿元整"),
            ("1000000000001.00", "壹万亿零壹元整"),
            ("1000100000000.00", "壹万零壹亿元整"),
            ("1234567890123.45", "壹万贰仟叁佰肆拾伍亿陆仟柒佰捌拾玖万零壹佰贰拾叁元肆角伍分"),
            (
                "9999999999999.99",
                "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
            ),
        ],
    )
    def test_follows_the_rule_for_vouchers(self, text: str, capitals: str) -> None:
        assert in_capitals(yuan_to_fen(text)) == capitals

    @pytest.mark.parametrize("fen", [-1, -100_000, MAX_FEN + 1])
    def test_refuses_negative_and_boundless_amounts(self, fen: int) -> None:
        with pytest.raises(MoneyFormatError, match="大写金额应在"):
            in_capitals(fen)

    @given(st.integers(0, MAX_FEN))
    def test_reads_back_as_the_figures(self, fen: int) -> None:
        text = in_capitals(fen)
        assert _read(text) == fen
        assert "零零" not in text

    @given(st.integers(0, MAX_FEN), st.integers(0, MAX_FEN))
    def test_two_amounts_never_share_their_capitals(self, one: int, other: int) -> None:
        assert (in_capitals(one) == in_capitals(other)) == (one == other)


class TestMoney:
    def test_reads_and_shows_an_amount(self) -> None:
        money = Money.from_yuan("100000.00")
        assert (money.fen, money.yuan, str(money), money.capitals) == (
            10_000_000,
            "100000.00",
            "100000.00",
            "壹拾万元整",
        )

    def test_adds_subtracts_turns_and_orders(self) -> None:
        assert sum([Money(1), Money(2)], Money(0)) == Money(3)
        assert Money(1) - Money(3) == -Money(2)
        assert Money(1) < Money(2)
        assert not Money(0)
        assert Money(-1)

    @pytest.mark.parametrize("other", [1, 1.0, Decimal(1), "1.00"])
    def test_mixes_with_nothing_else(self, other: Any) -> None:
        with pytest.raises((TypeError, AttributeError)):
            Money(1) + other
        with pytest.raises((TypeError, AttributeError)):
            other - Money(1)
        with pytest.raises(TypeError):
            Money(1) < other  # noqa: B015 -- comparing is what fails
        assert Money(1) != other

    @pytest.mark.parametrize("fen", [1.0, "1", Decimal(1), True, None])
    def test_holds_whole_fen_only(self, fen: object) -> None:
        with pytest.raises(TypeError, match="integer number of fen"):
            Money(fen)  # type: ignore[arg-type]

    def test_holds_what_the_database_holds(self) -> None:
        assert Money(2**63 - 1).fen == 2**63 - 1
        with pytest.raises(OverflowError, match="64 bits"):
            Money(2**63 - 1) + Money(1)


_DIGITS = {char: value for value, char in enumerate("零壹贰叁肆伍陆柒捌玖")}
_UNITS = {"拾": 10, "佰": 100, "仟": 1000}


def _read(capitals: str) -> int:
    """Read an amount in capitals back into fen, by a grammar of its own."""
    yuan_text, _, small = capitals.removesuffix("整").rpartition("元")
    fen = 0
    for char, unit in pairwise(small):
        fen += _DIGITS.get(char, 0) * {"角": 10, "分": 1}.get(unit, 0)
    yi_text, has_yi, rest = yuan_text.rpartition("亿")
    yuan = _read_below_yi(yi_text) * 10**8 if has_yi else 0
    return (yuan + _read_below_yi(rest)) * 100 + fen


def _read_below_yi(text: str) -> int:
    wan, has_wan, ones = text.rpartition("万")
    return (_read_section(wan) * 10**4 if has_wan else 0) + _read_section(ones)


def _read_section(text: str) -> int:
    total = digit = 0
    for char in text:
        if char in _UNITS:
            total += digit * _UNITS[char]
            digit = 0
        else:
            digit = _DIGITS[char]
    return total + digit
