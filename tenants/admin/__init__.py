"""What staff see of this room: entries, parameters and logins at a bank; banks, rules and sums at the province."""

from __future__ import annotations

from django.contrib.auth.models import Group, User

from tenants.admin.banks import BankPage
from tenants.admin.calendar import HolidayPage
from tenants.admin.campaigns import CampaignCostPage
from tenants.admin.dossiers import BankDossierPage
from tenants.admin.entries import EntryPage, ScanPage
from tenants.admin.figures import EvidenceHeadPage, FigurePage
from tenants.admin.lpr import LprPage
from tenants.admin.parameters import BankParameterPage, PlatformParameterPage
from tenants.admin.staff import GroupPage, UserPage
from tenants.admin.support import SupportSessionPage
from tenants.admin.switches import SwitchPage
from tenants.admin.templates import ProductTemplatePage
from tenants.models import (
    Bank,
    BankDossier,
    BankParameter,
    CampaignCost,
    Entry,
    EvidenceHeadCopy,
    Holiday,
    LprQuote,
    PlatformParameter,
    ProductTemplate,
    PushedFigure,
    Scan,
    SupportSession,
    Switch,
)

bank_pages = [
    (Entry, EntryPage),
    (Scan, ScanPage),
    (CampaignCost, CampaignCostPage),
    (BankParameter, BankParameterPage),
    (SupportSession, SupportSessionPage),
    (User, UserPage),
    (Group, GroupPage),
]
province_pages = [
    (Bank, BankPage),
    (Switch, SwitchPage),
    (PushedFigure, FigurePage),
    (EvidenceHeadCopy, EvidenceHeadPage),
    (BankDossier, BankDossierPage),
    (PlatformParameter, PlatformParameterPage),
    (ProductTemplate, ProductTemplatePage),
    (LprQuote, LprPage),
    (Holiday, HolidayPage),
    (User, UserPage),
    (Group, GroupPage),
]
