"""What a bank of the audit offers: products of every sort, copied from a published version, and lines on them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

import chinese_calendar
from hypothesis import strategies as st

from core.clock import now
from core.ids import new_id
from lending.models import Application, CreditLine, ProductVersion
from tests.lending.audit.days import due_dates_of
from tests.lending.audit.loan import Contract

METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_any_day")
AT_ONCE = frozenset({"bullet", "pay_any_day"})
BY_QUARTER = frozenset({"interest_only", "pay_any_day"})
"""Whose interest a product may settle by quarter; of the others it comes with the principal (INT-06)."""
TERMS = (1, 3, 6, 12, 18, 24)
LEAST, MOST = 500_00, 200_000_00
FLOOR, CEILING = Fraction("0.04"), Fraction("0.16")
LPR = (
    (date(2023, 8, 21), "3.45", "4.20"),
    (date(2024, 2, 20), "3.45", "3.95"),
    (date(2024, 7, 22), "3.35", "3.85"),
    (date(2024, 10, 21), "3.10", "3.60"),
    (date(2025, 5, 20), "3.00", "3.50"),
)
"""The loan prime rate as domain C3 lists it: published, one year, over five years; per cent."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a product's version says of its loans, by the names of its columns."""

    day_count: str
    due_day: int | None
    first_period_min_days: int
    holiday_rule: str
    overdue_markup_percent: int
    misuse_markup_percent: int
    compound_penalty: bool
    compound_on_penalty: bool
    grace_days: int
    min_days: int
    early_repayment_fee_percent: str
    prepayment_keeps: str
    repricing: str
    settlement: str = "monthly"


def all_terms() -> st.SearchStrategy[Terms]:
    """Draw what a product says."""
    return st.builds(
        Terms,
        day_count=st.sampled_from(["30/360", "act/360", "act/365"]),
        due_day=st.none() | st.integers(1, 28),
        first_period_min_days=st.sampled_from([0, 15]),
        holiday_rule=st.sampled_from(["not_shifted", "next_working_day"]),
        overdue_markup_percent=st.sampled_from([30, 50]),
        misuse_markup_percent=st.sampled_from([50, 100]),
        compound_penalty=st.booleans(),
        compound_on_penalty=st.booleans(),
        grace_days=st.integers(0, 3),
        min_days=st.integers(0, 1),
        early_repayment_fee_percent=st.sampled_from(["0", "1.25"]),
        prepayment_keeps=st.sampled_from(["term", "instalment"]),
        repricing=st.sampled_from(["fixed", "every_january", "anniversary"]),
        settlement=st.sampled_from(["monthly", "quarterly"]),
    )


def lpr_on(day: date) -> Fraction:
    """Return the one-year rate published last on or before a day (INT-01)."""
    return [Fraction(rate) / 100 for published, rate, _ in LPR if published <= day][-1]


def price_on(day: date, spread: Fraction) -> Fraction:
    """Return the price of a day: the loan prime rate and the spread, within the product's floor and ceiling (INT-01)."""
    return max(FLOOR, min(CEILING, lpr_on(day) + spread))


@cache
def _rests(day: date) -> bool:
    published = max(chinese_calendar.constants.holidays).year
    return not chinese_calendar.is_workday(day) if day.year <= published else day.weekday() >= 5


@cache
def holidays_from(start: date, months: int) -> frozenset[date]:
    """Return the days of a loan's life on which banks do not work; of a year not published yet, the weekends."""
    return frozenset(day for n in range(31 * months + 100) if _rests(day := start + timedelta(days=n)))


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line in the audit: whose it is and what its loans cost."""

    id: uuid.UUID
    customer_id: uuid.UUID
    product: str
    limit: int
    valid_until: date
    terms: Terms
    spread: Fraction

    def is_by_quarter(self, method: str) -> bool:
        """Tell whether the interest of a loan that is repaid in a way is settled by quarter."""
        return self.terms.settlement == "quarterly" and method in BY_QUARTER

    def new_price(self, *, start: date, day: date) -> Fraction:
        """Return the price of a later day of a loan, by the spread that its contract states."""
        return price_on(day, price_on(start, self.spread) - lpr_on(start))

    def contract(self, *, amount: int, months: int, method: str, start: date) -> Contract:
        """Say what a loan is by its product's terms."""
        terms, is_shifted = self.terms, self.terms.holiday_rule == "next_working_day"
        dates, anchor = due_dates_of(
            start, months, due_day=terms.due_day, first_period_min_days=terms.first_period_min_days,
            one_row=method in AT_ONCE, by_quarter=self.is_by_quarter(method),
            holidays=holidays_from(start, months) if is_shifted else (),
        )  # fmt: skip
        months_as_thirty = terms.day_count == "30/360"
        return Contract(
            principal=amount, rate=price_on(start, self.spread), method=method, start=start, due_dates=dates, anchor=anchor,
            day_count="act/360" if months_as_thirty and method == "pay_any_day" else terms.day_count,
            markup=Fraction(terms.overdue_markup_percent, 100), misuse_markup=Fraction(terms.misuse_markup_percent, 100),
            compound=terms.compound_penalty, grace=terms.grace_days, min_days=terms.min_days,
            compound_on_penalty=terms.compound_penalty and terms.compound_on_penalty,
            fee=Fraction(terms.early_repayment_fee_percent) / 100,
        )  # fmt: skip


def ask_for_a_line(customer_id: uuid.UUID, version: ProductVersion, start: date) -> Application:
    """Apply for a line, and accept what is offered."""
    return Application.objects.create(
        customer_id=customer_id, product_version=version, purpose="consumption", facts={}, status="accepted",
        offer_expires_date=start + timedelta(days=30), credit_query_consent_id=new_id(), data_query_consent_id=new_id(),
    )  # fmt: skip


def open_line(
    customer_id: uuid.UUID, like: ProductVersion, terms: Terms, *, limit: int, start: date, bp: int,
    asked: Application | None = None,
) -> Line:  # fmt: skip
    """Publish a version like another one with terms of its own, and grant a line on it, for an application or a new one."""
    version = ProductVersion.objects.get(pk=like.pk)
    number = ProductVersion.objects.filter(product_id=like.product_id).count() + 1
    for name, value in {**asdict(terms), "methods": list(METHODS), "terms_months": list(TERMS)}.items():
        setattr(version, name, value)
    version.pk, version.number, version.published_at = new_id(), number, now()
    version.min_amount_fen, version.max_amount_fen, version.line_term_months = LEAST, MOST, 12
    version.floor_rate, version.ceiling_rate = Decimal(4), Decimal(16)
    version.save(force_insert=True)
    application = asked or ask_for_a_line(customer_id, version, start)
    spread = Fraction(bp, 10_000)
    rate = lpr_on(start) + spread
    row = CreditLine.objects.create(
        customer_id=customer_id, application=application, product_id=version.product_id, product_version=version,
        kind=version.kind, limit_fen=limit, annual_rate=Decimal(int(rate * 1_000_000)).scaleb(-4),
        lpr_rate=Decimal(int(lpr_on(start) * 1_000_000)).scaleb(-4), lpr_tenor="1Y", lpr_date=LPR[0][0], spread_bp=bp,
        starts_date=start, valid_until_date=start + timedelta(days=600), reviewed_date=start + timedelta(days=3650),
    )  # fmt: skip
    return Line(
        id=row.pk, customer_id=customer_id, product=version.product.code, limit=limit,
        valid_until=row.valid_until_date, terms=terms, spread=spread,
    )  # fmt: skip


def like_of(codes: Sequence[str]) -> list[ProductVersion]:
    """Return the versions in force of products."""
    rows = ProductVersion.objects.filter(published_at__isnull=False).order_by("-number")
    return [rows.filter(product__code=code)[0] for code in codes]
