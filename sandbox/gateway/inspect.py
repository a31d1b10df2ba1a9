"""Let a test look into a bank's core system, and put money on an account as if a salary had come in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.gateway import contract
from sandbox.gateway.core import bring_class_one
from sandbox.gateway.core_bank import CoreRefusalError
from sandbox.gateway.money import to_fen
from sandbox.gateway.state import gateway_of

if TYPE_CHECKING:
    from starlette.requests import Request

_MEMO: Final = "存入"


def routes() -> list[Route]:
    """Give `GET /sandbox/core?bank=` and `POST /sandbox/core/deposits`."""
    return [
        Route("/sandbox/core", _look, methods=["GET"]),
        Route("/sandbox/core/deposits", _deposit, methods=["POST"]),
    ]


async def _look(request: Request) -> Response:
    """Show accounts, movements, filings and requests of one bank."""
    bank = request.query_params.get("bank", "")
    if not bank:
        return JSONResponse({"code": "invalid_request", "message": "say ?bank="}, 400)
    return JSONResponse(gateway_of(request.app).core.inspect(bank))


async def _deposit(request: Request) -> Response:
    """Put money on an account, `{bank, account_number, amount}`, amount in yuan."""
    raw = await request.body()
    try:
        order = json.loads(raw)
        bank, account_number, amount = order["bank"], order["account_number"], order["amount"]
    except (ValueError, TypeError, KeyError):
        bank, account_number, amount = "", "", ""
    wanted = {"account_number": account_number, "amount": amount, "memo": _MEMO}
    if contract.header_problem("Bank", bank) or contract.request_problem("core.credit", wanted):
        return JSONResponse({"code": "invalid_request", "message": "send bank, account_number and amount"}, 400)
    core = gateway_of(request.app).core
    try:
        with core.transaction():
            bring_class_one(core, request.app.state.world, bank, account_number)
            booked = core.move(
                bank,
                request_id=None,
                kind="credit",
                account_number=account_number,
                amount_fen=to_fen(amount),
                memo=_MEMO,
            )
    except CoreRefusalError as refused:
        return JSONResponse({"code": refused.code, "message": refused.message}, refused.status)
    return JSONResponse(booked)
