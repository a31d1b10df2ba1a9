"""Lease steps, run them and store what came of them: each once to effect, whatever dies in between.

An attempt has three beats. Leasing commits the intent (`attempt` grows); the handler calls outside with no transaction
open; the outcome is stored only `WHERE attempt = mine`, together with everything that follows from it.

`crashes` counts the attempts in a row that ended without an outcome: the handler raised, the outcome could not be stored,
or the lease ran out, which is found when the step is leased again. A worker that was only slow takes its count back when
it returns, so slowness parks nothing; and a step that one answer was stored of begins anew.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction

from core.clock import now
from core.gateway.errors import GatewayError, UnknownOutcome
from core.operations import forbid_transaction
from core.steps.models import DONE, FAILED, LIVE, PARKED
from core.steps.queue import enqueue
from core.steps.registry import KINDS, Again, Done, Failed, Outcome, StepRun, Then, Unknown, pause_before
from core.tenancy import current_bank

log = structlog.get_logger(__name__)
MAX_CRASHES: Final = 5
LOST: Final = "lease ran out"
SUSPECT: Final = 2

LEASE = """
WITH found AS (
    SELECT id, lease_until FROM core_step
    WHERE state = 'live' AND lane = ANY(%s) AND run_at <= statement_timestamp()
      AND (lease_until IS NULL OR lease_until < statement_timestamp())
    ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE core_step AS step SET attempt = step.attempt + 1,
    lease_until = clock_timestamp() + make_interval(secs => step.lease_seconds),
    crashes = step.crashes + (found.lease_until IS NOT NULL)::integer
FROM found WHERE step.id = found.id
RETURNING step.id, step.kind, step.subject, step.attempt, step.created_at, step.deadline_at, step.then_kind,
    step.then_subject, step.crashes, found.lease_until IS NOT NULL, step.lease_seconds
"""
END = """
UPDATE core_step SET state = %s, result = %s, reason = %s, lease_until = NULL, finished_at = clock_timestamp()
WHERE id = %s AND attempt = %s AND state = 'live'
"""
POSTPONE = """
UPDATE core_step SET run_at = clock_timestamp() + make_interval(secs => %s), lease_until = NULL, reason = %s, crashes
= %s, state = %s WHERE id = %s AND attempt = %s AND state = 'live'
"""
FORGIVE = """
UPDATE core_step SET crashes = greatest(crashes - 1, 0), state = CASE WHEN reason = %s THEN 'live' ELSE state END
WHERE id = %s AND attempt > %s AND state IN ('live', 'parked')
"""
ANY_DUE = """
SELECT EXISTS (SELECT 1 FROM core_step WHERE state = 'live' AND lane = %s AND run_at <= statement_timestamp()
               AND (lease_until IS NULL OR lease_until < statement_timestamp()))
"""


class StaleAttempt(RuntimeError):
    """Raised, and caught by the engine, where another attempt has taken the step over: this one's outcome is void."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A step that this worker holds until its lease ends."""

    run: StepRun
    then: Then | None
    crashes: int


def lease(lanes: list[str]) -> Leased | None:
    """Lease the step of these lanes that is due longest, by database time; None where none is due.

    One that has lost two workers in a row waits a random while of its lease first: whatever killed its worker, it does
    not drag the same companions along each time. One that has lost too many is parked.
    """
    while True:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(LEASE, [lanes])
            row = cursor.fetchone()
        if row is None:
            return None
        step_id, kind, subject, attempt, created_at, deadline_at, then_kind, then_subject, crashes = row[:9]
        was_lost, lease_seconds = row[9:]
        run = StepRun(step_id, kind, subject, attempt, created_at, deadline_at)
        if was_lost:
            log.warning("step.lease_ran_out", kind=kind, step=run.request_id, attempt=attempt, crashes=crashes)
        if not was_lost or crashes < SUSPECT:
            return Leased(run, Then(then_kind, then_subject) if then_kind else None, crashes)
        with suppress(StaleAttempt):
            _postpone(run, LOST, timedelta(milliseconds=secrets.randbelow(lease_seconds * 1000)), crashes)


def work(leased: Leased) -> None:
    """Run a leased step's handler and store its outcome."""
    run = leased.run
    forbid_transaction(f"step {run.kind}")
    outcome, crashes = _handle(run), 0
    if outcome is None:
        outcome, crashes = Again("handler raised"), leased.crashes + 1
    try:
        try:
            _store(leased, outcome, crashes)
        except StaleAttempt:
            raise
        except Exception:
            log.exception("step.outcome_not_stored", kind=run.kind, step=run.request_id, attempt=run.attempt)
            _postpone(run, "outcome could not be stored", pause_before(run.attempt), leased.crashes + 1)
    except StaleAttempt:
        log.warning("step.stale_attempt", kind=run.kind, step=run.request_id, attempt=run.attempt)
        _forgive(run)


def _handle(run: StepRun) -> Outcome | None:
    """Call the handler; a vendor's failure becomes a retry, a defect becomes None."""
    started = time.monotonic()
    try:
        return KINDS[run.kind].handler(run)
    except UnknownOutcome as error:
        return Unknown(type(error).__name__)
    except GatewayError as error:
        return Again(type(error).__name__, error.retry_after)
    except Exception:
        log.exception("step.handler_raised", kind=run.kind, step=run.request_id, attempt=run.attempt)
        return None
    finally:
        elapsed_ms = round((time.monotonic() - started) * 1000, 1)
        log.info("step.attempt", kind=run.kind, step=run.request_id, attempt=run.attempt, ms=elapsed_ms)


def _store(leased: Leased, outcome: Outcome, crashes: int) -> None:
    run = leased.run
    if isinstance(outcome, Again | Unknown) and _is_over(run.deadline_at):
        outcome = _given_up(run)
    match outcome:
        case Done(apply=apply, result=result):
            _end(leased, DONE, dict(result), "", apply)
        case Failed(code=code, apply=apply):
            _end(leased, FAILED, {"code": code}, code, apply)
        case Again(reason=reason, after=after) | Unknown(reason=reason, after=after):
            _postpone(run, reason, after or pause_before(run.attempt), crashes)


def _given_up(run: StepRun) -> Failed:
    give_up = KINDS[run.kind].give_up
    return Failed("vendor_unavailable", None if give_up is None else lambda: give_up(run))


def _is_over(deadline_at: datetime | None) -> bool:
    return deadline_at is not None and now() >= deadline_at


def _end(leased: Leased, state: str, result: dict[str, Any], reason: str, apply: Callable[[], None] | None) -> None:
    run = leased.run
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(END, [state, json.dumps(result), reason, run.id, run.attempt])
            if cursor.rowcount != 1:
                raise StaleAttempt
        if apply is not None:
            apply()
        if leased.then is not None:
            enqueue(leased.then.kind, leased.then.subject)


def _postpone(run: StepRun, reason: str, after: timedelta, crashes: int) -> None:
    state = PARKED if crashes >= MAX_CRASHES else LIVE
    if state == PARKED:
        log.error("step.parked", kind=run.kind, step=run.request_id)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(POSTPONE, [after.total_seconds(), reason[:200], crashes, state, run.id, run.attempt])
        if cursor.rowcount != 1:
            raise StaleAttempt


def _forgive(run: StepRun) -> None:
    """Take back the crash that was counted when this attempt's lease ran out: its worker was slow, not dead."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(FORGIVE, [LOST, run.id, run.attempt])


def any_due(lane: str) -> bool:
    """Tell whether the current bank has a step of this lane that is due and not leased."""
    with connection.cursor() as cursor:
        cursor.execute(ANY_DUE, [lane])
        return bool(cursor.fetchone()[0])


def run_due(*, lanes: list[str], seconds: float, limit: int | None = None) -> int:
    """Work through the current bank's due steps for about `seconds`, at most `limit`; return how many were run."""
    current_bank()
    until, done = time.monotonic() + seconds, 0
    while (limit is None or done < limit) and (leased := lease(lanes)) is not None:
        work(leased)
        done += 1
        if time.monotonic() >= until:
            break
    return done
