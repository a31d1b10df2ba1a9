"""The URLs of drawdowns, contracts, loans and the journey."""

from __future__ import annotations

from django.urls import path

from lending.rest import drawdown_views, loan_views, paper_views

loan_urls = [
    path("drawdowns", drawdown_views.Drawdowns.as_view()),
    path("drawdowns/<str:drawdown_id>", drawdown_views.OneDrawdown.as_view()),
    path("drawdowns/<str:drawdown_id>/disclosure", drawdown_views.DrawdownDisclosure.as_view()),
    path("drawdowns/<str:drawdown_id>/sign", drawdown_views.DrawdownSign.as_view()),
    path("drawdowns/<str:drawdown_id>/disburse", drawdown_views.DrawdownDisburse.as_view()),
    path("contracts/verify", loan_views.ContractVerify.as_view()),
    path("contracts/<str:contract_id>", loan_views.OneContract.as_view()),
    path("contracts/<str:contract_id>/pdf", loan_views.ContractFile.as_view()),
    path("loans", loan_views.Loans.as_view()),
    path("loans/<str:loan_id>", loan_views.OneLoan.as_view()),
    path("loans/<str:loan_id>/schedule", loan_views.LoanSchedule.as_view()),
    path("loans/<str:loan_id>/repayments/quote", loan_views.RepaymentQuote.as_view()),
    path("loans/<str:loan_id>/repayments", loan_views.Repayments.as_view()),
    path("loans/<str:loan_id>/repayments/<str:repayment_id>", loan_views.OneRepayment.as_view()),
    path("loans/<str:loan_id>/repayments/<str:repayment_id>/receipt", paper_views.Receipt.as_view()),
    path("loans/<str:loan_id>/statement", paper_views.Statement.as_view()),
    path("loans/<str:loan_id>/settlement-certificate", paper_views.SettlementCertificate.as_view()),
    path("journey", loan_views.CustomerJourney.as_view()),
]
