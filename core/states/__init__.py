"""State machines: one table (state, event) → state for each, and one way to move.

A room writes its tables in its `states.py`. `transition()` locks the row, looks the move up, updates state and further
fields and appends who moved it, why and when. An illegal move raises and changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

from django.db.models import Model

from core.db.asks import Ask, alone, together
from core.db.rows import Row, Shape, inserting, new_row, updating
from core.errors import NotFound, StateConflict
from core.operations import within_transaction
from core.states.models import StateChange

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Machine(Generic[M]):
    """One state machine: its name, the model whose rows it moves, and its table."""

    name: str
    model: type[M]
    table: Mapping[tuple[str, str], str]
    initial: str
    column: str = "status"
    final: Iterable[str] = field(default=())

    @property
    def states(self) -> list[str]:
        """Return every state, the initial one first."""
        found = [self.initial, *(state for state, _ in self.table), *self.table.values()]
        return list(dict.fromkeys(found))

    @property
    def events(self) -> list[str]:
        """Return every event."""
        return list(dict.fromkeys(event for _, event in self.table))

    def target(self, state: str, event: str) -> str:
        """Look a move up.

        Raises:
            StateConflict: the event is not legal in this state.
        """
        target = self.table.get((state, event))
        if target is None:
            raise StateConflict
        return target

    def drawing(self) -> str:
        """Draw the table as a mermaid state diagram, for the room's README."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {state} --> {target}: {event}" for (state, event), target in self.table.items()]
        ends = [state for state in self.states if all(state != source for source, _ in self.table)]
        return "\n".join([*lines, *(f"    {state} --> [*]" for state in ends)])


@within_transaction
def transition(machine: Machine[M], pk: uuid.UUID, event: str, *, actor: str, reason: str = "", **fields: Any) -> M:
    """Move one row by one event: lock, look up, update, append to the history; return the row as it is now.

    `fields` are further columns to set with the state.

    Raises:
        NotFound: there is no such row.
        StateConflict: the event is not legal in the row's state; nothing changed.
    """
    row = alone(_locking(machine.model, pk))
    if row is None:
        raise NotFound
    former = getattr(row, machine.column)
    target = machine.target(former, event)
    for name, value in {**fields, machine.column: target}.items():
        setattr(row, name, value)
    columns = [str(row._meta.get_field(name).column) for name in {machine.column: None, **fields}]  # type: ignore[union-attr]  # noqa: SLF001 -- documented by Django
    change = StateChange(
        machine=machine.name, subject_id=pk, event=event, from_state=former, to_state=target, actor=actor, reason=reason
    )
    together(updating([row], columns), *inserting(change))
    return row


def _locking(model: type[M], pk: uuid.UUID) -> Ask[M | None]:
    shape, statement = _lock_of(model)
    return Ask(statement, [pk], lambda rows: None if rows.first is None else shape.read(rows.first))


@cache
def _lock_of(model: type[M]) -> tuple[Shape[M], str]:
    shape, table = Shape(model), model._meta.db_table  # noqa: SLF001 -- documented by Django
    return shape, f"SELECT {shape.columns('t')} FROM {table} t WHERE t.id = %s FOR NO KEY UPDATE OF t"  # noqa: S608 -- put together from constants; values are parameters


def moves(
    machine: Machine[M], pk: uuid.UUID, state: str, *events: tuple[str, str], reason: str = ""
) -> tuple[str, list[Row]]:
    """Work out a row's next moves by (event, actor) pairs, for a statement that makes them all at once.

    Return the state after the last and the history to be appended. Whoever calls has locked the row; the statement
    names `state` as the one that it expects.

    Raises:
        StateConflict: an event is not legal in the state before it.
    """
    changes = []
    for event, actor in events:
        target = machine.target(state, event)
        changes.append(
            new_row(
                StateChange, machine=machine.name, subject_id=pk, event=event, from_state=state, to_state=target,
                actor=actor, reason=reason,
            )
        )  # fmt: skip
        state = target
    return state, changes
