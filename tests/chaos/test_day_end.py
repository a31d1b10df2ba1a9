"""The day end is killed by SIGKILL in every stage, again and again; its books end as those of a twin that nobody disturbed.

Bank B is the twin: the same loans, the same customers' acts. Its run says how many moments each stage of a day has; at a
random one of them the day end of bank A dies, and the next run goes on until it dies in the next stage. The seed of the
books is in the test's name; that of the moments is the same in the usual run, and drawn anew and printed in the deep one.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Final

import pytest

from accounts import queries as accounts
from accounts.models import JournalEntry
from core.clock import business_date
from core.tenancy import in_bank
from lending.closing.runner import AnotherDayEnd, close_until
from lending.models import AutoDebit, DayEndStage, Instalment, Loan, LoanEvent
from lending.models.closing import BOOKS, DUES, FOLLOW, INCOME, MOVE, OVERDUE, PROVISIONS, REPRICING
from lending.queries import loan_book_agrees
from tests.chaos.dying import watched
from tests.chaos.processes import Processes, eventually, is_alive
from tests.depth import is_deep
from tests.lending.borrowers import set_day
from tests.lending.closing.random_loans import LoanBook

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BANK, TWIN = "125", "116"
START: Final = date(2025, 10, 20)
FIRST: Final = date(2025, 12, 31)  # its end brings repricings, dues and changes of class
DAY: Final = timedelta(days=1)
STAGES: Final = (INCOME, PROVISIONS, MOVE, BOOKS, DUES, OVERDUE, REPRICING, FOLLOW)
LOANS: Final = 10
MADE_ANEW: Final = {"id", "created_at", "finished_at"}


def kills_of_this_run() -> int:
    """Return at how many moments the day end dies: sixteen, or a hundred with `--hypothesis-profile=deep`."""
    return 104 if is_deep() else 16


def seed_of_moments(seed: int) -> int:
    """Return by what the moments of death are drawn, and say it; AUDIT_SEED repeats a deep run."""
    if is_deep():
        seed = int(os.environ.get("AUDIT_SEED") or secrets.randbits(32))
    sys.stdout.write(f"AUDIT_SEED={seed} repeats this run\n")
    return seed


@contextmanager
def at(bank: str, seed: int) -> Iterator[LoanBook]:
    """Open the loans of a seed at a bank, up to the evening of the first day that is closed."""
    with in_bank(bank):
        book = LoanBook(seed)
        book.open(LOANS, start=START)
        book.act(4)
        set_day(FIRST)
        close_until(to_date=FIRST)
        yield book


def books(book: LoanBook) -> dict[str, Any]:
    """Return everything that the day end writes, without what is different at two banks: ids and times."""
    number = {loan.pk: place for place, (_, loan) in enumerate(book.loans)}
    loans = {loan.pk: plain(loan) for loan in Loan.objects.all()}
    return {
        "loans": [loans[pk] for pk in number],
        "instalments": sorted(
            (number[row.loan_id], row.version, row.number, *plain(row).values()) for row in Instalment.objects.all()
        ),
        "events": Counter(
            (number[row.loan_id], row.kind, row.business_date, row.amount_fen, row.outstanding_fen,
             str(row.detail) if row.kind == "classified" else "")
            for row in LoanEvent.objects.all()
        ),
        "debits": sorted((number[row.loan_id], row.debit_date, row.status, row.rounds) for row in AutoDebit.objects.all()),
        "entries": Counter(
            (row.booking_date, row.value_date, row.kind,
             tuple(sorted((line.gl_code, line.amount_fen) for line in row.postings.all())))
            for row in JournalEntry.objects.prefetch_related("postings")
        ),
        "trial": accounts.trial_balance(),
        "stages": sorted((row.closed_date, row.stage, str(row.figures)) for row in DayEndStage.objects.all()),
    }  # fmt: skip


def plain(row: Any) -> dict[str, Any]:
    """Return a row's own values: no ids, no times."""
    return {
        field.attname: str(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if field.remote_field is None and field.attname not in MADE_ANEW
    }


def undisturbed(book: LoanBook, day: date) -> dict[str, int]:
    """Close a day of the twin; return how many moments each stage had."""
    with watched() as moments:
        close_until(to_date=day + DAY)
    return dict(moments.counts)


def killed_in_every_stage(processes: Processes, day: date, moments: dict[str, int], chance: random.Random) -> int:
    """Close a day of bank A in processes that die, one in each stage; return how many have died."""
    dead = 0
    for stage in STAGES:
        moment = chance.randint(1, moments[stage])
        reached = processes.folder / f"died-{day}-{stage}"
        pid = processes.spawn(
            "day_end", bank=BANK, to=(day + DAY).isoformat(), stage=stage, moment=moment, reached=str(reached)
        )
        eventually(f"the day end in {stage} at {moment} is over", lambda pid=pid: not is_alive(pid))  # type: ignore[misc]
        processes.pids.discard(pid)
        assert reached.exists(), f"{stage} of {day} never came to its moment {moment}\n{processes.logs()}"
        dead += 1
    return dead


def close_when_the_dead_have_let_go(*, to_date: date, seconds: float = 20) -> None:
    """Close a day; the lock of a process that was just killed ends when its server has noticed."""
    until = time.monotonic() + seconds
    while True:
        try:
            close_until(to_date=to_date)
        except AnotherDayEnd:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.mark.deep
@pytest.mark.parametrize("seed", [4])
def test_the_books_end_as_an_undisturbed_twins(processes: Processes, seed: int) -> None:
    chance = random.Random(seed_of_moments(seed))
    dead = 0
    with at(TWIN, seed) as twin:
        pass
    with at(BANK, seed) as book:
        assert books(book)["loans"]
    while dead < kills_of_this_run():
        with in_bank(TWIN):
            day = business_date()
            twin.act(2)
            moments = undisturbed(twin, day)
            expected = books(twin)
        with in_bank(BANK):
            book.act(2)
        dead += killed_in_every_stage(processes, day, moments, chance)
        with in_bank(BANK):
            close_when_the_dead_have_let_go(to_date=day + DAY)
            found = books(book)
            assert {name: found[name] == expected[name] for name in expected} == dict.fromkeys(expected, True), (
                seed,
                day,
            )
            assert sum(found["trial"].values()) == 0
            assert loan_book_agrees()
    assert dead >= kills_of_this_run()
