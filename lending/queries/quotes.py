"""Quote a loan: the schedule that a product would give, with its whole cost (LN-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from core.clock import business_date
from core.errors import InvalidRequest
from lending.loan_terms import version_terms
from lending.loans.errors import TermsError
from lending.loans.schedule import build_schedule
from lending.loans.terms import Schedule
from lending.models import ProductVersion
from lending.offering import policy_of
from lending.queries.products import price_today
from lending.queries.terms import TermsNotOffered, check_amount, check_cost, check_terms

ON_THE_WIRE: Final = {"principal_fen": "amount", "periods": "term", "start_date": "start"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A schedule and the annual rate (per cent) that it was made with."""

    schedule: Schedule
    annual_rate: Decimal


def quote(
    version: ProductVersion,
    *,
    amount_fen: int,
    term_months: int,
    method: str,
    start_date: date | None = None,
    annual_rate: Decimal | None = None,
) -> Quote:
    """Return the schedule of a loan on a product's terms; without a rate, at the highest that it may ask today.

    Raises:
        AmountOutOfRange, TermsNotOffered: see there.
        InvalidRequest: no schedule can be made of the values.
        LprUnknown: no LPR is on record.
    """
    check_amount(version, amount_fen)
    check_terms(version, term_months=term_months, method=method)
    rate = price_today(version).highest_rate if annual_rate is None else annual_rate
    policy = policy_of(version)
    if not policy.floor_rate <= rate <= policy.effective_ceiling_rate:
        raise TermsNotOffered(
            errors={"annual_rate": [f"年利率须在 {policy.floor_rate}% 至 {policy.effective_ceiling_rate}% 之间"]}
        )
    try:
        terms = version_terms(
            version, annual_rate=rate, amount_fen=amount_fen, term_months=term_months, method=method,
            start_date=start_date or business_date(),
        )  # fmt: skip
        schedule = build_schedule(terms)
    except TermsError as error:
        field = ON_THE_WIRE.get(error.field, error.field)
        raise InvalidRequest(errors={field: [f"{error.detail}，{error.next_step}"]}) from error
    check_cost(schedule.all_in_annual_rate)
    return Quote(schedule=schedule, annual_rate=terms.annual_rate)
