"""Kill the worker that runs a step, at a chosen moment, and wipe the broker: what a power cut does, to the beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from core.steps.models import LIVE, Step
from core.tenancy import in_bank
from scripts.phone import UNFINISHED, Phone
from tests.chaos.processes import Processes, eventually

# Before (a): the step is due and the worker has heard the bell. Between (a) and (b): the attempt is committed, nobody has
# been called. Between (b) and (c): the vendor has answered, the outcome is not committed.
POINTS: Final = ("before_lease", "before_call", "after_call")
USUAL_LEASE_SECONDS: Final = 30
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
    with in_bank(bank):  # only the lease of the dead is short: whoever comes next may be slow on a busy machine
        Step.objects.filter(pk=step.pk).update(lease_seconds=USUAL_LEASE_SECONDS)
    return Death(attempts=step.attempt, calls=int(point == "after_call"))


def settled(phone: Phone, path: str) -> dict[str, Any]:
    """Poll a resource, while other processes work, until it is no longer on its way."""
    found: dict[str, Any] = {}

    def is_settled() -> bool:
        found.update(phone.get(path))
        return found["status"] not in UNFINISHED

    eventually(f"{path} has ended", is_settled)
    return found
