"""The calls that move customers' own money: top-ups, transfers, and the statement of account."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import parameters, queries
from accounts.models import TopUp, Transfer
from accounts.models.deposit_account import OWN
from accounts.operations import top_ups, transfers
from accounts.operations.cards import CardCooling
from accounts.operations.ledger import AccountNotActive, BalanceLimitExceeded, InsufficientFunds
from accounts.operations.payees import PayeeRefused, ToAccount, ToCard
from accounts.operations.quotas import QuotaExceeded
from accounts.operations.top_ups import CodeProof
from accounts.rest import money_serializers as wire
from accounts.rest.documents import statement_document, top_up_document, transfer_document
from accounts.rest.views import location, polled
from core.clock import business_date
from core.errors import InvalidRequest, StateConflict
from core.idempotency import Answer
from core.rest.days import day_of
from core.rest.endpoint import ContractView, caller, endpoint
from core.rest.lists import PAGE_PARAMETERS, page
from tenants.parameters import value_of
from verification.operations import PhoneCodeWrong

DAY: Final = {"type": "string", "format": "date"}
PERIOD: Final = [
    OpenApiParameter("from", DAY, OpenApiParameter.QUERY, description="起始营业日，默认本月第一天"),
    OpenApiParameter("to", DAY, OpenApiParameter.QUERY, description="截止营业日，默认当前营业日"),
]


def _proof(body: dict[str, Any]) -> CodeProof | None:
    given = body.get("phone_code")
    return None if given is None else CodeProof(code_id=given["id"], code=given["code"])


class TopUps(ContractView):
    """The top-ups of an account."""

    @endpoint(
        summary="资金转入列表",
        answers={200: wire.TopUpPage},
        parameters=PAGE_PARAMETERS,
        by_id=True,
        tags=["accounts"],
    )
    def get(self, request: Request, account_id: str) -> Response:
        """List them, newest first."""
        account = queries.access_account(caller(request).customer_id, account_id)
        return self.answer(Answer(200, page(request, TopUp.objects.filter(account=account), top_up_document), {}))

    @endpoint(
        summary="从绑定卡转入资金",
        request=wire.TopUpBody,
        answers={202: wire.TopUpDocument},
        problems=[PhoneCodeWrong, StateConflict, AccountNotActive, BalanceLimitExceeded],
        idempotent=True,
        by_id=True,
        tags=["accounts"],
    )
    def post(self, request: Request, account_id: str) -> Response:
        """Draw an amount from a bound card."""
        account = queries.access_account(caller(request).customer_id, account_id)
        body = self.read(request, wire.TopUpBody)
        code = body["phone_code"]
        return self.settle(
            request,
            lambda: top_ups.start_top_up(
                customer_id=caller(request).customer_id,
                account_id=account.pk,
                card_id=body["card"],
                amount_fen=body["amount"],
                proof=CodeProof(code_id=code["id"], code=code["code"]),
            ),
            lambda row: Answer(
                202, top_up_document(row), location(request, f"accounts/{row.account_id.hex}/top-ups/{row.pk.hex}")
            ),
        )


class OneTopUp(ContractView):
    """One top-up."""

    @endpoint(summary="查看资金转入", answers={200: wire.TopUpDocument}, by_id=True, tags=["accounts"])
    def get(self, request: Request, account_id: str, top_up_id: str) -> Response:
        """Show how far it is."""
        row = queries.access_top_up(caller(request).customer_id, account_id, top_up_id)
        return self.answer(polled(top_up_document(row)))


class Transfers(ContractView):
    """The customer's transfers."""

    @endpoint(summary="转账列表", answers={200: wire.TransferPage}, parameters=PAGE_PARAMETERS, tags=["transfers"])
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = Transfer.objects.filter(customer_id=caller(request).customer_id)
        return self.answer(Answer(200, page(request, rows, transfer_document), {}))

    @endpoint(
        summary="转账",
        request=wire.TransferBody,
        answers={202: wire.TransferDocument},
        problems=[
            PhoneCodeWrong, StateConflict, AccountNotActive, InsufficientFunds, QuotaExceeded, PayeeRefused, CardCooling,
        ],
        idempotent=True,
        tags=["transfers"],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Send an amount to a bound card or to an account."""
        body = self.read(request, wire.TransferBody)
        to = body["to"]
        payee = ToCard(card_id=to["card_id"]) if "card_id" in to else ToAccount(number=to["number"], name=to["name"])
        return self.settle(
            request,
            lambda: transfers.start_transfer(
                customer_id=caller(request).customer_id,
                account_id=body["from_account"],
                to=payee,
                amount_fen=body["amount"],
                proof=_proof(body),
            ),
            lambda row: Answer(202, transfer_document(row), location(request, f"transfers/{row.pk.hex}")),
        )


class OneTransfer(ContractView):
    """One transfer."""

    @endpoint(summary="查看转账", answers={200: wire.TransferDocument}, by_id=True, tags=["transfers"])
    def get(self, request: Request, transfer_id: str) -> Response:
        """Show how far it is."""
        row = queries.access_transfer(caller(request).customer_id, transfer_id)
        return self.answer(polled(transfer_document(row)))


class AccountStatement(ContractView):
    """The statement of an account."""

    @endpoint(
        summary="账户对账单",
        answers={200: wire.StatementDocument},
        problems=[StateConflict],
        parameters=PERIOD,
        by_id=True,
        tags=["accounts"],
    )
    def get(self, request: Request, account_id: str) -> Response:
        """Show opening balance, entries and closing balance over whole business days.

        Raises:
            StateConflict: the core system keeps the account: its statement is there.
        """
        account = queries.access_account(caller(request).customer_id, account_id)
        if account.keeper != OWN:
            raise StateConflict("该账户由核心系统记账，请通过柜面或手机银行查询对账单")
        from_date, to_date = _period(request)
        statement = queries.statement_of_account(account.pk, from_date=from_date, to_date=to_date)
        return self.answer(Answer(200, statement_document(account, statement), {}))


def _period(request: Request) -> tuple[date, date]:
    """Read the period, by default the present month up to the business date.

    Raises:
        InvalidRequest: a date is ill-formed, they are the wrong way round, or they lie too far apart.
    """
    today = business_date()
    to_date = day_of(request, "to") or today
    from_date = day_of(request, "from") or min(to_date, today).replace(day=1)
    most = value_of(parameters.STATEMENT_DAYS.name, kind=int)
    if not from_date <= to_date:
        raise InvalidRequest(errors={"from": ["起始日不得晚于截止日"]})
    if (to_date - from_date).days >= most:
        raise InvalidRequest(errors={"from": [f"一次最多查询 {most} 天"]})
    return from_date, to_date
