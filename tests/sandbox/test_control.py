"""The control calls: people, call log, clock, health; and the process itself."""

from __future__ import annotations

import ast
import io
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.running_sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]


class TestPeople:
    """GET /sandbox/people."""

    def test_people_come_with_what_api_md_promises(self, sandbox: Sandbox) -> None:
        people = sandbox.json("GET", "/sandbox/people", params={"n": 3})
        assert len({person["id_number"] for person in people}) == 3
        assert set(people[0]) == {
            "person",
            "name",
            "id_number",
            "phone",
            "card_number",
            "id_card_front_url",
            "id_card_back_url",
            "face_url",
            "voice_url",
        }

    def test_what_is_asked_for_is_what_they_are(self, sandbox: Sandbox) -> None:
        person = sandbox.person(region="320118", age=41, sex="female", profile="thin")
        details = sandbox.json("GET", f"/sandbox/people/{person['person']}")
        assert (details["sex"], details["profile"]) == ("女", "thin")
        assert person["id_number"].startswith("320118")
        assert int(person["id_number"][16]) % 2 == 0

    @pytest.mark.parametrize("picture", ["id_card_front", "id_card_back", "face"])
    def test_the_pictures_are_served_as_jpeg_and_stay_the_same(self, sandbox: Sandbox, picture: str) -> None:
        person = sandbox.person()
        first, again = (sandbox.http.get(person[f"{picture}_url"]) for _ in range(2))
        assert first.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(first.content)).format == "JPEG"
        assert first.content == again.content

    @pytest.mark.parametrize(
        "query",
        [
            {"n": "0"},
            {"n": "1001"},
            {"n": "many"},
            {"age": "-1"},
            {"age": "121"},
            {"sex": "x"},
            {"profile": "rich"},
            {"profile": "class1_at:bank"},
            {"region": "nanjing"},
            {"colour": "blue"},
        ],
    )
    def test_a_wrong_question_is_refused(self, sandbox: Sandbox, query: dict[str, str]) -> None:
        answer = sandbox.json("GET", "/sandbox/people", params=query, status=400)
        assert answer["code"] in {"invalid_field", "unknown_field"}
        assert answer["message"]

    @pytest.mark.parametrize("path", ["p999999", "p999999/face.jpg"])
    def test_nobody_is_not_found(self, sandbox: Sandbox, path: str) -> None:
        assert sandbox.json("GET", f"/sandbox/people/{path}", status=404)["code"] == "unknown_person"

    def test_an_unknown_picture_is_not_found(self, sandbox: Sandbox) -> None:
        path = f"/sandbox/people/{sandbox.person()['person']}/passport.jpg"
        assert sandbox.json("GET", path, status=404)["code"] == "unknown_picture"


class TestCalls:
    """GET and DELETE /sandbox/calls."""

    def test_calls_stand_in_order_and_can_be_asked_for_from_a_point_on(self, sandbox: Sandbox) -> None:
        for path in ("/wechat/sns/jscode2session", "/wechat/cgi-bin/token", "/sms/v1/messages"):
            sandbox.http.post(path, headers={"X-Bank": "104", "X-Request-Id": "c" * 32})
        calls = sandbox.calls()
        assert [call["operation"] for call in calls] == ["jscode2session", "token", "messages"]
        assert [call["n"] for call in calls] == sorted(call["n"] for call in calls)
        assert sandbox.calls(since=calls[1]["n"]) == calls[2:]
        assert sandbox.calls(since=calls[2]["at"])[-1] == calls[2]
        later = datetime.fromisoformat(calls[2]["at"]) + timedelta(seconds=1)
        assert sandbox.calls(since=later.isoformat()) == []

    def test_calls_can_be_asked_for_by_vendor_bank_and_request_id(self, sandbox: Sandbox) -> None:
        for bank, request_id in (("104", "a" * 32), ("105", "b" * 32)):
            sandbox.post_signed("/sms/v1/messages", b"{}", bank=bank, request_id=request_id)
        sandbox.http.get("/wechat/sns/jscode2session")
        assert [call["request_id"] for call in sandbox.calls(vendor="sms", bank="105")] == ["b" * 32]
        assert [call["bank"] for call in sandbox.calls(request_id="a" * 32)] == ["104"]
        assert [call["outcome"] for call in sandbox.calls(vendor="wechat")] == ["41002"]

    def test_a_row_has_its_fields(self, sandbox: Sandbox) -> None:
        sandbox.http.post("/sms/v1/messages")
        (call,) = sandbox.calls()
        moment = datetime.fromisoformat(call.pop("at"))
        assert moment.utcoffset() == timedelta(hours=8)
        assert call.pop("n") > 0
        assert call == {
            "vendor": "sms",
            "operation": "messages",
            "bank": None,
            "request_id": None,
            "person": None,
            "outcome": "bad_signature",
            "answer": None,
            "status": 401,
            "replayed": False,
            "duplicate": False,
            "faults": [],
        }

    @pytest.mark.parametrize(
        ("path", "vendor", "operation"),
        [
            ("/gateway/v1/carriers/verify", "carriers", "verify"),
            ("/gateway/v1/carriers/lookup", "carriers", "lookup"),
            ("/gateway/v1/id-check", "id_check", "id-check"),
            ("/gateway/v1/bound-card/verify", "bound_card", "verify"),
            ("/gateway/v1/bureau/report", "bureau", "report"),
            ("/gateway/v1/government/data", "government", "data"),
            ("/gateway/v1/core/credits", "core", "credits"),
            ("/gateway/v1/core/requests/" + "0" * 32, "core", "requests"),
            ("/gateway/v1/filings", "filings", "filings"),
            ("/tsa", "tsa", "tsa"),
            ("/wechat/cgi-bin/message/subscribe/send", "wechat", "subscribe_send"),
            ("/", "tencent_faceid", ""),
        ],
    )
    def test_every_door_is_known_by_its_path(self, sandbox: Sandbox, path: str, vendor: str, operation: str) -> None:
        sandbox.http.post(path)
        (call,) = sandbox.calls()
        assert (call["vendor"], call["operation"]) == (vendor, operation)

    def test_the_log_can_be_cleared_and_its_numbers_go_on(self, sandbox: Sandbox) -> None:
        sandbox.http.post("/tsa")
        (before,) = sandbox.calls()
        assert sandbox.json("DELETE", "/sandbox/calls") == {"cleared": 1}
        sandbox.http.post("/tsa")
        (after,) = sandbox.calls()
        assert after["n"] == before["n"] + 1

    def test_the_control_calls_are_not_vendor_calls(self, sandbox: Sandbox) -> None:
        sandbox.person()
        sandbox.json("GET", "/sandbox/healthz")
        assert sandbox.calls() == []

    @pytest.mark.parametrize("query", [{"since": "yesterday"}, {"since": "2026-11-22T10:00:00"}, {"who": "x"}])
    def test_a_wrong_question_is_refused(self, sandbox: Sandbox, query: dict[str, str]) -> None:
        assert sandbox.json("GET", "/sandbox/calls", params=query, status=400)["message"]

    def test_a_body_larger_than_any_vendor_takes_is_refused_unprocessed(self, sandbox: Sandbox) -> None:
        answer = sandbox.http.post("/sms/v1/messages", content=bytes(17 * 1024 * 1024))
        assert (answer.status_code, sandbox.calls()) == (413, [])


class TestClock:
    """GET and POST /sandbox/clock."""

    def test_it_adds_up_and_an_empty_body_puts_it_back(self, sandbox: Sandbox) -> None:
        sandbox.advance(100)
        sandbox.advance(0.5)
        assert sandbox.json("GET", "/sandbox/clock")["ahead_seconds"] == 100.5
        assert sandbox.json("POST", "/sandbox/clock")["ahead_seconds"] == 0

    @pytest.mark.parametrize("seconds", [0, -5, "10", True, None, 1e12])
    def test_it_never_goes_back_and_takes_numbers_only(self, sandbox: Sandbox, seconds: Any) -> None:
        answer = sandbox.json("POST", "/sandbox/clock", json={"advance_seconds": seconds}, status=400)
        assert answer["code"] == "invalid_field"
        assert sandbox.json("GET", "/sandbox/clock")["ahead_seconds"] == 0


class TestCodes:
    """POST /sandbox/wechat/codes and /sandbox/ocr/marks refuse what makes no sense."""

    @pytest.mark.parametrize(
        ("path", "change", "status", "code"),
        [
            ("/sandbox/wechat/codes", {"person": "p999999"}, 404, "unknown_person"),
            ("/sandbox/wechat/codes", {"person": 1}, 400, "invalid_field"),
            ("/sandbox/wechat/codes", {"kind": "card"}, 400, "invalid_field"),
            ("/sandbox/wechat/codes", {"wechat": 0}, 400, "invalid_field"),
            ("/sandbox/wechat/codes", {"appid": "wx1"}, 400, "invalid_field"),
            ("/sandbox/wechat/codes", {"phone": "110"}, 400, "invalid_field"),
            ("/sandbox/wechat/codes", {"open_id": "x"}, 400, "unknown_field"),
            ("/sandbox/wechat/subscriptions", {"appid": "wx1"}, 400, "invalid_field"),
            ("/sandbox/ocr/marks", {"side": "edge"}, 400, "invalid_field"),
            ("/sandbox/ocr/marks", {"side": "front", "warnings": [1]}, 400, "invalid_field"),
            ("/sandbox/ocr/marks", {"side": "front", "warnings": [[]]}, 400, "invalid_field"),
            ("/sandbox/ocr/marks", {"side": "front", "quality": 101}, 400, "invalid_field"),
            ("/sandbox/ocr/marks", {"side": "front", "person": "p999999"}, 404, "unknown_person"),
        ],
    )
    def test_what_is_wrong_is_named(
        self, sandbox: Sandbox, path: str, change: dict[str, Any], status: int, code: str
    ) -> None:
        body = {"person": sandbox.person()["person"], **change}
        assert sandbox.json("POST", path, json=body, status=status)["code"] == code


class TestProcess:
    """`python -m sandbox`."""

    def test_a_taken_port_ends_it_with_a_plain_word(self, sandbox: Sandbox) -> None:
        port = sandbox.address.split(":")[1]
        command = [sys.executable, "-m", "sandbox", "--port", port]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith(f"sandbox: cannot listen on 127.0.0.1:{port}")
        assert "Traceback" not in ended.stderr

    def test_people_outlive_the_process_and_ctrl_c_ends_it_quietly(self, sandbox: Sandbox, tmp_path: Path) -> None:
        people: list[dict[str, str]] = []
        for _ in range(2):
            command = [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(tmp_path)]
            with subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                base_url = process.stdout.readline().removeprefix("sandbox: ").strip()
                people = people or sandbox.http.get(f"{base_url}/sandbox/people").json()
                kept = sandbox.http.get(f"{base_url}/sandbox/people/{people[0]['person']}").json()
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=30) == 130
                assert process.stderr.read() == ""
            assert kept["id_number"] == people[0]["id_number"]


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    product = {"config", "lending", "accounts", "verification", "tenants", "core", "django"}
    imported: set[str] = set()
    for file in (ROOT / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    assert "starlette" in imported
    assert imported & product == set()
