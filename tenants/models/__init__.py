"""The tables of the tenants room."""

from __future__ import annotations

from tenants.models.bank import Bank, SchemaTemplate
from tenants.models.entry import Entry, Scan
from tenants.models.parameter import BankParameter, PlatformParameter
from tenants.models.province import EvidenceHeadCopy, Holiday, LprQuote, PushedFigure
from tenants.models.staff import StaffAccess

__all__ = [
    "Bank",
    "BankParameter",
    "Entry",
    "EvidenceHeadCopy",
    "Holiday",
    "LprQuote",
    "PlatformParameter",
    "PushedFigure",
    "Scan",
    "SchemaTemplate",
    "StaffAccess",
]
