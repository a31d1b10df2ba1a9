"""When the agreement of a line serves its next drawdown, and when a new one must be signed; pure.

An agreement bounds limit, price and time, and states terms. Within its bounds and on the same terms it serves; what a
customer has not signed for is never drawn under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final


class SignAnew(StrEnum):
    """Why a drawdown cannot be made under an agreement; the value is stable, `text` is for staff."""

    NEVER_SIGNED = "never_signed"
    LINE_ENDED = "line_ended"
    TIME_OVER = "time_over"
    LIMIT_HIGHER = "limit_higher"
    PRICE_HIGHER = "price_higher"
    OTHER_TERMS = "other_terms"
    OTHER_TEXT = "other_text"

    @property
    def text(self) -> str:
        """Say it in Chinese."""
        return _TEXTS[self]


_TEXTS: Final = {
    SignAnew.NEVER_SIGNED: "额度下尚未签订合同",
    SignAnew.LINE_ENDED: "额度已到期或已关闭",
    SignAnew.TIME_OVER: "合同约定的额度期限已满",
    SignAnew.LIMIT_HIGHER: "额度高于合同约定的最高借款余额",
    SignAnew.PRICE_HIGHER: "年利率高于合同约定的最高年利率",
    SignAnew.OTHER_TERMS: "产品条款与合同约定不同",
    SignAnew.OTHER_TEXT: "合同文本已更换",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an agreement says, or would say if it were signed now: limit in fen, price in per cent a year at most.

    `terms` is all else that it states of lender and product, plain JSON; `template` names its text by a digest.
    """

    limit_fen: int
    annual_rate: Decimal
    valid_until_date: date
    terms: Mapping[str, Any]
    template: str


def why_anew(signed: Bounds | None, wanted: Bounds, *, day: date, line_stands: bool) -> SignAnew | None:
    """Return why a drawdown on a business date needs a new agreement; None where the signed one serves it.

    A lower limit, a lower price or a line that ends sooner lies within what was signed.
    """
    if not line_stands:
        return SignAnew.LINE_ENDED
    if signed is None:
        return SignAnew.NEVER_SIGNED
    broken = {
        SignAnew.TIME_OVER: day > signed.valid_until_date,
        SignAnew.LIMIT_HIGHER: wanted.limit_fen > signed.limit_fen,
        SignAnew.PRICE_HIGHER: wanted.annual_rate > signed.annual_rate,
        SignAnew.OTHER_TERMS: wanted.terms != signed.terms,
        SignAnew.OTHER_TEXT: wanted.template != signed.template,
    }
    return next((reason for reason, holds in broken.items() if holds), None)
