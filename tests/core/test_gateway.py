"""The one way out: what becomes of a call when the vendor is well, ill, silent or gone."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import structlog
from django.db import transaction

from core.gateway import (
    BreakerPolicy,
    GatewayError,
    Invalid,
    NotSupported,
    PerProcess,
    RateLimited,
    Rejected,
    Repeat,
    Retry,
    RetryAfter,
    Unavailable,
    UnknownOutcome,
    UnknownVendorCode,
    Vendor,
    call,
    counters,
    forget_breakers,
    outside,
    parse_retry_after,
)
from core.operations import TransactionForbidden
from tests.at_once import at_once
from tests.loopback import Break, Door, Drip, Drop, Hang, Reply, closed_address, door, reply

__all__ = ["door"]

SECRET = "不可外泄-13912345678"
ONCE = Retry(attempts=1)
REQUEST_ID = "0190f3c27a5c7d3a8b1e5f60718293a4"


def vendor(base_url: str, **changes: Any) -> Vendor:
    settings: dict[str, Any] = {
        "name": "example",
        "base_url": base_url,
        "scope": "125",
        "connect_seconds": 0.2,
        "read_seconds": 0.2,
        "total_seconds": 0.4,
        "retry": Retry(attempts=2, pause_seconds=0),
    }
    return Vendor(**(settings | changes))


def get(of: Vendor, repeat: Repeat = Repeat.PURE, **more: Any) -> Any:
    arguments: dict[str, Any] = {"method": "GET", "path": "/thing", "repeat": repeat}
    if repeat is Repeat.QUERYABLE:
        arguments["request_id"] = REQUEST_ID
    return call(of, "example.thing", **(arguments | more))


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    counters.reset()
    yield
    forget_breakers()


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    former = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with structlog.testing.capture_logs() as entries:
        yield entries
    structlog.configure(wrapper_class=former)


class TestAnAnsweredCall:
    def test_gives_the_answer_read_to_its_end(self, door: Door) -> None:
        door.then(reply({"text": "中文"}))
        assert get(vendor(door.url)).json() == {"text": "中文"}

    def test_sends_path_query_body_headers_and_request_id(self, door: Door) -> None:
        call(
            vendor(door.url + "/prefix/"),
            "example.thing",
            repeat=Repeat.QUERYABLE,
            method="POST",
            path="/thing",
            params={"token": "a b"},
            content=b"body",
            headers={"X-Own": "1"},
            request_id=REQUEST_ID,
        )
        seen = door.seen[0]
        assert (seen.method, seen.path, seen.query, seen.body) == (
            "POST",
            "/prefix/thing",
            {"token": ["a b"]},
            b"body",
        )
        assert (seen.headers["x-own"], seen.headers["x-request-id"]) == ("1", REQUEST_ID)

    def test_keeps_its_connection_for_the_next_call(self, door: Door) -> None:
        for _ in range(3):
            get(vendor(door.url))
        assert len({seen.port for seen in door.seen}) == 1

    def test_takes_no_cookie_and_gives_none_back(self, door: Door) -> None:
        door.then(reply({}, Set_Cookie="session=of-another-bank; Path=/"), reply({}))
        get(vendor(door.url))
        get(vendor(door.url))
        assert "cookie" not in door.seen[1].headers

    def test_ignores_a_proxy_of_the_environment(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", closed_address())
        assert get(vendor(door.url)).status_code == 200


class TestWhatTheStatusMeans:
    @pytest.mark.parametrize(
        ("status", "repeat", "kind"),
        [
            (400, Repeat.PURE, Invalid),
            (401, Repeat.QUERYABLE, Invalid),
            (404, Repeat.BURNS, Invalid),
            (405, Repeat.PURE, NotSupported),
            (501, Repeat.QUERYABLE, NotSupported),
            (408, Repeat.QUERYABLE, UnknownOutcome),
            (429, Repeat.QUERYABLE, RateLimited),
            (303, Repeat.QUERYABLE, UnknownOutcome),
            (500, Repeat.PURE, UnknownOutcome),
            (502, Repeat.QUERYABLE, UnknownOutcome),
            (503, Repeat.QUERYABLE, UnknownOutcome),
            (504, Repeat.BURNS, UnknownOutcome),
        ],
    )
    def test_by_status(self, door: Door, status: int, repeat: Repeat, kind: type[GatewayError]) -> None:
        door.otherwise = reply({"code": "c", "message": SECRET}, status=status)
        with pytest.raises(GatewayError) as raised:
            get(vendor(door.url), repeat)
        assert type(raised.value) is kind
        assert (raised.value.code, raised.value.status, raised.value.message) == ("c", status, SECRET)
        assert len(door.seen) == 1

    def test_a_503_with_retry_after_promises_nothing_for_what_moves_something(self, door: Door) -> None:
        door.otherwise = reply({}, status=503, Retry_After="7")
        with pytest.raises(RetryAfter) as pure:
            get(vendor(door.url), Repeat.PURE)
        assert pure.value.retry_after == timedelta(seconds=7)
        with pytest.raises(UnknownOutcome):
            get(vendor(door.url), Repeat.QUERYABLE)

    def test_a_503_is_believed_where_the_contract_says_so(self, door: Door) -> None:
        door.otherwise = reply({}, status=503)
        with pytest.raises(RetryAfter):
            get(vendor(door.url, trusts_503=True), Repeat.QUERYABLE)

    def test_a_rate_limit_says_when_to_come_again(self, door: Door) -> None:
        door.otherwise = reply({}, status=429, Retry_After="30")
        with pytest.raises(RateLimited) as raised:
            get(vendor(door.url))
        assert raised.value.retry_after == timedelta(seconds=30)

    def test_a_refusal_is_mapped_by_its_code_and_an_unknown_one_is_loud(self, door: Door, logged: list[Any]) -> None:
        door.then(reply({"code": "no_funds"}, status=409), reply({"code": "new_code"}, status=409))
        with pytest.raises(Rejected):
            get(vendor(door.url), refusals={"no_funds": Rejected})
        with pytest.raises(UnknownVendorCode):
            get(vendor(door.url), refusals={"no_funds": Rejected})
        loud = [entry for entry in logged if entry["event"] == "gateway.unknown_vendor_code"]
        assert [(entry["code"], entry["log_level"]) for entry in loud] == [("new_code", "error")]
        assert counters.value("gateway.unknown_vendor_codes", vendor="example") == 1


class TestAVendorThatFailsOnTheWire:
    @pytest.mark.parametrize("repeat", Repeat)
    def test_not_listening_means_certainly_not_processed(self, repeat: Repeat) -> None:
        with pytest.raises(Unavailable):
            get(vendor(closed_address()), repeat)
        assert counters.value("gateway.calls", outcome="unavailable") == 2

    def test_an_unknown_host_means_certainly_not_processed(self) -> None:
        with pytest.raises(Unavailable):
            get(vendor("http://no-such-host.invalid", retry=ONCE))

    def test_plain_http_behind_an_https_address_means_certainly_not_processed(self, door: Door) -> None:
        with pytest.raises(Unavailable):
            get(vendor(door.url.replace("http://", "https://"), retry=ONCE))
        assert door.seen == []

    @pytest.mark.parametrize(
        "act",
        [Hang(), Drop(), Break(), Drip(), Reply(body=b"x" * 2000)],
        ids=["silent", "dropped", "broken off", "dripping", "too large"],
    )
    @pytest.mark.parametrize("repeat", [Repeat.QUERYABLE, Repeat.BURNS])
    def test_after_sending_the_outcome_is_unknown_and_it_is_not_sent_again(
        self, door: Door, act: Any, repeat: Repeat
    ) -> None:
        door.otherwise = act
        with pytest.raises(UnknownOutcome):
            get(vendor(door.url, max_answer_bytes=1000), repeat)
        assert len(door.seen) == 1

    def test_a_pure_call_is_repeated_after_an_unknown_outcome_only_where_answers_are_free(self, door: Door) -> None:
        door.otherwise = Drop()
        with pytest.raises(UnknownOutcome):
            get(vendor(door.url))
        assert len(door.seen) == 1
        door.then(Drop(), reply({"ok": True}))
        free = vendor(door.url, retry=Retry(attempts=2, pause_seconds=0, unknown_of_pure=True))
        assert get(free).json() == {"ok": True}
        assert len(door.seen) == 3

    def test_attempts_are_bounded(self, door: Door) -> None:
        door.otherwise = Drop()
        with pytest.raises(UnknownOutcome):
            get(vendor(door.url, retry=Retry(attempts=3, pause_seconds=0, unknown_of_pure=True)))
        assert len(door.seen) == 3


class TestTheGuard:
    @pytest.mark.django_db(transaction=True)
    def test_no_call_leaves_inside_a_transaction(self, door: Door) -> None:
        with transaction.atomic(), pytest.raises(TransactionForbidden):
            get(vendor(door.url))
        assert door.seen == []
        assert get(vendor(door.url)).status_code == 200

    @pytest.mark.django_db(transaction=True)
    def test_nor_one_of_an_sdk(self) -> None:
        called = []
        with transaction.atomic(), pytest.raises(TransactionForbidden):  # noqa: SIM117 -- the inner is the subject
            with outside(vendor("http://127.0.0.1:9"), "sdk.thing", repeat=Repeat.PURE, translate=lambda _: None):
                called.append(True)
        assert called == []

    def test_a_queryable_call_needs_a_request_id(self, door: Door) -> None:
        with pytest.raises(ValueError, match="request id"):
            get(vendor(door.url), Repeat.QUERYABLE, request_id="")
        assert door.seen == []

    @pytest.mark.parametrize(
        "changes",
        [{"connect_seconds": 0}, {"read_seconds": 0}, {"total_seconds": -1}, {"retry": Retry(attempts=0)}],
    )
    def test_a_vendor_without_limits_cannot_be_declared(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="example"):
            vendor("http://127.0.0.1:9", **changes)

    def test_nor_one_without_an_http_address(self) -> None:
        with pytest.raises(ValueError, match="base_url"):
            vendor("ftp://127.0.0.1")


class TestLogsAndCounts:
    def test_one_line_per_attempt_with_a_static_name_and_no_value_that_was_sent_or_received(
        self, door: Door, logged: list[Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(0)
        door.then(reply({"name": SECRET}), reply({"code": SECRET, "message": SECRET}, status=400), Drop())
        arguments: dict[str, Any] = {
            "params": {"secret": SECRET},
            "json": {"name": SECRET},
            "headers": {"X-Secret": "s3cr3t-header"},
            "method": "POST",
        }
        get(vendor(door.url), **arguments)
        for kind in (Invalid, UnknownOutcome):
            with pytest.raises(kind) as raised:
                get(vendor(door.url, retry=ONCE), **arguments)
            assert SECRET not in str(raised.value)
            assert SECRET not in repr(raised.value)
            assert raised.value.__cause__ is None
        assert [entry["event"] for entry in logged] == ["gateway.call"] * 3
        assert [entry["outcome"] for entry in logged] == ["answered", "invalid", "unknown_outcome"]
        assert [entry["log_level"] for entry in logged] == ["info", "error", "warning"]
        for text in (str(logged), caplog.text):
            assert SECRET not in text
            assert "s3cr3t" not in text

    def test_counts_by_vendor_operation_scope_and_outcome(self, door: Door) -> None:
        get(vendor(door.url))
        assert counters.value("gateway.calls", vendor="example", scope="125", outcome="answered") == 1
        assert counters.value("gateway.seconds", operation="example.thing") == 1

    def test_hooks_hear_every_event_until_they_are_removed(self, door: Door) -> None:
        heard: list[str] = []
        remove = counters.add_hook(lambda name, _value, _labels: heard.append(name))
        get(vendor(door.url))
        remove()
        get(vendor(door.url))
        assert heard == ["gateway.calls", "gateway.seconds"]


class VendorSdkError(Exception):
    pass


def _translate(error: Exception) -> GatewayError | None:
    return UnknownOutcome("example", "sdk.thing", code="sdk") if isinstance(error, VendorSdkError) else None


class TestACallOfAnSdk:
    def test_its_exception_becomes_ours_without_quoting_it(self) -> None:
        with pytest.raises(UnknownOutcome) as raised:
            self.run_sdk(VendorSdkError(SECRET))
        assert raised.value.__suppress_context__
        assert SECRET not in str(raised.value)

    def test_a_defect_of_ours_goes_on_as_it_is_and_says_nothing_about_the_vendor(self) -> None:
        policy = BreakerPolicy(failures=1, open_seconds=60)
        with pytest.raises(ZeroDivisionError):
            self.run_sdk(ZeroDivisionError(), policy)
        self.run_sdk(None, policy)

    def test_its_failures_open_the_same_breaker(self, logged: list[Any]) -> None:
        policy = BreakerPolicy(failures=2, open_seconds=60)
        for _ in range(2):
            with pytest.raises(UnknownOutcome):
                self.run_sdk(VendorSdkError(), policy)
        with pytest.raises(Unavailable):
            self.run_sdk(None, policy)
        assert [entry["outcome"] for entry in logged] == ["unknown_outcome", "unknown_outcome", "breaker_open"]

    def run_sdk(self, error: Exception | None, policy: BreakerPolicy | None = None) -> None:
        of = vendor("http://127.0.0.1:9", breaker=policy or BreakerPolicy())
        with outside(of, "sdk.thing", repeat=Repeat.PURE, translate=_translate):
            if error is not None:
                raise error


class TestRetryAfterHeader:
    @pytest.mark.parametrize(
        ("value", "wait"),
        [
            ("5", timedelta(seconds=5)),
            (" 5 ", timedelta(seconds=5)),
            ("99999999999", timedelta(days=1)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta()),
            ("Wed, 21 Oct 2999 07:28:00 GMT", timedelta(days=1)),
            ("soon", None),
            ("-3", None),
            ("", None),
            (None, None),
        ],
    )
    def test_is_read(self, value: str | None, wait: timedelta | None) -> None:
        assert parse_retry_after(value) == wait


class TestOnePerProcess:
    def test_many_threads_make_one_value(self) -> None:
        made: list[str] = []

        def make(key: str) -> object:
            made.append(key)
            return object()

        table: PerProcess[str, object] = PerProcess(make)
        found = at_once(None, [partial(table.get, "key")] * 8)
        assert len(made) == 1
        assert len(set(found)) == 1

    def test_a_forked_child_begins_with_nothing(self) -> None:
        table: PerProcess[str, object] = PerProcess(lambda _: object())
        table.get("key")
        table._lock.acquire()  # a thread of the parent is just making something
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: that is the subject
            pid = os.fork()
        if pid == 0:
            os._exit(0 if not table.values() and table.get("key") else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
