"""Signed calls, against the contract's own words."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from core.gateway import (
    Invalid,
    Rejected,
    Repeat,
    Retry,
    SignedEndpoint,
    UnknownOutcome,
    Vendor,
    forget_breakers,
    signature,
)
from core.gateway.watch import breaker_of
from tests.loopback import Door, Reply, door, reply

__all__ = ["door"]

KEY = b"a key of both"
REQUEST_ID = "0190f3c27a5c7d3a8b1e5f60718293a4"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


def endpoint(door: Door, prefix: str = "") -> SignedEndpoint:
    vendor = Vendor(name="bus", base_url=door.url + prefix, scope="125", read_seconds=0.2, retry=Retry(attempts=1))
    return SignedEndpoint(vendor=vendor, key=KEY, headers=(("X-Bank", "125"),))


def ask(of: SignedEndpoint, payload: dict[str, object] | None, **more: Any) -> Any:
    arguments: dict[str, Any] = {
        "repeat": Repeat.QUERYABLE,
        "path": "/gateway/v1/thing",
        "request_id": REQUEST_ID,
    } | more
    return of.ask("bus.thing", payload=payload, **arguments)


class TestTheSignature:
    def test_is_the_hmac_of_five_lines(self) -> None:
        lines = f"POST\n/gateway/v1/thing\n1700000000\n{REQUEST_ID}\n" + hashlib.sha256(b"{}").hexdigest()
        expected = hmac.new(KEY, lines.encode(), "sha256").hexdigest()
        made = signature(
            KEY,
            method="POST",
            path="/gateway/v1/thing",
            timestamp=1700000000,
            request_id=REQUEST_ID,
            body=b"{}",
        )
        assert made == expected

    @pytest.mark.parametrize("prefix", ["", "/bus"])
    def test_covers_the_bytes_and_the_path_that_are_sent(self, door: Door, prefix: str) -> None:
        ask(endpoint(door, prefix), {"name": "林样例"})
        seen = door.seen[0]
        assert json.loads(seen.body) == {"name": "林样例"}
        made = signature(
            KEY,
            method=seen.method,
            path=seen.path,
            timestamp=int(seen.headers["x-timestamp"]),
            request_id=seen.headers["x-request-id"],
            body=seen.body,
        )
        assert seen.headers["x-signature"] == made
        assert abs(int(seen.headers["x-timestamp"]) - time.time()) < 5
        assert (seen.path, seen.headers["x-bank"]) == (f"{prefix}/gateway/v1/thing", "125")
        assert seen.headers["content-type"] == "application/json"

    def test_of_a_get_covers_an_empty_body(self, door: Door) -> None:
        ask(endpoint(door), None, repeat=Repeat.PURE)
        seen = door.seen[0]
        made = signature(
            KEY,
            method="GET",
            path=seen.path,
            timestamp=int(seen.headers["x-timestamp"]),
            request_id=REQUEST_ID,
            body=b"",
        )
        assert (seen.method, seen.body, seen.headers["x-signature"]) == ("GET", b"", made)

    def test_the_key_is_not_shown(self, door: Door) -> None:
        assert "a key of both" not in repr(endpoint(door))


class TestAnswers:
    def test_a_refusal_that_the_operation_names_is_a_refusal(self, door: Door) -> None:
        door.then(reply({"code": "no_funds", "message": "m"}, status=409))
        with pytest.raises(Rejected) as raised:
            ask(endpoint(door), {}, refusals={"no_funds": Rejected})
        assert raised.value.code == "no_funds"

    @pytest.mark.parametrize("code", ["invalid_request", "bad_signature", "request_id_reused"])
    def test_what_every_operation_may_answer_means_that_we_asked_wrongly(self, door: Door, code: str) -> None:
        door.then(reply({"code": code, "message": "m"}, status=400))
        with pytest.raises(Invalid):
            ask(endpoint(door), {})

    def test_a_body_that_is_no_object_is_an_unknown_outcome(self, door: Door) -> None:
        door.then(Reply(body=b"<html>"))
        with pytest.raises(UnknownOutcome):
            ask(endpoint(door), {})


class TestServices:
    def test_behind_one_door_have_breakers_of_their_own(self, door: Door) -> None:
        one, other = endpoint(door).service("core"), endpoint(door).service("carriers")
        assert breaker_of(one.vendor) is not breaker_of(other.vendor)
        assert (one.vendor.base_url, one.key) == (other.vendor.base_url, other.key)
