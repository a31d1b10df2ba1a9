"""Text messages through the published contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.gateway import Invalid, Rejected, RetryAfter, UnknownOutcome, UnknownVendorCode, forget_breakers
from core.ids import new_id
from tenants.providers.gateway_client import bank_gateway
from tenants.providers.sms.provider import GatewayTextMessages
from tests.loopback import Door, Drop, door, reply
from tests.running_sandbox import Sandbox

__all__ = ["door"]

KEY = "sandbox-gateway-key"
PHONE = "13900000000"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


def messages(base_url: str, key: str = KEY) -> GatewayTextMessages:
    return GatewayTextMessages(bank_gateway(bank="125", base_url=base_url, key=key, read_seconds=0.5))


def send(of: GatewayTextMessages, request_id: str, phone: str = PHONE, text: str = "【样例】验证码 000000") -> str:
    return of.send(phone=phone, template="code", parameters={"code": "000000"}, text=text, request_id=request_id)


class TestSend:
    def test_speaks_the_contract(self, door: Door) -> None:
        door.then(reply({"message_id": "m-1", "replayed": False}))
        assert send(messages(door.url), new_id().hex) == "m-1"
        assert door.seen[0].path == "/sms/v1/messages"
        assert door.seen[0].headers["x-bank"] == "125"
        assert door.seen[0].json() == {
            "phone": PHONE,
            "template": "code",
            "parameters": {"code": "000000"},
            "text": "【样例】验证码 000000",
        }

    def test_a_message_of_unknown_fate_is_not_sent_again_by_itself(self, door: Door) -> None:
        door.otherwise = Drop()
        with pytest.raises(UnknownOutcome):
            send(messages(door.url), new_id().hex)
        assert len(door.seen) == 1

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("invalid_phone", Rejected),
            ("invalid_request", Invalid),
            ("bad_signature", Invalid),
            ("request_id_reused", Invalid),
            ("something_new", UnknownVendorCode),
        ],
    )
    def test_every_code(self, door: Door, code: str, kind: type[Exception]) -> None:
        door.then(reply({"code": code, "message": "m"}, status=400))
        with pytest.raises(kind):
            send(messages(door.url), new_id().hex)


class TestOnTheSandbox:
    def test_the_same_id_is_one_text(self, sandbox: Sandbox) -> None:
        phone, request_id = sandbox.person()["phone"], new_id().hex
        first = send(messages(sandbox.url), request_id, phone)
        assert send(messages(sandbox.url), request_id, phone) == first
        assert len(sandbox.inbox(phone)) == 1

    def test_an_answer_that_was_lost_is_found_by_the_same_id(self, sandbox: Sandbox) -> None:
        phone, request_id = sandbox.person()["phone"], new_id().hex
        sandbox.fault("sms", drop_after=True, count=1)
        with pytest.raises(UnknownOutcome):
            send(messages(sandbox.url), request_id, phone)
        assert send(messages(sandbox.url), request_id, phone)
        assert len(sandbox.inbox(phone)) == 1

    def test_a_503_means_that_nothing_was_sent(self, sandbox: Sandbox) -> None:
        sandbox.fault("sms", status=503)
        with pytest.raises(RetryAfter):
            send(messages(sandbox.url), new_id().hex)

    def test_a_wrong_key_and_a_wrong_phone_are_refused(self, sandbox: Sandbox) -> None:
        with pytest.raises(Invalid) as wrong_key:
            send(messages(sandbox.url, key="another key"), new_id().hex)
        assert wrong_key.value.code == "bad_signature"
        with pytest.raises(Rejected) as wrong_phone:
            send(messages(sandbox.url), new_id().hex, phone="12345")
        assert wrong_phone.value.code == "invalid_phone"
