"""The calls on drawdowns: draft, disclosure, signature, money."""

from __future__ import annotations

from typing import Any, Final

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.operations import AccountNotActive, PayeeRefused
from core.errors import NotFound, Problem, StateConflict
from core.idempotency import Answer
from core.ids import parse_id
from core.rest.endpoint import ContractView, endpoint
from core.rest.lists import PAGE_PARAMETERS, page
from lending import operations, queries
from lending.models import Drawdown
from lending.models.drawdown import DRAFT
from lending.operations import entrusting
from lending.queries.disclosures import is_out_of_date
from lending.rest import loan_serializers as wire
from lending.rest.answers import begun, customer_of, device_of, polled
from lending.rest.loan_documents import drawdown_document
from verification.operations import (
    ConsentMissing,
    FaceTokenExpired,
    FaceTokenMismatch,
    FaceTokenUsed,
    PhoneCodeWrong,
    UploadUnknown,
)

FACE: Final = [FaceTokenExpired, FaceTokenMismatch, FaceTokenUsed]
LINE: Final = [operations.LineExceeded, operations.LineExpired, operations.LineFrozen, operations.LineReviewDue]
NEW_MONEY: Final = [operations.ProductClosed, operations.IdExpired, AccountNotActive]


PAYING: Final = [
    entrusting.PayeeRequired,
    entrusting.PayeeNotAccepted,
    entrusting.EntrustedPaymentNotOffered,
    PayeeRefused,
    UploadUnknown,
]


def _fresh(request: Request, row: Drawdown) -> dict[str, Any]:
    """Render a drawdown as it is now, with all that hangs on it."""
    return drawdown_document(queries.access_drawdown(customer_of(request), row.pk.hex))


def _begun(request: Request, row: Drawdown, *, status: int = 202) -> Answer:
    return begun(request, _fresh(request, row), f"drawdowns/{row.pk.hex}", status=status)


def _paying(body: dict[str, Any]) -> entrusting.Paying:
    payee = body.get("payee")
    return entrusting.Paying(
        payee=None if payee is None else entrusting.Payee(**payee), proof=tuple(body.get("proof", ()))
    )


class Drawdowns(ContractView):
    """The customer's drawdowns."""

    @endpoint(summary="用信列表", answers={200: wire.DrawdownPage}, parameters=PAGE_PARAMETERS, tags=["drawdowns"])
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = queries.drawdowns_of(customer_of(request))
        return self.answer(Answer(200, page(request, rows, drawdown_document), {}))

    @endpoint(
        summary="发起用信",
        request=wire.DrawdownBody,
        answers={201: wire.DrawdownDocument},
        problems=[
            *NEW_MONEY, *LINE, queries.AmountOutOfRange, queries.TermsNotOffered, queries.PurposeForbidden, *PAYING,
        ],
        idempotent=True,
        tags=["drawdowns"],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Draft a drawdown and show what it costs."""
        body = self.read(request, wire.DrawdownBody)
        return self.settle(
            request,
            lambda: operations.draft_drawdown(
                customer_id=customer_of(request),
                line_id=body["credit_line"],
                amount_fen=body["amount"],
                term_months=body["term"],
                method=body["method"],
                account_id=body["account"],
                purpose=body["purpose"],
                paying=_paying(body),
            ),
            lambda row: _begun(request, row, status=201),
        )


class OneDrawdown(ContractView):
    """One drawdown."""

    @endpoint(summary="查看用信", answers={200: wire.DrawdownDocument}, by_id=True, tags=["drawdowns"])
    def get(self, request: Request, drawdown_id: str) -> Response:
        """Show how far it is; a draft of an earlier day, or under another agreement, shows its new table of costs."""
        row = queries.access_drawdown(customer_of(request), drawdown_id)
        if row.status == DRAFT and is_out_of_date(row):
            operations.refresh_draft(drawdown_id=row.pk)
            row = queries.access_drawdown(customer_of(request), drawdown_id)
        return self.answer(polled(drawdown_document(row)))


class DrawdownDisclosure(ContractView):
    """The confirmation of the table of costs."""

    @endpoint(
        summary="确认融资成本明示",
        request=wire.DisclosureBody,
        answers={200: wire.DrawdownDocument},
        problems=[StateConflict, operations.DisclosureNotRead, operations.DisclosureChanged],
        idempotent=True,
        by_id=True,
        tags=["drawdowns"],
    )
    def post(self, request: Request, drawdown_id: str) -> Response:
        """Confirm the table that was shown."""
        row = queries.access_drawdown(customer_of(request), drawdown_id)
        body = self.read(request, wire.DisclosureBody)
        return self.settle(
            request,
            lambda: operations.confirm_disclosure(
                drawdown_id=row.pk, sha256=bytes.fromhex(body["sha256"]), read_seconds=body["read_seconds"]
            ),
            lambda _: Answer(200, _fresh(request, row), {}),
        )


class DrawdownSign(ContractView):
    """The signature."""

    @endpoint(
        summary="签署合同",
        request=wire.SignBody,
        answers={202: wire.DrawdownDocument},
        problems=[
            StateConflict, operations.DisclosureChanged, *NEW_MONEY, *LINE, operations.ConcentrationExceeded, *FACE,
            PhoneCodeWrong, ConsentMissing,
        ],
        idempotent=True,
        by_id=True,
        tags=["drawdowns"],
    )  # fmt: skip
    def post(self, request: Request, drawdown_id: str) -> Response:
        """Sign: the amount is held on the line, the contract is on its way."""
        row = queries.access_drawdown(customer_of(request), drawdown_id)
        body = self.read(request, wire.SignBody)
        proof = operations.Proof(
            face_token=body["face_token"],
            code_id=body["phone_code"]["id"],
            code=body["phone_code"]["code"],
            device_id=device_of(request),
            address=request.META.get("REMOTE_ADDR", ""),
        )
        return self.settle(
            request,
            lambda: operations.sign_drawdown(drawdown_id=row.pk, customer_id=customer_of(request), proof=proof),
            lambda moved: _begun(request, moved),
        )


class DrawdownDisburse(ContractView):
    """The money."""

    @endpoint(
        summary="放款",
        request=wire.DisburseBody,
        answers={202: wire.DrawdownDocument},
        problems=[
            StateConflict, *NEW_MONEY, operations.LineExpired, operations.LineFrozen, operations.LineReviewDue,
            operations.LoanOverdue, *FACE,
        ],
        idempotent=True,
        by_id=True,
        tags=["drawdowns"],
    )  # fmt: skip
    def post(self, request: Request, drawdown_id: str) -> Response:
        """Have the money paid; whose drawdown it is the operation finds out, with all else that it asks.

        Raises:
            NotFound: it is not the customer's.
        """
        found = parse_id(drawdown_id)
        if found is None:
            raise NotFound
        try:
            body = self.read(request, wire.DisburseBody)
        except (Problem, APIException):
            queries.access_drawdown(customer_of(request), drawdown_id)  # of nothing there is nothing to correct
            raise
        return self.settle(
            request,
            lambda: operations.disburse_drawdown(
                drawdown_id=found, customer_id=customer_of(request), face_token=body["face_token"]
            ),
            lambda moved: begun(request, drawdown_document(moved), f"drawdowns/{moved.pk.hex}"),
        )
