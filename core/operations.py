"""Operations are of two sorts, marked: those that open a transaction and those that run within one.

Those that open are durable: when they return, it is committed. REST, admin actions, tasks and commands call only them.
Those that run within assert that a transaction is open; they are the only sort that another app may call to change
something. So no transaction is ever nested by accident, and none is open while somebody waits for a vendor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, ParamSpec, TypeVar

from django.db import connection, transaction

from core.db.asks import send_owed
from core.tenancy import current_bank

P = ParamSpec("P")
R = TypeVar("R")
OPENS: Final = "opens"
WITHIN: Final = "within"
REPEATABLE_READ: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_settler: ContextVar[Callable[[Callable[[], Any]], Any] | None] = ContextVar("settler", default=None)
_memory: ContextVar[dict[str, Any] | None] = ContextVar("memory", default=None)


class TransactionRequired(RuntimeError):
    """Raised by an operation of the within sort that was called with no transaction open."""


class TransactionForbidden(RuntimeError):
    """Raised where a transaction is open that must not be: before an outside call, or by a nested opening operation."""


def in_transaction() -> bool:
    """Tell whether a transaction is open that is not merely a test's own wrapping."""
    blocks: Sequence[object] = connection.atomic_blocks
    return any(not getattr(block, "_from_testcase", False) for block in blocks)


def forbid_transaction(what: str) -> None:
    """Refuse to go on inside a transaction.

    Raises:
        TransactionForbidden: a transaction is open.
    """
    if in_transaction():
        msg = f"{what} inside a transaction: no network and no second opening operation may run in one"
        raise TransactionForbidden(msg)


@contextmanager
def settled_by(settle: Callable[[Callable[[], Any]], Any]) -> Iterator[None]:
    """Let `settle` open the transaction of the first opening operation inside the block, in the operation's place."""
    token = _settler.set(settle)
    try:
        yield
    finally:
        _settler.reset(token)


def memory() -> dict[str, Any] | None:
    """Return what the present opening operation remembers until it ends; None outside of one.

    For the few values that must be the same from the first line of an operation to the last, such as the business date.
    """
    return _memory.get()


def forget_remembered() -> None:
    """Have the present operation forget what it remembers, because it has changed something of it."""
    known = _memory.get()
    if known is not None:
        known.clear()


def opens_transaction(operation: Callable[P, R]) -> Callable[P, R]:
    """Mark an operation that opens a transaction at the current bank and has committed it when it returns.

    An idempotent request that waits for an operation (`core.idempotency`) is settled by it: the key's row is the
    first that the transaction writes and the answer the last.

    Raises:
        NoCurrentBank: no bank is current.
        TransactionForbidden: a transaction is open already.
    """

    @functools.wraps(operation)
    def opened(*args: P.args, **kwargs: P.kwargs) -> R:
        current_bank()
        forbid_transaction(operation.__qualname__)
        settle = _settler.get()
        remembering = _memory.set({})
        try:
            if settle is not None:
                _settler.set(None)
                settled: R = settle(functools.partial(operation, *args, **kwargs))
                return settled
            with transaction.atomic(durable=True):
                result = operation(*args, **kwargs)
                send_owed(and_commit=True)
                return result
        finally:
            _memory.reset(remembering)

    opened.sort = OPENS  # type: ignore[attr-defined]
    return opened


def opens_snapshot(operation: Callable[P, R]) -> Callable[P, R]:
    """Mark an operation that opens a transaction in which every statement sees one moment (REPEATABLE READ).

    For sums that must agree with each other while others go on writing. Such an operation inserts rows; a row that others
    have changed meanwhile it cannot change: the database refuses that, and everything is undone.

    Raises:
        NoCurrentBank, TransactionForbidden: see `opens_transaction`.
        django.db.OperationalError: a row was to be changed that somebody else has changed.
    """

    @functools.wraps(operation)
    def isolated(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _is_wrapped_by_a_test():
            with connection.cursor() as cursor:
                cursor.execute(REPEATABLE_READ)
        return operation(*args, **kwargs)

    opened = opens_transaction(isolated)

    @functools.wraps(operation)
    def placed(*args: P.args, **kwargs: P.kwargs) -> R:
        with connection.cursor():  # switches to the bank before BEGIN: the level is refused after any other statement
            pass
        return opened(*args, **kwargs)

    placed.sort = OPENS  # type: ignore[attr-defined]
    return placed


def _is_wrapped_by_a_test() -> bool:
    """Tell whether a test's own transaction is open, whose level nobody can change and in which nobody else writes."""
    return any(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def within_transaction(operation: Callable[P, R]) -> Callable[P, R]:
    """Mark an operation that runs in its caller's transaction and refuses to run without one.

    Raises:
        TransactionRequired: no transaction is open.
    """

    @functools.wraps(operation)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not in_transaction():
            msg = f"{operation.__qualname__} must run within its caller's transaction"
            raise TransactionRequired(msg)
        return operation(*args, **kwargs)

    guarded.sort = WITHIN  # type: ignore[attr-defined]
    return guarded
