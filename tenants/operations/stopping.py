"""A bank that stops serving customers owes what the rooms above have named, in its own schema (PU-07a).

Suspending is the province's act and writes the province's schema alone. So the transaction that suspends owes a step at
the province, and that step, in a transaction of the bank, owes the bank's own.
"""

from __future__ import annotations

from typing import Final

from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.steps.queue import enqueue

STOPPED: Final = "bank.stopped"
_owed: Final[list[str]] = []


def owe_when_stopped(kind: str) -> None:
    """Let every bank that is suspended owe a step of this kind; called at start-up."""
    _owed.append(kind)


@within_transaction
def owe_stop(*, code: str) -> None:
    """Owe, at the province, that the bank `code` hears of having been suspended."""
    enqueue(STOPPED, f"{code}:{new_id().hex}")


@opens_transaction
def hear_stop(*, occasion: str) -> None:
    """Owe, at the bank that was suspended, what hangs on that; twice does no harm."""
    for kind in _owed:
        enqueue(kind, occasion)
