"""What a bank's staff see of this room."""

from __future__ import annotations

from lending.admin.applications import ApplicationPage, BureauReportPage, DecisionPage
from lending.admin.lines import CreditLinePage
from lending.admin.products import ProductPage, ProductVersionPage
from lending.admin.registers import InvitationPage, RelatedPartyPage
from lending.models import (
    Application,
    BureauReport,
    CreditLine,
    Decision,
    Invitation,
    Product,
    ProductVersion,
    RelatedParty,
)

bank_pages = [
    (Product, ProductPage),
    (ProductVersion, ProductVersionPage),
    (Application, ApplicationPage),
    (Decision, DecisionPage),
    (CreditLine, CreditLinePage),
    (Invitation, InvitationPage),
    (RelatedParty, RelatedPartyPage),
    (BureauReport, BureauReportPage),
]
