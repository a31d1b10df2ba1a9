"""The calls on products, open to anybody."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from core.idempotency import Answer
from core.rest.endpoint import Access, ContractView, endpoint
from core.rest.fields import rate_on_the_wire
from core.rest.lists import PAGE_PARAMETERS, page
from lending import queries
from lending.loans.wire import schedule_fields
from lending.rest import product_serializers as wire
from lending.rest.application_documents import product_document


class Products(ContractView):
    """The products that take applications."""

    @endpoint(
        summary="产品列表",
        answers={200: wire.ProductPage},
        access=Access.OPEN,
        parameters=PAGE_PARAMETERS,
        tags=["products"],
    )
    def get(self, request: Request) -> Response:
        """List them, the last changed first."""
        return self.answer(Answer(200, page(request, queries.open_versions(), product_document), {}))


class OneProduct(ContractView):
    """One product, open or closed."""

    @endpoint(
        summary="查看产品", answers={200: wire.ProductDocument}, access=Access.OPEN, by_id=True, tags=["products"]
    )
    def get(self, request: Request, code: str) -> Response:
        """Show it by its version in force."""
        del request
        return self.answer(Answer(200, product_document(queries.version_in_force(code)), {}))


class ProductQuote(ContractView):
    """Quotes."""

    @endpoint(
        summary="试算",
        request=wire.QuoteBody,
        answers={200: wire.QuoteDocument},
        problems=[queries.AmountOutOfRange, queries.TermsNotOffered],
        access=Access.OPEN,
        by_id=True,
        tags=["products"],
    )
    def post(self, request: Request, code: str) -> Response:
        """Work out a schedule and its cost; nothing is kept."""
        version = queries.version_in_force(code)
        body = self.read(request, wire.QuoteBody)
        found = queries.quote(
            version,
            amount_fen=body["amount"],
            term_months=body["term"],
            method=body["method"],
            start_date=body.get("start"),
            annual_rate=body.get("annual_rate"),
        )
        document = {**schedule_fields(found.schedule), "annual_rate": rate_on_the_wire(found.annual_rate)}
        return self.answer(Answer(200, document, {}))
