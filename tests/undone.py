"""Work at a bank that leaves nothing: one set-up for a whole table of tests, whose rows stay independent of each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from core.crypto.keys import ACTIVE_VERSION, bank_key
from core.crypto.models import DATA, INDEX
from core.tenancy import in_bank
from tests import database


def open_keys() -> None:
    """Open the banks' keys before a test's transaction: within one that never commits each use would read them anew."""
    for code in (database.BANK_A, database.BANK_B):
        with in_bank(code):
            for purpose, version in ((DATA, 1), (DATA, ACTIVE_VERSION), (INDEX, ACTIVE_VERSION)):
                bank_key(purpose, version)


@contextmanager
def undone(bank: str) -> Iterator[None]:
    """Work at a bank in a transaction that is rolled back; the product takes it for none, as Django's test cases do."""
    if not connection.in_atomic_block:
        open_keys()
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]  # as Django's own test cases say it
    with in_bank(bank), whole:
        try:
            yield
        finally:
            transaction.set_rollback(True)


def picture_of(tables: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return a fingerprint of each table at the current bank: the number of its rows and a hash of what they hold."""
    asked = " UNION ALL ".join(
        f"SELECT '{table}', count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return list(cursor.fetchall())
