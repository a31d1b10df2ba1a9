"""Durable steps: leased, run, ended once to effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from core.audit.log import record
from core.audit.models import AuditEntry
from core.clock import now
from core.gateway.errors import Unavailable, UnknownOutcome
from core.operations import in_transaction
from core.steps import engine
from core.steps.models import DONE, FAILED, LIVE, PARKED, Step
from core.steps.queue import enqueue
from core.steps.registry import KINDS, LANES, Again, Done, Failed, Kind, Outcome, StepRun, Then, Unknown
from core.tenancy import in_bank
from tests.at_once import at_once

RunSteps = Callable[..., int]


def _written() -> QuerySet[AuditEntry]:
    """Return what the test wrote; the opening of the bank has entries of its own."""
    return AuditEntry.objects.filter(actor="test")


@pytest.fixture(autouse=True)
def _restore_kinds() -> Iterator[None]:
    kept = dict(KINDS)
    yield
    KINDS.clear()
    KINDS.update(kept)


def _kind(handler: Callable[[StepRun], Outcome], name: str = "test.kind", **options: object) -> str:
    KINDS[name] = Kind(name, handler, **options)  # type: ignore[arg-type]
    return name


def _write(subject: str) -> None:
    record("test.applied", actor="test", subject=subject)


def _enqueue(kind: str, subject: str = "s1", **options: object) -> None:
    with transaction.atomic():
        enqueue(kind, subject, **options)  # type: ignore[arg-type]


def _due_now() -> None:
    Step.objects.filter(state=LIVE).update(run_at=now() - timedelta(seconds=1), lease_until=None)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestOutcomes:
    def test_done_ends_the_step_and_applies_in_the_same_transaction(self, run_steps: RunSteps) -> None:
        seen: list[bool] = []

        def apply() -> None:
            seen.append(in_transaction())
            _write("s1")

        _enqueue(_kind(lambda _: Done(apply, {"code": "ok"})))
        assert run_steps() == 1
        step = Step.objects.get()
        assert (step.state, step.result, step.attempt) == (DONE, {"code": "ok"}, 1)
        assert seen == [True]
        assert _written().get().subject == "s1"

    def test_no_transaction_is_open_while_the_handler_runs(self, run_steps: RunSteps) -> None:
        seen: list[bool] = []

        def handler(_: StepRun) -> Outcome:
            seen.append(in_transaction())
            return Done()

        _enqueue(_kind(handler))
        run_steps()
        assert seen == [False]

    def test_then_is_started_when_the_step_is_done(self, run_steps: RunSteps) -> None:
        followed: list[str] = []

        def follow(run: StepRun) -> Outcome:
            followed.append(run.subject)
            return Done()

        _kind(follow, "test.after")
        _enqueue(_kind(lambda _: Done()), then=Then("test.after", "s2"))
        assert run_steps() == 2
        assert followed == ["s2"]

    def test_then_is_started_when_the_step_has_failed(self, run_steps: RunSteps) -> None:
        _kind(lambda _: Done(), "test.after")
        _enqueue(_kind(lambda _: Failed("mismatch", lambda: _write("s1"))), then=Then("test.after", "s2"))
        assert run_steps() == 2
        step = Step.objects.get(kind="test.kind")
        assert (step.state, step.result) == (FAILED, {"code": "mismatch"})
        assert _written().count() == 1

    def test_again_waits_longer_each_time(self, run_steps: RunSteps) -> None:
        _enqueue(_kind(lambda _: Again("busy")))
        pauses = []
        for _ in range(4):
            run_steps()
            pauses.append(round((Step.objects.get().run_at - now()).total_seconds()))
            _due_now()
        assert pauses == [1, 2, 4, 8]
        assert Step.objects.get().state == LIVE

    @pytest.mark.parametrize("error", [Unavailable("v", "op"), UnknownOutcome("v", "op")])
    def test_a_vendors_failure_is_tried_again_and_is_no_crash(self, run_steps: RunSteps, error: Exception) -> None:
        def handler(run: StepRun) -> Outcome:
            if run.attempt == 1:
                raise error
            return Done()

        _enqueue(_kind(handler))
        run_steps()
        assert Step.objects.get().crashes == 0
        _due_now()
        run_steps()
        assert Step.objects.get().state == DONE

    def test_a_handler_that_raises_is_parked_after_five_times_and_not_lost(self, run_steps: RunSteps) -> None:
        def handler(_: StepRun) -> Outcome:
            raise ZeroDivisionError

        _enqueue(_kind(handler))
        for _ in range(engine.MAX_CRASHES):
            run_steps()
            _due_now()
        assert Step.objects.get().state == PARKED
        assert run_steps() == 0

    def test_an_outcome_that_cannot_be_stored_undoes_what_it_applied(self, run_steps: RunSteps) -> None:
        def apply() -> None:
            _write("s1")
            raise ZeroDivisionError

        _enqueue(_kind(lambda _: Done(apply)))
        run_steps()
        step = Step.objects.get()
        assert (step.state, step.crashes) == (LIVE, 1)
        assert _written().count() == 0

    def test_past_its_deadline_the_step_is_given_up(self, run_steps: RunSteps) -> None:
        kind = _kind(
            lambda _: Unknown("no answer"),
            deadline=timedelta(seconds=30),
            give_up=lambda run: _write(run.subject),
        )
        _enqueue(kind)
        run_steps()
        assert Step.objects.get().state == LIVE
        Step.objects.update(deadline_at=now() - timedelta(seconds=1))
        _due_now()
        run_steps()
        step = Step.objects.get()
        assert (step.state, step.reason) == (FAILED, "vendor_unavailable")
        assert _written().get().subject == "s1"


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestOnceToEffect:
    def test_an_attempt_that_lost_its_lease_has_no_effect(self, run_steps: RunSteps) -> None:
        _enqueue(_kind(lambda run: Done(lambda: _write(f"attempt {run.attempt}"))))
        slow = engine.lease(list(LANES))
        assert slow is not None
        assert run_steps() == 0  # leased
        _due_now()
        run_steps()
        engine.work(slow)
        assert [entry.subject for entry in _written().all()] == ["attempt 2"]

    def test_work_that_is_owed_already_is_not_owed_twice(self) -> None:
        kind = _kind(lambda _: Done())
        _enqueue(kind)
        _enqueue(kind)
        assert Step.objects.count() == 1

    def test_the_request_id_is_the_same_in_every_attempt(self, run_steps: RunSteps) -> None:
        seen: list[str] = []

        def handler(run: StepRun) -> Outcome:
            seen.append(run.request_id)
            return Done() if run.attempt > 1 else Again("busy")

        _enqueue(_kind(handler))
        run_steps()
        _due_now()
        run_steps()
        assert seen[0] == seen[1]
        assert len(seen[0]) == 32


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_workers_never_hold_the_same_step(self) -> None:
        kind = _kind(lambda run: Done(lambda: _write(run.subject)))
        with in_bank("125"):
            for number in range(40):
                _enqueue(kind, f"s{number}")
        at_once("125", [partial(engine.run_due, lanes=list(LANES), seconds=30)] * 4)
        with in_bank("125"):
            subjects = sorted(_written().values_list("subject", flat=True))
            assert subjects == sorted(f"s{number}" for number in range(40))
            assert set(Step.objects.values_list("attempt", flat=True)) == {1}

    def test_the_sweep_sees_due_steps_of_all_banks_and_nothing_else(self) -> None:
        kind = _kind(lambda _: Done(), lane="vendor")
        for code in ("125", "116"):
            with in_bank(code):
                _enqueue(kind, "due")
                _enqueue(kind, "later", run_at=now() + timedelta(hours=1))
        from core.tenancy import PUBLIC, at

        with at(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT bank, lane FROM public.due_steps() ORDER BY bank")
            assert cursor.fetchall() == [("116", "vendor"), ("125", "vendor")]
