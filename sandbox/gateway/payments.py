"""Answer for the payment network: draw from cards, send to accounts, and tell what became of an order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.gateway import contract
from sandbox.gateway.calling import Answer, Call, id_of, refusal
from sandbox.gateway.core import bring_class_one
from sandbox.gateway.core_bank import CoreRefusalError
from sandbox.gateway.money import to_fen, to_yuan
from sandbox.gateway.state import gateway_of
from sandbox.people.person import read_profile

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.people.person import Person

KINDS: Final = ("collection", "transfer")
_PROCESSING: Final = "processing"
_REFUSED: Final = 400
_MOST_FEN: Final = 500_000_00
"""What the network takes in one payment."""


def collect(call: Call) -> Answer:
    """Draw an amount from a card, whose holder must be the one that is named."""
    body = call.body
    person = call.world.by_card(body["card_number"])
    elements = {name: body[name] for name in ("name", "id_number", "phone")}
    if person is None or any(getattr(person, name) != value for name, value in elements.items()):
        raise CoreRefusalError(409, "card_refused", "no such card of this holder")
    if call.world.facts(person).bound_card == "mismatch":
        raise CoreRefusalError(409, "card_refused", "its bank has blocked the card")
    return _ordered(call, "collection", body["card_number"], person)


def send(call: Call) -> Answer:
    """Send an amount to a card or account, whose owner must be the one that is named."""
    number = call.body["payee_number"]
    owner = _owner(call, number)
    if owner is None:
        raise CoreRefusalError(409, "payee_not_found", "no bank keeps such an account")
    if owner.name != call.body["payee_name"]:
        raise CoreRefusalError(409, "payee_name_mismatch", "the account is somebody else's")
    return _ordered(call, "transfer", number, owner)


def query(call: Call) -> Answer:
    """Tell what became of an order; one that was left waiting moves now, unless the network is still slow."""
    stored = call.core.find_request(call.bank, call.asked_id)
    if stored is None or stored.kind not in KINDS:
        return Answer({"status": "unknown"})
    status, body = stored.status, stored.body
    if status < _REFUSED and body["status"] == _PROCESSING and not call.purses.slow:
        status, body = _end_waiting(call)
    if status >= _REFUSED:
        return Answer({"status": "refused", "code": body["code"]}, stored.person)
    return Answer({name: value for name, value in body.items() if name != "replayed"}, stored.person)


def _ordered(call: Call, kind: str, number: str, person: Person) -> Answer:
    amount_fen = to_fen(call.body["amount"])
    if amount_fen > _MOST_FEN:
        raise CoreRefusalError(409, "limit_exceeded", "more than the network takes in one payment")
    call.purses.take_order(call.bank, call.request_id, kind=kind, account_number=number, amount_fen=amount_fen)
    if call.purses.slow:
        return Answer({"status": _PROCESSING}, id_of(person))
    return Answer(_moved(call, call.request_id), id_of(person))


def _moved(call: Call, request_id: str) -> dict[str, str]:
    """Move an order's money and give its answer.

    Raises:
        CoreRefusalError: the card has less.
    """
    order = call.purses.find_order(call.bank, request_id)
    sign = -1 if order["kind"] == "collection" else 1
    _move(call, order["account_number"], sign * order["amount_fen"])
    return {"status": "done", **call.purses.settle(call.bank, request_id)}


def _end_waiting(call: Call) -> tuple[int, dict[str, Any]]:
    """Move the money of an order that waited; what it came to is its answer from now on."""
    try:
        with call.core.transaction():
            status, body = 200, _moved(call, call.asked_id)
            call.purses.answer_anew(call.bank, call.asked_id, status=status, answer=json.dumps(body))
    except CoreRefusalError as refused:
        status, body = refused.status, refusal(refused.status, refused.code, refused.message).body
        with call.core.transaction():
            call.purses.answer_anew(call.bank, call.asked_id, status=status, answer=json.dumps(body))
    return status, body


def _owner(call: Call, number: str) -> Person | None:
    """Find whose card or account it is, at whichever bank."""
    person = call.world.by_card(number)
    if person is not None:
        return person
    account = call.core.find_account_anywhere(number)
    return call.world.by_id_number(account.id_number) if account else None


def _move(call: Call, number: str, amount_fen: int) -> None:
    """Move money on an account of a core system where it is one, else on the card itself."""
    person = call.world.by_card(number)
    home = read_profile(person.profile).class1_at if person else None
    if home:
        bring_class_one(call.core, call.world, home, number)
    account = call.core.find_account_anywhere(number)
    if account is None:
        call.purses.move(number, amount_fen)
        return
    call.core.move(
        account.bank,
        request_id=None,
        kind="credit" if amount_fen > 0 else "debit",
        account_number=number,
        amount_fen=abs(amount_fen),
        memo=call.body.get("memo", ""),
    )


def routes() -> list[Route]:
    """Give the control calls over the network: `GET, POST /sandbox/payments` and `POST /sandbox/purses`."""
    return [
        Route("/sandbox/payments", _look, methods=["GET"]),
        Route("/sandbox/payments", _pace, methods=["POST"]),
        Route("/sandbox/purses", _purse, methods=["GET"]),
        Route("/sandbox/purses", _fill, methods=["POST"]),
    ]


async def _look(request: Request) -> Response:
    """Show one bank's orders."""
    bank = request.query_params.get("bank", "")
    if not bank:
        return JSONResponse({"code": "invalid_request", "message": "say ?bank="}, 400)
    rows = gateway_of(request.app).purses.orders(bank)
    shown = [
        {name: value for name, value in row.items() if name not in ("number", "amount_fen")}
        | {"amount": to_yuan(row["amount_fen"])}
        for row in rows
    ]
    return JSONResponse({"orders": shown})


async def _pace(request: Request) -> Response:
    """Let new orders wait, `{slow: true}`, or move at once again."""
    order = await _object(request)
    if not isinstance(order.get("slow"), bool):
        return JSONResponse({"code": "invalid_request", "message": "say slow, true or false"}, 400)
    purses = gateway_of(request.app).purses
    purses.slow = order["slow"]
    return JSONResponse({"slow": purses.slow})


async def _purse(request: Request) -> Response:
    """Show what is on a card."""
    number = request.query_params.get("card_number", "")
    return JSONResponse({"card_number": number, "balance": to_yuan(gateway_of(request.app).purses.balance_fen(number))})


async def _fill(request: Request) -> Response:
    """Let a card have exactly so much, `{card_number, balance}`, the balance in yuan."""
    order = await _object(request)
    number, balance = order.get("card_number", ""), order.get("balance", "")
    if not contract.fits("AccountNumber", number) or not contract.fits("Balance", balance):
        return JSONResponse({"code": "invalid_request", "message": "send card_number and balance"}, 400)
    gateway_of(request.app).purses.put(number, to_fen(balance))
    return JSONResponse({"card_number": number, "balance": balance})


async def _object(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.body())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
