"""Which kinds of steps exist, who handles them and what a handler may answer.

Rooms register their kinds at start-up, so a lower room never imports its caller: a step's `then` names a kind.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

DEFAULT: Final = "default"
VENDOR: Final = "vendor"
OCR: Final = "ocr"
LEDGER: Final = "ledger"
LANES: Final = (DEFAULT, VENDOR, OCR, LEDGER)

FIRST_RETRY: Final = timedelta(seconds=1)
LONGEST_RETRY: Final = timedelta(seconds=60)
MOST_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class StepRun:
    """One attempt at a step, as its handler sees it.

    `attempt` above 1 means that a former attempt may have called the vendor already. `request_id` is the same in every
    attempt: the vendor's request id.
    """

    id: uuid.UUID
    kind: str
    subject: str
    attempt: int
    created_at: datetime
    deadline_at: datetime | None

    @property
    def request_id(self) -> str:
        """Return the id under which a vendor knows this work: 32 hex digits."""
        return self.id.hex

    @property
    def subject_id(self) -> uuid.UUID:
        """Return the subject as a UUID."""
        return uuid.UUID(hex=self.subject)


@dataclass(frozen=True, slots=True)
class Then:
    """What to start when a step has ended, whichever way, in the transaction that stores its outcome."""

    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done; `apply` writes what follows from it, in the transaction that ends the step."""

    apply: Callable[[], None] | None = None
    result: Mapping[str, str | int | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The work cannot be done; `code` says why, `apply` writes what follows from it."""

    code: str
    apply: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing has happened outside; try again, after `after` or, without it, after the usual growing pause."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something may have happened outside; ask for it by the request id, never send it under a new one."""

    reason: str
    after: timedelta | None = None


Outcome = Done | Failed | Again | Unknown
Handler = Callable[[StepRun], Outcome]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step: its handler, its lane, how long one attempt may take and how long it may be tried.

    `give_up` is applied within the ending transaction when the deadline passes without an outcome. A kind whose work
    may have had an effect outside has no deadline: money of unknown fate is asked for until it is known. For a kind that
    nobody waits for (`is_awaited`) no bell is rung: the sweep finds it within a second.
    """

    name: str
    handler: Handler
    lane: str = DEFAULT
    lease: timedelta = timedelta(seconds=30)
    deadline: timedelta | None = None
    give_up: Callable[[StepRun], None] | None = None
    is_awaited: bool = True


KINDS: dict[str, Kind] = {}


def register_step(
    name: str,
    *,
    lane: str = DEFAULT,
    lease: timedelta = timedelta(seconds=30),
    deadline: timedelta | None = None,
    give_up: Callable[[StepRun], None] | None = None,
    is_awaited: bool = True,
) -> Callable[[Handler], Handler]:
    """Register the decorated handler under `name`; done in each room's `steps.py`, imported at start-up.

    Raises:
        ValueError: the name is taken, the lane does not exist, or there is a deadline without somebody to give up.
    """
    if name in KINDS:
        msg = f"step kind {name!r} is registered twice"
        raise ValueError(msg)
    if lane not in LANES:
        msg = f"step kind {name!r} names lane {lane!r}; there are {', '.join(LANES)}"
        raise ValueError(msg)
    if (deadline is None) != (give_up is None):
        msg = f"step kind {name!r}: a deadline and what to do when it passes belong together"
        raise ValueError(msg)

    def register(handler: Handler) -> Handler:
        KINDS[name] = Kind(name, handler, lane, lease, deadline, give_up, is_awaited)
        return handler

    return register


def pause_before(attempt: int) -> timedelta:
    """Return the pause after attempt number `attempt`: 1 s, 2 s, 4 s ... at most a minute."""
    growth = 1 << min(attempt - 1, MOST_DOUBLINGS)
    return min(FIRST_RETRY * growth, LONGEST_RETRY)
