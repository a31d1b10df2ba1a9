"""The calls on contracts, loans, repayments, and the customer's way through it all."""

from __future__ import annotations

from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.operations import AccountNotActive, InsufficientFunds
from core import evidence, vault
from core.actors import customer_actor
from core.errors import PayloadTooLarge, StateConflict, Unavailable
from core.files import PDF, file_answer
from core.gateway import GatewayError
from core.idempotency import Answer
from core.rest.endpoint import Access, ContractView, endpoint
from core.rest.lists import PAGE_PARAMETERS, page
from lending import operations, queries
from lending.models import Repayment
from lending.models.loan import SETTLED
from lending.rest import loan_serializers as wire
from lending.rest.answers import begun, customer_of, polled
from lending.rest.loan_documents import (
    allocation_document,
    contract_document,
    journey_document,
    judgement_document,
    loan_document,
    repayment_document,
    schedule_document,
)

MULTIPART: Final = "multipart/form-data"
FORM_ALLOWANCE: Final = 64 * 1024
PDF_ANSWER: Final = cast("dict[int, Any]", {(200, PDF): OpenApiTypes.BINARY})  # one answer that is not JSON
DEBT: Final = [queries.RepaymentExceedsDebt, queries.RepaymentKindNotOffered, queries.AmountOutOfRange]


class OneContract(ContractView):
    """One signed contract."""

    @endpoint(summary="查看合同", answers={200: wire.ContractDocument}, by_id=True, tags=["contracts"])
    def get(self, request: Request, contract_id: str) -> Response:
        """Show it, with the proof that it is on record."""
        row = queries.access_contract(customer_of(request), contract_id)
        document = contract_document(row, evidence.prove(row.evidence_leaf))
        return self.answer(Answer(200, document, {}))


class ContractFile(ContractView):
    """The signed file."""

    @endpoint(summary="下载合同", answers=PDF_ANSWER, by_id=True, tags=["contracts"])
    def get(self, request: Request, contract_id: str) -> HttpResponse:
        """Hand out the file as it was signed; the reading is on record."""
        row = queries.access_contract(customer_of(request), contract_id)
        actor = customer_actor(customer_of(request))
        content = vault.read(row.object_id, purpose="contract_download", actor=actor)
        return file_answer(content, name=f"{row.number}.pdf", content_type=PDF)


class ContractVerify(ContractView):
    """The verification of a file that somebody shows."""

    parser_classes = [MultiPartParser]

    @endpoint(
        summary="验证合同",
        request=wire.VerifyBody,
        answers={200: wire.VerificationDocument},
        problems=[PayloadTooLarge, Unavailable],
        access=Access.OPEN,
        media_type=MULTIPART,
        tags=["contracts"],
    )
    def post(self, request: Request) -> Response:
        """Judge a file: open to anybody, because whoever holds a contract must be able to check it.

        Raises:
            PayloadTooLarge: the body is larger than any contract; it is not read.
            Unavailable: the time stamp authority's root is not at hand (only where the sandbox has to give it).
        """
        length = request.headers.get("Content-Length", "")
        if length.isdigit() and int(length[:15]) > settings.UPLOAD_MAX_BYTES + FORM_ALLOWANCE:
            raise PayloadTooLarge
        body = self.read(request, wire.VerifyBody)
        try:
            found = queries.judge_file(body["file"].read())
        except GatewayError as error:
            raise Unavailable from error
        return self.answer(Answer(200, judgement_document(found), {}))


class Loans(ContractView):
    """The customer's loans."""

    @endpoint(summary="贷款列表", answers={200: wire.LoanPage}, parameters=PAGE_PARAMETERS, tags=["loans"])
    def get(self, request: Request) -> Response:
        """List them, newest first, as they stand on the business date."""
        rows = queries.loans_of(customer_of(request))
        return self.answer(Answer(200, page(request, rows, loan_document), {}))


class OneLoan(ContractView):
    """One loan."""

    @endpoint(summary="查看贷款", answers={200: wire.LoanDocument}, by_id=True, tags=["loans"])
    def get(self, request: Request, loan_id: str) -> Response:
        """Show it as it stands on the business date."""
        row = queries.access_present_loan(customer_of(request), loan_id)
        return self.answer(Answer(200, loan_document(row), {}))


class LoanSchedule(ContractView):
    """The schedule of a loan."""

    @endpoint(summary="还款计划", answers={200: wire.ScheduleDocument}, by_id=True, tags=["loans"])
    def get(self, request: Request, loan_id: str) -> Response:
        """Show what is paid and what is not."""
        row = queries.access_present_loan(customer_of(request), loan_id)
        return self.answer(Answer(200, schedule_document(row), {}))


class RepaymentQuote(ContractView):
    """What a repayment would be."""

    @endpoint(
        summary="还款试算",
        request=wire.RepaymentQuoteBody,
        answers={200: wire.AllocationDocument},
        problems=[StateConflict, *DEBT],
        by_id=True,
        tags=["loans"],
    )
    def post(self, request: Request, loan_id: str) -> Response:
        """Work out what would be paid today; nothing is kept.

        Raises:
            StateConflict: the loan is settled.
        """
        loan = queries.access_loan(customer_of(request), loan_id)
        body = self.read(request, wire.RepaymentQuoteBody)
        if loan.status == SETTLED:
            raise StateConflict("该笔贷款已结清，无需还款")
        plan = queries.plan_repayment(
            loan, kind=body["kind"], amount_fen=body.get("amount"), keep=body.get("keep")
        )  # fmt: skip
        return self.answer(Answer(200, allocation_document(plan.total), {}))


class Repayments(ContractView):
    """The repayments on a loan."""

    @endpoint(
        summary="还款记录",
        answers={200: wire.RepaymentPage},
        parameters=PAGE_PARAMETERS,
        by_id=True,
        tags=["loans"],
    )
    def get(self, request: Request, loan_id: str) -> Response:
        """List them, newest first."""
        loan = queries.access_loan(customer_of(request), loan_id)
        rows = queries.repayments_of(loan)
        return self.answer(Answer(200, page(request, rows, repayment_document), {}))

    @endpoint(
        summary="还款",
        request=wire.RepaymentBody,
        answers={202: wire.RepaymentDocument},
        problems=[StateConflict, *DEBT, AccountNotActive, InsufficientFunds],
        idempotent=True,
        by_id=True,
        tags=["loans"],
    )
    def post(self, request: Request, loan_id: str) -> Response:
        """Repay."""
        loan = queries.access_loan(customer_of(request), loan_id)
        body = self.read(request, wire.RepaymentBody)
        return self.settle(
            request,
            lambda: operations.repay_loan(
                loan_id=loan.pk,
                customer_id=customer_of(request),
                kind=body["kind"],
                amount_fen=body.get("amount"),
                account_id=body["account"],
                keep=body.get("keep"),
            ),
            lambda row: _begun(request, row),
        )


def _begun(request: Request, row: Repayment) -> Answer:
    return begun(request, repayment_document(row), f"loans/{row.loan_id.hex}/repayments/{row.pk.hex}")


class OneRepayment(ContractView):
    """One repayment."""

    @endpoint(summary="查看还款", answers={200: wire.RepaymentDocument}, by_id=True, tags=["loans"])
    def get(self, request: Request, loan_id: str, repayment_id: str) -> Response:
        """Show how far it is."""
        loan = queries.access_loan(customer_of(request), loan_id)
        return self.answer(polled(repayment_document(queries.access_repayment(loan, repayment_id))))


class CustomerJourney(ContractView):
    """Where the customer is."""

    @endpoint(summary="办理进度", answers={200: wire.JourneyDocument}, tags=["journey"])
    def get(self, request: Request) -> Response:
        """Show each step, and the one to go on with."""
        return self.answer(Answer(200, journey_document(queries.journey_of(customer_of(request))), {}))
