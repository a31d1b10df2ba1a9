"""Kill the worker that runs a step, at a chosen moment, and wipe the broker: what a power cut does, to the beat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core.clock import now
from core.steps.models import LIVE, Step
from core.tenancy import in_bank
from scripts.phone import UNFINISHED, Phone
from tests.chaos.processes import Processes, eventually

# Before (a): the step is due and the worker has heard the bell. Between (a) and (b): the attempt is committed, nobody has
# been called. Between (b) and (c): the vendor has answered, the outcome is not committed.
POINTS: Final = ("before_lease", "before_call", "after_call")
LEFT_OF_A_LEASE: Final = timedelta(seconds=0.05)
BETWEEN_CALLS: Final = 0.04  # asked without a pause, the product in this process would take the workers' time
ATTEMPTS: Final = {"before_lease": 0, "before_call": 1, "after_call": 1}


@dataclass(frozen=True, slots=True)
class Death:
    """What had happened when the worker died: how many attempts were committed, and calls made by them."""

    attempts: int
    calls: int


def kill_at(point: str, kind: str, processes: Processes, bank: str) -> Death:
    """Have a worker reach `point` of the bank's one live step of `kind`, kill it, and wipe the broker."""
    held = processes.held_worker(point, kind)
    eventually(f"{kind} is {point}", held.reached.exists)
    with in_bank(bank):
        step = Step.objects.get(kind=kind, state=LIVE)
    assert step.attempt == ATTEMPTS[point]
    processes.kill(held.pid)
    processes.broker.flushdb()
    let_leases_run_out(bank)
    return Death(attempts=step.attempt, calls=int(point == "after_call"))


def let_leases_run_out(bank: str) -> None:
    """Let what the dead held be free in a moment: only the waiting is shortened, nothing is given back."""
    with in_bank(bank):
        Step.objects.filter(state=LIVE, lease_until__isnull=False).update(lease_until=now() + LEFT_OF_A_LEASE)


def settled(phone: Phone, path: str) -> dict[str, Any]:
    """Poll a resource, while other processes work, until it is no longer on its way."""
    found: dict[str, Any] = {}

    def is_settled() -> bool:
        found.update(phone.get(path))
        return found["status"] not in UNFINISHED

    eventually(f"{path} has ended", is_settled, pause=BETWEEN_CALLS)
    return found
