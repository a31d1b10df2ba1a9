"""Where the current thread works: at one bank, at the province, or at none (the public schema).

The place is a property of the database connection, so that there is one truth: the schema that SQL reaches, the role
that PostgreSQL checks and the bank whose keys seal are always the same one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import connection

PROVINCE_CODE: Final = "province"
PUBLIC_SCHEMA: Final = "public"
TEMPLATE_SCHEMA: Final = "tpl_bank_zz"
PUBLIC_ROLE: Final = "lending_public"
PUSH_ROLE: Final = "lending_push"
BANK_CODE: Final = re.compile(r"[a-z0-9]{2,12}\Z")


class NoCurrentBank(RuntimeError):
    """Raised where work of a bank is attempted while no bank is current: a defect of the caller."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place to work: a schema, the database role that may touch it, and the bank's code if it is a bank."""

    schema_name: str
    role: str
    code: str | None = None
    tenant_type: str | None = None


@dataclass(frozen=True, slots=True)
class CurrentBank:
    """The bank (or the province) whose schema the connection reaches now."""

    code: str
    schema: str


PUBLIC: Final = Place(schema_name=PUBLIC_SCHEMA, role=PUBLIC_ROLE)
PUSH: Final = Place(schema_name=PUBLIC_SCHEMA, role=PUSH_ROLE)
PROVINCE: Final = Place(schema_name=PROVINCE_CODE, role=PROVINCE_CODE, code=PROVINCE_CODE)


def schema_of(code: str) -> str:
    """Name the schema of a bank's code; the province's is `province`.

    Raises:
        ValueError: the code is not two to twelve lower-case letters or digits.
    """
    if code == PROVINCE_CODE:
        return PROVINCE_CODE
    if not BANK_CODE.match(code):
        msg = f"bank code {code!r} must be 2 to 12 lower-case letters or digits"
        raise ValueError(msg)
    return f"bank_{code}"


def place_of(code: str) -> Place:
    """Return the place of a bank by its code: the role has the schema's name."""
    schema = schema_of(code)
    return Place(schema_name=schema, role=schema, code=code)


def enter(place: Place) -> None:
    """Make `place` current for this thread until somebody enters another; costs no statement by itself."""
    connection.set_tenant(place)  # type: ignore[attr-defined]


@contextmanager
def at(place: Place) -> Iterator[None]:
    """Work at `place` inside the block and return to the former place after it, whatever happens."""
    former = connection.tenant  # type: ignore[attr-defined]
    enter(place)
    try:
        yield
    finally:
        connection.set_tenant(former)  # type: ignore[attr-defined]


@contextmanager
def in_bank(code: str) -> Iterator[CurrentBank]:
    """Work at the bank with this code inside the block. Whether the bank exists is the caller's business."""
    with at(place_of(code)):
        yield current_bank()


def current_place() -> Place | None:
    """Return the current place, or None on a connection that nobody has placed yet."""
    tenant = connection.tenant  # type: ignore[attr-defined]
    return tenant if isinstance(tenant, Place) else None


def current_bank() -> CurrentBank:
    """Return the current bank.

    Raises:
        NoCurrentBank: the connection is at the public schema.
    """
    place = current_place()
    if place is None or place.code is None:
        msg = "no bank is current: enter one with core.tenancy.in_bank(code) first"
        raise NoCurrentBank(msg)
    return CurrentBank(code=place.code, schema=place.schema_name)
