"""Credit bureau and government data in our words; total, garbage is an unknown outcome."""

from __future__ import annotations

from core.gateway import Answer, garbage
from core.money import MoneyFormatError, yuan_to_fen
from lending.providers.bureau import BureauReport
from lending.providers.government import (
    GovernmentData,
    GovernmentItem,
    Household,
    HousingFund,
    SocialSecurity,
    Student,
    Tax,
)

_MOST_MONTHS = 24


def _fen(answer: Answer, name: str) -> int:
    """Read an amount that travels in yuan and is not negative."""
    try:
        fen = yuan_to_fen(answer.text(name))
    except MoneyFormatError:
        raise garbage(answer.vendor, answer.operation, name) from None
    if fen < 0:
        raise garbage(answer.vendor, answer.operation, name)
    return fen


def report(answer: Answer) -> BureauReport:
    """Read the bureau's report."""
    utilisation = answer.decimal("card_utilisation")
    if utilisation < 0:
        raise garbage(answer.vendor, answer.operation, "card_utilisation")
    return BureauReport(
        report_id=answer.text("report_id"),
        found=answer.flag("found"),
        queried_at=answer.moment("queried_at"),
        overdue_now=answer.integer("overdue_now"),
        overdue_12m=answer.integer("overdue_12m"),
        max_consecutive_24m=answer.integer("max_consecutive_24m"),
        total_overdue_24m=answer.integer("total_overdue_24m"),
        queries_3m=answer.integer("queries_3m"),
        lenders=answer.integer("lenders"),
        monthly_debt_payment_fen=_fen(answer, "monthly_debt_payment"),
        card_utilisation=utilisation,
        history_months=answer.integer("history_months"),
        score=answer.optional_integer("score"),
    )


def government_data(answer: Answer, *, asked: frozenset[GovernmentItem]) -> GovernmentData:
    """Read the items that were asked for; an answer that leaves one out is garbage, null means no record."""
    items = answer.part("items")
    if any(item.value not in items for item in asked):
        raise garbage(answer.vendor, answer.operation, "items")
    social, fund, tax = (items.optional_part(name) for name in ("social_security", "housing_fund", "tax"))
    household, student = (items.optional_part(name) for name in ("household", "student"))
    return GovernmentData(
        asked=asked,
        social_security=_social_security(social) if social else None,
        housing_fund=_housing_fund(fund) if fund else None,
        tax=Tax(annual_income_fen=_fen(tax, "annual_income"), tax_paid_fen=_fen(tax, "tax_paid")) if tax else None,
        household=Household(region_code=household.text("region_code")) if household else None,
        student=Student(enrolled=student.flag("enrolled")) if student else None,
    )


def _months(answer: Answer) -> int:
    months = answer.integer("months_paid_24m")
    if months > _MOST_MONTHS:
        raise garbage(answer.vendor, answer.operation, "months_paid_24m")
    return months


def _social_security(answer: Answer) -> SocialSecurity:
    return SocialSecurity(
        months_paid_24m=_months(answer),
        monthly_base_fen=_fen(answer, "monthly_base"),
        employer_name=answer.text("employer_name"),
        region_code=answer.text("region_code"),
    )


def _housing_fund(answer: Answer) -> HousingFund:
    return HousingFund(
        months_paid_24m=_months(answer),
        monthly_base_fen=_fen(answer, "monthly_base"),
        monthly_deposit_fen=_fen(answer, "monthly_deposit"),
        employer_name=answer.text("employer_name"),
        region_code=answer.text("region_code"),
    )
