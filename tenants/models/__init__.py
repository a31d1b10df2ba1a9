"""The tables of the tenants room."""

from __future__ import annotations

from tenants.models.bank import Bank, SchemaTemplate
from tenants.models.entry import CampaignCost, Entry, Scan
from tenants.models.parameter import BankParameter, PlatformParameter
from tenants.models.province import BankDossier, EvidenceHeadCopy, Holiday, LprQuote, PushedFigure
from tenants.models.staff import StaffAccess
from tenants.models.support import SupportSession
from tenants.models.switch import Switch
from tenants.models.template import ProductTemplate

__all__ = [
    "Bank",
    "BankDossier",
    "BankParameter",
    "CampaignCost",
    "Entry",
    "EvidenceHeadCopy",
    "Holiday",
    "LprQuote",
    "PlatformParameter",
    "ProductTemplate",
    "PushedFigure",
    "Scan",
    "SchemaTemplate",
    "StaffAccess",
    "SupportSession",
    "Switch",
]
