"""Amounts as staff read them: exact to the fen in lists, in 万元 and 亿元 on dashboards (domain D20, half up)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

FEN_PER_YUAN: Final = 100
FEN_PER_WAN: Final = 10_000 * FEN_PER_YUAN
FEN_PER_YI: Final = 100_000_000 * FEN_PER_YUAN
CENT: Final = Decimal("0.01")


def exact(fen: int) -> str:
    """Write an amount to the fen with separators: 123456789 becomes `1,234,567.89`."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{sign}{yuan:,}.{rest:02d}"


def short(fen: int) -> str:
    """Write an amount in the largest of 亿元, 万元 and 元 that it reaches, two decimals, rounded half up."""
    for unit_fen, unit in ((FEN_PER_YI, "亿元"), (FEN_PER_WAN, "万元")):
        if abs(fen) >= unit_fen:
            return f"{(Decimal(fen) / unit_fen).quantize(CENT, ROUND_HALF_UP):,} {unit}"
    return f"{exact(fen)} 元"


def short_with_exact(fen: int) -> SafeString:
    """Write an amount in short, the exact one as the title that a pointer shows."""
    return format_html('<span title="{} 元">{}</span>', exact(fen), short(fen))


def percent(part: int, whole: int) -> str:
    """Write a share as a percentage with one decimal, half up; a dash where there is nothing to share."""
    if whole == 0:
        return "—"
    return f"{(Decimal(part) * 100 / whole).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"
