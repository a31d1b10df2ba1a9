"""The replay of a changed cut-off: workers die in the middle of it, and its swap set is that of a twin left in peace."""

from __future__ import annotations

from typing import Any, Final

import pytest

from core.steps import engine
from core.steps.models import DONE, Step
from core.steps.registry import LANES
from core.tenancy import in_bank
from lending.models import BackTest, BackTestChange, Decision
from lending.operations import back_testing
from tests.chaos.killing import let_leases_run_out
from tests.chaos.processes import Processes, eventually, is_alive
from tests.lending.decision.applicants import TODAY
from tests.lending.models.past import make_past
from tests.over_rest import BANK, OTHER_BANK

pytestmark = pytest.mark.chaos
PAST: Final = 200
AT_ONCE: Final = 40
# Where a worker dies: a statement, and the so-many-th of its kind. The first is within the transaction that stores the second
# part, its changes written and its count not; the second after the third part is committed, before the step knows of it.
MIDDLE: Final = ('UPDATE "lending_back_test"', 2, AT_ONCE)
BETWEEN: Final = ("UPDATE core_step SET run_at", 2, 3 * AT_ONCE)
SUMS: Final = (
    "done", "total", "changed", "counts", "status", "old_limits_fen", "new_limits_fen", "old_rates_sum", "new_rates_sum",
)  # fmt: skip


def _begun(bank: str) -> BackTest:
    """Begin the replay of a higher cut-off over the same past decisions, wherever it is."""
    with in_bank(bank):
        make_past(PAST)
        begun = back_testing.start_back_test(
            candidate_id=None, policy_changes={"min_score": "660"}, product_id=None, from_date=TODAY, to_date=TODAY,
            actor="risk",
        )  # fmt: skip
        return BackTest.objects.get(pk=begun)


def _found(bank: str, test: BackTest) -> dict[str, Any]:
    """Return what a replay has found, with each decision by its place in the past instead of its id."""
    with in_bank(bank):
        place = {pk: number for number, pk in enumerate(Decision.objects.order_by("pk").values_list("pk", flat=True))}
        rows = BackTestChange.objects.filter(back_test=test).values_list(
            "decision_id", "old_outcome", "new_outcome", "old_reasons", "new_reasons", "old_limit_fen", "new_limit_fen",
            "old_rate", "new_rate",
        )  # fmt: skip
        ended = BackTest.objects.get(pk=test.pk)
        return {
            "swap set": sorted((place[row[0]], *map(str, row[1:])) for row in rows),
            **{name: getattr(ended, name) for name in SUMS},
        }


@pytest.fixture
def twin(committed: None) -> dict[str, Any]:
    """Give what an undisturbed replay finds at the other bank."""
    del committed
    test = _begun(OTHER_BANK)
    with in_bank(OTHER_BANK):
        engine.run_due(lanes=list(LANES), seconds=30)
    return _found(OTHER_BANK, test)


def test_ends_once_with_the_twins_swap_set_when_workers_are_killed_in_the_middle(
    twin: dict[str, Any], workers: Processes
) -> None:
    test = _begun(BANK)
    for number, (statement, nth, done) in enumerate((MIDDLE, BETWEEN)):
        reached = workers.folder / f"back-test-died-{number}"
        pid = workers.spawn(
            "back_test", bank=BANK, at_once=AT_ONCE, statement=statement, number=nth, reached=str(reached)
        )
        eventually(f"worker {number} is dead", lambda pid=pid: not is_alive(pid))  # type: ignore[misc]
        workers.pids.discard(pid)
        assert reached.exists(), workers.logs()
        with in_bank(BANK):
            assert BackTest.objects.get(pk=test.pk).done == done
            assert sum(BackTest.objects.get(pk=test.pk).counts.values()) == done
        let_leases_run_out(BANK)
    workers.worker()

    def is_over() -> bool:
        with in_bank(BANK):
            return Step.objects.filter(kind=back_testing.BACK_TEST, state=DONE).exists()

    eventually("the replay is over", is_over)
    found = _found(BANK, test)
    assert found == twin
    assert (found["status"], found["done"], len(found["swap set"]) > 0) == ("done", PAST, True)
    with in_bank(BANK):
        assert Step.objects.filter(kind=back_testing.BACK_TEST).count() == 1
