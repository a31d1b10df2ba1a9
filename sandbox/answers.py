"""What vendors answer: an answer held in hand, how each vendor says no, and what an answer means."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

Headers = list[tuple[bytes, bytes]]

# Only small answers are read for the log: a large one carries pictures, and no vendor refuses at length.
_READABLE_BYTES: Final = 64 * 1024
_IN_HTTP_200: Final = ("wechat", "tencent_ocr", "tencent_faceid")


@dataclass(slots=True)
class Answer:
    """An HTTP answer before it is sent."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """Return the answer's content type, empty when it has none."""
        return next((value.decode("latin-1") for name, value in self.headers if name == b"content-type"), "")

    def payload(self) -> dict[str, object]:
        """Return the JSON object in the body; anything else is an empty object."""
        if "json" not in self.content_type or len(self.body) > _READABLE_BYTES:
            return {}
        try:
            payload = json.loads(self.body)
        except ValueError:
            return {}
        return payload if isinstance(payload, dict) else {}


def json_answer(payload: object, *, status: int, extra: Headers | None = None) -> Answer:
    """Return an answer in JSON."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return Answer(status=status, headers=headers + (extra or []), body=body)


def rid() -> str:
    """Return WeChat's mark of a request, as it stands at the end of its error messages."""
    mark = uuid.uuid4().hex
    return f"rid: {mark[:8]}-{mark[8:16]}-{mark[16:24]}"


def refusal(vendor: str, *, status: int | None, code: str | None) -> Answer:
    """Return a refusal in the vendor's own shape.

    Without a status it is the one that this vendor uses for errors (WeChat and Tencent: 200; others: 503).
    """
    limited = status == HTTPStatus.TOO_MANY_REQUESTS
    chosen = status or (HTTPStatus.OK if vendor in _IN_HTTP_200 else HTTPStatus.SERVICE_UNAVAILABLE)
    if vendor == "wechat":
        errcode = int(code) if code and code.lstrip("-").isdigit() else 45011 if limited else -1
        message = "api minute-quota reach limit, must slower retry next minute" if limited else "system error"
        return json_answer({"errcode": errcode, "errmsg": f"{message} {rid()}"}, status=chosen)
    if vendor in _IN_HTTP_200:
        error = {
            "Code": code or ("RequestLimitExceeded" if limited else "InternalError"),
            "Message": "The sandbox was told to refuse.",
        }
        return json_answer({"Response": {"Error": error, "RequestId": str(uuid.uuid4())}}, status=chosen)
    if vendor == "tsa":
        body = b"the time stamp service is not available"
        return Answer(
            status=chosen,
            headers=[(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())],
            body=body,
        )
    payload = {
        "code": code or ("too_many_requests" if limited else "unavailable" if chosen >= 500 else "rejected"),  # noqa: PLR2004
        "message": "the sandbox was told to refuse",
    }
    return json_answer(payload, status=chosen, extra=[(b"retry-after", b"1")] if limited else None)


def garbled(answer: Answer) -> Answer:
    """Return the answer with a body that is cut off and is not what its content type says."""
    body = b"\x00<html><body>502 " + answer.body[: len(answer.body) // 2][:512] + b"\xff\xfe"
    kept = [(name, value) for name, value in answer.headers if name != b"content-length"]
    return Answer(
        status=HTTPStatus.OK,
        headers=[*kept, (b"content-length", str(len(body)).encode())],
        body=body,
    )


def meaning_of(vendor: str, answer: Answer) -> str:
    """Say in one word what the vendor decided: `ok`, a business result, or the vendor's error code."""
    payload = answer.payload()
    if vendor == "wechat":
        errcode = payload.get("errcode", 0)
        return "ok" if errcode == 0 and answer.status == HTTPStatus.OK else str(errcode)
    if vendor in _IN_HTTP_200:
        response = payload.get("Response")
        error = response.get("Error") if isinstance(response, dict) else None
        return str(error["Code"]) if isinstance(error, dict) else "ok"
    refused = answer.status >= HTTPStatus.BAD_REQUEST
    for name in ("code",) if refused else ("result", "status", "code"):
        word = payload.get(name)
        if isinstance(word, str) and word:
            return word
    return f"http_{answer.status}" if refused else "ok"
