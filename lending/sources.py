"""What bureau and government answered: as it is kept, and as decisions read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from core.money import divide_half_up
from lending.decision.facts import BureauFacts, ContributionFacts, GovernmentFacts
from lending.providers.bureau import BureauReport
from lending.providers.government import GovernmentData

MONTHS_OF_A_YEAR: Final = 12
COUNTS: Final = (
    "overdue_now",
    "overdue_12m",
    "max_consecutive_24m",
    "total_overdue_24m",
    "queries_3m",
    "lenders",
    "monthly_debt_payment_fen",
    "history_months",
)


def bureau_content(report: BureauReport) -> dict[str, Any]:
    """Return a report as it is kept: JSON without floats."""
    return {name: _plain(value) for name, value in asdict(report).items()}


def government_content(data: GovernmentData) -> dict[str, Any]:
    """Return government data as they are kept: JSON without floats."""
    content = {name: value for name, value in asdict(data).items() if name != "asked"}
    return {"asked": sorted(item.value for item in data.asked), **content}


def canonical(content: Mapping[str, Any]) -> bytes:
    """Return kept content as canonical JSON: what its hash is made of."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def bureau_facts(content: Mapping[str, Any]) -> BureauFacts:
    """Return what decisions read of a kept report; somebody without a record has nothing to be read."""
    if not content["found"]:
        return BureauFacts(found=False)
    return BureauFacts(
        found=True,
        **{name: content[name] for name in COUNTS},
        card_utilisation=Decimal(content["card_utilisation"]),
        score=content["score"],
    )


def government_facts(content: Mapping[str, Any]) -> GovernmentFacts:
    """Return what decisions read of kept government data. A tax assessment stands for the twelve months of its year."""
    student, tax = content["student"], content["tax"]
    return GovernmentFacts(
        social_security=_contributions(content["social_security"]),
        housing_fund=_contributions(content["housing_fund"]),
        tax=None
        if tax is None
        else ContributionFacts(
            months_paid_24m=MONTHS_OF_A_YEAR,
            monthly_base_fen=divide_half_up(tax["annual_income_fen"], MONTHS_OF_A_YEAR),
        ),
        student_enrolled=None if student is None else student["enrolled"],
    )


def _contributions(item: Mapping[str, Any] | None) -> ContributionFacts | None:
    if item is None:
        return None
    return ContributionFacts(months_paid_24m=item["months_paid_24m"], monthly_base_fen=item["monthly_base_fen"])


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
