"""A step that kills its worker each time is parked; what ran beside it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import now
from core.steps.engine import MAX_CRASHES
from core.steps.models import DONE, LIVE, PARKED, Step
from core.tenancy import in_bank
from tests.chaos.killing import let_leases_run_out
from tests.chaos.processes import Processes, eventually, is_alive
from tests.over_rest import BANK

pytestmark = pytest.mark.chaos
KILLER = "chaos.killer"  # registered in the processes only
BYSTANDER = "chaos.bystander"


def _one(kind: str) -> Step:
    with in_bank(BANK):
        return Step.objects.get(kind=kind)


def _let_the_killer_come_at_once() -> None:
    """End the pause that keeps a suspect away from its companion; for when the companion is done, and it is mere waiting."""
    with in_bank(BANK):
        Step.objects.filter(kind=KILLER, state=LIVE, run_at__gt=now()).update(run_at=now())


class TestAStepThatKillsItsWorker:
    def test_is_parked_after_five_workers_and_its_companion_is_done(self, workers: Processes, tmp_path: Path) -> None:
        for kind in (KILLER, BYSTANDER):
            workers.spawn("flood", bank=BANK, kind=kind, subjects=["s1"], done=str(tmp_path / kind))
            eventually(f"{kind} is queued", (tmp_path / kind).exists)
        killed = 0

        def is_parked() -> bool:
            return _one(KILLER).state == PARKED

        def is_over(worker: int) -> bool:
            if _one(BYSTANDER).state == DONE:
                _let_the_killer_come_at_once()
            return not is_alive(worker) or is_parked()

        while not is_parked():
            worker = workers.worker()
            eventually("the step kills its worker, or is parked", lambda worker=worker: is_over(worker))  # type: ignore[misc]
            if not is_alive(worker):
                killed += 1
                let_leases_run_out(BANK)
        assert killed == MAX_CRASHES
        assert (_one(KILLER).crashes, _one(KILLER).reason) == (MAX_CRASHES, "lease ran out")
        eventually("its companion is done", lambda: _one(BYSTANDER).state == DONE)
        workers.kill_all()
