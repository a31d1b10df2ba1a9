"""The circuit breaker: a table of events, one probe at a time, and a breaker per vendor and scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from core.gateway import (
    Breaker,
    BreakerOpen,
    BreakerPolicy,
    BreakerState,
    Repeat,
    Retry,
    Unavailable,
    UnknownOutcome,
    Vendor,
    call,
    forget_breakers,
)
from core.gateway.watch import breaker_of
from tests.at_once import at_once
from tests.loopback import Door, Drop, door, reply

__all__ = ["door"]

POLICY = BreakerPolicy(failures=3, open_seconds=10)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(POLICY, clock)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.failed(breaker.ask())


class TestClosed:
    def test_lets_calls_through_until_too_many_fail_in_a_row(self, breaker: Breaker) -> None:
        fail(breaker, 2)
        states = [breaker.state]
        fail(breaker)
        assert [*states, breaker.state] == [BreakerState.CLOSED, BreakerState.OPEN]

    def test_a_success_between_failures_starts_the_count_again(self, breaker: Breaker) -> None:
        fail(breaker, 2)
        breaker.succeeded(breaker.ask())
        fail(breaker, 2)
        assert breaker.state is BreakerState.CLOSED

    def test_what_says_nothing_about_the_vendor_counts_for_nothing(self, breaker: Breaker) -> None:
        fail(breaker, 2)
        for _ in range(5):
            breaker.abandoned(breaker.ask())
        assert breaker.state is BreakerState.CLOSED


class TestOpen:
    def test_says_how_long_it_lasts(self, breaker: Breaker, clock: Clock) -> None:
        fail(breaker, 3)
        clock.seconds += 4
        with pytest.raises(BreakerOpen) as raised:
            breaker.ask()
        assert raised.value.seconds == pytest.approx(6)

    def test_a_call_that_began_before_it_opened_no_longer_matters(self, breaker: Breaker, clock: Clock) -> None:
        slow = breaker.ask()
        fail(breaker, 3)
        breaker.succeeded(slow)
        breaker.failed(slow)
        states = [breaker.state]
        clock.seconds += 10
        breaker.succeeded(breaker.ask())
        assert [*states, breaker.state] == [BreakerState.OPEN, BreakerState.CLOSED]


class TestHalfOpen:
    @pytest.fixture(autouse=True)
    def _wait(self, breaker: Breaker, clock: Clock) -> None:
        fail(breaker, 3)
        clock.seconds += 10

    def test_lets_one_probe_through_and_no_second(self, breaker: Breaker) -> None:
        breaker.ask()
        assert breaker.state is BreakerState.HALF_OPEN
        with pytest.raises(BreakerOpen):
            breaker.ask()

    def test_a_probe_that_succeeds_closes_it(self, breaker: Breaker) -> None:
        breaker.succeeded(breaker.ask())
        breaker.ask()
        breaker.ask()
        assert breaker.state is BreakerState.CLOSED

    def test_a_probe_that_fails_opens_it_for_the_whole_time_again(self, breaker: Breaker, clock: Clock) -> None:
        breaker.failed(breaker.ask())
        clock.seconds += 9.9
        with pytest.raises(BreakerOpen):
            breaker.ask()
        clock.seconds += 0.1
        breaker.ask()

    def test_a_probe_that_says_nothing_lets_the_next_one_go_at_once(self, breaker: Breaker) -> None:
        breaker.abandoned(breaker.ask())
        breaker.ask()
        assert breaker.state is BreakerState.HALF_OPEN

    def test_a_probe_that_never_reports_blocks_nobody_for_ever(self, breaker: Breaker, clock: Clock) -> None:
        lost = breaker.ask()
        clock.seconds += 10
        breaker.ask()
        breaker.failed(lost)
        assert breaker.state is BreakerState.HALF_OPEN

    def test_of_many_threads_exactly_one_is_the_probe(self, breaker: Breaker) -> None:
        leaves = []

        def ask() -> None:
            with suppress(BreakerOpen):
                leaves.append(breaker.ask())

        at_once(None, [ask] * 8)
        assert len(leaves) == 1


def vendor(base_url: str, scope: str) -> Vendor:
    return Vendor(
        name="example",
        base_url=base_url,
        scope=scope,
        read_seconds=0.2,
        retry=Retry(attempts=1),
        breaker=BreakerPolicy(failures=2, open_seconds=60),
    )


class TestInTheGateway:
    @pytest.fixture(autouse=True)
    def _closed(self) -> Iterator[None]:
        forget_breakers()
        yield
        forget_breakers()

    def ask(self, door: Door, scope: str) -> None:
        call(vendor(door.url, scope), "example.thing", repeat=Repeat.PURE, method="GET", path="/")

    def test_a_failing_vendor_is_left_alone_and_certainly_did_nothing(self, door: Door) -> None:
        door.otherwise = Drop()
        for _ in range(2):
            with pytest.raises(UnknownOutcome):
                self.ask(door, "125")
        with pytest.raises(Unavailable) as raised:
            self.ask(door, "125")
        assert len(door.seen) == 2
        assert raised.value.code == "breaker_open"
        assert raised.value.retry_after is not None
        assert 0 < raised.value.retry_after.total_seconds() <= 60

    def test_one_banks_broken_line_closes_no_others(self, door: Door) -> None:
        door.then(Drop(), Drop())
        for _ in range(2):
            with pytest.raises(UnknownOutcome):
                self.ask(door, "125")
        assert breaker_of(vendor(door.url, "125")).state is BreakerState.OPEN
        self.ask(door, "116")
        assert breaker_of(vendor(door.url, "116")).state is BreakerState.CLOSED

    @pytest.mark.parametrize("status", [400, 404, 409, 429])
    def test_a_vendor_that_says_no_is_alive(self, door: Door, status: int) -> None:
        door.otherwise = reply({}, status=status)
        for _ in range(4):
            with pytest.raises(Exception, match="example"):
                self.ask(door, "125")
        assert len(door.seen) == 4
        assert breaker_of(vendor(door.url, "125")).state is BreakerState.CLOSED
