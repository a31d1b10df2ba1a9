"""The SMS door and the phones' inbox."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.signature import sign

if TYPE_CHECKING:
    from tests.running_sandbox import Sandbox

PATH = "/sms/v1/messages"
MESSAGE = {
    "phone": "13800001234",
    "template": "code",
    "parameters": {"code": "482913"},
    "text": "您的验证码是482913，五分钟内有效。",
}


def body_of(**changes: Any) -> bytes:
    return json.dumps({**MESSAGE, **changes}, ensure_ascii=False).encode()


def inbox(sandbox: Sandbox, **query: str | int) -> list[dict[str, Any]]:
    texts: list[dict[str, Any]] = sandbox.json("GET", "/sandbox/inbox", params=query)
    return texts


class TestSend:
    """POST /sms/v1/messages."""

    def test_a_text_reaches_the_phone_and_the_log(self, sandbox: Sandbox) -> None:
        person, request_id = sandbox.person(), uuid.uuid4().hex
        answer = sandbox.post_signed(PATH, body_of(phone=person["phone"]), request_id=request_id)
        assert (answer.status_code, answer.json()["replayed"]) == (200, False)
        (text,) = inbox(sandbox, phone=person["phone"])
        assert (text["text"], text["parameters"]) == (MESSAGE["text"], MESSAGE["parameters"])
        assert (text["template"], text["request_id"], text["bank"]) == ("code", request_id, "125")
        (call,) = sandbox.calls(request_id=request_id)
        assert (call["vendor"], call["operation"], call["bank"]) == ("sms", "messages", "125")
        assert (call["person"], call["outcome"], call["replayed"]) == (person["person"], "ok", False)

    def test_the_same_request_id_is_the_same_text(self, sandbox: Sandbox) -> None:
        phone, request_id = sandbox.person()["phone"], uuid.uuid4().hex
        first, again = (sandbox.post_signed(PATH, body_of(phone=phone), request_id=request_id).json() for _ in range(2))
        assert (again["message_id"], again["replayed"]) == (first["message_id"], True)
        assert len(inbox(sandbox, phone=phone)) == 1
        assert [call["replayed"] for call in sandbox.calls(vendor="sms")] == [False, True]

    def test_request_ids_are_each_banks_own(self, sandbox: Sandbox) -> None:
        phone, request_id = sandbox.person()["phone"], uuid.uuid4().hex
        for bank in ("125", "126"):
            sandbox.post_signed(PATH, body_of(phone=phone), request_id=request_id, bank=bank)
        assert [text["bank"] for text in inbox(sandbox, phone=phone)] == ["126", "125"]

    def test_another_text_under_a_used_request_id_is_refused(self, sandbox: Sandbox) -> None:
        phone, request_id = sandbox.person()["phone"], uuid.uuid4().hex
        sandbox.post_signed(PATH, body_of(phone=phone), request_id=request_id)
        answer = sandbox.post_signed(PATH, body_of(phone=phone, text="另一条"), request_id=request_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "request_id_reused")
        assert [text["text"] for text in inbox(sandbox, phone=phone)] == [MESSAGE["text"]]

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Signature": "0" * 64},
            {"X-Signature": "ÿ"},
            {"X-Timestamp": "soon"},
            {"X-Timestamp": str(int(time.time()) - 100)},
            {"X-Request-Id": "0" * 32},
        ],
    )
    def test_what_was_not_signed_is_refused(self, sandbox: Sandbox, headers: dict[str, str]) -> None:
        latin = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = sandbox.post_signed(PATH, body_of(), **latin)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")

    def test_a_changed_body_is_refused(self, sandbox: Sandbox) -> None:
        request_id, timestamp = "0" * 32, str(int(time.time()))
        signature = sign(method="POST", path=PATH, timestamp=timestamp, request_id=request_id, body=body_of())
        headers = {"X-Bank": "125", "X-Request-Id": request_id, "X-Timestamp": timestamp}
        answer = sandbox.json(
            "POST",
            PATH,
            content=body_of(phone="13800009999"),
            headers=headers | {"X-Signature": signature},
            status=401,
        )
        assert answer["code"] == "bad_signature"

    def test_an_old_signature_is_refused(self, sandbox: Sandbox) -> None:
        request_id, timestamp, body = "0" * 32, str(int(time.time()) - 301), body_of()
        signature = sign(method="POST", path=PATH, timestamp=timestamp, request_id=request_id, body=body)
        headers = {"X-Timestamp": timestamp, "X-Signature": signature}
        answer = sandbox.post_signed(PATH, body, request_id=request_id, **headers)
        assert answer.status_code == 401

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{", "invalid_request"),
            (b"[]", "invalid_request"),
            (b'{"phone": "13800001234"}', "invalid_request"),
            (body_of(more=1), "invalid_request"),
            (body_of(phone="12800001234"), "invalid_phone"),
            (body_of(phone=13800001234), "invalid_phone"),
            (body_of(template=""), "invalid_request"),
            (body_of(parameters=[]), "invalid_request"),
            (body_of(text=""), "invalid_request"),
            (body_of(text="字" * 501), "invalid_request"),
        ],
    )
    def test_what_is_wrong_is_named(self, sandbox: Sandbox, body: bytes, code: str) -> None:
        answer = sandbox.post_signed(PATH, body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)

    @pytest.mark.parametrize(("bank", "request_id"), [("", "0" * 32), ("125", "not-hex")])
    def test_bank_and_request_id_must_be_there(self, sandbox: Sandbox, bank: str, request_id: str) -> None:
        answer = sandbox.post_signed(PATH, body_of(), bank=bank, request_id=request_id)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


class TestInbox:
    """GET /sandbox/inbox."""

    def test_the_newest_text_comes_first_and_the_limit_holds(self, sandbox: Sandbox) -> None:
        phone = sandbox.person()["phone"]
        for number in range(3):
            sandbox.post_signed(PATH, body_of(phone=phone, text=f"第{number}条"))
        assert [text["text"] for text in inbox(sandbox, phone=phone, limit=2)] == ["第2条", "第1条"]
        assert inbox(sandbox, phone=sandbox.person()["phone"]) == []

    def test_without_a_phone_all_texts_are_shown(self, sandbox: Sandbox) -> None:
        phones = [sandbox.person()["phone"] for _ in range(2)]
        for phone in phones:
            sandbox.post_signed(PATH, body_of(phone=phone))
        assert [text["phone"] for text in inbox(sandbox, limit=2)] == phones[::-1]

    @pytest.mark.parametrize("query", [{"phone": "123"}, {"limit": "0"}, {"limit": "many"}])
    def test_a_wrong_question_is_refused(self, sandbox: Sandbox, query: dict[str, str]) -> None:
        assert sandbox.json("GET", "/sandbox/inbox", params=query, status=400)["code"] == "invalid_field"
