"""The real sandbox, a process of its own on a free port, and what tests do with it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.gateway import forget_breakers
from sandbox.signature import sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_django.fixtures import SettingsWrapper  # type: ignore[attr-defined]

KEY_FILE = "gateway-{bank}.key"
ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class Sandbox:
    """A running sandbox as a test sees it: over the wire only."""

    base_url: str
    http: httpx.Client
    key_file: str
    misbehaves: bool = False
    _appids: Iterator[int] = field(default_factory=itertools.count)

    @property
    def url(self) -> str:
        """Return what SANDBOX_URL would be."""
        return self.base_url

    @property
    def address(self) -> str:
        """Return host and port, as the Tencent SDK wants its endpoint."""
        return self.base_url.removeprefix("http://")

    def json(self, method: str, path: str, *, status: int = 200, **arguments: Any) -> Any:
        """Make a call that must answer with this status, and return its JSON."""
        self.misbehaves |= method == "POST" and path in ("/sandbox/faults", "/sandbox/clock")
        answer = self.http.request(method, path, **arguments)
        assert answer.status_code == status, answer.text
        return answer.json()

    def person(self, **traits: str | int) -> dict[str, Any]:
        """Make one person who does not exist."""
        made: dict[str, Any] = self.json("GET", "/sandbox/people", params=traits)[0]
        return made

    def people(self, n: int = 1, **traits: str | int) -> list[dict[str, Any]]:
        """Make people who do not exist, with a profile or other traits."""
        made: list[dict[str, Any]] = self.json("GET", "/sandbox/people", params={"n": n, **traits})
        return made

    def picture(self, person: Mapping[str, Any], name: str) -> bytes:
        """Fetch a picture of a person: id_card_front, id_card_back or face."""
        answer = self.http.get(person[f"{name}_url"])
        assert answer.status_code == httpx.codes.OK
        return answer.content

    def code(self, person: Mapping[str, Any], **more: str | int) -> str:
        """Get what wx.login, or with kind `phone` the phone number button, gives."""
        body = {"person": person["person"], **more}
        code: str = self.json("POST", "/sandbox/wechat/codes", json=body)["code"]
        return code

    def wechat_code(self, person: Mapping[str, Any], **more: str | int) -> str:
        """Get what wx.login gives."""
        return self.code(person, **more)

    def inbox(self, phone: str) -> list[dict[str, Any]]:
        """Read the texts that a phone has got, newest first."""
        texts: list[dict[str, Any]] = self.json("GET", "/sandbox/inbox", params={"phone": phone})
        return texts

    def faults(self, faults: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Make vendors misbehave, each with its fault; with none, every vendor behaves again."""
        if not faults:
            self.json("POST", "/sandbox/faults")
        for vendor, fault in (faults or {}).items():
            self.fault(vendor, **fault)

    def appid(self) -> str:
        """Return a mini-program that no other test uses."""
        return f"wx{next(self._appids):016x}"

    def fault(self, vendor: str, **fault: Any) -> None:
        """Make a vendor misbehave."""
        self.json("POST", "/sandbox/faults", json={"vendor": vendor, **fault})

    def calls(self, **wanted: str | int) -> list[dict[str, Any]]:
        """Read the call log."""
        calls: list[dict[str, Any]] = self.json("GET", "/sandbox/calls", params=wanted)["calls"]
        return calls

    def advance(self, seconds: float) -> None:
        """Let the vendors' codes and tokens grow older."""
        self.json("POST", "/sandbox/clock", json={"advance_seconds": seconds})

    def post_signed(
        self, path: str, body: bytes, *, bank: str = "125", request_id: str = "", **headers: str
    ) -> httpx.Response:
        """Send a request as the product signs those to the SMS door and the bank gateway."""
        request_id = request_id or uuid.uuid4().hex
        timestamp = str(int(time.time()))
        signature = sign(method="POST", path=path, timestamp=timestamp, request_id=request_id, body=body)
        return self.http.post(
            path,
            content=body,
            headers={
                "Content-Type": "application/json",
                "X-Bank": bank,
                "X-Request-Id": request_id,
                "X-Timestamp": timestamp,
                "X-Signature": signature,
                **headers,
            },
        )


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Start the sandbox once for all tests of this process."""
    data_dir = tmp_path_factory.mktemp("sandbox")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(data_dir)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **{name: value for name, value in os.environ.items() if name != "GATEWAY_KEY"},
            "GATEWAY_BANK_KEY_FILE": str(data_dir / KEY_FILE),
        },
    )
    assert process.stdout is not None
    try:
        base_url = process.stdout.readline().removeprefix("sandbox: ").strip()
        assert base_url.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=base_url, timeout=10) as http:
            yield Sandbox(base_url, http, str(data_dir / KEY_FILE))
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """Give a test the running sandbox: healthy vendors, real time, an empty call log."""
    running_sandbox.json("DELETE", "/sandbox/calls")
    yield running_sandbox
    if running_sandbox.misbehaves:
        running_sandbox.json("POST", "/sandbox/faults")
        running_sandbox.json("POST", "/sandbox/clock")
        running_sandbox.misbehaves = False


@pytest.fixture
def vendors(sandbox: Sandbox, settings: SettingsWrapper) -> Iterator[Sandbox]:
    """Let the product call the running sandbox in the place of every vendor, over the wire."""
    from tenants.operations import wechat

    settings.SANDBOX_URL = sandbox.url
    settings.WECHAT_URL = f"{sandbox.url}/wechat"
    settings.SMS_URL = f"{sandbox.url}/sms/v1"
    settings.TENCENT_ENDPOINT = sandbox.url
    settings.GATEWAY_URL = f"{sandbox.url}/gateway/v1"
    settings.GATEWAY_KEY = "sandbox-gateway-key"
    settings.TSA_URL = f"{sandbox.url}/tsa"
    wechat._mini_program.cache_clear()  # a kept access token may be of before a test moved the vendor's clock
    forget_breakers()
    yield sandbox
    forget_breakers()
