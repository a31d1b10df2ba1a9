"""Rows for the lists of the admin: one of each table, made up where there is none, and as many copies as are asked for.

They are for reading lists only: what makes rows differ is what the tables demand, and foreign keys lead to rows that exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Model, UniqueConstraint

from core.crypto.fields import SealedJSONField
from core.ids import new_id

MOMENT: Final = datetime(2026, 11, 2, 4, tzinfo=UTC)
DAY: Final = date(2026, 11, 2)
GIVEN: Final[Mapping[str, Mapping[str, Any]]] = {
    "accounts.Filing": {"status": "acknowledged"},
    "accounts.ReconciliationBreak": {"closed_at": MOMENT},
    "lending.EarlyWarning": {"status": "closed"},
    "lending.Instalment": {"due_date": DAY - timedelta(days=90)},
}
"""What a row needs to be on a list, or to be over and done with, as nearly all rows of such a table are."""
VARIED: Final[Mapping[str, Sequence[str]]] = {
    "accounts.Posting": ("entry",), "accounts.Restriction": ("account",), "tenants.Scan": ("entry",),
    "lending.Instalment": ("loan", "due_date"),
}  # fmt: skip
"""Which fields differ that need not: what belongs to one row each, and instalments that fall due one a day."""
PLAIN: Final[Sequence[tuple[Any, Any]]] = (
    (models.DateTimeField, MOMENT), (models.DateField, DAY), (models.BooleanField, True), (models.DecimalField, Decimal(1)),
    (models.IntegerField, 1), (ArrayField, []),
)  # fmt: skip
CHECKS: Final = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE contype = 'c' AND conrelid <> 0 AND connamespace = ANY(%s::regnamespace[])
"""


def with_what_they_point_to(wanted: Iterable[type[Model]]) -> list[type[Model]]:
    """Return models with those that their foreign keys lead to, each after those that it needs."""
    order: list[type[Model]] = []

    def add(model: type[Model], above: tuple[type[Model], ...] = ()) -> None:
        concrete = model._meta.concrete_model or model
        if concrete in order or concrete in above:
            return
        for field in _keys(concrete):
            add(field.related_model, (*above, concrete))
        order.append(concrete)

    for model in wanted:
        add(model)
    return order


def _keys(model: type[Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.is_relation]


def let_anything_in(schemas: Sequence[str]) -> None:
    """Drop the checks of whole schemas and keep triggers still here: in a database for this alone, as its owner."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(CHECKS, [list(schemas)])
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def make_first(model: type[Model]) -> None:
    """Make up a row of an empty table: defaults, first choices, keys of what is there, nothing where nothing may be."""
    if model._default_manager.exists():
        return
    given = GIVEN.get(model._meta.label, {})
    row = model(**{**{field.attname: _value(field) for field in model._meta.concrete_fields}, **given})
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField):
            setattr(row, field.attname, None)
    model._default_manager.bulk_create([row])


def _value(field: Any) -> Any:
    if field.is_relation:
        first = field.related_model._default_manager.order_by("pk").values_list("pk", flat=True).first()
        return first if field.related_model is not field.model else None
    if field.null:
        return None
    if isinstance(field, models.UUIDField):
        return new_id()
    if field.choices:
        return field.flatchoices[0][0]
    if field.has_default() and field.get_default() not in ("", None, [], {}):
        return field.get_default()
    return _of_type(field)


def _of_type(field: Any) -> Any:
    if isinstance(field, models.JSONField | SealedJSONField):
        return field.get_default() if field.has_default() else {}
    if isinstance(field, models.BinaryField):
        return bytes(field.max_length or 32)
    for kind, value in PLAIN:
        if isinstance(field, kind):
            return value
    return "1" * min(field.max_length or 3, 3)


def copy_rows(model: type[Model], rows: int) -> None:
    """Copy the first row of a table until it has `rows`; each copy differs in what must be unique."""
    table = model._meta.db_table
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    different = _different(model)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(different.get(field.column, f't."{field.column}"') for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        have = cursor.fetchone()[0]
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {values} FROM"
            f' (SELECT * FROM {table} ORDER BY "{model._meta.pk.column}" LIMIT 1) t, generate_series(%s::int, %s::int) n,'
            " (SELECT %s::int AS had) h",
            [have + 1, rows, have],
        )


def _different(model: type[Model]) -> dict[str, str]:
    """Return by column what a copy has instead of the first row's value, `n` being its number: times are earlier."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    sets: list[tuple[str, ...]] = [(field.name,) for field in fields.values() if field.unique]
    sets += [
        tuple(each.fields) for each in model._meta.constraints if isinstance(each, UniqueConstraint) and each.fields
    ]
    found = {
        field.column: f"t.\"{field.column}\" - n * interval '1 second'"
        for field in fields.values()
        if isinstance(field, models.DateTimeField)
    }
    found |= {fields[name].column: _other(fields[name]) for name in VARIED.get(model._meta.label, ())}
    for names in sets:
        if any(fields[name].column in found for name in names):
            continue
        chosen = fields[min(names, key=lambda name: _ease(fields[name]))]
        found[chosen.column] = _other(chosen)
    return found


def _ease(field: Any) -> int:
    """Say how easily a value can be another one: ids and texts, then times and numbers, then keys of other tables."""
    if field.is_relation:
        return 3
    if field.choices:
        return 4
    return 0 if isinstance(field, models.UUIDField | models.CharField | models.BinaryField) else 1


def _other(field: Any) -> str:
    column = f't."{field.column}"'
    if field.is_relation:
        target, own = field.related_model._meta, field.model._meta
        return (
            f'(ARRAY(SELECT "{target.pk.column}" FROM {target.db_table} WHERE "{target.pk.column}" NOT IN'
            f' (SELECT "{field.column}" FROM {own.db_table} WHERE "{field.column}" IS NOT NULL)))[n - had]'
        )
    match field:
        case models.UUIDField():
            return "gen_random_uuid()"
        case models.BinaryField():
            return "sha256(n::text::bytea)"
        case models.DateField():
            return f"{column} + n"
        case models.IntegerField():
            return f"{column} + n"
        case models.BooleanField():
            return "false"
        case _:
            return f"lpad(to_hex(n), {min(field.max_length or 12, 12)}, '0')"
