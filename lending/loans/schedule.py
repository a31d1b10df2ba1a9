"""Schedules by the five methods (INT-05, INT-06, INT-08).

What may be repaid any day falls due in one row at maturity, as if nothing were repaid before.
Every method walks the same rows: interest on the balance by the period's days, rounded once; principal by the
method; the last row takes the balance, so that the principal adds up to the loan to the fen.

An instalment is never negative. Where rounding (a coarse multiple, or a loan of a few fen) pays the principal
back before the last date, the schedule ends with the row that clears it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from core.money import divide_half_up, fen_to_yuan
from lending.loans.all_in_rate import all_in_rate
from lending.loans.day_count import DayCount, counted_days
from lending.loans.errors import InstalmentTooSmallError
from lending.loans.rate_history import RATE_ONE
from lending.loans.rates import RATE_UNITS_IN_ONE, rate_units
from lending.loans.terms import Instalment, RepaymentMethod, Schedule, ScheduleTerms

if TYPE_CHECKING:
    from datetime import date

PrincipalRule = Callable[[int], int]
"""From the interest of a period to the principal that falls due with it, both in fen."""


def build_schedule(terms: ScheduleTerms) -> Schedule:
    """Return the schedule of a loan, with its total interest and all-in rate.

    Raises:
        InstalmentTooSmallError: the constant instalment does not cover the interest of a period.
    """
    instalments = plan_instalments(terms)
    shown = all_in_rate(terms, instalments)
    return Schedule(
        instalments=instalments,
        total_interest_fen=sum(row.interest_fen for row in instalments),
        all_in_annual_rate=shown.annual_rate,
        all_in_basis=shown.basis,
    )


def constant_instalment_fen(*, principal_fen: int, rate_days: Sequence[int], base: int, multiple_fen: int = 1) -> int:
    """Return the instalment that repays a loan over periods of so many rate × days: A = P·∏(1+fᵢ)/F.

    fᵢ is the fraction that period i costs (its rate × counted days over `RATE_ONE` × base), F₁ = 1 and
    Fₖ = Fₖ₋₁(1+fₖ)+1. Computed exactly, over one common denominator, and rounded once, half up to the nearest multiple.
    For equal periods it is the well-known P·i(1+i)ⁿ/((1+i)ⁿ-1).
    """
    one = RATE_ONE * base
    product, annuity, scale = 1, 0, 1
    for fraction in rate_days:
        growth = one + fraction
        product *= growth
        annuity = annuity * growth + scale
        scale *= one
    return divide_half_up(principal_fen * product, one * annuity * multiple_fen) * multiple_fen


def walk(
    *,
    principal_fen: int,
    due_dates: Sequence[date],
    rate_days: Sequence[int],
    base: int,
    principal_of: PrincipalRule,
    first_number: int = 1,
    carried_fen: int = 0,
) -> tuple[Instalment, ...]:
    """Return the rows of a principal that falls due on these dates; each period costs its rate × days.

    `carried_fen` is interest of before that falls due with the first row.
    """
    rows: list[Instalment] = []
    balance_fen = principal_fen
    for place, (due_date, fraction) in enumerate(zip(due_dates, rate_days, strict=True)):
        interest_fen = divide_half_up(balance_fen * fraction, RATE_ONE * base) + (carried_fen if place == 0 else 0)
        is_last = place == len(due_dates) - 1
        principal = balance_fen if is_last else min(principal_of(interest_fen), balance_fen)
        balance_fen -= principal
        rows.append(Instalment(first_number + place, due_date, principal, interest_fen, balance_fen))
        if balance_fen == 0:
            break
    return tuple(rows)


def plan_instalments(terms: ScheduleTerms) -> tuple[Instalment, ...]:
    """Return the rows of a schedule alone, where its all-in rate was shown before.

    Raises:
        InstalmentTooSmallError: the constant instalment does not cover the interest of a period.
    """
    due = terms.due_dates()
    day_count = DayCount(terms.day_count)
    per_day = rate_units(terms.annual_rate) * RATE_UNITS_IN_ONE
    rate_days = [
        per_day * counted_days(day_count, start, end, anchor_day=due.anchor_day)
        for start, end in pairwise((terms.start_date, *due.dates))
    ]
    return walk(
        principal_fen=terms.principal_fen,
        due_dates=due.dates,
        rate_days=rate_days,
        base=day_count.base,
        principal_of=_principal_rule(terms, day_count, rate_days),
    )


def _principal_rule(terms: ScheduleTerms, day_count: DayCount, rate_days: Sequence[int]) -> PrincipalRule:
    """Return what falls due in every row but the last."""
    if terms.method == RepaymentMethod.EQUAL_INSTALMENT:
        return _equal_instalment(terms, day_count, rate_days)
    if terms.method == RepaymentMethod.EQUAL_PRINCIPAL:
        share_fen = divide_half_up(terms.principal_fen, len(rate_days))
        return lambda _interest_fen: share_fen
    return lambda _interest_fen: 0


def _equal_instalment(terms: ScheduleTerms, day_count: DayCount, rate_days: Sequence[int]) -> PrincipalRule:
    instalment_fen = constant_instalment_fen(
        principal_fen=terms.principal_fen,
        rate_days=rate_days,
        base=day_count.base,
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
