"""What government offices know of a person who agreed that they be asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class GovernmentItem(enum.StrEnum):
    """What can be asked for."""

    SOCIAL_SECURITY = "social_security"
    HOUSING_FUND = "housing_fund"
    TAX = "tax"
    HOUSEHOLD = "household"
    STUDENT = "student"


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialSecurity:
    """Contributions of an employee; months paid of the last 24."""

    months_paid_24m: int
    monthly_base_fen: int
    employer_name: str
    region_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HousingFund:
    """Contributions to the housing fund; months paid of the last 24."""

    months_paid_24m: int
    monthly_base_fen: int
    monthly_deposit_fen: int
    employer_name: str
    region_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """Last year's individual income tax on wages."""

    annual_income_fen: int
    tax_paid_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """The registered residence (户籍)."""

    region_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """Enrolment at a school or university."""

    enrolled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernmentData:
    """The items that were asked for; None where the office has no record, or was not asked (`asked`).

    PII: all of it, kept with the decision that it served.
    """

    asked: frozenset[GovernmentItem]
    social_security: SocialSecurity | None = None
    housing_fund: HousingFund | None = None
    tax: Tax | None = None
    household: Household | None = None
    student: Student | None = None


class GovernmentSource(Protocol):
    """Asks the government offices."""

    name: str

    def fetch(self, *, name: str, id_number: str, items: Collection[GovernmentItem], request_id: str) -> GovernmentData:
        """Fetch items of a person. PURE; every answer may be paid.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
