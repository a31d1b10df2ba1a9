"""What a forked child can be: a worker that may be held at a chosen moment, a sweeper, a customer who floods a queue."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from django.db import connection, transaction

from core.steps import engine
from core.steps.queue import enqueue
from core.steps.registry import KINDS, VENDOR, Done, Outcome, StepRun, register_step
from core.steps.tasks import sweep
from core.tenancy import in_bank

Point = Literal["before_lease", "before_call", "after_call"]
SWEEP_SECONDS: Final = 0.1
SHORT_WHILE: Final = 0.3
SHORT_LEASE: Final = timedelta(seconds=2)
DUE: Final = """
SELECT EXISTS (SELECT 1 FROM core_step WHERE kind = %s AND state = 'live' AND run_at <= statement_timestamp()
               AND (lease_until IS NULL OR lease_until < statement_timestamp()))
"""


@register_step("chaos.lookup", lane=VENDOR, lease=timedelta(seconds=30))
def look_up(run: StepRun) -> Outcome:
    """Ask the carriers who serves a phone: the smallest real outside call; the subject is the phone."""
    from verification import vendors

    vendors.carriers().lookup(phone=run.subject.partition("-")[0], request_id=run.request_id)
    return Done()


@register_step("chaos.killer", lane=VENDOR, lease=SHORT_LEASE)
def kill_worker(run: StepRun) -> Outcome:
    """Do what a crash in native code does, PURE: the whole process ends at once and tidies nothing up."""
    del run
    time.sleep(SHORT_WHILE)
    os.kill(os.getpid(), signal.SIGKILL)
    return Done()


@register_step("chaos.bystander", lane=VENDOR, lease=SHORT_LEASE)
def stand_by(run: StepRun) -> Outcome:
    """Work, PURE, for longer than the killer beside it lets its process live."""
    del run
    time.sleep(2 * SHORT_WHILE)
    return Done()


def worker(*, threads: int = 4, point: Point | None = None, kind: str = "", reached: str = "") -> None:
    """Be a Celery worker on all lanes; with a `point`, stop for ever where a step of `kind` gets there, and say so.

    The product knows nothing of this: what is held is the engine's lease or the registered handler.
    """
    if point is not None:
        _hold(point, kind, Path(reached))
    from config.celery import app

    app.worker_main(
        [
            "worker", "--loglevel", "WARNING", "-P", "threads", "-c", str(threads), "-Q", "default,vendor,ledger,ocr",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "-n", f"chaos-{os.getpid()}@%h",
        ]
    )  # fmt: skip


def _hold(point: Point, kind: str, reached: Path) -> None:
    def stop_here() -> None:
        reached.touch()
        threading.Event().wait()

    if point == "before_lease":
        setattr(engine, "lease", _held_lease(engine.lease, kind, stop_here))  # noqa: B010 -- a function of a module
        return
    handler = KINDS[kind].handler

    def held(run: StepRun) -> Outcome:
        if point == "before_call":
            stop_here()
        outcome = handler(run)
        stop_here()
        return outcome

    KINDS[kind] = dataclasses.replace(KINDS[kind], handler=held)


def _held_lease(
    lease: Callable[[list[str]], engine.Leased | None], kind: str, stop_here: Callable[[], None]
) -> Callable[[list[str]], engine.Leased | None]:
    def held(lanes: list[str]) -> engine.Leased | None:
        with connection.cursor() as cursor:
            cursor.execute(DUE, [kind])
            due = bool(cursor.fetchone()[0])
        if due and KINDS[kind].lane in lanes:
            stop_here()
        return lease(lanes)

    return held


def sweeper() -> None:
    """Ring for whatever is due, as beat does, only more often."""
    while True:
        sweep()
        time.sleep(SWEEP_SECONDS)


def flood(*, bank: str, kind: str, subjects: list[str], done: str) -> None:
    """Queue one step for each subject at a bank, in one transaction, with the bell that the commit rings."""
    with in_bank(bank), transaction.atomic():
        for subject in subjects:
            enqueue(kind, subject)
    Path(done).touch()


def day_end(*, bank: str, to: str, stage: str, moment: int, reached: str) -> None:
    """Run a bank's day end up to a date, and die by SIGKILL at a moment of one of its stages."""
    from datetime import date

    from lending.closing.runner import close_until
    from tests.chaos.dying import dying

    with in_bank(bank), dying(stage, moment, Path(reached)):
        close_until(to_date=date.fromisoformat(to))


def back_test(*, bank: str, at_once: int, statement: str, number: int, reached: str) -> None:
    """Replay a bank's back-test in parts, as a worker does, and die by SIGKILL before the so-many-th of such statements."""
    from lending.operations import back_testing

    setattr(back_testing._decide_chunk, "__kwdefaults__", {"at_once": at_once})  # noqa: B010 -- a function's own
    passed = 0

    def die(execute: Callable[..., object], sql: str, params: object, many: object, context: object) -> object:
        nonlocal passed
        passed += statement in sql
        if passed == number:
            Path(reached).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with in_bank(bank), connection.execute_wrapper(die):
        while True:
            engine.run_due(lanes=[KINDS[back_testing.BACK_TEST].lane], seconds=SHORT_WHILE)
