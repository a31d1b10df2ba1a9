"""What holds for every schedule, whatever its terms, against exact fractions computed another way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.money import MAX_FEN, yuan_to_fen
from lending.loans.day_count import DayCount, counted_days
from lending.loans.errors import InstalmentTooSmallError
from lending.loans.schedule import build_schedule
from lending.loans.terms import RepaymentMethod, Schedule, ScheduleTerms

METHODS = ["equal_instalment", "equal_principal", "interest_only", "bullet"]


def terms_of(yuan: str, rate: str, method: str, periods: int, start: str, day_count: str, **more: Any) -> ScheduleTerms:
    """Make terms from readable values."""
    return ScheduleTerms(
        principal_fen=yuan_to_fen(yuan),
        annual_rate=Decimal(rate),
        method=method,
        periods=periods,
        start_date=date.fromisoformat(start),
        day_count=day_count,
        **more,
    )


def first_due(start: date, gap: int | None) -> date | None:
    """Return a date so many days after the start."""
    return None if gap is None else date.fromordinal(start.toordinal() + gap)


all_terms = (
    st.builds(
        lambda gap, **fields: ScheduleTerms(first_due_date=first_due(fields["start_date"], gap), **fields),
        principal_fen=st.one_of(st.integers(1, 2_000), st.integers(1, 10**8), st.integers(1, MAX_FEN)),
        annual_rate=st.integers(0, 360_000).map(lambda units: Decimal(units).scaleb(-4)),
        method=st.sampled_from(METHODS),
        periods=st.one_of(st.integers(1, 36), st.sampled_from([60, 120, 360])),
        start_date=st.dates(date(2000, 1, 1), date(2100, 12, 31)),
        day_count=st.sampled_from(list(DayCount)),
        gap=st.none() | st.integers(1, 90),
    )
    | st.builds(
        ScheduleTerms,
        principal_fen=st.integers(1, 10**8),
        annual_rate=st.integers(0, 240_000).map(lambda units: Decimal(units).scaleb(-4)),
        method=st.sampled_from(METHODS),
        periods=st.integers(1, 36),
        start_date=st.dates(date(2000, 1, 1), date(2100, 12, 31)),
        day_count=st.sampled_from(list(DayCount)),
        due_day=st.integers(1, 31),
    )
    | st.builds(
        ScheduleTerms,
        principal_fen=st.integers(1, 10**8),
        annual_rate=st.integers(0, 240_000).map(lambda units: Decimal(units).scaleb(-4)),
        method=st.just("equal_instalment"),
        periods=st.integers(1, 60),
        start_date=st.dates(date(2000, 1, 1), date(2100, 12, 31)),
        day_count=st.sampled_from(list(DayCount)),
        instalment_multiple_fen=st.sampled_from([1, 10, 100, 1_000, 10_000, 33]),
    )
)


def days_of(terms: ScheduleTerms) -> list[int]:
    """Return the counted days of each period."""
    due = terms.due_dates()
    return [
        counted_days(DayCount(terms.day_count), a, b, anchor_day=due.anchor_day)
        for a, b in pairwise((terms.start_date, *due.dates))
    ]


def half_up(exact: Fraction) -> int:
    """Round by the rule, in a way of its own."""
    return floor(exact + Fraction(1, 2))


class TestEverySchedule:
    @given(all_terms)
    @example(terms_of("0.01", "36", "equal_instalment", 360, "2024-01-31", "act/360"))
    @example(terms_of("0.07", "6", "equal_principal", 12, "2024-01-31", "30/360"))
    @example(terms_of("2.00", "0", "equal_instalment", 360, "2024-01-31", "30/360"))
    @example(terms_of("9999999999999.99", "36", "equal_instalment", 60, "2024-01-31", "act/365"))
    def test_adds_up_to_the_loan_and_is_never_negative(self, terms: ScheduleTerms) -> None:
        try:
            schedule = build_schedule(terms)
        except InstalmentTooSmallError:
            assert _interest_outgrows_the_instalment(terms)
            return
        rows = schedule.instalments
        assert sum(row.principal_fen for row in rows) == terms.principal_fen
        assert rows[-1].balance_fen == 0
        assert all(row.balance_fen > 0 for row in rows[:-1])
        assert all(row.principal_fen >= 0 and row.interest_fen >= 0 for row in rows)
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))
        assert tuple(row.due_date for row in rows) == terms.due_dates().dates[: len(rows)]
        assert schedule.total_interest_fen == sum(row.interest_fen for row in rows)

    @given(all_terms)
    def test_each_interest_is_exact_and_rounded_once(self, terms: ScheduleTerms) -> None:
        schedule = _schedule_or_skip(terms)
        balance = terms.principal_fen
        base = DayCount(terms.day_count).base
        for row, days in zip(schedule.instalments, days_of(terms), strict=False):
            assert row.interest_fen == half_up(balance * Fraction(terms.annual_rate) / 100 * days / base)
            balance -= row.principal_fen
            assert row.balance_fen == balance

    @given(all_terms)
    def test_the_rows_before_the_last_follow_their_method(self, terms: ScheduleTerms) -> None:
        rows = _schedule_or_skip(terms).instalments[:-1]
        due = {
            RepaymentMethod.EQUAL_INSTALMENT: {row.total_fen for row in rows},
            RepaymentMethod.EQUAL_PRINCIPAL: {row.principal_fen for row in rows},
        }.get(RepaymentMethod(terms.method), {row.principal_fen for row in rows} | {0})
        assert len(due) <= 1

    @given(all_terms.filter(lambda terms: terms.method == "equal_instalment" and terms.periods <= 36))
    def test_the_constant_instalment_would_clear_the_loan_exactly(self, terms: ScheduleTerms) -> None:
        rows = _schedule_or_skip(terms).instalments
        assume(len(rows) > 1)
        assert rows[0].total_fen == _rounded_instalment(terms)

    @given(all_terms.filter(lambda terms: terms.method != "equal_instalment"), st.integers(1, 10_000))
    def test_a_higher_rate_never_costs_less(self, terms: ScheduleTerms, more: int) -> None:
        dearer = ScheduleTerms(
            principal_fen=terms.principal_fen,
            annual_rate=terms.annual_rate + Decimal(more).scaleb(-4),
            method=terms.method,
            periods=terms.periods,
            start_date=terms.start_date,
            day_count=terms.day_count,
            first_due_date=terms.first_due_date,
            due_day=terms.due_day,
        )
        here, there = build_schedule(terms), build_schedule(dearer)
        assert here.total_interest_fen <= there.total_interest_fen
        assert here.all_in_annual_rate <= there.all_in_annual_rate

    @given(all_terms)
    def test_without_interest_the_customer_pays_back_what_was_lent(self, terms: ScheduleTerms) -> None:
        free = ScheduleTerms(
            principal_fen=terms.principal_fen,
            annual_rate=Decimal(0),
            method=terms.method,
            periods=terms.periods,
            start_date=terms.start_date,
            day_count=terms.day_count,
            first_due_date=terms.first_due_date,
            due_day=terms.due_day,
        )
        schedule = build_schedule(free)
        assert schedule.total_fen == terms.principal_fen
        assert schedule.all_in_annual_rate == 0

    @pytest.mark.parametrize("method", METHODS)
    def test_one_fen_is_a_loan(self, method: str) -> None:
        schedule = build_schedule(terms_of("0.01", "6", method, 12, "2024-01-15", "30/360"))
        assert schedule.instalments[-1].principal_fen == 1
        assert schedule.total_interest_fen == 0
        assert schedule.all_in_annual_rate == Decimal("6.0833" if method == "bullet" else "6.0000")

    @pytest.mark.parametrize("method", METHODS)
    def test_the_same_terms_give_the_same_schedule(self, method: str) -> None:
        terms = terms_of("12345.67", "7.2345", method, 24, "2024-01-31", "act/360", due_day=21)
        assert build_schedule(terms) == build_schedule(terms)


def _schedule_or_skip(terms: ScheduleTerms) -> Schedule:
    try:
        return build_schedule(terms)
    except InstalmentTooSmallError:
        assume(False)
        raise


def _exact_instalment(terms: ScheduleTerms) -> Fraction:
    """Return the payment whose present value over the exact period fractions is the loan: P / Σ 1/∏(1+fᵢ)."""
    base = DayCount(terms.day_count).base
    discount, worth = Fraction(1), Fraction(0)
    for days in days_of(terms):
        discount /= 1 + Fraction(terms.annual_rate) / 100 * days / base
        worth += discount
    return terms.principal_fen / worth


def _rounded_instalment(terms: ScheduleTerms) -> int:
    multiple = terms.instalment_multiple_fen or 1
    return half_up(_exact_instalment(terms) / multiple) * multiple


def _interest_outgrows_the_instalment(terms: ScheduleTerms) -> bool:
    """Walk the rows in a way of its own; an instalment that a multiple rounds to nothing covers nothing."""
    instalment = _rounded_instalment(terms)
    if instalment == 0 and terms.instalment_multiple_fen is not None:
        return True
    base = DayCount(terms.day_count).base
    balance = terms.principal_fen
    for days in days_of(terms)[:-1]:
        interest = half_up(balance * Fraction(terms.annual_rate) / 100 * days / base)
        if interest > instalment:
            return True
        balance -= instalment - interest
    return False
