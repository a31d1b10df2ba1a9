"""Faults: vendors that are slow, refuse, talk rubbish, hang up, or do things twice."""

from __future__ import annotations

import json
import socket
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.answers import meaning_of, refusal
from sandbox.calls import VENDORS
from sandbox.faults import Aim, FaultTable
from sandbox.payloads import ControlError

if TYPE_CHECKING:
    from tests.running_sandbox import Sandbox

SMS = "/sms/v1/messages"
APPID = "wxfa00000000000017"


def message(phone: str) -> bytes:
    return json.dumps({"phone": phone, "template": "code", "parameters": {}, "text": "验证码"}).encode()


def texts(sandbox: Sandbox, phone: str) -> int:
    return len(sandbox.json("GET", "/sandbox/inbox", params={"phone": phone}))


def log_in(sandbox: Sandbox, code: str) -> httpx.Response:
    query = {"appid": APPID, "secret": f"sandbox-{APPID}", "js_code": code}
    return sandbox.http.get("/wechat/sns/jscode2session", params=query)


class TestDrop:
    """The connection is closed without an answer."""

    def test_dropped_before_nothing_was_done(self, sandbox: Sandbox) -> None:
        phone = sandbox.person()["phone"]
        sandbox.fault("sms", drop_before=True, count=1)
        with pytest.raises(httpx.RemoteProtocolError):
            sandbox.post_signed(SMS, message(phone))
        assert texts(sandbox, phone) == 0
        (call,) = sandbox.calls(vendor="sms")
        assert (call["outcome"], call["answer"], call["status"]) == ("dropped_before", None, None)

    def test_dropped_after_it_was_done_and_asking_again_replays(self, sandbox: Sandbox) -> None:
        phone, request_id = sandbox.person()["phone"], uuid.uuid4().hex
        sandbox.fault("sms", drop_after=True, count=1)
        with pytest.raises(httpx.RemoteProtocolError):
            sandbox.post_signed(SMS, message(phone), request_id=request_id)
        assert texts(sandbox, phone) == 1
        again = sandbox.post_signed(SMS, message(phone), request_id=request_id)
        assert again.json()["replayed"] is True
        assert texts(sandbox, phone) == 1
        calls = sandbox.calls(request_id=request_id)
        assert [(call["outcome"], call["answer"]) for call in calls] == [
            ("dropped_after", "ok"),
            ("ok", None),
        ]

    def test_a_single_use_code_is_burnt_by_an_answer_that_got_lost(self, sandbox: Sandbox) -> None:
        code = sandbox.code(sandbox.person())
        sandbox.fault("wechat", drop_after=True, count=1)
        with pytest.raises(httpx.RemoteProtocolError):
            log_in(sandbox, code)
        assert log_in(sandbox, code).json()["errcode"] == 40163

    @pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
    def test_not_one_byte_is_sent_and_the_socket_is_closed(self, sandbox: Sandbox, fault: str) -> None:
        sandbox.fault("wechat", **{fault: True})
        host, port = sandbox.address.split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"GET /wechat/sns/jscode2session HTTP/1.1\r\nHost: sandbox\r\n\r\n")
            assert connection.recv(1000) == b""

    def test_the_control_calls_are_never_dropped(self, sandbox: Sandbox) -> None:
        for vendor in VENDORS:
            sandbox.fault(vendor, drop_before=True)
        assert sandbox.json("GET", "/sandbox/healthz") == {"status": "ok"}
        assert len(sandbox.json("GET", "/sandbox/faults")["faults"]) == len(VENDORS)


class TestRefusal:
    """The vendor says no in its own way, before doing anything."""

    @pytest.mark.parametrize(
        ("fault", "status", "errcode"),
        [
            ({"status": 500}, 500, -1),
            ({"status": 429}, 429, 45011),
            ({"status": 200}, 200, -1),
            ({"code": "45009"}, 200, 45009),
        ],
    )
    def test_wechat_refuses_with_an_errcode(
        self, sandbox: Sandbox, fault: dict[str, Any], status: int, errcode: int
    ) -> None:
        code = sandbox.code(sandbox.person())
        sandbox.fault("wechat", **fault, count=1)
        answer = log_in(sandbox, code)
        assert (answer.status_code, answer.json()["errcode"]) == (status, errcode)
        assert "openid" in log_in(sandbox, code).json()

    @pytest.mark.parametrize(
        ("headers", "vendor"),
        [
            ({"X-TC-Action": "IDCardOCR"}, "tencent_ocr"),
            ({"X-TC-Action": "DetectAuth"}, "tencent_faceid"),
        ],
    )
    def test_tencent_refuses_with_an_error_in_a_response(
        self, sandbox: Sandbox, headers: dict[str, str], vendor: str
    ) -> None:
        sandbox.fault(vendor, code="FailedOperation.OcrFailed", count=1)
        sandbox.fault(vendor, status=503, operation=headers["X-TC-Action"])
        for status, code in ((200, "FailedOperation.OcrFailed"), (503, "InternalError")):
            answer = sandbox.http.post("/", headers=headers)
            assert (answer.status_code, answer.json()["Response"]["Error"]["Code"]) == (status, code)
        outcomes = [call["outcome"] for call in sandbox.calls(vendor=vendor)]
        assert outcomes == ["FailedOperation.OcrFailed", "status_503"]

    def test_our_own_contracts_refuse_with_a_code_and_say_when_to_come_again(self, sandbox: Sandbox) -> None:
        phone = sandbox.person()["phone"]
        sandbox.fault("sms", status=429)
        answer = sandbox.post_signed(SMS, message(phone))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert answer.json()["code"] == "too_many_requests"
        assert texts(sandbox, phone) == 0

    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize("status", [None, 429, 500])
    def test_every_vendors_refusal_reads_as_one(self, vendor: str, status: int | None) -> None:
        answer = refusal(vendor, status=status, code=None)
        assert meaning_of(vendor, answer) != "ok"
        assert answer.status == (status or answer.status)


class TestGarbage:
    """The call is processed and the answer cannot be read."""

    def test_the_answer_is_rubbish_and_the_work_was_done(self, sandbox: Sandbox) -> None:
        phone = sandbox.person()["phone"]
        sandbox.fault("sms", garbage=True, count=1)
        answer = sandbox.post_signed(SMS, message(phone))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        with pytest.raises(ValueError, match=r"codec|Expecting"):
            answer.json()
        assert texts(sandbox, phone) == 1
        (call,) = sandbox.calls(vendor="sms")
        assert (call["outcome"], call["answer"]) == ("garbage", "ok")


class TestDuplicate:
    """The vendor processes one call twice."""

    def test_both_are_logged_and_a_request_id_still_has_one_effect(self, sandbox: Sandbox) -> None:
        phone = sandbox.person()["phone"]
        sandbox.fault("sms", duplicate=True, count=1)
        answer = sandbox.post_signed(SMS, message(phone))
        assert answer.json()["replayed"] is False
        assert texts(sandbox, phone) == 1
        calls = sandbox.calls(vendor="sms")
        assert [(call["duplicate"], call["replayed"]) for call in calls] == [(False, False), (True, True)]

    def test_a_single_use_code_is_answered_by_its_first_use(self, sandbox: Sandbox) -> None:
        sandbox.fault("wechat", duplicate=True, count=1)
        assert "openid" in log_in(sandbox, sandbox.code(sandbox.person())).json()
        assert [call["outcome"] for call in sandbox.calls(vendor="wechat")] == ["ok", "40163"]


class TestDelay:
    """The vendor takes its time."""

    def test_the_answer_comes_late_and_others_are_not_held_up(self, sandbox: Sandbox) -> None:
        sandbox.fault("wechat", delay_ms=2000, count=1)
        with pytest.raises(httpx.ReadTimeout):
            sandbox.http.get("/wechat/sns/jscode2session", timeout=0.05)
        assert sandbox.json("GET", "/sandbox/healthz") == {"status": "ok"}
        (call,) = sandbox.calls(vendor="wechat")
        assert (call["outcome"], call["faults"]) == ("processing", ["delay_ms"])

    def test_a_short_delay_is_kept(self, sandbox: Sandbox) -> None:
        sandbox.fault("wechat", delay_ms=30, count=1)
        started_at = time.perf_counter()
        log_in(sandbox, "none")
        assert time.perf_counter() - started_at >= 0.03


class TestAim:
    """Whom a fault hits, how often, and for how long."""

    def strikes(self, table: FaultTable, aim: Aim, calls: int) -> list[bool]:
        return [bool(table.strike(aim).names) for _ in range(calls)]

    def test_a_count_wears_off(self) -> None:
        table = FaultTable()
        table.order({"vendor": "core", "drop_after": True, "count": 2})
        assert self.strikes(table, Aim("core", "credits", "125"), 4) == [True, True, False, False]
        assert list(table.rows()) == []

    def test_a_rate_gives_the_same_sequence_every_time(self) -> None:
        sequences = []
        for _ in range(2):
            table = FaultTable()
            table.order({"vendor": "core", "status": 500, "rate": 0.3})
            sequences.append(self.strikes(table, Aim("core"), 1000))
        assert sequences[0] == sequences[1]
        assert 250 < sum(sequences[0]) < 350

    @pytest.mark.parametrize(("rate", "hits"), [(0, 0), (1, 50)])
    def test_the_ends_of_the_rate_are_never_and_always(self, rate: int, hits: int) -> None:
        table = FaultTable()
        table.order({"vendor": "core", "garbage": True, "rate": rate})
        assert sum(self.strikes(table, Aim("core"), 50)) == hits

    def test_a_fault_may_be_for_one_operation_or_one_bank_only(self) -> None:
        table = FaultTable()
        table.order({"vendor": "core", "operation": "debits", "drop_before": True})
        table.order({"vendor": "core", "bank": "125", "status": 503})
        assert table.strike(Aim("core", "debits", "126")).drop_before
        assert table.strike(Aim("core", "credits", "125")).status == 503
        assert table.strike(Aim("core", "credits", "126")).names == []
        assert table.strike(Aim("bureau", "debits", "125")).names == []

    def test_a_vendor_alone_clears_that_vendor_and_nothing_clears_all(self) -> None:
        table = FaultTable()
        for vendor in ("core", "sms"):
            table.order({"vendor": vendor, "garbage": True})
            table.order({"vendor": vendor, "operation": "x", "garbage": True})
        table.order({"vendor": "core", "operation": "x"})
        assert [(row["vendor"], row["operation"]) for row in table.rows()] == [
            ("core", None),
            ("sms", None),
            ("sms", "x"),
        ]
        table.order({"vendor": "sms"})
        assert [row["vendor"] for row in table.rows()] == ["core"]
        table.order({})
        assert list(table.rows()) == []

    def test_a_new_order_replaces_the_old_one_and_the_list_counts_hits(self, sandbox: Sandbox) -> None:
        sandbox.fault("wechat", status=500, rate=0)
        sandbox.fault("wechat", code="45009", rate=1, count=5)
        log_in(sandbox, "none")
        (row,) = sandbox.json("GET", "/sandbox/faults")["faults"]
        assert (row["code"], row["count"], row["seen"], row["hit"]) == ("45009", 4, 1, 1)

    @pytest.mark.parametrize(
        ("order", "code"),
        [
            ({"vendor": "alipay", "garbage": True}, "unknown_vendor"),
            ({"garbage": True}, "invalid_field"),
            ({"vendor": "core", "explode": True}, "unknown_field"),
            ({"vendor": "core", "count": 2}, "invalid_fault"),
            ({"vendor": "core", "delay_ms": -1}, "invalid_field"),
            ({"vendor": "core", "delay_ms": "fast"}, "invalid_field"),
            ({"vendor": "core", "status": 302}, "invalid_fault"),
            ({"vendor": "core", "status": 99}, "invalid_field"),
            ({"vendor": "core", "garbage": "yes"}, "invalid_field"),
            ({"vendor": "core", "garbage": True, "rate": 1.5}, "invalid_field"),
            ({"vendor": "core", "garbage": True, "rate": True}, "invalid_field"),
            ({"vendor": "core", "garbage": True, "count": 0}, "invalid_field"),
            ({"vendor": "core", "garbage": True, "drop_after": True}, "invalid_fault"),
            ({"vendor": "core", "status": 500, "drop_before": True}, "invalid_fault"),
            ({"vendor": "core", "duplicate": True, "drop_before": True}, "invalid_fault"),
        ],
    )
    def test_an_order_without_sense_changes_nothing(self, order: dict[str, Any], code: str) -> None:
        table = FaultTable()
        with pytest.raises(ControlError) as refused:
            table.order(order)
        assert refused.value.code == code
        assert list(table.rows()) == []

    def test_the_control_call_answers_400(self, sandbox: Sandbox) -> None:
        refused = sandbox.json("POST", "/sandbox/faults", json={"vendor": "alipay"}, status=400)
        assert refused["code"] == "unknown_vendor"
        assert sandbox.json("POST", "/sandbox/faults", content=b"{", status=400)["code"] == "invalid_json"
