"""Applicants for the tests: one who is granted at once, and everything that can be different about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lending.decision.facts import BureauFacts, ContributionFacts, EarlyFacts, FullFacts, GovernmentFacts
from lending.decision.policy import PolicyFields

TODAY: Final = date(2026, 11, 20)

EARLY: Final = EarlyFacts(
    on_date=TODAY,
    birth_date=date(1990, 3, 4),
    id_valid_until_date=date(2036, 5, 6),
    invited=False,
    region_evidence="id_address",
    student=False,
    related_party=False,
)

BUREAU: Final = BureauFacts(
    found=True,
    queries_3m=1,
    lenders=1,
    monthly_debt_payment_fen=1_000_00,
    card_utilisation=Decimal("0.35"),
    history_months=60,
    score=700,
)

GOVERNMENT: Final = GovernmentFacts(
    social_security=ContributionFacts(months_paid_24m=24, monthly_base_fen=10_000_00),
    housing_fund=None,
    tax=None,
    student_enrolled=False,
)

FULL: Final = FullFacts(
    early=EARLY,
    declared_monthly_income_fen=8_000_00,
    existing_credit_fen=0,
    invited_limit_fen=None,
    bureau=BUREAU,
    government=GOVERNMENT,
    lpr_rate=Decimal("3.00"),
    lpr_date=date(2025, 5, 20),
)


def early(**changes: Any) -> EarlyFacts:
    return replace(EARLY, **changes)


def full(**changes: Any) -> FullFacts:
    """Change the facts; a name of the bureau's or the early facts changes those."""
    own = {name: value for name, value in changes.items() if hasattr(FULL, name)}
    of_bureau = {name: value for name, value in changes.items() if name not in own and hasattr(BUREAU, name)}
    of_early = {name: value for name, value in changes.items() if name not in own and hasattr(EARLY, name)}
    if of_bureau:
        own["bureau"] = replace(BUREAU, **of_bureau)
    if of_early:
        own["early"] = replace(EARLY, **of_early)
    return replace(FULL, **own)


def government(**changes: Any) -> GovernmentFacts:
    return replace(GOVERNMENT, **changes)


def paid(months: int, base_fen: int = 10_000_00) -> ContributionFacts:
    return ContributionFacts(months_paid_24m=months, monthly_base_fen=base_fen)


def policy(**changes: Any) -> PolicyFields:
    return PolicyFields(**changes)
