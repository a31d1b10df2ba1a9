"""The calls on applications and credit lines."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import StateConflict, TooManyRequests
from core.idempotency import Answer
from core.rest.endpoint import ContractView, endpoint
from core.rest.lists import PAGE_PARAMETERS, page
from lending import operations, queries
from lending.models import Application
from lending.models.application import CHECKING, DECIDING
from lending.rest import application_serializers as wire
from lending.rest.answers import begun, customer_of
from lending.rest.application_documents import application_document, line_document
from verification.operations import ConsentMissing, FaceTokenExpired, FaceTokenMismatch, FaceTokenUsed

FACE_PROBLEMS = [FaceTokenExpired, FaceTokenMismatch, FaceTokenUsed]
UNFINISHED = frozenset({CHECKING, DECIDING})


def _accepted(request: Request, row: Application) -> Answer:
    return begun(request, _fresh(request, row), f"applications/{row.pk.hex}")


def _fresh(request: Request, row: Application) -> dict[str, Any]:
    """Render an application as it is now, with its decisions."""
    return application_document(queries.access_application(customer_of(request), row.pk.hex))


class Applications(ContractView):
    """The customer's applications."""

    @endpoint(
        summary="授信申请列表", answers={200: wire.ApplicationPage}, parameters=PAGE_PARAMETERS, tags=["applications"]
    )
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = queries.applications_of(customer_of(request))
        return self.answer(Answer(200, page(request, rows, application_document), {}))

    @endpoint(
        summary="申请授信",
        request=wire.ApplicationBody,
        answers={202: wire.ApplicationDocument},
        problems=[StateConflict, operations.ProductClosed, queries.PurposeForbidden, TooManyRequests],
        idempotent=True,
        tags=["applications"],
    )
    def post(self, request: Request) -> Response:
        """Draft an application and have everything checked that needs no face."""
        body = self.read(request, wire.ApplicationBody)
        return self.settle(
            request,
            lambda: operations.start_application(
                customer_id=customer_of(request),
                product_code=body["product"],
                purpose=body["purpose"],
                facts=body["facts"],
            ),
            lambda row: _accepted(request, row),
        )


class OneApplication(ContractView):
    """One application."""

    @endpoint(summary="查看授信申请", answers={200: wire.ApplicationDocument}, by_id=True, tags=["applications"])
    def get(self, request: Request, application_id: str) -> Response:
        """Show how far it is, and what was decided."""
        row = queries.access_application(customer_of(request), application_id)
        headers = {"Retry-After": "1"} if row.status in UNFINISHED else {}
        return self.answer(Answer(200, application_document(row), headers))


class ApplicationSubmit(ContractView):
    """The second beat of an application."""

    @endpoint(
        summary="提交授信申请",
        request=wire.ApplicationSubmitBody,
        answers={202: wire.ApplicationDocument},
        problems=[StateConflict, ConsentMissing, operations.ProductClosed, *FACE_PROBLEMS],
        idempotent=True,
        by_id=True,
        tags=["applications"],
    )
    def post(self, request: Request, application_id: str) -> Response:
        """Submit the face and have the application decided."""
        row = queries.access_application(customer_of(request), application_id)
        body = self.read(request, wire.ApplicationSubmitBody)
        return self.settle(
            request,
            lambda: operations.submit_application(
                application_id=row.pk, customer_id=customer_of(request), face_token=body["face_token"]
            ),
            lambda moved: _accepted(request, moved),
        )


class ApplicationAccept(ContractView):
    """The acceptance of an offer."""

    @endpoint(
        summary="确认额度",
        answers={200: wire.ApplicationDocument},
        problems=[StateConflict, operations.OfferExpired, operations.ProductClosed],
        idempotent=True,
        by_id=True,
        tags=["applications"],
    )
    def post(self, request: Request, application_id: str) -> Response:
        """Accept; the credit line is active."""
        row = queries.access_application(customer_of(request), application_id)
        return self.settle(
            request,
            lambda: operations.accept_offer(application_id=row.pk, customer_id=customer_of(request)),
            lambda moved: Answer(200, _fresh(request, moved), {}),
        )


class CreditLines(ContractView):
    """The customer's credit lines."""

    @endpoint(
        summary="授信额度列表", answers={200: wire.CreditLinePage}, parameters=PAGE_PARAMETERS, tags=["credit-lines"]
    )
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = queries.lines_of(customer_of(request))
        render = partial(line_document, rate=queries.rates_today())
        return self.answer(Answer(200, page(request, rows, render), {}))
