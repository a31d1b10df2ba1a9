"""Statements that travel together: a transaction with much to ask and to write makes few round trips.

A room offers an `Ask` instead of running its statement at once, so that a caller sends several rooms' statements in one
message (`together`); each stays its room's own. What needs no answer can be owed (`owe`): it goes with the next
statement that anybody runs on the connection, and at the latest with the commit. The order is kept, and nothing is ever
sent at another place than it was owed at: `core.db.base` sees to both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections

from core.db.constraints import violated
from core.db.prepared import prepared

T = TypeVar("T")
Refusals = Mapping[str, Callable[[], Exception]]
BEGIN: Final = "BEGIN"
COMMIT: Final = "COMMIT"
COMMANDS: Final = (BEGIN, COMMIT)


@dataclass(frozen=True, slots=True)
class Rows:
    """What one statement has answered: its rows, and how many it has read or written."""

    found: Sequence[tuple[Any, ...]]
    count: int = 0

    @property
    def first(self) -> tuple[Any, ...] | None:
        """The first row, or None where there is none."""
        return self.found[0] if self.found else None


class Ask(Generic[T]):
    """One statement that may be sent together with others, and how its answer is read."""

    def __init__(
        self,
        statement: str,
        values: Sequence[Any],
        read: Callable[[Rows], T],
        refusals: Refusals | None = None,
        *,
        at_once: Callable[[Rows], None] | None = None,
    ) -> None:
        """Take the statement, its values, what reads its rows, and what its constraints' refusals mean.

        `at_once` looks at the answer as soon as it is there, and may raise; nobody else has seen an answer before.
        """
        self.statement, self.values, self.refusals = statement, values, refusals or {}
        self._read, self._at_once = read, at_once
        self._rows = None if statement else Rows([])
        self._answer: list[T] = []

    def receive(self, rows: Rows) -> None:
        """Keep what the database has answered."""
        self._rows = rows

    def look(self) -> None:
        """Look at the answer, where this must be done at once."""
        if self._at_once is not None and self._rows is not None:
            self._at_once(self._rows)

    @property
    def may_undo(self) -> bool:
        """Whether looking at the answer may raise."""
        return self._at_once is not None

    def answer(self) -> T:
        """Read the answer.

        Raises:
            RuntimeError: the statement was never sent.
        """
        if self._rows is None:
            msg = f"asked for an answer before the statement was sent: {self.statement}"
            raise RuntimeError(msg)
        if not self._answer:
            self._answer.append(self._read(self._rows))
        return self._answer[0]


def answered(value: T) -> Ask[T]:
    """Return an ask whose answer is known: it sends nothing."""
    return Ask("", [], lambda _: value)


def bare(command: str) -> Ask[None]:
    """Return a command that takes no values and answers nothing."""
    return Ask(command, [], lambda _: None)


def together(*asks: Ask[Any]) -> None:
    """Send what is owed and then these, in order, in one message; one that fails undoes all.

    Raises:
        django.db.IntegrityError: a constraint refuses what no ask has a meaning for; else that meaning is raised.
    """
    new = [ask for ask in asks if ask.statement]
    if new:
        here = _connection()
        _send(here, [*here.take_owed(), *new])


def alone(ask: Ask[T]) -> T:
    """Send one statement and return its answer."""
    together(ask)
    return ask.answer()


def owe(*asks: Ask[Any]) -> None:
    """Have statements sent with the next one, or with the commit; only within a transaction."""
    _connection().owe(*asks)


def send_owed(*, and_commit: bool = False) -> None:
    """Send what is owed; with `and_commit` the commit of an outermost transaction goes along, where no answer can undo it.

    Raises: as `together`.
    """
    here = _connection()
    owed = here.take_owed()
    if owed and and_commit and _may_commit_with(owed, here):
        owed.append(bare(COMMIT))
    if owed:
        _send(here, owed)


def _may_commit_with(owed: Sequence[Ask[Any]], here: Any) -> bool:
    """Tell whether the commit may go along: not before an answer that may still undo everything was looked at."""
    is_outermost = len(here.atomic_blocks) == 1
    return is_outermost and not here.needs_rollback and not any(ask.may_undo for ask in owed)


def _connection() -> Any:
    """Return this thread's connection itself: Django's `connection` looks it up for each attribute again."""
    return connections[DEFAULT_DB_ALIAS]


def _send(here: Any, asks: list[Ask[Any]]) -> None:
    with here.cursor() as cursor:
        own = cursor.cursor  # psycopg's
        with here.wrap_database_errors:
            calls = [ask.statement if ask.statement in COMMANDS else prepared(own, ask.statement) for ask in asks]
        try:
            cursor.execute("; ".join(calls), [value for ask in asks for value in ask.values])
        except IntegrityError as error:
            name = violated(error)
            meant = next((ask.refusals[name] for ask in asks if name in ask.refusals), None)
            if meant is None:
                raise
            raise meant() from error
        for ask in asks:  # everything is here already, so Django has no error to translate
            has_rows = own.pgresult.nfields > 0  # `description` would make an object of each column
            ask.receive(Rows(own.fetchall() if has_rows else [], count=own.rowcount))
            own.nextset()
    for ask in asks:
        ask.look()


def fetch_one(statement: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
    """Run a statement; return its first row, or None where it has none."""
    return alone(Ask(statement, values, lambda rows: rows.first))


def execute(statement: str, values: Sequence[Any]) -> int:
    """Run a statement that returns no rows; return how many it wrote."""
    return alone(Ask(statement, values, lambda rows: rows.count))
