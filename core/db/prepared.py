"""Statements that a connection has prepared: PostgreSQL parses each once, and plans it anew only where that pays.

A connection that goes to another bank needs no care: PostgreSQL compares the search path a plan was made for, and makes
another. A statement stays prepared when the transaction that has prepared it is rolled back.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg

PLACE: Final = "%s"
# By connection, as a pool hands one out again and again: what to say instead of each statement.
_calls: WeakKeyDictionary[psycopg.Connection[Any], dict[str, str]] = WeakKeyDictionary()


def prepared(cursor: psycopg.Cursor[Any], statement: str) -> str:
    """Return what executes a statement on the cursor's connection, and prepare it there if nobody has yet."""
    calls = _calls.setdefault(cursor.connection, {})
    call = calls.get(statement)
    if call is None:
        name, count = f"ask_{len(calls)}", statement.count(PLACE)
        cursor.execute(f"PREPARE {name} AS {_numbered(statement)}")  # constants of the code
        places = ", ".join([PLACE] * count)
        call = calls[statement] = f"EXECUTE {name}({places})" if count else f"EXECUTE {name}"
    return call


def _numbered(statement: str) -> str:
    parts = statement.split(PLACE)
    return parts[0] + "".join(f"${number}{part}" for number, part in enumerate(parts[1:], start=1))
