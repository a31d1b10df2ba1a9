"""Ask what a loan on a line costs today (INT-01)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial

from core.clock import business_date
from lending.models import CreditLine
from lending.models.credit_line import STANDING
from lending.pricing import Price, price_of
from tenants.queries import lpr_on


def line_price_today(line: CreditLine) -> Price:
    """Return what a loan costs that is contracted on a line on the present business date.

    Raises:
        LprUnknown: no quote is on record.
    """
    return price_of(line, lpr_on(business_date()))


def rates_today() -> Callable[[CreditLine], Decimal]:
    """Return what tells of lines, one after another, what a loan on each costs today, in per cent a year.

    Of a line that nothing can be drawn from any more it tells the rate of its offer.
    """
    quote = cache(partial(lpr_on, business_date()))

    def rate(line: CreditLine) -> Decimal:
        return price_of(line, quote()).annual_rate if line.status in STANDING else line.annual_rate

    return rate
