"""Rows between models and hand-written statements, for the few that run with every payment.

The ORM compiles each statement anew, which costs more than the statement itself. Here a hand-written statement names a
model's columns by `Shape`, reads whole rows of it, and hands new rows to the database as one JSON text, from which
`jsonb_populate_recordset` makes them: so no column is listed twice, and a column that a model gains is read and written
without another line.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from django.db import connection, models

from core.db.asks import Ask, together

M = TypeVar("M", bound=models.Model)
INSERT: Final = "INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s)"
UPDATE: Final = "UPDATE {table} t SET {columns} FROM jsonb_populate_recordset(NULL::{table}, %s) n WHERE t.id = n.id"
Reader = Callable[[Any], Any]
Row = dict[str, Any]


class Shape(Generic[M]):
    """The columns of a model, in the order in which its rows are read.

    Those in `without`, or all but those in `only`, are left out; the row asks for such a column itself when it is
    needed after all.
    """

    def __init__(self, model: type[M], *, without: Iterable[str] = (), only: Iterable[str] | None = None) -> None:
        """Take the model's own columns."""
        fields = model._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
        taken = {field.name for field in fields if only is None} | set(only or ())
        self._model = model
        self._fields = [field for field in fields if field.name in taken - set(without)]
        self._names = [field.attname for field in self._fields]
        self._readers = [_reader_of(field) for field in self._fields]
        self.width = len(self._fields)

    def columns(self, alias: str) -> str:
        """List the columns for a statement in which the table goes by an alias."""
        return ", ".join(f'{alias}."{field.column}"' for field in self._fields)

    def read(self, values: Sequence[Any]) -> M:
        """Make the row of what a statement has read of `columns`."""
        read = [
            value if reader is None or value is None else reader(value)
            for value, reader in zip(values, self._readers, strict=True)
        ]
        row: M = self._model.from_db(connection.alias, self._names, read)
        return row


def _reader_of(field: models.Field[Any, Any]) -> Reader | None:
    convert = getattr(field, "from_db_value", None)
    if convert is None:
        return None
    return lambda value: convert(value, None, connection)


def relate(row: models.Model, **related: models.Model | None) -> None:
    """Give a row what it is related to, as the statement that read it has found; None: there is nothing."""
    for name, value in related.items():
        row._meta.get_field(name).set_cached_value(row, value)  # type: ignore[union-attr]  # noqa: SLF001 -- as select_related does


def insert(*rows: models.Model) -> None:
    """Insert new rows in one round trip, of whichever models, each table's in one statement.

    Raises:
        django.db.IntegrityError: a table refuses one of them; none is inserted.
    """
    together(*inserting(*rows))


def inserting(*rows: models.Model) -> list[Ask[None]]:
    """Return the statements that insert new rows, one a table, to be sent with others."""
    by_table: dict[str, list[models.Model]] = {}
    for row in rows:
        by_table.setdefault(row._meta.db_table, []).append(row)  # noqa: SLF001 -- Django's documented model API
    return [Ask(INSERT.format(table=table), [as_json(group)], lambda _: None) for table, group in by_table.items()]


def update(rows: Sequence[M], columns: Sequence[str]) -> None:
    """Write some columns of rows of one model, whose key is `id`, in one statement that is the same for any number of rows.

    Django's `bulk_update` compiles a CASE of every row for every column, which takes longer than all else of a repayment.

    Raises:
        django.db.IntegrityError: the table refuses one of them; none is written.
    """
    if rows:
        together(updating(rows, columns))


def updating(rows: Sequence[M], columns: Sequence[str]) -> Ask[None]:
    """Return the statement of `update`, to be sent with others."""
    values = [{column: members[column] for column in ("id", *columns)} for members in map(_members, rows)]
    return Ask(_update(type(rows[0]), tuple(columns)), [as_json(values)], lambda _: None)


@cache
def _update(model: type[models.Model], columns: tuple[str, ...]) -> str:
    table, written = model._meta.db_table, ", ".join(f'"{column}" = n."{column}"' for column in columns)  # noqa: SLF001 -- Django's documented model API
    return UPDATE.format(table=table, columns=written)


def new_row(model: type[models.Model], **values: Any) -> Row:
    """Make a new row by column without making an instance, which costs ten times as much; defaults are the model's.

    Raises:
        TypeError: a value is named that is no column.
    """
    columns, still, made = _defaults(model)
    if not values.keys() <= columns:
        msg = f"{model.__name__} has no column {', '.join(sorted(values.keys() - columns))}"
        raise TypeError(msg)
    return {**still, **{column: make() for column, make in made if column not in values}, **values}


@cache
def _defaults(model: type[models.Model]) -> tuple[frozenset[str], Row, list[tuple[str, Callable[[], Any]]]]:
    """Return all columns, those with a default that never changes (of which NULL needs no word), and those with one made."""
    fields = model._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
    made = [(field.column, field.default) for field in fields if callable(field.default) and field.has_default()]
    still = {field.column: field.get_default() for field in fields if field.column not in dict(made)}
    columns = frozenset(field.column for field in fields)
    return columns, {column: value for column, value in still.items() if value is not None}, made


def as_json(rows: Any) -> str:
    """Write new rows as JSON objects by column, as `jsonb_populate_record` reads them: one, a list, a mapping of these.

    A JSON column that holds None becomes NULL.
    """
    return _encode(rows)


def _members(row: models.Model) -> dict[str, Any]:
    values = row.__dict__
    return {
        column: values[name] if seal is None or values[name] is None else seal(values[name])
        for column, name, seal in _written_columns(type(row))
    }


@cache
def _written_columns(model: type[models.Model]) -> list[tuple[str, str, Callable[[Any], Any] | None]]:
    return [(field.column, field.attname, _writer_of(field)) for field in model._meta.concrete_fields]  # noqa: SLF001 -- Django's documented model API


def _writer_of(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """Return what seals a field that is bytes in the database and something else in the model."""
    if field.get_internal_type() != "BinaryField" or isinstance(field, models.BinaryField):
        return None
    return lambda value: field.get_db_prep_value(value, connection)


def _plain(value: Any) -> Any:
    """Write a value that JSON does not know as PostgreSQL reads it."""
    write = WRITTEN_AS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, models.Model):
        return _members(value)
    msg = f"a row cannot hold a {type(value).__name__}"
    raise TypeError(msg)


def _hex(value: bytes | memoryview) -> str:
    return "\\x" + bytes(value).hex()


WRITTEN_AS: Final[dict[type, Callable[[Any], str]]] = {
    uuid.UUID: attrgetter("hex"),
    date: date.isoformat,
    datetime: datetime.isoformat,
    Decimal: str,
    bytes: _hex,
    memoryview: _hex,
}
_encode = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
