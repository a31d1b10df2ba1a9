"""The calls of this room: deposit accounts and cards."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries
from accounts.models import Card, DepositAccount, Posting
from accounts.operations import cards, opening
from accounts.operations.opening import BoundCard
from accounts.operations.opening_rules import PERSON, CounterRequired, Wanted
from accounts.rest import serializers as wire
from accounts.rest.documents import account_document, card_document, entry_document
from accounts.rest.views import FACE_PROBLEMS, location, polled
from core.errors import StateConflict
from core.idempotency import Answer
from core.rest.endpoint import ContractView, caller, endpoint
from core.rest.lists import PAGE_PARAMETERS, page
from tenants.switches import BusinessStopped, RemoteOpenNotApproved
from verification.operations import PhoneCodeWrong, VoiceTokenExpired, VoiceTokenMismatch, VoiceTokenUsed

REMOTE = [BusinessStopped, RemoteOpenNotApproved]
VOICE_PROBLEMS = [VoiceTokenExpired, VoiceTokenMismatch, VoiceTokenUsed]


def _answer_account(request: Request, row: DepositAccount) -> Answer:
    return Answer(202, account_document(row), location(request, f"accounts/{row.pk.hex}"))


def _answer_card(request: Request, row: Card) -> Answer:
    return Answer(202, card_document(row), location(request, f"cards/{row.pk.hex}"))


class Accounts(ContractView):
    """The customer's accounts."""

    @endpoint(summary="账户列表", answers={200: wire.AccountPage}, parameters=PAGE_PARAMETERS, tags=["accounts"])
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = DepositAccount.objects.filter(customer_id=caller(request).customer_id).prefetch_related(
            "cards", "suspensions"
        )
        return self.answer(Answer(200, page(request, rows, account_document), {}))

    @endpoint(
        summary="开立Ⅱ类户或Ⅲ类户",
        request=wire.AccountBody,
        answers={202: wire.AccountDocument},
        problems=[
            StateConflict,
            CounterRequired,
            PhoneCodeWrong,
            cards.CardNumberInvalid,
            cards.CardBoundAlready,
            *REMOTE,
        ],
        idempotent=True,
        tags=["accounts"],
    )
    def post(self, request: Request) -> Response:
        """Draft an account and have everything checked that needs no face."""
        body = self.read(request, wire.AccountBody)
        return self.settle(
            request,
            lambda: opening.start_account(
                customer_id=caller(request).customer_id,
                bound_card=BoundCard(**body["bound_card"]),
                code_id=body["phone_code"]["id"],
                code=body["phone_code"]["code"],
                wanted=Wanted(
                    account_class=body["class"],
                    holder=body.get("holder", PERSON),
                    device_id=caller(request).device_id,
                    phone_shared=body.get("phone_shared", ""),
                ),
            ),
            lambda row: _answer_account(request, row),
        )


class OneAccount(ContractView):
    """One account."""

    @endpoint(summary="查看账户", answers={200: wire.AccountDocument}, by_id=True, tags=["accounts"])
    def get(self, request: Request, account_id: str) -> Response:
        """Show it."""
        row = queries.access_account(caller(request).customer_id, account_id)
        return self.answer(polled(account_document(row)))


class AccountSubmit(ContractView):
    """The second beat of an opening."""

    @endpoint(
        summary="提交开户",
        request=wire.AccountSubmitBody,
        answers={202: wire.AccountDocument},
        problems=[StateConflict, *FACE_PROBLEMS, *REMOTE],
        idempotent=True,
        by_id=True,
        tags=["accounts"],
    )
    def post(self, request: Request, account_id: str) -> Response:
        """Submit face, purpose and intention."""
        row = queries.access_account(caller(request).customer_id, account_id)
        body = self.read(request, wire.AccountSubmitBody)
        return self.settle(
            request,
            lambda: opening.submit_account(
                account_id=row.pk,
                customer_id=caller(request).customer_id,
                face_token=body["face_token"],
                purpose=body["purpose"],
                method=body["intention"]["method"],
                evidence=body["intention"]["evidence"],
            ),
            lambda moved: _answer_account(request, moved),
        )


class AccountEntries(ContractView):
    """The movements of an account."""

    @endpoint(
        summary="账户明细",
        answers={200: wire.EntryPage},
        parameters=PAGE_PARAMETERS,
        by_id=True,
        tags=["accounts"],
    )
    def get(self, request: Request, account_id: str) -> Response:
        """List them, newest first."""
        row = queries.access_account(caller(request).customer_id, account_id)
        rows = Posting.objects.filter(account=row).select_related("entry")
        return self.answer(Answer(200, page(request, rows, entry_document), {}))


class Cards(ContractView):
    """The customer's cards."""

    @endpoint(summary="银行卡列表", answers={200: wire.CardPage}, parameters=PAGE_PARAMETERS, tags=["cards"])
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = queries.cards_of(caller(request).customer_id)
        return self.answer(Answer(200, page(request, rows, card_document), {}))

    @endpoint(
        summary="绑定银行卡",
        request=wire.CardBody,
        answers={202: wire.CardDocument},
        problems=[StateConflict, PhoneCodeWrong, cards.CardNumberInvalid, cards.CardBoundAlready],
        idempotent=True,
        tags=["cards"],
    )
    def post(self, request: Request) -> Response:
        """Have a card checked at its bank: the first is bound by that, a further one asks for face and voice."""
        body = self.read(request, wire.CardBody)
        return self.settle(
            request,
            lambda: cards.bind_card(
                customer_id=caller(request).customer_id,
                number=body["number"],
                phone=body["phone"],
                code_id=body["phone_code"]["id"],
                code=body["phone_code"]["code"],
            ),
            lambda row: _answer_card(request, row),
        )


class CardSubmit(ContractView):
    """The second beat of binding a further card."""

    @endpoint(
        summary="提交加强核验",
        request=wire.CardSubmitBody,
        answers={202: wire.CardDocument},
        problems=[StateConflict, cards.StepUpRequired, *FACE_PROBLEMS, *VOICE_PROBLEMS],
        idempotent=True,
        by_id=True,
        tags=["cards"],
    )
    def post(self, request: Request, card_id: str) -> Response:
        """Submit face and voice."""
        row = queries.access_card(caller(request).customer_id, card_id)
        body = self.read(request, wire.CardSubmitBody)
        return self.settle(
            request,
            lambda: cards.submit_card(
                card_id=row.pk,
                customer_id=caller(request).customer_id,
                face_token=body.get("face_token"),
                voice_token=body.get("voice_token"),
            ),
            lambda moved: _answer_card(request, moved),
        )


class OneCard(ContractView):
    """One card."""

    @endpoint(summary="查看银行卡", answers={200: wire.CardDocument}, by_id=True, tags=["cards"])
    def get(self, request: Request, card_id: str) -> Response:
        """Show it."""
        row = queries.access_card(caller(request).customer_id, card_id)
        return self.answer(polled(card_document(row)))

    @endpoint(
        summary="解绑银行卡",
        answers={204: None},
        problems=[cards.LastCardWithLoan, StateConflict],
        by_id=True,
        tags=["cards"],
    )
    def delete(self, request: Request, card_id: str) -> Response:
        """Remove it."""
        row = queries.access_card(caller(request).customer_id, card_id)
        cards.unbind_card(card_id=row.pk, customer_id=caller(request).customer_id)
        return Response(status=204)
