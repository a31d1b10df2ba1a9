"""Work that comes round by itself: a bell rings each minute, and each bank owes what its own rows and clock say.

The bell carries neither a date nor a list of work, so one that was lost, or rung twice, costs nothing: the next one finds
the same debt, or none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from functools import partial
from typing import Final

from core.clock import now
from core.operations import opens_transaction
from core.steps.models import Step
from core.steps.queue import enqueue


@dataclass(frozen=True, slots=True)
class Round:
    """A kind of step that comes round; `owed` returns the subject that the current bank owes now, or None."""

    kind: str
    owed: Callable[[], str | None]


ROUNDS: Final[dict[str, Round]] = {}


def register_round(kind: str, owed: Callable[[], str | None]) -> None:
    """Let every bank, and the province, be asked each minute whether it owes a step of this kind; called at start-up."""
    ROUNDS[kind] = Round(kind, owed)


def register_daily(kind: str, *, after: time) -> None:
    """Let every bank, and the province, owe a step of this kind once a calendar day in Shanghai, from `after` on.

    Its subject is the day. A day on which nobody rang is left out, the next one comes as usual.
    """
    register_round(kind, partial(_today, kind, after))


def _today(kind: str, after: time) -> str | None:
    moment = now()
    day = moment.date().isoformat()
    if moment.time() < after or Step.objects.filter(kind=kind, subject=day).exists():
        return None
    return day


def owe_what_is_due() -> int:
    """Put the steps into the current bank's table that it owes now; return how many kinds are owed."""
    owed = {kind: subject for kind, one in ROUNDS.items() if (subject := one.owed()) is not None}
    if owed:
        _owe(owed)
    return len(owed)


@opens_transaction
def _owe(owed: dict[str, str]) -> None:
    for kind, subject in owed.items():
        enqueue(kind, subject)
