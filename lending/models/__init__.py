"""The tables of the lending room."""

from __future__ import annotations

from lending.models.application import Application, BureauReport, GovernmentData
from lending.models.certificate import BankCertificate
from lending.models.closing import AutoDebit, DayEndStage
from lending.models.contract import Contract, ContractCounter
from lending.models.credit_line import CreditLine
from lending.models.decision import Decision, DecisionModelText
from lending.models.drawdown import Disclosure, Drawdown
from lending.models.instalment import Instalment
from lending.models.loan import Loan
from lending.models.loan_event import LoanEvent
from lending.models.product import Invitation, Product, ProductVersion, RelatedParty
from lending.models.repayment import Repayment, RepaymentShare

__all__ = [
    "Application",
    "AutoDebit",
    "BankCertificate",
    "BureauReport",
    "Contract",
    "ContractCounter",
    "CreditLine",
    "DayEndStage",
    "Decision",
    "DecisionModelText",
    "Disclosure",
    "Drawdown",
    "GovernmentData",
    "Instalment",
    "Invitation",
    "Loan",
    "LoanEvent",
    "Product",
    "ProductVersion",
    "RelatedParty",
    "Repayment",
    "RepaymentShare",
]
