"""The tables of the lending room."""

from __future__ import annotations

from lending.models.application import Application, BureauReport, GovernmentData
from lending.models.bank_model import BankModel, BankModelVersion
from lending.models.bureau import BureauDay, BureauExport, BureauObjection, BureauRecord, CreditNotice
from lending.models.certificate import BankCertificate
from lending.models.closing import AutoDebit, DayEndStage
from lending.models.collection import (
    CollectionAgency,
    CollectionAssignment,
    CollectionContact,
    CollectionOutcome,
    OverdueLoan,
)
from lending.models.contract import Contract, ContractCounter, LineAgreement
from lending.models.credit_line import CreditLine
from lending.models.decision import Decision, DecisionModelText
from lending.models.decision_model import BackTest, BackTestChange, ModelCase, ShadowDecision
from lending.models.dossier import MechanismDossier
from lending.models.drawdown import Disclosure, Drawdown
from lending.models.entrusted import DrawdownProof, EntrustedPayment
from lending.models.instalment import Instalment
from lending.models.loan import Loan
from lending.models.loan_event import LoanEvent
from lending.models.paper import LoanPaper, PaperCounter
from lending.models.product import Invitation, Product, ProductVersion
from lending.models.purpose_watch import PurposeFinding, PurposeScan, WatchTerm
from lending.models.related_party import RelatedParty
from lending.models.repayment import Repayment, RepaymentShare
from lending.models.review import ReviewCase, ReviewTask
from lending.models.warning import EarlyWarning, ObservedFact

__all__ = [
    "Application",
    "AutoDebit",
    "BackTest",
    "BackTestChange",
    "BankCertificate",
    "BankModel",
    "BankModelVersion",
    "BureauDay",
    "BureauExport",
    "BureauObjection",
    "BureauRecord",
    "BureauReport",
    "CollectionAgency",
    "CollectionAssignment",
    "CollectionContact",
    "CollectionOutcome",
    "Contract",
    "ContractCounter",
    "CreditLine",
    "CreditNotice",
    "DayEndStage",
    "Decision",
    "DecisionModelText",
    "Disclosure",
    "Drawdown",
    "DrawdownProof",
    "EarlyWarning",
    "EntrustedPayment",
    "GovernmentData",
    "Instalment",
    "Invitation",
    "LineAgreement",
    "Loan",
    "LoanEvent",
    "LoanPaper",
    "MechanismDossier",
    "ModelCase",
    "ObservedFact",
    "OverdueLoan",
    "PaperCounter",
    "Product",
    "ProductVersion",
    "PurposeFinding",
    "PurposeScan",
    "RelatedParty",
    "Repayment",
    "RepaymentShare",
    "ReviewCase",
    "ReviewTask",
    "ShadowDecision",
    "WatchTerm",
]
