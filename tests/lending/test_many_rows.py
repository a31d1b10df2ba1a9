"""Lists of many rows in the admin: as many queries as for few, by an index, none of them reading what is sealed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer
from lending.models import Application, Loan
from tests.depth import is_deep
from tests.lending.applicants import make_customer, start
from tests.lending.borrowers import lend, make_borrower
from tests.lending.test_borrowing_admin import _staff

ADMIN: Final = "/b/125/admin/"
FEW: Final = 100
SLOWEST_MS: Final = 5_000  # a machine that is busy is no defect; a plan that reads everything again and again is
UNCOUNTED: Final = ("core_bank_key", "tenants_bank", "set_config", "django_session", "SAVEPOINT")
COPY: Final = """
INSERT INTO {table} ({columns}) SELECT {values}
FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) t, generate_series(1, %s) n
"""


@dataclass(frozen=True, slots=True)
class List:
    """A list of the admin: its address, its table, what differs from row to row, and a filter."""

    path: str
    model: type[Model]
    changes: Mapping[str, str]
    condition: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table


NEW_ID: Final = "gen_random_uuid()"
LISTS: Final = (
    List("accounts/customer/", Customer,
         {"id": NEW_ID, "openid_index": "sha256(('of ' || gen_random_uuid())::bytea)"}, "stage__exact=registered"),
    List("lending/application/", Application, {"id": NEW_ID}, "status__exact=checking"),
    List("lending/loan/", Loan, {"id": NEW_ID, "contract_id": NEW_ID, "drawdown_id": NEW_ID},
         "status__exact=active"),
)  # fmt: skip


def _fill(each: List, rows: int) -> None:
    """Copy the first row of a table; what the copies refer to need not exist, for they are never committed."""
    columns = [field.column for field in each.model._meta.concrete_fields]
    values = ", ".join(each.changes.get(column, f"t.{column}") for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(COPY.format(table=each.table, columns=", ".join(columns), values=values), [rows])
        cursor.execute(f"SELECT count(*) FROM {each.table}")
        assert cursor.fetchone()[0] > rows


def _wait_at_most(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}")


def _asked(client: Client, address: str) -> list[str]:
    _wait_at_most(SLOWEST_MS)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code == 200, address
    _wait_at_most(0)
    return [one["sql"] for one in asked if not any(word in one["sql"] for word in UNCOUNTED)]


def _addresses(each: List, rows: int) -> Mapping[str, str]:
    with connection.cursor() as cursor:
        # A copy: the first row has instalments to show beside.
        cursor.execute(f"SELECT id FROM {each.table} ORDER BY id DESC LIMIT 1")
        known = cursor.fetchone()[0]
    list_address = f"{ADMIN}{each.path}"
    return {
        "first": list_address,
        "last": f"{list_address}?p={rows // 50}",
        "filtered": f"{list_address}?{each.condition}",
        "searched": f"{list_address}?q={known}",
    }


def _plan(statement: str) -> str:
    """Return a plan that sorts only where no index has the order: how many rows the planner believes in is chance here.

    Nobody but the owner may ANALYZE, who does not see what is not committed; autovacuum comes by when it likes.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("SET LOCAL enable_sort = on")
    return plan


@pytest.fixture
def rows_to_be_undone(bank_a: str) -> Iterator[None]:
    """Let a test write what it could not commit."""
    del bank_a
    lend(make_borrower())
    start(make_customer())
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.deep
@pytest.mark.usefixtures("rows_to_be_undone")
def test_a_list_asks_as_much_for_many_rows_as_for_few_and_reads_its_page_by_an_index() -> None:
    many = 100_000 if is_deep() else 10_000
    client = _staff("审计")
    few: dict[str, Mapping[str, int]] = {}
    for each in LISTS:
        _fill(each, FEW)
        client.get(f"{ADMIN}{each.path}")
        few[each.path] = {
            name: len(_asked(client, address)) for name, address in _addresses(each, FEW).items()
        }  # fmt: skip
    for each in LISTS:
        _fill(each, many)
        asked = {name: _asked(client, address) for name, address in _addresses(each, many).items()}
        assert {name: len(queries) for name, queries in asked.items()} == few[each.path]
        counts = [query for query in asked["filtered"] if "COUNT(*)" in query and each.table in query]
        assert len(counts) == 1  # of what is shown, and none of all there is
        (page,) = (query for query in asked["first"] if re.search(rf'FROM "{each.table}".* LIMIT ', query))
        assert "Sort" not in _plan(page)
        assert not re.search(r'"(facts|openid|residence_address)"', page)
