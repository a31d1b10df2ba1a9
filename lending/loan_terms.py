"""From a product version and a price to the terms of a schedule: day count, repayment day, holiday rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from lending.loans.day_count import DayCount
from lending.loans.due_dates import due_dates, months_after, quarterly_due_dates, working_day_from
from lending.loans.terms import SETTLED_BY_QUARTER, RepaymentMethod, ScheduleTerms, Settlement
from lending.models import ProductVersion
from lending.models.product import NEXT_WORKING_DAY
from tenants import queries as tenants

LONGEST_HOLIDAY_MONTHS = 1
LONGEST_MOVE = timedelta(days=31)


def version_terms(
    version: ProductVersion,
    *,
    annual_rate: Decimal,
    amount_fen: int,
    term_months: int,
    method: str,
    start_date: date,
) -> ScheduleTerms:
    """Return the terms of a loan by a product version (INT-06, INT-07).

    Raises:
        InvalidTermError: no schedule can be made of the values.
    """
    settlement = settlement_of(version, method)
    by_quarter = settlement == Settlement.QUARTERLY
    return ScheduleTerms(
        principal_fen=amount_fen,
        annual_rate=annual_rate,
        method=method,
        periods=term_months,
        start_date=start_date,
        day_count=day_count_of(version, method),
        due_day=None if by_quarter else version.due_day,
        first_due_date=None if by_quarter else _first_due_date(version, start_date),
        non_working=_non_working(version, start_date, term_months),
        settlement=settlement,
    )


def settlement_of(version: ProductVersion, method: str) -> Settlement:
    """Return how often a loan's interest is settled: by quarter where product and method both do so (INT-06)."""
    return Settlement(version.settlement) if method in SETTLED_BY_QUARTER else Settlement.MONTHLY


def day_count_of(version: ProductVersion, method: str) -> str:
    """Return how a loan's days are counted: what may be repaid any day costs its actual days (A2-7)."""
    if method == RepaymentMethod.PAY_ANY_DAY and version.day_count == DayCount.THIRTY_360:
        return DayCount.ACT_360.value
    return version.day_count


def later_due_dates(version: ProductVersion, *, maturity_date: date, anchor_day: int, months: int) -> list[date]:
    """Return the due dates of the months after a maturity, moved by the holidays as the product says (INT-06, INT-07).

    A maturity that the holidays moved into the next month counts as of its own month.
    """
    non_working = _non_working(version, maturity_date - LONGEST_MOVE, months)
    own = months_after(maturity_date, -1, anchor_day=anchor_day)
    base = own if own in non_working and working_day_from(own, non_working) == maturity_date else maturity_date
    dates = (months_after(base, month, anchor_day=anchor_day) for month in range(1, months + 1))
    return [working_day_from(day, non_working) for day in dates]


def quarters_to(version: ProductVersion, *, start_date: date, months: int) -> list[date]:
    """Return the due dates of a loan by quarter from its start over so many months, moved as the product says (INT-06)."""
    dates = quarterly_due_dates(start_date=start_date, periods=months).dates
    return _moved(version, dates, start_date=start_date, months=months)


def fixed_days_to(version: ProductVersion, *, start_date: date, months: int) -> list[date]:
    """Return the due dates of a loan by the product's fixed day over so many months, the last at maturity (INT-06, INT-07)."""
    first = _first_due_date(version, start_date)
    dates = due_dates(start_date=start_date, periods=months, first_due_date=first, due_day=version.due_day).dates
    return _moved(version, dates, start_date=start_date, months=months)


def early_fee_percent_of(version: ProductVersion, method: str) -> Decimal:
    """Return what prepaying costs, in per cent of the principal: nothing where the loan may be repaid any day."""
    return Decimal(0) if method == RepaymentMethod.PAY_ANY_DAY else version.early_repayment_fee_percent


def _first_due_date(version: ProductVersion, start_date: date) -> date | None:
    """Return the second repayment day where the first comes sooner than the product allows, else None (M6)."""
    if version.due_day is None or not version.first_period_min_days:
        return None
    first = due_dates(start_date=start_date, periods=2, due_day=version.due_day).dates[0]
    if (first - start_date).days >= version.first_period_min_days:
        return None
    return months_after(first, 1, anchor_day=version.due_day)


def _moved(version: ProductVersion, dates: Iterable[date], *, start_date: date, months: int) -> list[date]:
    """Return due dates moved by the holidays as the product says, each once (INT-07)."""
    non_working = _non_working(version, start_date, months)
    return list(dict.fromkeys(working_day_from(day, non_working) for day in dates))


def _non_working(version: ProductVersion, start_date: date, term_months: int) -> frozenset[date]:
    if version.holiday_rule != NEXT_WORKING_DAY:
        return frozenset()
    last = months_after(start_date, term_months + 1 + LONGEST_HOLIDAY_MONTHS, anchor_day=start_date.day)
    return tenants.non_working_days(start_date, last)
