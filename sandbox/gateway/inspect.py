"""Let a test look into a bank's core system, put money on an account as if a salary had come in, or falsify its books."""

from __future__ import annotations

import json
import sqlite3
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
    """Give `GET /sandbox/core?bank=`, `POST /sandbox/core/deposits` and `POST /sandbox/core/tamper`."""
    return [
        Route("/sandbox/core", _look, methods=["GET"]),
        Route("/sandbox/core/deposits", _deposit, methods=["POST"]),
        Route("/sandbox/core/tamper", _tamper, methods=["POST"]),
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


async def _tamper(request: Request) -> Response:
    """Let the core go wrong over `{bank, request_id, amount?}`: it booked another amount, or has lost the movement."""
    raw = await request.body()
    try:
        order = json.loads(raw)
        bank, request_id, amount = order["bank"], order["request_id"], order.get("amount")
    except (ValueError, TypeError, KeyError, AttributeError):
        bank, request_id, amount = "", "", None
    wanted = {"account_number": "0" * 12, "amount": amount or "1.00", "memo": _MEMO}
    wrong = contract.header_problem("Bank", bank) or contract.header_problem("RequestId", request_id)
    if wrong or contract.request_problem("core.credit", wanted):
        return JSONResponse({"code": "invalid_request", "message": "send bank, request_id and perhaps amount"}, 400)
    core = gateway_of(request.app).core
    try:
        with core.transaction():
            found = core.tamper(bank, request_id, to_fen(amount) if amount else None)
    except sqlite3.IntegrityError:
        return JSONResponse({"code": "insufficient_funds", "message": "the money has gone on since"}, 409)
    if not found:
        return JSONResponse({"code": "not_found", "message": "no movement has this request id"}, 404)
    return JSONResponse({"request_id": request_id, "amount": amount})
