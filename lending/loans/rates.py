"""Annual rates: per cent with four decimals, ``"6.0000"`` on the wire, NUMERIC(8,4) in the database.

Arithmetic uses them as integers in ten-thousandths of a per cent (6.0000 % is 60,000), so nothing is lost.
"""

from __future__ import annotations

import re
from decimal import Decimal

from lending.loans.errors import InvalidTermError

RATE_UNITS_PER_PERCENT = 10**4
RATE_UNITS_IN_ONE = 100 * RATE_UNITS_PER_PERCENT
"""Rate units in 100 per cent, that is in the number one."""

MAX_ANNUAL_RATE = Decimal(100)
"""A guard against slips (600 for 6.00). What a product may charge is its own parameter, far below."""

_STEP = Decimal("0.0001")
_RATE = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,4})?")


def parse_annual_rate(text: object, *, field: str = "annual_rate") -> Decimal:
    """Read an annual rate in per cent such as ``"6"`` or ``"5.4000"``.

    Raises:
        InvalidTermError: the text is no such number, or the rate is out of its range.
    """
    if not isinstance(text, str) or not _RATE.fullmatch(text):
        raise InvalidTermError(field, "年利率应为最多四位小数的百分数", "请写成 6 或 5.4000 这样的形式")
    return checked_annual_rate(Decimal(text), field=field)


def checked_annual_rate(rate: object, *, field: str = "annual_rate") -> Decimal:
    """Return the rate with exactly four decimals.

    Raises:
        InvalidTermError: it is not a Decimal from 0 to `MAX_ANNUAL_RATE`, or has more than four decimals.
    """
    if not isinstance(rate, Decimal) or not rate.is_finite():
        raise InvalidTermError(field, "年利率应为数字", "请给出百分数，例如 6.0000")
    if not 0 <= rate <= MAX_ANNUAL_RATE:
        detail = f"年利率应在 0 至 {MAX_ANNUAL_RATE}（%）之间"
        raise InvalidTermError(field, detail, "请按百分数填写，6% 写作 6")
    rounded = rate.quantize(_STEP)
    if rounded != rate:
        raise InvalidTermError(field, "年利率最多四位小数", "请按万分之一个百分点取整，例如 5.4321")
    return abs(rounded)


def rate_units(rate: Decimal) -> int:
    """Return the rate in ten-thousandths of a per cent."""
    return int(rate.scaleb(4))


def rate_from_units(units: int) -> Decimal:
    """Return the rate in per cent that has so many ten-thousandths."""
    return Decimal(units).scaleb(-4).quantize(_STEP)
