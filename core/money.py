"""Money: integer fen in code and in the database, yuan with two decimals on the wire, capitals on paper.

No amount is ever a float. Decimals and fractions exist only inside named calculators, which end in one of the
two rounding functions here: half up, away from zero, once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

FEN_PER_YUAN = 100
MAX_FEN = 10**15 - 1
"""The largest amount that may be stated, 9,999,999,999,999.99 yuan: still exact in a JavaScript number."""

_BIGINT_MAX = 2**63 - 1
_YUAN = re.compile(r"-?(?:0|[1-9][0-9]{0,31})(?:\.[0-9]{1,2})?")
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_SECTION_DIGITS = 4
_SECTION = 10**_SECTION_DIGITS
_YI = 10**8


class MoneyFormatError(ValueError):
    """A text that is not an amount in yuan, or an amount that cannot be written in the form asked for."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of renminbi in fen; negative where it is owed or goes out.

    Adding and subtracting stay exact. There is no multiplication: what multiplies is a calculator with a
    rounding rule.
    """

    fen: int

    def __post_init__(self) -> None:
        """Refuse what a BIGINT column could not hold.

        Raises:
            TypeError: `fen` is not an integer.
            OverflowError: `fen` does not fit into 64 bits.
        """
        if isinstance(self.fen, bool) or not isinstance(self.fen, int):
            msg = f"an amount is an integer number of fen, not {type(self.fen).__name__}"
            raise TypeError(msg)
        if not -_BIGINT_MAX <= self.fen <= _BIGINT_MAX:
            msg = f"{self.fen} fen does not fit into 64 bits"
            raise OverflowError(msg)

    @classmethod
    def from_yuan(cls, text: str) -> Money:
        """Read an amount such as ``"1000.00"``.

        Raises:
            MoneyFormatError: the text is not an amount; see `yuan_to_fen`.
        """
        return cls(yuan_to_fen(text))

    @property
    def yuan(self) -> str:
        """The amount as it goes over the wire, ``"1000.00"``."""
        return fen_to_yuan(self.fen)

    @property
    def capitals(self) -> str:
        """The amount as it stands in a contract, ``壹仟元整``; see `in_capitals`."""
        return in_capitals(self.fen)

    def __str__(self) -> str:
        """Return the amount in yuan."""
        return self.yuan

    def __add__(self, other: Money) -> Money:
        """Add two amounts."""
        return Money(self.fen + other.fen)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount."""
        return Money(self.fen - other.fen)

    def __neg__(self) -> Money:
        """Turn the direction round."""
        return Money(-self.fen)

    def __bool__(self) -> bool:
        """Tell whether it is an amount other than zero."""
        return self.fen != 0


def yuan_to_fen(text: object) -> int:
    """Read an amount in yuan and return it in fen.

    Takes plain digits with at most two decimals and perhaps a minus sign: ``"1000"``, ``"1000.5"``,
    ``"-1000.50"``. Refuses everything else, so that nothing is ever guessed: exponents, signs of plus,
    thousands separators, spaces, leading zeros, full-width digits, NaN, a third decimal, numbers that are not
    text.

    Raises:
        MoneyFormatError: the text is no such amount, or it is larger than `MAX_FEN`.
    """
    if not isinstance(text, str) or not _YUAN.fullmatch(text):
        msg = "金额应为以元为单位的文本，最多两位小数，不含逗号、空格或指数，例如 1000.00"
        raise MoneyFormatError(msg)
    yuan, _, decimals = text.removeprefix("-").partition(".")
    fen = int(yuan) * FEN_PER_YUAN + int(decimals.ljust(2, "0"))
    if fen > MAX_FEN:
        msg = f"金额不得超过 {fen_to_yuan(MAX_FEN)} 元"
        raise MoneyFormatError(msg)
    return -fen if text.startswith("-") else fen


def fen_to_yuan(fen: int) -> str:
    """Write an amount of fen in yuan with two decimals, no separators: ``"1000.00"``, ``"-0.05"``."""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02d}"


def round_half_up(amount_fen: Decimal) -> int:
    """Round a number of fen to whole fen: half up, away from zero, whatever the decimal context says.

    Raises:
        ValueError: the number is not finite.
    """
    if not amount_fen.is_finite():
        msg = f"{amount_fen} is not an amount"
        raise ValueError(msg)
    return int(amount_fen.to_integral_value(rounding=ROUND_HALF_UP))


def divide_half_up(numerator: int, denominator: int) -> int:
    """Divide exactly and round once: half up, away from zero. The integer twin of `round_half_up`.

    Raises:
        ZeroDivisionError: `denominator` is zero.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def in_capitals(fen: int) -> str:
    """Write an amount in Chinese capitals, as contracts and vouchers carry it: ``壹拾万元整``.

    Follows 正确填写票据和结算凭证的基本规定 (支付结算办法, 附一): 壹拾 keeps its 壹; zeros in a row are one
    零; an amount that ends in yuan takes 整, one that ends in jiao or fen does not. Where the rule leaves a
    choice, the form is the first of its own examples: ¥1,680.32 is 壹仟陆佰捌拾元零叁角贰分, ¥107,000.53 is
    壹拾万柒仟元零伍角叁分.

    Raises:
        MoneyFormatError: the amount is negative, or larger than `MAX_FEN`.
    """
    if not 0 <= fen <= MAX_FEN:
        msg = f"大写金额应在 0 元至 {fen_to_yuan(MAX_FEN)} 元之间，收到 {fen_to_yuan(fen)}"
        raise MoneyFormatError(msg)
    yuan, rest = divmod(fen, FEN_PER_YUAN)
    if fen == 0:
        return "零元整"
    whole = f"{_whole(yuan)}元" if yuan else ""
    if rest == 0:
        return f"{whole}整"
    jiao, last = divmod(rest, 10)
    gap = "零" if yuan and (jiao == 0 or yuan % 10 == 0) else ""
    return f"{whole}{gap}{f'{_DIGITS[jiao]}角' if jiao else ''}{f'{_DIGITS[last]}分' if last else ''}"


def _whole(number: int) -> str:
    """Write a positive whole number in capitals; everything above 亿 is counted in 亿 (玖万亿)."""
    yi, below_yi = divmod(number, _YI)
    wan, ones = divmod(below_yi, _SECTION)
    text = f"{_whole(yi)}亿" if yi else ""
    zero_owed = False
    for section, unit in ((wan, "万"), (ones, "")):
        if section == 0:
            zero_owed = True
            continue
        if text and (zero_owed or section < _SECTION // 10):
            text += "零"
        text += _section(section) + unit
        zero_owed = False
    return text


def _section(number: int) -> str:
    """Write 1 to 9999 in capitals, one 零 for each run of zeros inside, none at its ends."""
    text = ""
    for place in reversed(range(_SECTION_DIGITS)):
        digit = number // 10**place % 10
        if digit:
            text += _DIGITS[digit] + _PLACES[place]
        elif text and not text.endswith("零") and number % 10**place:
            text += "零"
    return text
