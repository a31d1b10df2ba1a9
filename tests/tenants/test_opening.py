"""Opening banks and preparing the database: as the owner, in a database of this module's own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections, transaction
from psycopg import sql

from config import database as database_settings
from core.crypto.models import BankKey
from core.db.base import DatabaseWrapper
from core.tenancy import PROVINCE_CODE, PUBLIC, TEMPLATE_SCHEMA, Place, at, in_bank, schema_of
from lending.contracts.numbers import format_contract_number
from tenants import calendar_seed, directory
from tenants.models import Bank, Entry, Holiday, LprQuote
from tenants.provisioning import BankOpening, open_bank, opening, prepare_database
from tenants.provisioning.opening import CannotOpenBank
from tenants.provisioning.prepare import is_up_to_date, schemas_behind, schemas_with_other_roles
from tenants.staff import CHECKER, PROVINCE_ROLES, ROLES
from tests import database
from verification.models import AgreementText

URL = os.environ["DATABASE_URL"]
# Roles are the cluster's, so each process opens banks of its own, under codes that no sample bank has.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
_RUN = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
NEW = tuple(str(900 + (6 * _RUN + 3 * int(_WORKER)) % 99 + number) for number in range(3))
ONE_AT_A_TIME = 7_230_003


def _wrapper(name: str, *, as_owner: bool) -> DatabaseWrapper:
    address = settings.OWNER_ADDRESS if as_owner else settings.WEB_ADDRESS
    declared = {
        **connections["default"].settings_dict,
        **database_settings.django_settings(address, pool_size=0),
        "NAME": name,
    }
    return DatabaseWrapper(declared, "default")


@pytest.fixture(scope="module")
def own_database(django_db_blocker: Any) -> Iterator[str]:
    """Copy the template for this module, and take the roles of the banks that were opened here with it at the end."""
    template = database.ensure_template(URL)
    with django_db_blocker.unblock(), database.run_copy(URL, template, f"opening_{os.getpid()}") as name:
        yield name
        with database.owner(URL, name) as server:
            for code in NEW:
                role = sql.Identifier(schema_of(code))
                if server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [schema_of(code)]).fetchone():
                    server.execute(sql.SQL("DROP OWNED BY {}").format(role))
                    server.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.fixture
def as_owner(own_database: str, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the process be the owner of the tables, as management commands are."""
    monkeypatch.setattr(settings, "DATABASE_ROLES", False)
    former = connections["default"]
    with django_db_blocker.unblock(), database.owner(URL) as server:
        # Two processes would alter the same roles at once; the product's own lock is per database.
        server.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        connections["default"] = _wrapper(own_database, as_owner=True)
        connections["default"].set_tenant(PUBLIC)  # type: ignore[attr-defined]
        directory.forget()
        yield own_database
        connections["default"].close()
    connections["default"] = former
    directory.forget()


def _opening(code: str = NEW[0], **changed: str) -> BankOpening:
    given: dict[str, Any] = {
        "name": "样例农村商业银行股份有限公司",
        "region_code": "320700",
        "display_name": "样例农商银行",
        "city": "样例",
        "stage": "test",
    }
    return BankOpening(code=code, **{**given, **changed})


@pytest.fixture
def opened(as_owner: str) -> str:
    """Have one new bank open."""
    with at(PUBLIC):
        is_open = Bank.objects.filter(code=NEW[0]).exists()
    if not is_open:
        open_bank(_opening())
    return NEW[0]


def _schemas(name: str) -> set[str]:
    with database.owner(URL, name) as server:
        return {str(schema) for (schema,) in server.execute("SELECT nspname FROM pg_namespace").fetchall()}


CATALOGUE = {
    "columns": """
        SELECT c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               a.attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE n.nspname = %(s)s AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2""",
    "constraints": """
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), k.condeferrable, k.condeferred, k.convalidated
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(s)s ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %(s)s ORDER BY 1, 2",
    "triggers": """
        SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled, f.pronamespace::regnamespace::text
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_proc f ON f.oid = t.tgfoid WHERE n.nspname = %(s)s AND NOT t.tgisinternal ORDER BY 1, 2""",
    "functions": """
        SELECT p.proname, pg_get_functiondef(p.oid), p.proconfig
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %(s)s ORDER BY 1, 2""",
    "sequences": """
        SELECT sequencename, data_type::text, start_value, increment_by, cycle FROM pg_sequences
        WHERE schemaname = %(s)s ORDER BY 1""",
    "storage": """
        SELECT c.relname, c.relkind, c.reloptions FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(s)s AND c.relkind IN ('r', 'v', 'S', 'i') ORDER BY 1""",
}


# A dump spells `status = ANY (ARRAY['a'::varchar]::text[])` as `ANY (ARRAY[('a'::varchar)::text])`: the same condition.
SPELLING = re.compile(r"::(?:text|character varying)(?:\(\d+\))?(?:\[\])?|[()]")


def _catalogue(server: psycopg.Connection[Any], schema: str, query: str, *, as_spelt: bool) -> list[str]:
    rows = server.execute(query, {"s": schema}).fetchall()
    told = [str(row).replace(schema, "THE_SCHEMA") for row in rows]
    return told if as_spelt else [SPELLING.sub("", text) for text in told]


class TestOpenBank:
    def test_its_particulars_are_in_the_directory(self, opened: str) -> None:
        card = directory.card_of(opened)
        assert card is not None
        assert (card.name, card.display_name, card.city, card.region_code, card.stage) == (
            "样例农村商业银行股份有限公司", "样例农商银行", "样例", "320700", "test",
        )  # fmt: skip
        assert not card.serves_customers

    def test_it_is_furnished_to_work(self, opened: str) -> None:
        with in_bank(opened):
            assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
            assert all(group.permissions.exists() for group in Group.objects.all())
            assert BankKey.objects.count() >= 1
            assert AgreementText.objects.filter(purpose="privacy").exists()
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM lending_product")
                assert cursor.fetchone()[0] >= 1

    def test_its_keys_are_its_own(self, opened: str) -> None:
        with in_bank(opened):
            own = {bytes(key) for key in BankKey.objects.values_list("wrapped", flat=True)}
        with in_bank("125"):
            others = {bytes(key) for key in BankKey.objects.values_list("wrapped", flat=True)}
        assert own
        assert own & others == set()

    @pytest.mark.parametrize("part", CATALOGUE)
    def test_its_schema_is_the_template_to_the_last_constraint(self, opened: str, as_owner: str, part: str) -> None:
        with database.owner(URL, as_owner) as server:
            template = _catalogue(server, TEMPLATE_SCHEMA, CATALOGUE[part], as_spelt=False)
            assert len(template) > 5
            assert _catalogue(server, schema_of(opened), CATALOGUE[part], as_spelt=False) == template

    @pytest.mark.parametrize("part", CATALOGUE)
    def test_its_schema_is_another_banks_to_the_letter(self, opened: str, as_owner: str, part: str) -> None:
        with database.owner(URL, as_owner) as server:
            first, second = (
                _catalogue(server, schema_of(bank), CATALOGUE[part], as_spelt=True) for bank in (opened, "125")
            )
        assert first == second

    def test_nothing_in_it_points_to_the_template_or_to_another_bank(self, opened: str, as_owner: str) -> None:
        with database.owner(URL, as_owner) as server:
            rows = server.execute(
                "SELECT pg_get_functiondef(p.oid) || coalesce(p.proconfig::text, '') FROM pg_proc p"
                " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %s",
                [schema_of(opened)],
            ).fetchall()
            crossing = server.execute(
                "SELECT k.conname FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid JOIN pg_class b ON"
                " b.oid = k.confrelid WHERE a.relnamespace = %s::regnamespace AND a.relnamespace <> b.relnamespace",
                [schema_of(opened)],
            ).fetchall()
        assert rows
        assert not any(TEMPLATE_SCHEMA in str(text) or "bank_125" in str(text) for (text,) in rows)
        assert crossing == []

    def test_the_web_login_may_work_there_and_nowhere_else(self, opened: str, as_owner: str) -> None:
        web = _wrapper(as_owner, as_owner=False)
        settings.DATABASE_ROLES = True
        try:
            web.set_tenant(Place(schema_name=schema_of(opened), role=schema_of(opened), code=opened))
            with web.cursor() as cursor:
                cursor.execute("SELECT current_user, session_user")
                assert cursor.fetchone() == (schema_of(opened), settings.WEB_LOGIN)
                cursor.execute("SELECT count(*) FROM tenants_entry")
                assert cursor.fetchone() == (0,)
            for refused in (
                "SELECT * FROM bank_125.tenants_entry",
                "DELETE FROM core_bank_key",
                "DELETE FROM django_migrations",
                "UPDATE public.tenants_bank SET stage = 'live'",
                "CREATE TABLE mine (id int)",
            ):
                with pytest.raises(ProgrammingError, match="permission denied"), web.cursor() as cursor:
                    cursor.execute(refused)
        finally:
            web.close()

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"code": "A125"}, "three digits"),
            ({"code": "12"}, "three digits"),
            ({"code": "1250"}, "three digits"),
            ({"code": "abc"}, "contract numbers begin with it"),
            ({"code": "１２５"}, "three digits"),
            ({"code": "125\n"}, "three digits"),
            ({"code": ""}, "three digits"),
            ({"region_code": "3207"}, "six-digit"),
            ({"region_code": "32070x"}, "six-digit"),
            ({"region_code": "３２０７００"}, "six-digit"),
            ({"stage": "open"}, "must be one of"),
            ({"name": "  "}, "full legal name"),
        ],
    )
    def test_wrong_particulars_are_refused_and_leave_nothing(
        self, as_owner: str, changed: dict[str, str], told: str
    ) -> None:
        before = _schemas(as_owner)
        given = {"code": NEW[1], **changed}
        with pytest.raises(CannotOpenBank, match=told):
            open_bank(_opening(**given))
        assert _schemas(as_owner) == before

    def test_a_new_bank_has_a_code_that_contract_numbers_can_carry(self, opened: str) -> None:
        number = format_contract_number(bank_code=opened, year=2026, product_code="XF01", sequence=1)
        assert number == f"{opened}2026XF0100000001"

    def test_a_code_is_given_once(self, opened: str, as_owner: str) -> None:
        with in_bank(opened):
            Entry.objects.create(scene=f"{opened}-kept")
        with pytest.raises(CannotOpenBank, match="open already"):
            open_bank(_opening(opened, name="另一家样例农村商业银行股份有限公司"))
        with in_bank(opened):
            assert Entry.objects.filter(scene=f"{opened}-kept").delete()[0] == 1
        card = directory.card_of(opened)
        assert card is not None
        assert card.name == "样例农村商业银行股份有限公司"

    def test_the_provinces_name_is_no_banks_code(self, as_owner: str) -> None:
        with pytest.raises(CannotOpenBank, match="the province's own"):
            open_bank(_opening(PROVINCE_CODE))
        with at(PUBLIC):
            assert not Bank.objects.filter(code=PROVINCE_CODE).exists()

    def test_it_is_all_or_nothing(self, as_owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_: BankOpening) -> None:
            raise RuntimeError("no products")

        monkeypatch.setitem(opening._furnishings, "test", fail)
        before = _schemas(as_owner)
        with pytest.raises(RuntimeError, match="no products"):
            open_bank(_opening(NEW[1]))
        assert _schemas(as_owner) == before
        with at(PUBLIC):
            assert not Bank.objects.filter(code=NEW[1]).exists()
        with database.owner(URL, as_owner) as server:
            assert not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [schema_of(NEW[1])]).fetchone()


class TestCommands:
    def test_open_bank_opens_and_says_so(self, as_owner: str, capsys: pytest.CaptureFixture[str]) -> None:
        call_command(
            "open_bank",
            "--code",
            NEW[2],
            "--name",
            "命令样例农村商业银行股份有限公司",
            "--region",
            "320582",
            "--stage",
            "pilot",
        )
        assert f"bank {NEW[2]} is open at stage pilot" in capsys.readouterr().out
        card = directory.card_of(NEW[2])
        assert card is not None
        assert card.serves_customers
        with pytest.raises(CommandError, match="open already"):
            call_command(
                "open_bank", "--code", NEW[2], "--name", "命令样例农村商业银行股份有限公司", "--region", "320582"
            )

    def test_open_sample_banks_leaves_those_that_are_open(
        self, as_owner: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("open_sample_banks", "--only", "125,116")
        assert "0 banks opened" in capsys.readouterr().out


class TestPrepareDatabase:
    def _state(self, name: str) -> list[Any]:
        """Return what a second run must not touch: every relation with its files and grants, and what was seeded."""
        with database.owner(URL, name) as server:
            relations = server.execute(
                "SELECT n.nspname, c.relname, c.oid, c.relfilenode, c.relacl::text FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' ORDER BY 1, 2"
            ).fetchall()
            rows = server.execute(
                "SELECT xmin::text, date::text FROM public.tenants_holiday UNION ALL"
                " SELECT xmin::text, migrations_sha256 FROM public.tenants_schema_template UNION ALL"
                " SELECT xmin::text, name FROM province.auth_group UNION ALL"
                " SELECT xmin::text, group_id::text FROM province.auth_group_permissions ORDER BY 2, 1"
            ).fetchall()
        return [relations, rows]

    def test_a_second_run_changes_nothing(self, opened: str, as_owner: str) -> None:
        said: list[str] = []
        before = self._state(as_owner)
        prepare_database(report=said.append)
        assert self._state(as_owner) == before
        assert not any("升级" in text for text in said)

    def test_with_nothing_to_do_the_checks_are_few_statements_however_many_banks(
        self, opened: str, django_assert_max_num_queries: Any
    ) -> None:
        with at(PUBLIC), django_assert_max_num_queries(10):
            assert schemas_behind() == []
            assert schemas_with_other_roles() == []
        assert is_up_to_date()

    def test_a_bank_that_is_behind_is_brought_up_and_no_other(self, opened: str, as_owner: str) -> None:
        with database.owner(URL, as_owner) as server:
            table = sql.Identifier(schema_of(opened), "django_migrations")
            # A last one that changes choices only, so that it can be applied once more.
            lost = sql.SQL("DELETE FROM {} WHERE app = 'admin' AND name = '0003_logentry_add_action_flag_choices'")
            assert server.execute(lost.format(table)).rowcount == 1
        assert schemas_behind() == [schema_of(opened)]
        assert not is_up_to_date()
        said: list[str] = []
        prepare_database(report=said.append)
        assert [text for text in said if "升级" in text] == [f"升级 {schema_of(opened)}"]
        assert schemas_behind() == []

    def test_an_upgrade_brings_the_roles_of_every_bank_and_of_the_province_to_what_is_written(
        self, opened: str, as_owner: str
    ) -> None:
        with in_bank(opened):
            Group.objects.get(name="合规").delete()
            Permission.objects.filter(codename="decide_staffaccess").delete()
            own = Group.objects.create(name="本行自设")
            for group in (own, Group.objects.get(name="客服")):
                group.permissions.add(Permission.objects.get(codename="add_user"))
        with in_bank(PROVINCE_CODE):
            Group.objects.get(name=CHECKER).permissions.clear()
        behind = sorted([schema_of(opened), PROVINCE_CODE])
        assert (schemas_with_other_roles(), schemas_behind()) == (behind, [])
        said: list[str] = []
        prepare_database(report=said.append)
        assert [text for text in said if text.startswith("角色 ")] == [f"角色 {schema}" for schema in behind]
        assert (schemas_with_other_roles(), not any("升级" in text for text in said)) == ([], True)
        with in_bank(opened):
            held = {(name, code) for name, code in Group.objects.values_list("name", "permissions__codename")}
            assert {("合规", "decide_staffaccess"), ("合规", "view_screeningalert"), ("本行自设", "add_user")} <= held
            assert ("客服", "add_user") not in held
        with in_bank(PROVINCE_CODE):
            assert Group.objects.get(name=CHECKER).permissions.filter(codename="decide_switch").exists()

    def test_what_all_banks_read_is_there_from_the_start(self, as_owner: str) -> None:
        with at(PUBLIC):
            assert LprQuote.objects.count() == 15
            assert str(LprQuote.objects.get(pk="2025-05-20").one_year_rate) == "3.0000"
            assert Holiday.objects.filter(date__year=2024).exists()
            assert Holiday.objects.filter(date__year=calendar_seed.LAST_YEAR).exists()
        with in_bank(PROVINCE_CODE):
            assert set(Group.objects.values_list("name", flat=True)) == set(PROVINCE_ROLES)

    def test_a_day_that_the_province_has_changed_stays_changed(self, as_owner: str) -> None:
        with at(PUBLIC), transaction.atomic():
            Holiday.objects.filter(pk="2026-10-01").update(is_working_day=True, name="演练")
            calendar_seed.sow()
            assert Holiday.objects.get(pk="2026-10-01").name == "演练"
            transaction.set_rollback(True)
