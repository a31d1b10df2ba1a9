"""The calls on a loan's papers: receipt, statement, settlement certificate; each a PDF that the bank has signed."""

from __future__ import annotations

from typing import Any, Final, cast

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from core.actors import customer_actor
from core.errors import StateConflict, TooManyRequests, Unavailable
from core.files import PDF, file_answer
from core.rest.days import day_of
from core.rest.endpoint import ContractView, endpoint
from lending import queries
from lending.models import LoanPaper
from lending.operations import papers
from lending.rest.answers import customer_of

PDF_ANSWER: Final = cast("dict[int, Any]", {(200, PDF): OpenApiTypes.BINARY})
PROBLEMS: Final = [StateConflict, TooManyRequests, Unavailable]
PERIOD: Final = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="期间起，缺省为放款日"),
    OpenApiParameter("to", OpenApiTypes.DATE, description="期间止，缺省为当前营业日"),
]


def _handed_out(request: Request, paper: LoanPaper) -> HttpResponse:
    content = papers.read_paper(paper=paper, purpose="paper_download", actor=customer_actor(customer_of(request)))
    return file_answer(content, name=f"{paper.number}.pdf", content_type=PDF)


class Receipt(ContractView):
    """The receipt of a repayment."""

    @endpoint(summary="下载还款凭证", answers=PDF_ANSWER, problems=PROBLEMS, by_id=True, tags=["papers"])
    def get(self, request: Request, loan_id: str, repayment_id: str) -> HttpResponse:
        """Hand out a posted repayment's receipt."""
        loan = queries.access_loan(customer_of(request), loan_id)
        repayment = queries.access_repayment(loan, repayment_id)
        actor = customer_actor(loan.customer_id)
        return _handed_out(request, papers.issue_receipt(loan_id=loan.pk, repayment_id=repayment.pk, actor=actor))


class Statement(ContractView):
    """The statement of a period."""

    @endpoint(
        summary="下载贷款对账单",
        answers=PDF_ANSWER,
        problems=PROBLEMS,
        parameters=PERIOD,
        by_id=True,
        tags=["papers"],
    )
    def get(self, request: Request, loan_id: str) -> HttpResponse:
        """Hand out the loan's statement from one day to another."""
        loan = queries.access_loan(customer_of(request), loan_id)
        paper = papers.issue_statement(
            loan_id=loan.pk,
            from_date=day_of(request, "from"),
            to_date=day_of(request, "to"),
            actor=customer_actor(loan.customer_id),
        )
        return _handed_out(request, paper)


class SettlementCertificate(ContractView):
    """The settlement certificate of a settled loan."""

    @endpoint(summary="下载结清证明", answers=PDF_ANSWER, problems=PROBLEMS, by_id=True, tags=["papers"])
    def get(self, request: Request, loan_id: str) -> HttpResponse:
        """Hand out the certificate that nothing is owed any more."""
        loan = queries.access_loan(customer_of(request), loan_id)
        return _handed_out(request, papers.issue_settlement(loan_id=loan.pk, actor=customer_actor(loan.customer_id)))
