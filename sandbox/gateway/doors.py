"""Receive every call to the gateway: signature, headers, body, idempotency, handler, answer.

A handler runs from the check to the effect without awaiting anything, so a caller that is hung up on has
been served either wholly or not at all.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.gateway import checks, contract, core, credit, inspect, payments, voices
from sandbox.gateway.calling import Answer, Call, refusal
from sandbox.gateway.core_bank import CoreRefusalError, StoredAnswer
from sandbox.gateway.state import gateway_of
from sandbox.signature import is_signed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from sandbox.gateway.calling import Handler
    from sandbox.gateway.core_bank import Kind

HANDLERS: Final[dict[str, Handler]] = {
    "carriers.verify": checks.verify_carrier,
    "carriers.lookup": checks.look_up_carrier,
    "id_check": checks.check_id,
    "bound_card.verify": checks.verify_bound_card,
    "voice.verify": voices.verify,
    "bureau.report": credit.report,
    "government.data": credit.government_data,
    "core.class_one": core.class_one,
    "core.open_account": core.open_account,
    "core.close_account": core.close_account,
    "core.credit": core.credit,
    "core.debit": core.debit,
    "core.statement": core.statement,
    "core.query": core.query,
    "filings.file": core.file,
    "payments.collect": payments.collect,
    "payments.send": payments.send,
    "payments.query": payments.query,
}
_KINDS: Final[dict[str, Kind]] = {
    "core.open_account": "account",
    "core.close_account": "closing",
    "core.credit": "credit",
    "core.debit": "debit",
    "filings.file": "filing",
    "payments.collect": "collection",
    "payments.send": "transfer",
}


def routes() -> list[Route]:
    """Give every door of the gateway and the control calls over its core systems."""
    found = [
        Route(contract.operations()[name]["path"], _door(name), methods=[contract.operations()[name]["method"]])
        for name in HANDLERS
    ]
    return found + inspect.routes() + payments.routes()


def _door(operation: str) -> Callable[[Request], Awaitable[Response]]:
    async def door(request: Request) -> Response:
        body = await request.body()
        # From here on nothing is awaited: checks, effect and answer are one act.
        answer = _answer(operation, request, body)
        _tell_log(request, answer)
        return JSONResponse(answer.body, status_code=answer.status)

    return door


def _answer(operation: str, request: Request, body: bytes) -> Answer:
    path = request.url.path
    if not is_signed(method=request.method, path=path, headers=request.headers, body=body):
        return refusal(401, "bad_signature", "the signature does not agree, or is too old")
    call = _read(operation, request, body)
    if isinstance(call, Answer):
        return call
    if operation not in _KINDS:
        return HANDLERS[operation](call)
    material = b"\n".join((request.method.encode(), path.encode(), body))
    return _once(operation, call, hashlib.sha256(material).hexdigest())


def _read(operation: str, request: Request, body: bytes) -> Call | Answer:
    """Read a call; a refusal when headers or body are not as the contract describes them."""
    bank, request_id = request.headers.get("x-bank", ""), request.headers.get("x-request-id", "")
    for parameter, header, value in (("Bank", "X-Bank", bank), ("RequestId", "X-Request-Id", request_id)):
        if contract.header_problem(parameter, value):
            return refusal(400, "invalid_request", f"{header} is missing or malformed")
    payload: Any = {}
    if body:
        try:
            payload = json.loads(body)
        except ValueError:
            return refusal(400, "invalid_request", "the body is not JSON")
    problem = contract.request_problem(operation, payload)
    if problem:
        return refusal(400, "invalid_request", problem)
    asked = request.path_params.get("request_id")
    if asked is not None and contract.header_problem("RequestId", asked):
        return refusal(400, "invalid_request", "request_id is malformed")
    return Call(
        bank=bank,
        request_id=request_id,
        body=payload,
        asked_id=asked or "",
        world=request.app.state.world,
        core=gateway_of(request.app).core,
        purses=gateway_of(request.app).purses,
    )


def _once(operation: str, call: Call, fingerprint: str) -> Answer:
    """Let a queryable call have its effect once; the same id answers the same ever after."""
    stored = call.core.find_request(call.bank, call.request_id)
    if stored is not None:
        if stored.fingerprint != fingerprint:
            return refusal(409, "request_id_reused", "this id belongs to another request")
        return Answer(stored.body | {"replayed": True}, stored.person, stored.status, replayed=True)
    kind = _KINDS[operation]
    try:
        with call.core.transaction():
            answer = HANDLERS[operation](call)
            kept = StoredAnswer(kind, fingerprint, answer.status, answer.body, answer.person)
            call.core.store_request(call.bank, call.request_id, kept)
    except CoreRefusalError as refused:
        answer = replace(refusal(refused.status, refused.code, refused.message), person=core.holder(call))
        with call.core.transaction():
            kept = StoredAnswer(kind, fingerprint, answer.status, answer.body, answer.person)
            call.core.store_request(call.bank, call.request_id, kept)
    return Answer(answer.body | {"replayed": False}, answer.person, answer.status)


def _tell_log(request: Request, answer: Answer) -> None:
    """Fill in what only the door knows, where the call log stands before it."""
    call = getattr(request.state, "call", None)
    if call is not None:
        call.person = answer.person or call.person
        call.replayed = answer.replayed
