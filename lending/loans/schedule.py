"""Schedules by the four methods that fix one beforehand (INT-05, INT-06, INT-08).

Every method walks the same rows: interest on the balance by the period's days, rounded once; principal by the
method; the last row takes the balance, so that the principal adds up to the loan to the fen.

An instalment is never negative. Where rounding (a coarse multiple, or a loan of a few fen) pays the principal
back before the last date, the schedule ends with the row that clears it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from core.money import divide_half_up, fen_to_yuan
from lending.loans.accrual import interest_on
from lending.loans.all_in_rate import all_in_rate
from lending.loans.day_count import DayCount, counted_days
from lending.loans.errors import InstalmentTooSmallError
from lending.loans.rates import RATE_UNITS_IN_ONE, rate_units
from lending.loans.terms import Instalment, RepaymentMethod, Schedule, ScheduleTerms

if TYPE_CHECKING:
    from decimal import Decimal

PrincipalRule = Callable[[int], int]
"""From the interest of a period to the principal that falls due with it, both in fen."""


def build_schedule(terms: ScheduleTerms) -> Schedule:
    """Return the schedule of a loan, with its total interest and all-in rate.

    Raises:
        InstalmentTooSmallError: the constant instalment does not cover the interest of a period.
    """
    instalments = _instalments(terms)
    shown = all_in_rate(terms, instalments)
    return Schedule(
        instalments=instalments,
        total_interest_fen=sum(row.interest_fen for row in instalments),
        all_in_annual_rate=shown.annual_rate,
        all_in_basis=shown.basis,
    )


def constant_instalment_fen(
    *, principal_fen: int, annual_rate: Decimal, day_count: DayCount, days: list[int], multiple_fen: int = 1
) -> int:
    """Return the instalment that repays a loan over periods of so many counted days: A = P·∏(1+fᵢ)/F.

    fᵢ is the rate of period i, F₁ = 1 and Fₖ = Fₖ₋₁(1+fₖ)+1. Computed exactly, over one common denominator,
    and rounded once, half up to the nearest multiple. For equal periods it is the well-known
    P·i(1+i)ⁿ/((1+i)ⁿ-1).
    """
    one = RATE_UNITS_IN_ONE * day_count.base
    units = rate_units(annual_rate)
    product, annuity, scale = 1, 0, 1
    for counted in days:
        growth = one + units * counted
        product *= growth
        annuity = annuity * growth + scale
        scale *= one
    return divide_half_up(principal_fen * product, one * annuity * multiple_fen) * multiple_fen


def _instalments(terms: ScheduleTerms) -> tuple[Instalment, ...]:
    due = terms.due_dates()
    day_count = DayCount(terms.day_count)
    periods = pairwise((terms.start_date, *due.dates))
    days = [counted_days(day_count, a, b, anchor_day=due.anchor_day) for a, b in periods]
    principal_of = _principal_rule(terms, day_count, days)
    rows: list[Instalment] = []
    balance_fen = terms.principal_fen
    for number, (due_date, counted) in enumerate(zip(due.dates, days, strict=True), start=1):
        interest_fen = interest_on(balance_fen * counted, annual_rate=terms.annual_rate, day_count=day_count)
        is_last = number == len(days)
        principal_fen = balance_fen if is_last else min(principal_of(interest_fen), balance_fen)
        balance_fen -= principal_fen
        rows.append(Instalment(number, due_date, principal_fen, interest_fen, balance_fen))
        if balance_fen == 0:
            break
    return tuple(rows)


def _principal_rule(terms: ScheduleTerms, day_count: DayCount, days: list[int]) -> PrincipalRule:
    """Return what falls due in every row but the last."""
    if terms.method == RepaymentMethod.EQUAL_INSTALMENT:
        return _equal_instalment(terms, day_count, days)
    if terms.method == RepaymentMethod.EQUAL_PRINCIPAL:
        share_fen = divide_half_up(terms.principal_fen, len(days))
        return lambda _interest_fen: share_fen
    return lambda _interest_fen: 0


def _equal_instalment(terms: ScheduleTerms, day_count: DayCount, days: list[int]) -> PrincipalRule:
    instalment_fen = constant_instalment_fen(
        principal_fen=terms.principal_fen,
        annual_rate=terms.annual_rate,
        day_count=day_count,
        days=days,
        multiple_fen=terms.instalment_multiple_fen or 1,
    )
    if terms.instalment_multiple_fen is not None and instalment_fen == 0:
        raise InstalmentTooSmallError("instalment_multiple_fen", "每期金额取整后为零", "请用更小的取整单位")

    def principal_of(interest_fen: int) -> int:
        if interest_fen > instalment_fen:
            raise _too_small(terms, instalment_fen, interest_fen)
        return instalment_fen - interest_fen

    return principal_of


def _too_small(terms: ScheduleTerms, instalment_fen: int, interest_fen: int) -> InstalmentTooSmallError:
    detail = f"每期金额 {fen_to_yuan(instalment_fen)} 元不足以支付当期利息 {fen_to_yuan(interest_fen)} 元"
    if terms.instalment_multiple_fen is not None:
        return InstalmentTooSmallError("instalment_multiple_fen", detail, "请用更小的取整单位")
    if terms.first_due_date is not None:
        return InstalmentTooSmallError("first_due_date", detail, "请提前首次还款日，或缩短期限")
    return InstalmentTooSmallError("periods", detail, "请缩短期限，或改用其他还款方式")
