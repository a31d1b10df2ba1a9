"""Real processes for a test to kill: workers and a sweeper at the test's own database, broker and sandbox."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

ROOT: Final = Path(__file__).resolve().parents[2]
DATABASES: Final = range(1, 16)
CLAIM_SECONDS: Final = 1200
PATIENCE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.01


def eventually(
    what: str, found: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS, pause: float = LOOK_SECONDS
) -> None:
    """Look again and again until it is so; fail with `what` where it is not within `seconds`."""
    end = time.monotonic() + seconds
    while not found():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds:.0f} s: {what}")
        time.sleep(pause)


@contextlib.contextmanager
def own_redis_database(url: str) -> Iterator[str]:
    """Give a Redis database (1 to 15) that no other run uses, by a claim in database 0 that lapses by itself."""
    parts = urlsplit(url)
    claims = redis.Redis.from_url(url)
    for number in DATABASES:
        claim = f"tests:redis-database:{number}"
        if claims.set(claim, os.getpid(), nx=True, ex=CLAIM_SECONDS):
            own = urlunsplit(parts._replace(path=f"/{number}"))
            redis.Redis.from_url(own).flushdb()
            try:
                yield own
            finally:
                redis.Redis.from_url(own).flushdb()
                claims.delete(claim)
            return
    pytest.fail(f"all Redis databases {DATABASES.start} to {DATABASES.stop - 1} are in use by other test runs")


def is_alive(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(slots=True)
class Held:
    """A worker that stops for ever at one moment of one kind of step."""

    pid: int
    reached: Path


@dataclass(slots=True)
class Processes:
    """The nursery of one run, and what it has brought up."""

    nursery: subprocess.Popen[str]
    folder: Path
    broker: redis.Redis
    pids: set[int] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def spawn(self, role: str, **arguments: Any) -> int:
        """Fork a child in a role and return its process id."""
        orders, answers = self._pipes()
        log = self.folder / f"{role}-{next(self._numbers)}.log"
        orders.write(json.dumps({"role": role, "log": str(log), "arguments": arguments}) + "\n")
        orders.flush()
        pid: int = json.loads(answers.readline())["pid"]
        self.pids.add(pid)
        return pid

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        return self.nursery.stdin, self.nursery.stdout

    def worker(self, *, threads: int = 4) -> int:
        """Start a worker."""
        return self.spawn("worker", threads=threads)

    def held_worker(self, point: str, kind: str) -> Held:
        """Start a worker that stops where a step of `kind` reaches `point`."""
        reached = self.folder / f"reached-{next(self._numbers)}"
        return Held(self.spawn("worker", point=point, kind=kind, reached=str(reached)), reached)

    def kill(self, *pids: int) -> None:
        """Send SIGKILL and wait until the processes are gone; they get no chance to tidy up."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in pids:
            eventually(f"process {pid} is dead", lambda pid=pid: not is_alive(pid))  # type: ignore[misc]
            self.pids.discard(pid)

    def kill_all(self) -> None:
        """Kill every child and wipe the broker."""
        self.kill(*self.pids)
        self.broker.flushdb()

    def logs(self) -> str:
        """Return what the children have printed."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )


@contextlib.contextmanager
def nursery(environment: dict[str, str], folder: Path) -> Iterator[Processes]:
    """Start the nursery, give it, and leave nothing running."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "nursery.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.chaos.nursery"],
            cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True,
        )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    broker = redis.Redis.from_url(environment["REDIS_URL"])
    children = Processes(process, folder, broker)
    try:
        if not process.stdout.readline():
            pytest.fail(f"the nursery does not start:\n{children.logs()}")
        yield children
    finally:
        children.kill_all()
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()
        broker.close()
