"""What one disbursement writes, row by row, as a script for pgbench that writes the same without the operation.

The rows are not listed by hand: a disbursement is made, and what it has left in the bank's schema is read back from the
database, with what stood there before. So the baseline follows the product when that writes another row or column, and
`written` counts, table by table, what either side has written.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg
from psycopg import sql

from bench.borrowers import KINDS, id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Counts = dict[str, tuple[int, int, int]]
Row = dict[str, str | None]
NEW: Final = 0x100  # ids of rows that the script makes begin here, above those of the borrowers
KEY_TABLE: Final = "core_idempotency"
COUNTED_SECONDS: Final = 10.0
WRITTEN: Final = """
SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables
WHERE schemaname = %s AND n_tup_ins + n_tup_upd + n_tup_del > 0
"""
COLUMNS: Final = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One row that a disbursement has left: new (`before` is None) or changed."""

    table: str
    types: dict[str, str]
    before: Row | None
    after: Row


def written(server: psycopg.Connection[Any], schema: str) -> Counts:
    """Return how many rows were ever inserted, updated and deleted, table by table."""
    server.execute("SELECT pg_stat_clear_snapshot()")
    return {name: (made, changed, gone) for name, made, changed, gone in server.execute(WRITTEN, [schema])}


def counted(server: psycopg.Connection[Any], schema: str, before: Counts, *, keys: int) -> Counts:
    """Return what was written since, once the server has counted it: a backend reports its counts when it ends."""
    end = time.monotonic() + COUNTED_SECONDS
    found: Counts = {}
    while time.monotonic() < end:
        former, found = found, since(before, written(server, schema))
        if found == former and found.get(KEY_TABLE, (0, 0, 0))[0] >= keys:
            break
        time.sleep(0.1)
    return found


def since(before: Counts, after: Counts) -> Counts:
    """Return what was written between two counts."""
    none = (0, 0, 0)
    grown = {
        table: tuple(now - then for now, then in zip(counts, before.get(table, none), strict=True))
        for table, counts in after.items()
    }
    return {table: (made[0], made[1], made[2]) for table, made in grown.items() if any(made)}


@contextmanager
def observed(url: str, schema: str) -> Iterator[list[Change]]:
    """Give a list that holds, after the block, every row that was written during it; nobody else may write meanwhile."""
    changes: list[Change] = []
    with psycopg.connect(url) as past, psycopg.connect(url, autocommit=True) as present:
        past.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        row = past.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
        floor = int(row[0]) if row is not None else 0
        yield changes
        for table, columns in _columns(present, schema).items():
            for after in _rows(present, schema, table, columns, "xmin::text::bigint >= %s", [floor]):
                earlier = _rows(past, schema, table, columns, "id::text = %s", [after["id"]]) if "id" in after else []
                changes.append(Change(table, columns, earlier[0] if earlier else None, after))


def _columns(server: psycopg.Connection[Any], schema: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in server.execute(COLUMNS, [schema]):
        found.setdefault(table, {})[column] = kind
    return found


def _rows(
    server: psycopg.Connection[Any],
    schema: str,
    table: str,
    columns: Iterable[str],
    where: LiteralString,
    values: list[Any],
) -> list[Row]:
    statement = sql.SQL("SELECT {columns} FROM {table} WHERE {where}").format(
        columns=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns),
        table=sql.Identifier(schema, table),
        where=sql.SQL(where),
    )
    return [dict(zip(columns, row, strict=True)) for row in server.execute(statement, values)]


class Script:
    """The changes of one sample borrower as a transaction of pgbench for the borrower `:n`."""

    def __init__(self, changes: list[Change], updates: Mapping[str, int], *, sample: int) -> None:
        """Take the changes that a sample borrower's disbursement made, and how often it updated rows of each table."""
        self.changes, self.updates = changes, updates
        self.names: dict[str, str] = {}
        for kind in KINDS:
            self._name(id_of(kind, sample), f"{KINDS[kind]:08x}")
        made = [change for change in changes if change.before is None]
        for nth, change in enumerate(made):
            self._name(uuid.UUID(change.after["id"] or ""), f"{NEW + nth:08x}")
        self.pattern = re.compile("|".join(sorted(self.names, key=len, reverse=True)))

    def _name(self, known: uuid.UUID, prefix: str) -> None:
        number = "lpad(to_hex(:n::int), 12, '0')"
        self.names[str(known)] = f"'{prefix}-0000-7000-8000-' || {number}"
        self.names[known.hex] = f"'{prefix}000070008000' || {number}"

    def text(self) -> str:
        """Return the script."""
        lines = ["\\set i :i + 1", "\\set n :first + :client_id * :stride + :i", "BEGIN;"]
        by_table: dict[str, list[Change]] = {}
        for change in sorted(self.changes, key=lambda one: one.table != KEY_TABLE):
            by_table.setdefault(change.table, []).append(change)
        last: list[str] = []
        for table, changes in by_table.items():
            made = [change for change in changes if change.before is None]
            if table == KEY_TABLE:
                lines.append(self._insert(made[0], [self._unanswered(made[0].after)]))
                last.append(self._update(made[0], ["status", "headers", "body"]))
                continue
            if made:
                lines.append(self._insert(made[0], [change.after for change in made]))
            changed = [change for change in changes if change.before is not None]
            lines += self._updates(table, changed or made)
        return "\n".join([*lines, *last, "END;"]) + "\n"

    @staticmethod
    def _unanswered(row: Row) -> Row:
        return {**row, "status": None, "headers": "{}", "body": "null"}

    def _updates(self, table: str, changes: list[Change]) -> Iterator[str]:
        """Give as many updates as were made: of the columns that changed, or, of a new row, of its last column."""
        for nth in range(self.updates.get(table, 0)):
            change = changes[nth % len(changes)]
            before = change.before or {}
            columns = [name for name, value in change.after.items() if name != "id" and before.get(name) != value]
            yield self._update(change, columns if change.before is not None else columns[-1:])

    def _insert(self, one: Change, rows: list[Row]) -> str:
        columns = ", ".join(f'"{name}"' for name in one.types)
        values = ", ".join(
            "(" + ", ".join(self._literal(row[name], kind) for name, kind in one.types.items()) + ")" for row in rows
        )
        return f"INSERT INTO {one.table} ({columns}) VALUES {values};"

    def _update(self, one: Change, columns: list[str]) -> str:
        sets = ", ".join(f'"{name}" = {self._literal(one.after[name], one.types[name])}' for name in columns)
        found = self._literal(one.after["id"], "uuid")
        return f"UPDATE {one.table} SET {sets} WHERE id = {found};"

    def _literal(self, value: str | None, kind: str) -> str:
        """Write a value; where it names the borrower or a new row, it names those of `:n` instead."""
        if value is None:
            return "NULL"
        parts, at = [], 0
        for found in self.pattern.finditer(value):
            parts += [_quoted(value[at : found.start()]), self.names[found.group()]]
            at = found.end()
        parts += [_quoted(value[at:])]
        whole = " || ".join(part for part in parts if part != _quoted(""))
        return f"({whole})::{kind}" if at else _quoted(value)


def _quoted(text: str) -> str:
    """Write a text constant without a colon: pgbench would look for a variable behind it."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a").replace("\n", "\\n") + "'"
