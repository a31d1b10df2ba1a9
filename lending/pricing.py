"""What a loan on a line costs: the LPR of its contract date, the line's spread, the product's floor and ceiling (INT-01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lending.loans.repricing import price_within, spread_of
from lending.models import CreditLine, Drawdown, ProductVersion
from tenants.queries import LprView

ONE_YEAR = "1Y"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price as a contract states it: rates in per cent a year, the spread in basis points, when the LPR was published.

    `annual_rate` is the LPR plus the spread, always: where floor or ceiling bound it, the spread is what they leave.
    """

    annual_rate: Decimal
    lpr_rate: Decimal
    lpr_tenor: str
    lpr_date: date
    spread_bp: int


def rate_of(quote: LprView, tenor: str) -> Decimal:
    """Return the rate of a tenor in a quote."""
    return quote.one_year_rate if tenor == ONE_YEAR else quote.five_year_rate


def rate_by(quote: LprView, version: ProductVersion, *, tenor: str, spread_bp: int) -> Decimal:
    """Return the annual rate in per cent of a spread over a quote, within the bounds of a product version."""
    return price_within(rate_of(quote, tenor), spread_bp, floor=version.floor_rate, ceiling=version.ceiling_rate)


def price_of(line: CreditLine, quote: LprView) -> Price:
    """Return what a loan on a line costs by a quote: the line's spread was agreed, the LPR is that of the day."""
    lpr_rate = rate_of(quote, line.lpr_tenor)
    annual_rate = rate_by(quote, line.product_version, tenor=line.lpr_tenor, spread_bp=line.spread_bp)
    return Price(
        annual_rate=annual_rate, lpr_rate=lpr_rate, lpr_tenor=line.lpr_tenor, lpr_date=quote.published_date,
        spread_bp=spread_of(annual_rate, lpr_rate=lpr_rate),
    )  # fmt: skip


def signed_price(drawdown: Drawdown) -> Price:
    """Return the price that a customer has signed for.

    Raises:
        ValueError: nothing is signed yet.
    """
    rate, lpr_rate, lpr_date, spread_bp = (
        drawdown.annual_rate, drawdown.lpr_rate, drawdown.lpr_date, drawdown.spread_bp,
    )  # fmt: skip
    if rate is None or lpr_rate is None or lpr_date is None or spread_bp is None:
        msg = f"drawdown {drawdown.pk.hex} has no price yet"
        raise ValueError(msg)
    return Price(
        annual_rate=rate, lpr_rate=lpr_rate, lpr_tenor=drawdown.line.lpr_tenor, lpr_date=lpr_date, spread_bp=spread_bp
    )


def price_columns(price: Price) -> dict[str, Any]:
    """Return a price as the columns of a drawdown; the tenor is its line's."""
    return {
        "annual_rate": price.annual_rate,
        "lpr_rate": price.lpr_rate,
        "lpr_date": price.lpr_date,
        "spread_bp": price.spread_bp,
    }
