"""`make bench`: measure on fresh servers. `ARGS="latency decision"` chooses, `ARGS="--json FILE"` also writes a file."""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench import day_end, decision, disbursement, latency, lists, reading
from bench.report import Finding, table
from scripts.product import ROOT, Product, ProductError, ensure_database, product
from scripts.stack import Stack
from scripts.story import tell

BANK, OTHER_BANK, REGION = "125", "116", "320700"
OPENING_AT_MOST: Final = 30.0
NAMES: Final = ("opening", "latency", "journey", "decision", "day_end", "disbursement", "lists")


def say(text: str) -> None:
    """Tell the person at the terminal, beside the results."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def database(stack: Stack, name: str, folder: Path, vendors: str | None = None) -> Iterator[Product]:
    """Give a product on a new database; `vendors` is the address of a sandbox that runs already."""
    url, _ = ensure_database(stack, name, say=say)
    with product(stack, database_url=url, home=folder / name, say=say) as running:
        if vendors is not None:
            running.sandbox_url = running.settings["SANDBOX_URL"] = vendors
        running.manage("create_master_key")
        running.manage("prepare_database")
        yield running


def open_banks(running: Product) -> list[Finding]:
    """Open the 58 sample banks and say how long it took."""
    with (ROOT / "tenants" / "provisioning" / "sample_banks.csv").open(encoding="utf-8", newline="") as file:
        count = sum(row["opened"] == "1" for row in csv.DictReader(file))
    started = time.perf_counter()
    running.manage("open_sample_banks", progress=True)
    seconds = time.perf_counter() - started
    note = f"{count} banks in all, {seconds / count:.3f} s a bank, one process"
    return [Finding(name="opening 58 banks", unit="s", measured=seconds, at_most=OPENING_AT_MOST, note=note)]


def walk(running: Product) -> list[Finding]:
    """Walk a customer through twice, and say how long the machine took for each step the second time."""
    running.start_workers()
    tell(running, BANK, REGION, say=lambda _: None)  # the workers have read their models and opened their connections
    story = tell(running, BANK, REGION, say=say)
    note = "vendors at zero delay, workers warm, the customer's reading time left out"
    steps = [Finding(name=f"  {step['name']}", unit="s", measured=step["seconds"]) for step in story.steps]
    total = sum(step["seconds"] for step in story.steps)
    return [Finding(name="journey, machine time", unit="s", measured=total, note=note), *steps]


def measure(names: list[str], stack: Stack, folder: Path, *, loans: int) -> list[Finding]:
    """Run the chosen benchmarks; those that need 58 banks share them."""
    found: list[Finding] = []
    if set(names) & {"opening", "latency", "journey"}:
        with database(stack, "bench_58", folder) as many:
            say("opening 58 banks")
            opened = open_banks(many)
            found += opened if "opening" in names else []
            many.start_sandbox()
            many.start_web()
            many.await_sandbox()
            many.await_web()
            if "latency" in names:
                say("requests over 58 banks and over 2, in turns")
                found += _latency(stack, folder, many)
            if "journey" in names:
                say("one customer, from the scan to the first repayment")
                found += walk(many)
    if "decision" in names:
        say("decisions")
        found += _decision()
    if "disbursement" in names:
        say("disbursements through the operation and by pgbench, in turns")
        found += _disbursement(stack, folder)
    if "day_end" in names:
        say(f"the day end of a bank with {loans:,} loans")
        found += _day_end(stack, folder, loans)
    if "lists" in names:
        say(f"the lists of a bank's admin, {lists.ROWS:,} rows in each of their tables")
        found += _lists(stack, folder)
    return found


def _latency(stack: Stack, folder: Path, many: Product) -> list[Finding]:
    with database(stack, "bench_2", folder, vendors=many.sandbox_url) as few:
        few.manage("open_sample_banks", "--only", f"{BANK},{OTHER_BANK}")
        few.start_web()
        few.await_web()
        with latency.side(few) as side_of_few, latency.side(many) as side_of_many:
            return latency.compare(side_of_few, side_of_many)


def _day_end(stack: Stack, folder: Path, loans: int) -> list[Finding]:
    with database(stack, "bench_day_end", folder) as running:
        running.manage("open_sample_banks", "--only", BANK)
        return day_end.measure(running, BANK, loans=loans)


def _disbursement(stack: Stack, folder: Path) -> list[Finding]:
    with database(stack, "bench_hot", folder) as running:
        running.manage("open_sample_banks", "--only", BANK)
        borrowers = disbursement.Borrowers(BANK, running)
        borrowers.make(disbursement.needed())
        found = disbursement.through_the_operation(borrowers, folder)
        say("disbursements over HTTP and reads of a card, in turns")
        running.start_web()
        running.await_web()
        found += disbursement.over_http(borrowers)
        say("a loan with a long history and a card, in turns")
        return found + reading.measure(borrowers)


def _lists(stack: Stack, folder: Path) -> list[Finding]:
    with database(stack, "bench_lists", folder) as running:
        running.manage("open_sample_banks", "--only", BANK)
        return lists.measure(running, BANK)


def _decision() -> list[Finding]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    return decision.measure()


def main() -> int:
    """Measure, print, and return 1 where a promise does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which; default: {' '.join(NAMES)}")
    parser.add_argument("--json", type=Path, help="also write the findings to this file")
    parser.add_argument("--loans", type=int, default=day_end.LOANS, help="how many loans the day end closes")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    stack = Stack(database_url=os.environ["DATABASE_URL"], redis_url=os.environ["REDIS_URL"])
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            found = measure(asked.names or list(NAMES), stack, Path(folder), loans=asked.loans)
    except ProductError as error:
        say(f"the benchmark could not go on: {error}")
        return 1
    print(table(found))
    document = json.dumps({"findings": [one.as_json() for one in found]}, ensure_ascii=False)
    if asked.json is not None:
        asked.json.write_text(document + "\n", encoding="utf-8")
    print(document, flush=True)
    return 0 if all(one.holds is not False for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
