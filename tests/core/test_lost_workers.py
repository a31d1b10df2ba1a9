"""A lease that ran out without an outcome is a crash; a worker that was only slow is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from core.clock import now
from core.gateway.errors import UnknownOutcome
from core.steps import engine
from core.steps.models import DONE, LIVE, PARKED, Step
from core.steps.queue import enqueue
from core.steps.recovery import retry_parked
from core.steps.registry import KINDS, LANES, Again, Done, Kind, Outcome, StepRun, Unknown
from core.tenancy import in_bank
from tests.at_once import at_once

RunSteps = Callable[..., int]
KIND = "test.kind"


@pytest.fixture(autouse=True)
def _restore_kinds() -> Iterator[None]:
    kept = dict(KINDS)
    yield
    KINDS.clear()
    KINDS.update(kept)


def owe(handler: Callable[[StepRun], Outcome], subject: str = "s1") -> None:
    KINDS[KIND] = Kind(KIND, handler)
    with transaction.atomic():
        enqueue(KIND, subject)


def lease() -> engine.Leased | None:
    return engine.lease(list(LANES))


def leased() -> engine.Leased:
    """Lease the step, waiting no random while."""
    for _ in range(3):
        found = lease()
        if found is not None:
            return found
        Step.objects.filter(lease_until=None).update(run_at=now() - timedelta(seconds=1))
    pytest.fail("nothing is due")


def run_out() -> None:
    """Let the lease end; its worker has stored nothing."""
    past = now() - timedelta(seconds=1)
    assert Step.objects.filter(state=LIVE).exclude(lease_until=None).update(run_at=past, lease_until=past) == 1


def step() -> Step:
    return Step.objects.get(kind=KIND)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAStepThatKillsItsWorker:
    def test_is_parked_when_five_leases_in_a_row_ran_out(self) -> None:
        owe(lambda _: Done())
        for crashes in range(engine.MAX_CRASHES):
            assert leased().crashes == crashes
            run_out()
        assert lease() is None
        assert (step().state, step().crashes, step().reason) == (PARKED, 5, "lease ran out")
        assert lease() is None

    def test_is_tried_again_at_once_after_the_first_and_after_a_random_while_from_the_second_on(self) -> None:
        owe(lambda _: Done())
        leased()
        run_out()
        assert lease() is not None
        run_out()
        before = now()
        assert lease() is None
        row = step()
        assert (row.state, row.crashes, row.lease_until) == (LIVE, 2, None)
        assert row.run_at <= before + timedelta(seconds=row.lease_seconds + 1)

    def test_counts_together_with_attempts_that_raised(self, run_steps: RunSteps) -> None:
        def broken(_: StepRun) -> Outcome:
            raise ZeroDivisionError

        owe(broken)
        leased()
        run_out()
        for _ in range(4):
            Step.objects.filter(lease_until=None).update(run_at=now() - timedelta(seconds=1))
            run_steps()
        assert (step().state, step().crashes) == (PARKED, 5)

    def test_lets_other_steps_pass(self, run_steps: RunSteps) -> None:
        owe(lambda _: Done())
        for _ in range(engine.MAX_CRASHES):
            leased()
            run_out()
        owe(lambda _: Done(), "s2")
        assert run_steps() == 1
        assert Step.objects.get(subject="s2").state == DONE

    def test_is_taken_up_again_by_an_operator_with_a_clean_slate(self, run_steps: RunSteps) -> None:
        owe(lambda _: Done())
        for _ in range(engine.MAX_CRASHES):
            leased()
            run_out()
        lease()
        retry_parked(step_id=step().pk, actor="op")
        assert step().crashes == 0
        run_steps()
        assert step().state == DONE


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAWorkerThatWasOnlySlow:
    def test_parks_nothing_however_often(self) -> None:
        """Every attempt outlives its lease and comes back after the next has begun."""
        owe(lambda _: Unknown("no answer yet"))
        slow = leased()
        for _ in range(3 * engine.MAX_CRASHES):
            run_out()
            following = leased()
            engine.work(slow)
            assert (step().state, step().crashes) == (LIVE, 0)
            slow = following
        engine.work(slow)
        assert (step().state, step().reason, step().crashes) == (LIVE, "no answer yet", 0)

    def test_lets_a_step_go_on_that_was_parked_meanwhile(self, run_steps: RunSteps) -> None:
        owe(lambda run: Done(result={"attempt": run.attempt}))
        slow = []
        for _ in range(engine.MAX_CRASHES):
            slow.append(leased())
            run_out()
        assert lease() is None
        assert step().state == PARKED
        engine.work(slow[0])
        assert (step().state, step().crashes) == (LIVE, 4)
        Step.objects.update(run_at=now() - timedelta(seconds=1))
        run_steps()
        assert step().state == DONE
        for late in slow[1:]:
            engine.work(late)
        assert (step().state, step().result) == (DONE, {"attempt": step().attempt})

    def test_does_not_take_up_what_was_parked_because_its_handler_raised(self, run_steps: RunSteps) -> None:
        def broken(_: StepRun) -> Outcome:
            raise ZeroDivisionError

        owe(broken)
        slow = leased()
        run_out()
        for _ in range(engine.MAX_CRASHES):
            Step.objects.filter(lease_until=None).update(run_at=now() - timedelta(seconds=1))
            run_steps()
        assert step().state == PARKED
        engine.work(slow)
        assert (step().state, step().reason) == (PARKED, "handler raised")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestMoneyOfUnknownFate:
    def test_is_asked_for_as_long_as_it_takes_though_workers_die_now_and_then(self, run_steps: RunSteps) -> None:
        def core_is_silent(_: StepRun) -> Outcome:
            raise UnknownOutcome("core", "query")

        owe(core_is_silent)
        for _ in range(4):
            for _ in range(engine.MAX_CRASHES - 1):
                leased()
                run_out()
            engine.work(leased())
            assert (step().state, step().crashes) == (LIVE, 0)
            Step.objects.update(run_at=now() - timedelta(seconds=1))

    def test_an_outcome_that_is_stored_begins_the_count_anew(self) -> None:
        owe(lambda _: Again("busy"))
        leased()
        run_out()
        engine.work(leased())
        assert step().crashes == 0


@pytest.mark.django_db(transaction=True)
def test_one_lease_that_ran_out_is_counted_once_by_any_number_of_workers_at_once() -> None:
    with in_bank("125"):
        owe(lambda _: Done())
        leased()
        run_out()
    found = at_once("125", [lease] * 6)
    assert len([one for one in found if one is not None]) == 1
    with in_bank("125"):
        assert step().crashes == 1
