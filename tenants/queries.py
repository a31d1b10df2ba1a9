"""What can be asked of the tenants room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tenants.models import LprQuote


class LprUnknown(LookupError):
    """Raised where no quote of the loan prime rate lies on or before the date: the province must enter it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LprView:
    """One published quote of the loan prime rate, annual per cent."""

    published_date: date
    one_year_rate: Decimal
    five_year_rate: Decimal


def lpr_on(day: date) -> LprView:
    """Return the quote published last on or before a date (INT-01).

    Raises:
        LprUnknown: there is none.
    """
    row = LprQuote.objects.filter(published_date__lte=day).order_by("-published_date").first()
    if row is None:
        msg = f"no LPR quote is on record on or before {day}: enter it in the province's admin"
        raise LprUnknown(msg)
    return LprView(
        published_date=row.published_date, one_year_rate=row.one_year_rate, five_year_rate=row.five_year_rate
    )
