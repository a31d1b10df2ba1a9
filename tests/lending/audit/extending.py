"""When what is not due of an extended loan falls due, by the rules (EXT-01, INT-06, INT-07).

Nothing here comes from the product.
"""

from __future__ import annotations

from datetime import date, timedelta

from tests.lending.audit.days import ONE_DAY, due_dates_of, same_day_of, working_day
from tests.lending.audit.lent import Lent
from tests.lending.audit.offers import AT_ONCE, holidays_from


def longer(lent: Lent, months: int) -> tuple[date, ...]:
    """Return the dates of what is not due after an extension, moved by the holidays as the contract says (INT-07)."""
    contract, ahead = lent.loan.contract, [row.due_date for row in lent.loan.ahead]
    if lent.line.is_by_quarter(contract.method):
        return _later_quarters(lent)
    if (whole := _on_its_fixed_day(lent, months)) is not None:
        return whole
    last, is_moved = ahead[-1], lent.line.terms.holiday_rule == "next_working_day"
    holidays = holidays_from(last - timedelta(days=40), months + 2) if is_moved else frozenset()
    month_before = same_day_of(last.replace(day=1) - ONE_DAY, 0, contract.anchor)
    own = month_before if working_day(month_before, holidays) == last else last
    more = [working_day(same_day_of(own, k, contract.anchor), holidays) for k in range(1, months + 1)]
    return (more[-1],) if contract.method in AT_ONCE else tuple(dict.fromkeys([*ahead, *more]))


def _later_quarters(lent: Lent) -> tuple[date, ...]:
    """Return the dates of what is not due where interest is settled by quarter to a maturity that has moved (INT-06)."""
    contract, months = lent.loan.contract, lent.months + lent.extended
    is_moved = lent.line.terms.holiday_rule == "next_working_day"
    dates, _ = due_dates_of(
        contract.start, months, by_quarter=True, holidays=holidays_from(contract.start, months) if is_moved else ()
    )
    return tuple(day for day in dates if day > lent.loan.today)


def _on_its_fixed_day(lent: Lent, months: int) -> tuple[date, ...] | None:
    """Return the dates of what is not due where a day is fixed: those of a loan that was made for the longer term.

    None where no day is fixed, or the plan ends sooner than it was made to: it goes on from where it ends.
    """
    terms, contract, today = lent.line.terms, lent.loan.contract, lent.loan.today
    if terms.due_day is None:
        return None

    def made_for(term: int) -> tuple[date, ...]:
        holidays = holidays_from(contract.start, term) if terms.holiday_rule == "next_working_day" else ()
        return due_dates_of(
            contract.start, term, due_day=terms.due_day, first_period_min_days=terms.first_period_min_days,
            one_row=contract.method in AT_ONCE, holidays=holidays,
        )[0]  # fmt: skip

    if lent.loan.ahead[-1].due_date != made_for(lent.months + lent.extended - months)[-1]:
        return None
    return tuple(day for day in made_for(lent.months + lent.extended) if day > today)
