"""What a product version offers: its price range, its terms, its policy for decisions, what applicants must state."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from core.tenancy import current_bank
from lending import parameters
from lending.decision.facts_schema import facts_schema
from lending.decision.policy import GRADES, PolicyFields, lpr_tenor
from lending.loans.day_count import DayCount
from lending.loans.repricing import price_within
from lending.models import ProductVersion
from lending.models.policy import COLUMNS
from lending.models.product import BULLET_LIKE, LONGEST_BULLET_MONTHS
from lending.pricing import rate_of
from lending.purposes import CONSUMER
from tenants import directory
from tenants.queries import LprView

WHOLE: Final = "00"
RATE_STEP: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRange:
    """The lowest and the highest annual rate (per cent) that a customer of this product may be offered today."""

    lowest_rate: Decimal
    highest_rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LprUsed:
    """The LPR that prices a product: its tenor by its loans' terms, its rate (annual per cent) and when it was published."""

    tenor: str
    rate: Decimal
    published_date: Any


def policy_of(version: ProductVersion) -> PolicyFields:
    """Return a version's policy as decisions read it; the cap of a person is the tighter of product and law (LN-01).

    Raises:
        PolicyFieldsError: the fields are out of bounds or at odds.
    """
    values = {name: getattr(version, name) for name in COLUMNS}
    if version.kind == CONSUMER:
        values["person_cap_fen"] = min(version.person_cap_fen, parameters.consumer_cap_fen())
    return PolicyFields(**values, year_days=DayCount(version.day_count).base, term_months=version.line_term_months)


def lpr_for(version: ProductVersion, quote: LprView) -> LprUsed:
    """Choose the tenor of a quote that prices a version's loans: by the longest of them, however long the line (INT-01)."""
    tenor = lpr_tenor(max(version.terms_months, default=0))
    return LprUsed(tenor=tenor, rate=rate_of(quote, tenor), published_date=quote.published_date)


def rate_range(version: ProductVersion, quote: LprView) -> RateRange:
    """Return the prices of the grades that this version admits: LPR plus spread, within floor and ceiling."""
    policy, lpr = policy_of(version), lpr_for(version, quote)
    rates = [
        _priced(policy, lpr.rate, getattr(policy, f"grade_{grade.lower()}_spread_bp")) for grade in _admitted(policy)
    ]
    return RateRange(lowest_rate=min(rates), highest_rate=max(rates))


def _priced(policy: PolicyFields, lpr_rate: Decimal, spread_bp: int) -> Decimal:
    floor, ceiling = policy.floor_rate, policy.effective_ceiling_rate
    return price_within(lpr_rate, spread_bp, floor=floor, ceiling=ceiling).quantize(RATE_STEP)


def _admitted(policy: PolicyFields) -> list[str]:
    """Return the grades that somebody with the admission score or more can have, best first."""
    begins = [getattr(policy, f"grade_{grade.lower()}_min_score") for grade in GRADES]
    ends = [None, *begins[:-1]]
    return [grade for grade, end in zip(GRADES, ends, strict=True) if end is None or policy.min_score < end]


def offers_term(version: ProductVersion, *, term_months: int, method: str) -> bool:
    """Tell whether a loan may run so long by this method; consumer loans due at the end run a year at most."""
    if term_months not in version.terms_months or method not in version.methods:
        return False
    too_long = version.kind == CONSUMER and method in BULLET_LIKE and term_months > LONGEST_BULLET_MONTHS
    return not too_long


def regions_outside(version: ProductVersion) -> list[str]:
    """Return the regions that a version names though they lie outside the bank's licence (LN-04)."""
    licensed = licensed_regions()
    return [region for region in version.service_regions if not _plain(region).startswith(licensed)]


def regions_served(version: ProductVersion) -> list[str]:
    """Return where a version is offered: what it names and the bank's licence both hold, as prefixes (LN-04).

    Publishing lets it name nothing outside; what the province takes away later is not served from then on.
    """
    licensed, named = licensed_regions(), {_plain(region) for region in version.service_regions}
    inside = {region for region in named if region.startswith(licensed)}
    return sorted(inside | {region for region in licensed if region.startswith(tuple(named))})


def licensed_regions() -> tuple[str, ...]:
    """Return the prefixes of GB/T 2260 codes where the current bank may lend, as the province has set them."""
    card = directory.card_of(current_bank().code)
    return () if card is None else tuple(_plain(region) for region in card.lends_in)


def _plain(region: str) -> str:
    """Drop the pairs of zeros that stand for a whole city or province."""
    while region.endswith(WHOLE) and len(region) > len(WHOLE):
        region = region.removesuffix(WHOLE)
    return region


def facts_schema_of(version: ProductVersion) -> dict[str, Any]:
    """Return the JSON Schema of what applicants for this version state."""
    return facts_schema(required=version.required_facts)
