"""Bring a database to the present schema: roles, public tables, template, and every bank that is behind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from core.tenancy import PROVINCE_CODE, PUBLIC, PUBLIC_SCHEMA, Place, at
from tenants import calendar_seed
from tenants.provisioning import roles, template
from tenants.staff import PROVINCE_ROLES, ROLES, ensure_roles, rights_of

LOCK_KEY = 7_230_001
Report = Callable[[str], None]


def _silent(_: str) -> None:
    return None


def prepare_database(*, report: Report = _silent) -> None:
    """Make roles, migrate the public schema and the template, create the province, bring up the banks that are behind.

    Behind is who lacks a migration, and who has other staff roles than `tenants.staff` writes, whether or not a migration
    came with the change. Safe to run any number of times and by several at once (an advisory lock); a second run with
    nothing to do is two SQL statements over all banks.
    """
    with at(PUBLIC):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        try:
            _prepare(report)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def _prepare(report: Report) -> None:
    report("角色与公共表")
    roles.ensure_common_roles()
    call_command("migrate", verbosity=0, interactive=False)
    roles.grant_public()
    calendar_seed.sow()
    report("模板")
    template.ensure_template()
    if not _schema_exists(PROVINCE_CODE):
        report("省级")
        with transaction.atomic():
            template.create_schema(PROVINCE_CODE)
            roles.grant_schema(PROVINCE_CODE)
            with at(Place(schema_name=PROVINCE_CODE, role="")):
                ensure_roles(roles=PROVINCE_ROLES)
    for schema in schemas_behind():
        report(f"升级 {schema}")
        with at(Place(schema_name=schema, role="")):
            call_command("migrate", verbosity=0, interactive=False)
        roles.grant_schema(schema)
    for schema in schemas_with_other_roles():
        report(f"角色 {schema}")
        with at(Place(schema_name=schema, role="")), transaction.atomic():
            for app in apps.get_app_configs():
                create_permissions(app, verbosity=0, interactive=False)
            ensure_roles(roles=_roles_in(schema))


def _schema_exists(schema: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = %s)", [schema])
        return bool(cursor.fetchone()[0])


def _schemas() -> list[str]:
    """Return the schemas of all banks, and the province's, at the public schema; none before there are any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.tenants_bank') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return []
        cursor.execute("SELECT schema_name FROM public.tenants_bank ORDER BY code")
        schemas = [name for (name,) in cursor.fetchall()]
    return schemas + ([PROVINCE_CODE] if _schema_exists(PROVINCE_CODE) else [])


def schemas_behind() -> list[str]:
    """Return the schemas of banks (and the province) that lack a migration: one statement over all of them."""
    with at(PUBLIC), connection.cursor() as cursor:
        schemas = _schemas()
        if not schemas:
            return []
        wanted = sorted(MigrationLoader(None).disk_migrations)
        have = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {name} AS schema, app, name FROM {schema}.django_migrations").format(
                name=sql.Literal(schema), schema=sql.Identifier(schema)
            )
            for schema in schemas
        )
        cursor.execute(
            sql.SQL(
                "WITH have AS ({have}), wanted AS (SELECT * FROM unnest(%s::text[], %s::text[]) AS w(app, name))"
                " SELECT DISTINCT s FROM unnest(%s::text[]) AS s, wanted w WHERE NOT EXISTS"
                " (SELECT 1 FROM have h WHERE h.schema = s AND h.app = w.app AND h.name = w.name) ORDER BY s"
            ).format(have=have),
            [[app for app, _ in wanted], [name for _, name in wanted], schemas],
        )
        return [name for (name,) in cursor.fetchall()]


RIGHTS: Final = """
SELECT {name}, md5(coalesce(string_agg(held.words, ',' ORDER BY held.words COLLATE "C"), '')) FROM (
    SELECT g.name || ' ' || c.app_label || '.' || p.codename AS words FROM {schema}.auth_group_permissions h
    JOIN {schema}.auth_group g ON g.id = h.group_id JOIN {schema}.auth_permission p ON p.id = h.permission_id
    JOIN {schema}.django_content_type c ON c.id = p.content_type_id WHERE g.name = ANY({roles})) AS held
"""


def schemas_with_other_roles() -> list[str]:
    """Return the schemas where a role of `tenants.staff` is missing or may do more or less: one statement over all."""
    with at(PUBLIC), connection.cursor() as cursor:
        schemas = _schemas()
        if not schemas:
            return []
        held = [
            sql.SQL(RIGHTS).format(
                name=sql.Literal(schema), schema=sql.Identifier(schema), roles=sql.Literal(list(_roles_in(schema)))
            )
            for schema in schemas
        ]
        cursor.execute(sql.SQL(" UNION ALL ").join(held))
        return sorted(schema for schema, digest in cursor.fetchall() if digest != _digest(_roles_in(schema)))


def _roles_in(schema: str) -> Mapping[str, Sequence[str]]:
    return PROVINCE_ROLES if schema == PROVINCE_CODE else ROLES


def _digest(roles: Mapping[str, Sequence[str]]) -> str:
    words = sorted(f"{role} {app}.{codename}" for role, app, codename in rights_of(roles))
    return hashlib.md5(",".join(words).encode(), usedforsecurity=False).hexdigest()


def analyse_catalogs() -> None:
    """Refresh the statistics of the system catalogs: after many new schemas stale ones make every plan slow."""
    with at(PUBLIC), connection.cursor() as cursor:
        for catalog in ("pg_class", "pg_attribute", "pg_constraint", "pg_index", "pg_depend"):
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("pg_catalog", catalog)))


def is_up_to_date() -> bool:
    """Tell whether public and every bank have all migrations; used by `/readyz`."""
    loader = MigrationLoader(connection)
    with at(PUBLIC):
        applied = set(loader.applied_migrations or {})
    return set(loader.disk_migrations) <= applied and not schemas_behind()


__all__ = [
    "PUBLIC_SCHEMA",
    "analyse_catalogs",
    "is_up_to_date",
    "prepare_database",
    "schemas_behind",
    "schemas_with_other_roles",
]
