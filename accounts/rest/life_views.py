"""The calls of this room about an account's life: prove again who one is, close it."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries
from accounts.models import AccountClosing, Reverification
from accounts.operations import closing, reverification
from accounts.operations.opening_rules import CounterRequired
from accounts.operations.reverification import NewCard
from accounts.rest import serializers as wire
from accounts.rest.documents import closing_document, reverification_document
from accounts.rest.views import FACE_PROBLEMS, location, polled
from core.errors import StateConflict
from core.idempotency import Answer
from core.rest.endpoint import ContractView, caller, endpoint
from verification.operations import UploadUnknown


def _answer_closing(request: Request, row: AccountClosing) -> Answer:
    place = location(request, f"accounts/{row.account_id.hex}/closings/{row.pk.hex}")
    return Answer(202, closing_document(row), place)


def _answer_reverification(request: Request, row: Reverification) -> Answer:
    place = location(request, f"accounts/{row.account_id.hex}/reverifications/{row.pk.hex}")
    return Answer(202, reverification_document(row), place)


class AccountClose(ContractView):
    """The end of an account."""

    @endpoint(
        summary="注销账户",
        request=wire.CloseBody,
        answers={202: wire.ClosingDocument},
        problems=[
            StateConflict, CounterRequired, closing.AccountInUse, closing.AccountBusy, closing.AccountNotEmpty,
            *FACE_PROBLEMS,
        ],
        idempotent=True,
        by_id=True,
        tags=["accounts"],
    )  # fmt: skip
    def post(self, request: Request, account_id: str) -> Response:
        """Close it, by face."""
        row = queries.access_account(caller(request).customer_id, account_id)
        body = self.read(request, wire.CloseBody)
        return self.settle(
            request,
            lambda: closing.close_account(
                account_id=row.pk, customer_id=caller(request).customer_id, face_token=body["face_token"]
            ),
            lambda made: _answer_closing(request, made),
        )


class OneClosing(ContractView):
    """One request to close an account."""

    @endpoint(summary="查看销户", answers={200: wire.ClosingDocument}, by_id=True, tags=["accounts"])
    def get(self, request: Request, account_id: str, closing_id: str) -> Response:
        """Show how far it is."""
        row = queries.access_closing(caller(request).customer_id, account_id, closing_id)
        return self.answer(polled(closing_document(row)))


class AccountReverify(ContractView):
    """A new proof of who an account belongs to."""

    @endpoint(
        summary="重新核验身份",
        request=wire.ReverifyBody,
        answers={202: wire.ReverificationDocument},
        problems=[StateConflict, reverification.IdCardRequired, UploadUnknown, *FACE_PROBLEMS],
        idempotent=True,
        by_id=True,
        tags=["accounts"],
    )
    def post(self, request: Request, account_id: str) -> Response:
        """Prove it by face, and by a new ID card where the former has ended."""
        row = queries.access_account(caller(request).customer_id, account_id)
        body = self.read(request, wire.ReverifyBody)
        shown = None
        if "id_card_front" in body:
            shown = NewCard(front_upload_id=body["id_card_front"], back_upload_id=body["id_card_back"])
        return self.settle(
            request,
            lambda: reverification.reverify_account(
                account_id=row.pk,
                customer_id=caller(request).customer_id,
                face_token=body["face_token"],
                new_card=shown,
            ),
            lambda made: _answer_reverification(request, made),
        )


class OneReverification(ContractView):
    """One reverification."""

    @endpoint(summary="查看重新核验", answers={200: wire.ReverificationDocument}, by_id=True, tags=["accounts"])
    def get(self, request: Request, account_id: str, reverification_id: str) -> Response:
        """Show how far it is."""
        row = queries.access_reverification(caller(request).customer_id, account_id, reverification_id)
        return self.answer(polled(reverification_document(row)))
