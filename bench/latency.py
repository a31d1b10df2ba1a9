"""What the number of banks costs a request: the same server over a database of 58 banks and over one of 2, in turns."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import httpx

from bench.report import Finding, compared
from scripts.product import Product

TURNS: Final = 5
SLICES: Final = 24
SLICE: Final = 25
WARMING: Final = 2000
AT_MOST: Final = 1.10
MILLISECONDS: Final = 1000.0
PATHS: Final = ("products", "accounts")


@dataclass(frozen=True, slots=True)
class Side:
    """One running server with a customer at each bank that serves customers; its requests go round them for ever."""

    client: httpx.Client
    requests: Iterator[tuple[str, str]]
    banks: int

    def run(self, count: int) -> list[float]:
        """Make the next requests one after the other, each bank in its turn; return each one's milliseconds."""
        taken = []
        for _ in range(count):
            path, token = next(self.requests)
            started = time.perf_counter()
            answer = self.client.get(path, headers={"Authorization": f"Bearer {token}"})
            taken.append((time.perf_counter() - started) * MILLISECONDS)
            answer.raise_for_status()
        return taken


@contextmanager
def side(running: Product) -> Iterator[Side]:
    """Log a customer in at every bank of a server, and warm every bank up."""
    with (
        httpx.Client(base_url=running.base_url, timeout=30) as client,
        httpx.Client(base_url=running.sandbox_url) as vendors,
    ):
        banks = [bank["code"] for bank in client.get("/api/v1/banks").raise_for_status().json()["items"]]
        requests: list[tuple[str, str]] = []
        for bank in banks:
            token = _token(client, vendors, bank)
            requests += [(f"/b/{bank}/api/v1/{path}", token) for path in PATHS]
        yield Side(client, cycle(requests), len(banks))


def _token(client: httpx.Client, vendors: httpx.Client, bank: str) -> str:
    person = vendors.get("/sandbox/people").raise_for_status().json()[0]["person"]
    code = vendors.post("/sandbox/wechat/codes", json={"person": person}).raise_for_status().json()["code"]
    body = {"wechat_code": code, "device_id": uuid.uuid4().hex}
    answer = client.post(f"/b/{bank}/api/v1/sessions", json=body).raise_for_status()
    return str(answer.json()["access_token"])


def compare(few: Side, many: Side) -> list[Finding]:
    """Let the sides take turns, and compare the medians and the slow ends of each pair of turns."""
    for one in (few, many):
        one.run(WARMING)  # connections, plans and caches are as they are in a server that has been up for a while
    pairs = [_turn(few, many) for _ in range(TURNS)]
    note = f"{SLICES * SLICE} GETs of {' and '.join(PATHS)} a turn, round {many.banks} banks and round {few.banks}"
    return [
        compared(
            name="request, 58 banks against 2", unit="ms", note=note, at_most=AT_MOST,
            measured=[statistics.median(of_many) for _, of_many in pairs],
            baseline=[statistics.median(of_few) for of_few, _ in pairs],
        ),
        compared(
            name="  its 95th percentile", unit="ms",
            measured=[_slow_end(of_many) for _, of_many in pairs], baseline=[_slow_end(of_few) for of_few, _ in pairs],
        ),
    ]  # fmt: skip


def _turn(few: Side, many: Side) -> tuple[list[float], list[float]]:
    """Run both sides in short slices that alternate, so that what else the machine does falls on both."""
    of_few: list[float] = []
    of_many: list[float] = []
    for number in range(SLICES):
        if number % 2:
            of_many += many.run(SLICE)
            of_few += few.run(SLICE)
        else:
            of_few += few.run(SLICE)
            of_many += many.run(SLICE)
    return of_few, of_many


def _slow_end(taken: Sequence[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]
