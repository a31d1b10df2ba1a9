"""What the day end of a bank costs over writing each of its loans once; `python -m bench.day_end` is one measurement of it."""

from __future__ import annotations

import argparse
import json
import operator
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import django

from bench.loan_book import EVE, LoanBook
from bench.report import Finding, compared
from scripts.product import ROOT, Product, ProductError

LOANS: Final = 1_000_000
FEWER: Final = 100_000
TURNS: Final = 3
DAYS: Final = 30
AT_MOST: Final = 0.5
LINEAR_AT_MOST: Final = 1.25
NO_LARGER: Final = 1.01  # to a hundredth: which pages are full differs from day to day
DAY: Final = timedelta(days=1)
BARE: Final = "bare"
MICROSECONDS: Final = 1_000_000


def measure(running: Product, bank: str, *, loans: int) -> list[Finding]:
    """Measure with so many loans, and with a hundred thousand, so that it shows whether the cost is linear.

    The two sizes are measured minutes apart, and what a row costs the machine differs with the minute and with what its
    memory holds. So the promise is on the ratios to the bare UPDATE, whose work is linear by its nature, each taken within
    one turn; what a loan costs in time is printed beside it, of the day end and of the bare statement.
    """
    fewer = _run(running, bank, loans=min(FEWER, loans), days=0)
    if loans <= FEWER:
        return _findings(_run(running, bank, loans=loans, days=DAYS))
    more = _run(running, bank, loans=loans, days=DAYS)
    return [*_findings(fewer), *_findings(more), *_linear(more, fewer)]


def _linear(more: dict[str, Any], fewer: dict[str, Any]) -> list[Finding]:
    """Compare what a loan costs among more with what it costs among fewer."""
    sizes = f"of {more['loans']:,} against {fewer['loans']:,}"
    ratios = [[_cost(turn) / turn[BARE] for turn in found["turns"]] for found in (more, fewer)]
    shares = {
        name: [
            statistics.median(cost(turn) for turn in found["turns"]) / found["loans"] * MICROSECONDS
            for found in (more, fewer)
        ]
        for name, cost in (("a loan's share", _cost), ("its share of the bare UPDATE", operator.itemgetter(BARE)))
    }
    return [
        compared(
            name=f"  the ratio, {sizes}", unit="", measured=ratios[0], baseline=ratios[1], at_most=LINEAR_AT_MOST,
            note="linear, as the bare UPDATE is",
        ),
        *(
            compared(name=f"  {name}, {sizes}", unit="µs", measured=[ours], baseline=[theirs])
            for name, (ours, theirs) in shares.items()
        ),
    ]  # fmt: skip


def _run(running: Product, bank: str, *, loans: int, days: int) -> dict[str, Any]:
    """Run one measurement in a process of its own, as the web login, and return what it has found."""
    words = ["--bank", bank, "--loans", str(loans), "--days", str(days)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.day_end", *words],
        cwd=ROOT, env={**running.environment, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "40"},
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ProductError(f"the day end of {loans} loans could not be measured: see its traceback above")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _cost(turn: dict[str, float]) -> float:
    return sum(seconds for stage, seconds in turn.items() if stage != BARE)


def _findings(found: dict[str, Any]) -> list[Finding]:
    turns, counts = found["turns"], found["counts"]
    bare = [turn[BARE] for turn in turns]
    told = ", ".join(f"{number:,} {what}" for what, number in counts.items())
    findings = [
        compared(
            name=f"day end, {found['loans']:,} loans", unit="s", measured=[_cost(turn) for turn in turns], baseline=bare,
            at_most=AT_MOST, note=f"against one bare UPDATE of all loans; {told}",
        )
    ]  # fmt: skip
    findings += [
        compared(name=f"  {stage}", unit="s", measured=[turn[stage] for turn in turns], baseline=bare)
        for stage in turns[0]
        if stage != BARE
    ]
    if found["sizes"]:
        (table, indexes), (table_after, indexes_after) = found["sizes"]
        findings += [
            compared(name=f"  loans and instalments after {DAYS} days", unit="MB", measured=[table_after / 1e6],
                     baseline=[table / 1e6], at_most=NO_LARGER, note="vacuumed once a day, as autovacuum does"),
            compared(name="  their indexes", unit="MB", measured=[indexes_after / 1e6], baseline=[indexes / 1e6]),
        ]  # fmt: skip
    return findings


# One measurement, in a process of its own.


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _close(day: date) -> dict[str, float]:
    """Close one business day by the product's own stages; return how long each took."""
    from lending.closing.stages import BEGINNING, ENDING

    return {
        name: _timed(lambda stage=stage: stage(closed_date=day))  # type: ignore[misc]
        for name, stage in (*ENDING, *BEGINNING)
    }


def _turn(book: LoanBook, day: date) -> dict[str, float]:
    """Measure a day's end and the bare statement on the same tables, each packed before."""
    book.pack()
    bare = _timed(book.rewrite)
    book.pack()
    return {**_close(day), BARE: bare}


def _measure(book: LoanBook, loans: int, days: int) -> dict[str, Any]:
    book.fill(loans)
    turns = []
    day = EVE
    counts: dict[str, int] = {}
    for _ in range(TURNS):
        turns.append(_turn(book, day))
        day += DAY
        counts = counts or book.counts(day)
        book.pay(day)
    sizes = []
    if days:
        book.fill(loans)
        book.pack()
        sizes.append(book.sizes())
        for number in range(days):
            _close(EVE + number * DAY)
            book.pay(EVE + (number + 1) * DAY)
            book.clean()
        sizes.append(book.sizes())
    return {"loans": loans, "turns": turns, "counts": counts, "sizes": sizes}


def main() -> None:
    """Measure once and print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench.day_end", description=__doc__)
    parser.add_argument("--bank", required=True)
    parser.add_argument("--loans", type=int, required=True)
    parser.add_argument("--days", type=int, required=True)
    asked = parser.parse_args()
    django.setup()
    from core.tenancy import in_bank, schema_of

    book = LoanBook(os.environ["DATABASE_URL"], schema_of(asked.bank))
    with in_bank(asked.bank):
        print(json.dumps(_measure(book, asked.loans, asked.days)))


if __name__ == "__main__":
    main()
