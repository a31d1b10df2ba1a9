"""What tests of Tencent's adapters share: recorded answers, and the config of a door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.loopback import Reply, reply
from verification.providers.tencent.client import TencentConfig

PAYLOADS = Path(__file__).parent / "payloads"
PICTURE = b"\xff\xd8\xff a picture"
ID_NUMBER = "320583199001010010"
REQUEST_ID = "0190f3c27a5c7d3a8b1e5f60718293a4"


def recorded(name: str) -> Reply:
    return Reply(body=(PAYLOADS / f"{name}.json").read_bytes())


def config(address: str, **changes: Any) -> TencentConfig:
    secret_id = "AKID125sandbox"
    settings: dict[str, Any] = {
        "secret_id": secret_id,
        "secret_key": f"sandbox-{secret_id}",
        "rule_id": "1",
        "protocol": "http",
        "endpoint": address,
        "scope": "125",
        "connect_seconds": 0.3,
        "read_seconds": 0.3,
    }
    return TencentConfig(**(settings | changes))


def refusal(code: str) -> Reply:
    return reply({"Response": {"Error": {"Code": code, "Message": "words"}, "RequestId": "r-1"}})
