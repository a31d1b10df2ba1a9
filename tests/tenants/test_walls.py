"""The wall between banks, as PostgreSQL itself holds it."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from core.tenancy import PUBLIC, at, in_bank
from tenants.models import Bank, Entry


def _refused(statement: str) -> str:
    with pytest.raises(ProgrammingError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(caught.value)


@pytest.mark.django_db
class TestTheWall:
    def test_sql_that_names_another_banks_schema_is_refused(self) -> None:
        with in_bank("125"):
            assert "permission denied for schema bank_116" in _refused("SELECT * FROM bank_116.tenants_entry")

    def test_with_no_role_set_even_the_directory_is_refused(self) -> None:
        with in_bank("125"):
            assert "permission denied" in _refused("RESET ROLE; SELECT * FROM public.tenants_bank")

    def test_a_bank_reads_the_directory_and_cannot_write_it(self) -> None:
        with in_bank("125"):
            assert Bank.objects.count() == 2
            assert "permission denied" in _refused("UPDATE public.tenants_bank SET stage = 'draft'")

    def test_the_public_place_sees_no_bank(self) -> None:
        with at(PUBLIC):
            assert "permission denied" in _refused("SELECT * FROM bank_125.tenants_entry")

    def test_each_bank_sees_its_own_rows_only(self) -> None:
        with in_bank("125"):
            Entry.objects.create(scene="125-x")
        with in_bank("116"):
            assert Entry.objects.count() == 0
        with in_bank("125"):
            assert Entry.objects.count() == 1

    def test_the_place_survives_a_savepoint_that_is_rolled_back(self) -> None:
        with in_bank("125"):
            with pytest.raises(RuntimeError), transaction.atomic(), in_bank("116"):
                Entry.objects.count()
                raise RuntimeError
            Entry.objects.create(scene="125-y")
            assert Entry.objects.get().scene == "125-y"


@pytest.mark.django_db
def test_no_table_lives_both_in_public_and_in_a_bank() -> None:
    with at(PUBLIC), connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM (SELECT c.relname AS table_name, n.nspname FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'bank_125')) t GROUP BY 1 HAVING count(*) > 1"
        )
        assert cursor.fetchall() == [("django_migrations",)]  # each schema's own record of what was applied to it
