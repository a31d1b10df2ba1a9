"""What a disbursement costs over writing its rows: through the operation, against pgbench that writes the very same."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

import psycopg

from bench.report import Finding, compared
from bench.same_rows import Script, counted, observed, written
from config.database import find_pg_dump
from core.tenancy import schema_of
from scripts.product import ROOT, Product, ProductError

CLIENTS: Final = 2
TURNS: Final = 9
DRAWS: Final = 150  # of each client in each turn
WARMING: Final = 40
CHECKED: Final = 10
READS: Final = 600
WARMING_READS: Final = 200
AT_LEAST: Final = 0.5
HTTP_AT_LEAST: Final = 0.25
TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
READER: Final = 1


@dataclass(slots=True)
class Borrowers:
    """The borrowers of a bank who were not paid out yet, given out in numbers that nobody else gets."""

    bank: str
    running: Product
    next: int = 1
    made: int = 0

    def take(self, count: int) -> int:
        """Return the first of so many numbers in a row."""
        first, self.next = self.next, self.next + count
        if self.next - 1 > self.made:
            msg = f"{self.made} borrowers were made, {self.next - 1} are needed"
            raise ProductError(msg)
        return first

    def make(self, count: int) -> None:
        """Make so many, in a process of its own."""
        run(self.running, "bench.borrowers", "--bank", self.bank, "--upto", str(count))
        self.made = count


def environment_of(running: Product) -> dict[str, str]:
    """Return the environment of this package's programs: the web server's own."""
    return {**running.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}


def run(running: Product, module: str, *words: str) -> str:
    """Run one of the programs of this package at a product's database, as its web login."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *words],
        cwd=ROOT, env=environment_of(running), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ProductError(f"{module} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


@dataclass(slots=True)
class Client:
    """One process that does what it is told by a line, and says how long it took."""

    process: subprocess.Popen[str]

    def begin(self, verb: str, first: int, count: int) -> None:
        """Have something done for so many borrowers, from this number on."""
        self._pipe(self.process.stdin).write(f"{verb} {first} {count}\n")
        self._pipe(self.process.stdin).flush()

    def line(self) -> str:
        """Wait for the next line."""
        line = self._pipe(self.process.stdout).readline()
        if not line:
            raise ProductError(f"a client of the benchmark ended: {self.process.wait()}; see its traceback above")
        return line

    def end(self) -> None:
        """End it."""
        self._pipe(self.process.stdin).close()
        self.process.wait(timeout=30)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise ProductError("a client of the benchmark has no pipe")
        return pipe


@contextmanager
def client(running: Product, module: str, *words: str) -> Iterator[Client]:
    """Start one of the programs of this package that are told by lines what to do, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, *words],
        cwd=ROOT, env=environment_of(running), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    one = Client(process)
    try:
        one.line()
        yield one
    finally:
        one.end()


def drawer(borrowers: Borrowers) -> AbstractContextManager[Client]:
    """Start a process that pays borrowers out through the operation."""
    return client(borrowers.running, "bench.drawing", "--bank", borrowers.bank)


def sender(borrowers: Borrowers, *, loan: str = "") -> AbstractContextManager[Client]:
    """Start a process that sends requests to the web server."""
    address = urlsplit(borrowers.running.base_url).netloc
    words = ["--address", address, "--bank", borrowers.bank, "--loan", loan]
    return client(borrowers.running, "bench.http", *words)


@dataclass(slots=True)
class Baseline:
    """pgbench with the script of one disbursement's rows."""

    url: str
    schema: str
    script: Path

    def run(self, first: int, count: int, clients: int) -> float:
        """Write the rows of `count` borrowers for each client; return the transactions per second."""
        parts = urlsplit(self.url)
        words = [
            find_pg_dump().replace("pg_dump", "pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={self.script}",
            f"--client={clients}", f"--jobs={clients}", f"--transactions={count}", f"--define=first={first - 1}",
            "--define=i=0", f"--define=stride={count}", "--host", str(parts.hostname), "--port", str(parts.port),
            "--username", str(parts.username), parts.path.strip("/"),
        ]  # fmt: skip
        environment = {"PGPASSWORD": str(parts.password), "PGOPTIONS": f"-c search_path={self.schema},public"}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        found = TPS.search(done.stdout)
        if done.returncode != 0 or found is None:
            raise ProductError(f"pgbench failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return float(found.group(1))


def baseline(borrowers: Borrowers, folder: Path) -> tuple[Baseline, str]:
    """Make the script from one disbursement, and prove that both write as many rows of every table.

    Raises:
        ProductError: they do not.
    """
    running, schema = borrowers.running, schema_of(borrowers.bank)
    url = running.environment["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as server:
        before = written(server, schema)
        _draw(borrowers, CHECKED)
        ours = counted(server, schema, before, keys=CHECKED)
        sample = borrowers.take(1)
        with observed(url, schema) as changes, drawer(borrowers) as one:
            one.begin("draw", sample, 1)
            one.line()
        updates = {table: counts[1] // CHECKED for table, counts in ours.items()}
        path = folder / "same_rows.sql"
        path.write_text(Script(changes, updates, sample=sample).text(), encoding="utf-8")
        found = Baseline(url, schema, path)
        before = written(server, schema)
        found.run(borrowers.take(CHECKED), CHECKED, 1)
        theirs = counted(server, schema, before, keys=CHECKED)
    if ours != theirs:
        raise ProductError(f"the two sides do not write the same rows: {ours} against {theirs}")
    rows = sum(made + changed for made, changed, _ in ours.values()) / CHECKED
    return found, f"{rows:g} rows of {len(ours)} tables each"


def _draw(borrowers: Borrowers, count: int) -> None:
    """Pay out in a process that ends, so that the server has counted all it wrote."""
    with drawer(borrowers) as one:
        one.begin("draw", borrowers.take(count), count)
        one.line()


def needed(clients: int = CLIENTS) -> int:
    """Return how many borrowers the measurements take: operation, pgbench and HTTP, and what comes before."""
    return (3 * TURNS * DRAWS + 2 * WARMING) * clients + 2 * CHECKED + 1


def through_the_operation(borrowers: Borrowers, folder: Path, *, clients: int = CLIENTS) -> list[Finding]:
    """Let the operation and pgbench take turns, with as many clients."""
    theirs, note = baseline(borrowers, folder)
    with ExitStack() as stack:
        ours = [stack.enter_context(drawer(borrowers)) for _ in range(clients)]
        at_once(ours, "draw", borrowers, WARMING)
        turns = []
        for turn in range(TURNS):
            other = theirs.run(borrowers.take(DRAWS * clients), DRAWS, clients) if turn % 2 else 0.0
            mine = at_once(ours, "draw", borrowers, DRAWS)
            turns.append((mine, other or theirs.run(borrowers.take(DRAWS * clients), DRAWS, clients)))
    return [
        compared(
            name="disbursements, against pgbench", unit="1/s", measured=[mine for mine, _ in turns],
            baseline=[other for _, other in turns], at_least=AT_LEAST,
            note=f"{clients} clients, {note}; idempotency, checks and answer included",
        )
    ]  # fmt: skip


def over_http(borrowers: Borrowers, *, clients: int = CLIENTS) -> list[Finding]:
    """Let disbursements and reads of a card take turns at the web server, with as many clients."""
    with ExitStack() as stack:
        ours = [stack.enter_context(sender(borrowers)) for _ in range(clients)]
        at_once(ours, "draw", borrowers, WARMING)
        at_once(ours, "read", borrowers, WARMING_READS)
        turns = []
        for _ in range(TURNS):
            drawn = at_once(ours, "draw", borrowers, DRAWS)
            turns.append((drawn, at_once(ours, "read", borrowers, READS)))
    return [
        compared(
            name="  over HTTP, against one SELECT", unit="1/s", measured=[drawn for drawn, _ in turns],
            baseline=[read for _, read in turns], at_least=HTTP_AT_LEAST,
            note=f"{clients} clients; the baseline is GET cards/{{id}} with a token",
        )
    ]  # fmt: skip


def at_once(clients: list[Client], verb: str, borrowers: Borrowers, count: int) -> float:
    """Have every client do so many at the same time; return how many a second all together."""
    starts = [borrowers.take(count) if verb == "draw" else READER for _ in clients]
    started = time.perf_counter()
    for one, first in zip(clients, starts, strict=True):
        one.begin(verb, first, count)
    for one in clients:
        one.line()
    return count * len(clients) / (time.perf_counter() - started)
