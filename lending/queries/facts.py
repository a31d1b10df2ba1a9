"""Collect what is known of an application, as decisions read it (A4, order of step 2)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from accounts import queries as accounts
from core.clock import business_date
from core.errors import StateConflict
from core.money import yuan_to_fen
from lending.decision.facts import EarlyFacts, FullFacts
from lending.decision.regions import Employer, RegionClaims, RegionTie, Residence, service_region_evidence
from lending.models import Application, BureauReport, GovernmentData, ProductVersion
from lending.offering import lpr_for, regions_served
from lending.queries.applications import existing_credit_fen
from lending.queries.products import invitation_of, is_related_party
from lending.sources import bureau_facts, government_facts
from tenants.queries import lpr_on
from verification import queries as verified
from verification.queries import Identity

STUDENT_WORDS: Final = ("学生", "在读", "研究生", "博士生", "大学在校")
REGION_DIGITS: Final = 6


def early_facts(application: Application) -> EarlyFacts:
    """Collect what the rules look at that need no bureau, on the current business date.

    Raises:
        StateConflict: the customer is not known.
    """
    identity = _identity(application.customer_id)
    version, today = application.product_version, business_date()
    tie = _tie(version, identity, application.facts, today)
    return EarlyFacts(
        on_date=today,
        birth_date=identity.birth_date,
        id_valid_until_date=identity.valid_until,
        invited=invitation_of(product_id=version.product_id, id_number=identity.id_number) is not None,
        region_evidence=None if tie is None else f"{tie.kind}:{tie.region_code}",
        student=_says_student(accounts.customer(application.customer_id).occupation),
        related_party=is_related_party(application.customer_id),
    )


def full_facts(application: Application) -> FullFacts:
    """Collect everything that a full decision looks at. A report that was asked for another application is never read.

    Raises:
        StateConflict: the customer is not known.
        LprUnknown: no LPR is on record for the business date.
    """
    identity, version = _identity(application.customer_id), application.product_version
    invitation = invitation_of(product_id=version.product_id, id_number=identity.id_number)
    report = BureauReport.objects.filter(application=application, answered_at__isnull=False).first()
    data = GovernmentData.objects.filter(application=application, content__isnull=False).first()
    lpr = lpr_for(version, lpr_on(business_date()))
    return FullFacts(
        early=early_facts(application),
        declared_monthly_income_fen=_declared_income_fen(application.facts),
        existing_credit_fen=existing_credit_fen(application.customer_id, kind=version.kind),
        invited_limit_fen=None if invitation is None else invitation.limit_fen,
        bureau=None if report is None or report.content is None else bureau_facts(report.content),
        government=None if data is None or data.content is None else government_facts(data.content),
        lpr_rate=lpr.rate,
        lpr_date=lpr.published_date,
        manual_review=application.needs_review,
    )


def _identity(customer_id: uuid.UUID) -> Identity:
    identity = verified.identity(customer_id)
    if identity is None:
        raise StateConflict("请先完成注册")
    return identity


def _tie(version: ProductVersion, identity: Identity, facts: Mapping[str, Any], today: date) -> RegionTie | None:
    """Find what ties the applicant to the service region (LN-04): the ID number, or a stated tie with evidence."""
    residence, employer = facts.get("residence"), facts.get("employer")
    claims = RegionClaims(
        id_address_code=identity.id_number[:REGION_DIGITS],
        residence=residence
        and Residence(
            region_code=residence["region_code"],
            since_date=date.fromisoformat(residence["since"]),
            evidence=residence.get("evidence"),
        ),
        employer=employer
        and Employer(name=employer["name"], region_code=employer["region_code"], evidence=employer.get("evidence")),
    )
    return service_region_evidence(regions_served(version), claims, on_date=today)


def _says_student(occupation: str) -> bool:
    return any(word in occupation for word in STUDENT_WORDS)


def _declared_income_fen(facts: Mapping[str, Any]) -> int | None:
    income = facts.get("income")
    return None if income is None else yuan_to_fen(income["monthly"])
