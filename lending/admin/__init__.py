"""What a bank's staff see of this room."""

from __future__ import annotations

from lending.admin.applications import ApplicationPage, BureauReportPage, DecisionPage
from lending.admin.back_tests import BackTestPage
from lending.admin.bureau import BureauExportPage, BureauObjectionPage, BureauRecordPage, CreditNoticePage
from lending.admin.closing import AutoDebitPage, DayEndPage
from lending.admin.collection import CollectionContactPage, OverdueLoanPage
from lending.admin.collection_agencies import CollectionAgencyPage
from lending.admin.contracts import ContractPage, LineAgreementPage
from lending.admin.decision_models import BankModelPage, BankModelVersionPage
from lending.admin.dossiers import MechanismDossierPage
from lending.admin.drawdowns import BankCertificatePage, DrawdownPage
from lending.admin.entrusted import EntrustedPaymentPage
from lending.admin.invitations import InvitationPage
from lending.admin.lines import CreditLinePage
from lending.admin.loans import LoanPage, RepaymentPage
from lending.admin.model_cases import ModelCasePage
from lending.admin.papers import LoanPaperPage
from lending.admin.product_versions import ProductVersionPage
from lending.admin.products import ProductPage
from lending.admin.purpose_watch import PurposeFindingPage, WatchTermPage
from lending.admin.registers import RelatedPartyPage
from lending.admin.review import ReviewCasePage
from lending.admin.review_tasks import ReviewTaskPage
from lending.admin.shadows import ShadowDecisionPage
from lending.admin.warning import EarlyWarningPage, ObservedFactPage
from lending.models import (
    Application,
    AutoDebit,
    BackTest,
    BankCertificate,
    BankModel,
    BankModelVersion,
    BureauExport,
    BureauObjection,
    BureauRecord,
    BureauReport,
    CollectionAgency,
    CollectionContact,
    Contract,
    CreditLine,
    CreditNotice,
    DayEndStage,
    Decision,
    Drawdown,
    EarlyWarning,
    EntrustedPayment,
    Invitation,
    LineAgreement,
    Loan,
    LoanPaper,
    MechanismDossier,
    ModelCase,
    ObservedFact,
    OverdueLoan,
    Product,
    ProductVersion,
    PurposeFinding,
    RelatedParty,
    Repayment,
    ReviewCase,
    ReviewTask,
    ShadowDecision,
    WatchTerm,
)

bank_pages = [
    (ReviewCase, ReviewCasePage),
    (ReviewTask, ReviewTaskPage),
    (Product, ProductPage),
    (ProductVersion, ProductVersionPage),
    (BankModel, BankModelPage),
    (BankModelVersion, BankModelVersionPage),
    (ModelCase, ModelCasePage),
    (BackTest, BackTestPage),
    (ShadowDecision, ShadowDecisionPage),
    (Application, ApplicationPage),
    (Decision, DecisionPage),
    (CreditLine, CreditLinePage),
    (Drawdown, DrawdownPage),
    (LineAgreement, LineAgreementPage),
    (Contract, ContractPage),
    (Loan, LoanPage),
    (Repayment, RepaymentPage),
    (AutoDebit, AutoDebitPage),
    (DayEndStage, DayEndPage),
    (LoanPaper, LoanPaperPage),
    (MechanismDossier, MechanismDossierPage),
    (EntrustedPayment, EntrustedPaymentPage),
    (EarlyWarning, EarlyWarningPage),
    (ObservedFact, ObservedFactPage),
    (PurposeFinding, PurposeFindingPage),
    (WatchTerm, WatchTermPage),
    (OverdueLoan, OverdueLoanPage),
    (CollectionContact, CollectionContactPage),
    (CollectionAgency, CollectionAgencyPage),
    (CreditNotice, CreditNoticePage),
    (BureauRecord, BureauRecordPage),
    (BureauExport, BureauExportPage),
    (BureauObjection, BureauObjectionPage),
    (Invitation, InvitationPage),
    (RelatedParty, RelatedPartyPage),
    (BureauReport, BureauReportPage),
    (BankCertificate, BankCertificatePage),
]
