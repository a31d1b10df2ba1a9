"""What stands before every vendor's door: the call log and the faults."""

from __future__ import annotations

import asyncio
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from sandbox.answers import Answer, garbled, json_answer, meaning_of, refusal
from sandbox.calls import PROCESSING, Call, CallLog, Destination, bank_of, destination_of
from sandbox.faults import Aim, Fault, FaultTable
from sandbox.wire import hang_up

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.people import World

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
_READABLE_BYTES: Final = 64 * 1024
_LOGGER: Final = logging.getLogger("sandbox")


class VendorDoors:
    """Log every call to a vendor and let the faults that are set befall it (ASGI middleware).

    The request is read to its end before anything happens, so a caller that is hung up on has always sent
    everything and cannot know whether it was processed.
    """

    def __init__(self, app: ASGIApp, *, log: CallLog, faults: FaultTable, world: World) -> None:
        """Stand before an application."""
        self._app = app
        self._log = log
        self._faults = faults
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the control calls pass untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        destination = destination_of(scope["method"], scope["path"], headers)
        if destination is None:
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(receive)
        except ClientDisconnect:
            return
        if body is None:
            await _send(json_answer({"code": "too_large"}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE), send)
            return
        try:
            answer = await self._serve(scope, headers, destination, body)
        except asyncio.CancelledError:  # the sandbox is stopping, and this call was still being delayed
            answer = None
        if answer is None:
            await hang_up(scope, receive)
        else:
            await _send(answer, send)

    async def _serve(self, scope: Scope, headers: Headers, destination: Destination, body: bytes) -> Answer | None:
        """Return what the caller gets to see; None when it is hung up on."""
        call = self._log.open(destination, bank=bank_of(headers), request_id=headers.get("x-request-id"))
        fault = self._faults.strike(Aim(call.vendor, call.operation, call.bank))
        call.faults = fault.names
        if fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault.drop_before:
            self._describe(call, body, answer=None)
            call.outcome = "dropped_before"
            return None
        if fault.status is not None or fault.code is not None:
            refused = refusal(call.vendor, status=fault.status, code=fault.code)
            self._describe(call, body, answer=refused)
            call.outcome = fault.code or f"status_{fault.status}"
            return refused
        answer = await self._process(scope, call, body)
        if fault.duplicate:
            again = self._log.open(destination, bank=call.bank, request_id=call.request_id)
            again.duplicate = True
            again.faults = fault.names
            await self._process(scope, again, body)
        return _spoil(call, fault, answer)

    async def _process(self, scope: Scope, call: Call, body: bytes) -> Answer:
        """Let the vendor's handler do its work and hold its answer."""
        answer = Answer()
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = list(message.get("headers", []))
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")

        try:
            await self._app({**scope, "state": {**scope.get("state", {}), "call": call}}, receive, send)
        except Exception:
            _LOGGER.exception("A door of the sandbox failed: %s %s", call.vendor, call.operation)
            answer = json_answer({"code": "sandbox_error"}, status=HTTPStatus.INTERNAL_SERVER_ERROR)
        self._describe(call, body, answer=answer)
        return answer

    def _describe(self, call: Call, body: bytes, *, answer: Answer | None) -> None:
        """Fill in the row of the log what can be read from the request and the answer alone."""
        if answer is not None:
            call.status = answer.status
            if call.outcome == PROCESSING:
                call.outcome = meaning_of(call.vendor, answer)
            call.replayed = call.replayed or answer.payload().get("replayed") is True
        if call.person is None:
            call.person = self._person_named_in(body)

    def _person_named_in(self, body: bytes) -> str | None:
        if not body.startswith(b"{") or len(body) > _READABLE_BYTES:
            return None
        try:
            named = json.loads(body)
        except ValueError:
            return None
        for name, find in (
            ("id_number", self._world.by_id_number),
            ("IdCard", self._world.by_id_number),
            ("phone", self._world.by_phone),
            ("card_number", self._world.by_card),
        ):
            value = named.get(name)
            person = find(value) if isinstance(value, str) else None
            if person is not None:
                return person.person
        return None


def _spoil(call: Call, fault: Fault, answer: Answer) -> Answer | None:
    """Return what is left of an answer: itself, rubbish, or nothing; the log keeps what was decided."""
    if fault.drop_after:
        call.answer, call.outcome, call.status = call.outcome, "dropped_after", None
        return None
    if fault.garbage:
        spoilt = garbled(answer)
        call.answer, call.outcome, call.status = call.outcome, "garbage", spoilt.status
        return spoilt
    return answer


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body; None when it is larger than any vendor takes.

    Raises: ClientDisconnect when the caller went away before it had sent everything.
    """
    body = bytearray()
    too_large = False
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        if not too_large:
            body += message.get("body", b"")
        too_large = too_large or len(body) > MAX_BODY_BYTES
        if not message.get("more_body", False):
            return None if too_large else bytes(body)


async def _send(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})
