"""What a bank's staff see of this room."""

from __future__ import annotations

from lending.admin.applications import ApplicationPage, BureauReportPage, DecisionPage
from lending.admin.drawdowns import BankCertificatePage, ContractPage, DrawdownPage
from lending.admin.lines import CreditLinePage
from lending.admin.loans import LoanPage, RepaymentPage
from lending.admin.products import ProductPage, ProductVersionPage
from lending.admin.registers import InvitationPage, RelatedPartyPage
from lending.models import (
    Application,
    BankCertificate,
    BureauReport,
    Contract,
    CreditLine,
    Decision,
    Drawdown,
    Invitation,
    Loan,
    Product,
    ProductVersion,
    RelatedParty,
    Repayment,
)

bank_pages = [
    (Product, ProductPage),
    (ProductVersion, ProductVersionPage),
    (Application, ApplicationPage),
    (Decision, DecisionPage),
    (CreditLine, CreditLinePage),
    (Drawdown, DrawdownPage),
    (Contract, ContractPage),
    (Loan, LoanPage),
    (Repayment, RepaymentPage),
    (Invitation, InvitationPage),
    (RelatedParty, RelatedPartyPage),
    (BureauReport, BureauReportPage),
    (BankCertificate, BankCertificatePage),
]
