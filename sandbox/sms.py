"""The SMS door: our own small contract, signed, one text per request id; and the inbox of every phone."""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.clock import SHANGHAI
from sandbox.payloads import ControlError, whole_number
from sandbox.signature import is_signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.responses import Response

KEPT_TEXTS: Final = 50_000
MAX_LISTED: Final = 500
MAX_TEXT: Final = 500
_PHONE: Final = re.compile(r"1[3-9]\d{9}")
_TEMPLATE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}")
_FIELDS: Final = {"phone", "template", "parameters", "text"}


@dataclass(frozen=True, slots=True)
class Text:
    """One text message that reached a phone."""

    at: datetime
    phone: str
    text: str
    template: str
    parameters: dict[str, object]
    request_id: str
    bank: str
    message_id: str
    body_sha256: str

    def as_json(self) -> dict[str, object]:
        """Return the row that the inbox shows."""
        return {
            "at": self.at.isoformat(timespec="milliseconds"),
            "phone": self.phone,
            "text": self.text,
            "template": self.template,
            "parameters": self.parameters,
            "request_id": self.request_id,
            "bank": self.bank,
            "message_id": self.message_id,
        }


class SmsError(Exception):
    """A message that is not taken: answered with its HTTP status and `code`."""

    def __init__(self, code: str, message: str, *, status: int = HTTPStatus.BAD_REQUEST) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class SmsDoor:
    """Take texts and deliver them; the same bank and request id is the same text, delivered once."""

    def __init__(self) -> None:
        """Start with empty phones."""
        self._by_request: OrderedDict[tuple[str, str], Text] = OrderedDict()
        self._inbox: deque[Text] = deque(maxlen=KEPT_TEXTS)

    def routes(self) -> list[Route]:
        """Return the door and the control call that reads the phones."""
        return [
            Route("/sms/v1/messages", self.send, methods=["POST"]),
            Route("/sandbox/inbox", self.inbox, methods=["GET"]),
        ]

    async def send(self, request: Request) -> Response:
        """Take one message."""
        try:
            return JSONResponse(self._take(request, await request.body()))
        except SmsError as refusal:
            payload = {"code": refusal.code, "message": refusal.message}
            return JSONResponse(payload, status_code=refusal.status)

    async def inbox(self, request: Request) -> Response:
        """Show the last texts, newest first, of one phone (?phone=) or of all."""
        limit = whole_number(request.query_params.get("limit", "20"), "limit", least=1, most=MAX_LISTED)
        phone = request.query_params.get("phone")
        if phone is not None and not _PHONE.fullmatch(phone):
            raise ControlError("invalid_field", "phone: a mainland mobile number is required")
        return JSONResponse([text.as_json() for text, _ in zip(self._newest(phone), range(limit), strict=False)])

    def _newest(self, phone: str | None) -> Iterator[Text]:
        return (text for text in reversed(self._inbox) if phone in (None, text.phone))

    def _take(self, request: Request, body: bytes) -> dict[str, object]:
        path, headers = request.url.path, request.headers
        if not is_signed(method=request.method, path=path, headers=headers, body=body):
            raise SmsError("bad_signature", "signature or time stamp", status=HTTPStatus.UNAUTHORIZED)
        bank, request_id = headers.get("x-bank", ""), headers.get("x-request-id", "")
        if not bank or not _REQUEST_ID.fullmatch(request_id):
            raise SmsError("invalid_request", "X-Bank and X-Request-Id (32 hex digits) are required")
        text = _read(body, bank=bank, request_id=request_id)
        sent = self._by_request.get((bank, request_id))
        if sent is not None:
            if sent.body_sha256 != text.body_sha256:
                raise SmsError("request_id_reused", "another message had this id", status=HTTPStatus.CONFLICT)
            return {"message_id": sent.message_id, "replayed": True}
        self._by_request[bank, request_id] = text
        if len(self._by_request) > KEPT_TEXTS:
            self._by_request.popitem(last=False)
        self._inbox.append(text)
        return {"message_id": text.message_id, "replayed": False}


def _read(body: bytes, *, bank: str, request_id: str) -> Text:
    """Return the message in a body.

    Raises: SmsError invalid_request, invalid_phone.
    """
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise SmsError("invalid_request", "the body is not JSON") from error
    if not isinstance(payload, dict) or set(payload) != _FIELDS:
        raise SmsError("invalid_request", f"an object with {', '.join(sorted(_FIELDS))} is required")
    phone, template, text = payload["phone"], payload["template"], payload["text"]
    if not isinstance(phone, str) or not _PHONE.fullmatch(phone):
        raise SmsError("invalid_phone", "not a mainland mobile number")
    if not isinstance(template, str) or not _TEMPLATE.fullmatch(template):
        raise SmsError("invalid_request", "template: a lower-case word is required")
    if not isinstance(payload["parameters"], dict):
        raise SmsError("invalid_request", "parameters: an object is required")
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_TEXT:
        raise SmsError("invalid_request", f"text: 1 to {MAX_TEXT} characters are required")
    return Text(
        at=datetime.now(SHANGHAI),
        phone=phone,
        text=text,
        template=template,
        parameters=payload["parameters"],
        request_id=request_id,
        bank=bank,
        message_id=hashlib.sha256(f"{bank}/{request_id}".encode()).hexdigest()[:24],
        body_sha256=hashlib.sha256(body).hexdigest(),
    )
