"""The state machines of this room: one table each, and one way to move."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db import models

from core.errors import NotFound, StateConflict
from core.operations import within_transaction
from verification.models import Check, FaceCheck, IdCardReading, StateChange
from verification.models import check as checks
from verification.models import face as faces
from verification.models import id_card as readings

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine: what it is called, where it starts, and (state, event) → state. What is not there is illegal."""

    name: str
    model: type[models.Model]
    start: str
    table: dict[tuple[str, str], str]

    @property
    def states(self) -> tuple[str, ...]:
        """Return every state, the first one first, in the order in which the table reaches them."""
        return tuple(dict.fromkeys([self.start, *self.table.values()]))

    @property
    def events(self) -> tuple[str, ...]:
        """Return every event."""
        return tuple(dict.fromkeys(event for _, event in self.table))


class IllegalMove(StateConflict):
    """The object is not in a state from which this event leads anywhere."""


READING: Final = Machine(
    name="id_card_reading",
    model=IdCardReading,
    start=readings.READING,
    table={
        (readings.READING, "read"): readings.READ,
        (readings.READING, "refuse"): readings.REFUSED,
        (readings.READING, "give_up"): readings.REFUSED,
    },
)
CHECK: Final = Machine(
    name="check",
    model=Check,
    start=checks.ASKED,
    table={
        (checks.ASKED, "answer"): checks.ANSWERED,
        (checks.ASKED, "give_up"): checks.UNANSWERED,
    },
)
FACE_CHECK: Final = Machine(
    name="face_check",
    model=FaceCheck,
    start=faces.STARTING,
    table={
        (faces.STARTING, "start"): faces.STARTED,
        (faces.STARTING, "give_up"): faces.FAILED,
        (faces.STARTED, "complete"): faces.CHECKING,
        (faces.CHECKING, "pass"): faces.PASSED,
        (faces.CHECKING, "fail"): faces.FAILED,
        (faces.CHECKING, "give_up"): faces.FAILED,
    },
)
MACHINES: Final = (READING, CHECK, FACE_CHECK)


@within_transaction
def transition(
    machine: Machine,
    model: type[M],
    object_id: uuid.UUID,
    event: str,
    *,
    actor: str,
    reason: str = "",
    **changes: Any,
) -> M:
    """Move an object by an event: lock it, check the table, write state and `changes` together, keep the history.

    Raises:
        IllegalMove: the event leads nowhere from the object's state.
        NotFound: there is no such object.
    """
    locked: Any = model._default_manager.select_for_update().filter(pk=object_id).first()  # noqa: SLF001
    if locked is None:
        raise NotFound
    before: str = locked.status
    after = machine.table.get((before, event))
    if after is None:
        raise IllegalMove
    locked.status = after
    for name, value in changes.items():
        setattr(locked, name, value)
    locked.save(update_fields=["status", *changes])
    StateChange.objects.create(
        machine=machine.name,
        object_id=object_id,
        event=event,
        from_state=before,
        to_state=after,
        actor=actor,
        reason=reason[:100],
    )
    moved: M = locked
    return moved
