"""The tables of the lending room."""

from __future__ import annotations

from lending.models.application import Application, BureauReport, GovernmentData
from lending.models.credit_line import CreditLine
from lending.models.decision import Decision, DecisionModelText
from lending.models.product import Invitation, Product, ProductVersion, RelatedParty

__all__ = [
    "Application",
    "BureauReport",
    "CreditLine",
    "Decision",
    "DecisionModelText",
    "GovernmentData",
    "Invitation",
    "Product",
    "ProductVersion",
    "RelatedParty",
]
