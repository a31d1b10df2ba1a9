"""Database roles: the wall between banks that PostgreSQL itself holds.

The web login inherits nothing. It may become `lending_public` (read what all banks read), `lending_push` (write what a
bank reports), `province`, or one `bank_CODE` at a time. Roles belong to the cluster, grants to the database.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import connection
from psycopg import sql

from core.tenancy import PROVINCE_CODE, PUBLIC_ROLE, PUSH_ROLE

PUSHED: Final = ("tenants_pushed_figure", "tenants_evidence_head", "tenants_bank_dossier")
OWNERS_ONLY: Final = ("django_migrations", "tenants_schema_template")


def _run(statement: str, **names: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**names))


def ensure_role(name: str, *, password: str | None = None) -> None:
    """Create the role where the cluster lacks it; with a password it is a login, which inherits nothing."""
    kind = "NOLOGIN" if password is None else "LOGIN NOINHERIT"
    _run(
        "DO $do$ BEGIN CREATE ROLE {name} " + kind + "; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;"
        " END $do$",
        name=sql.Identifier(name),
    )
    if password is not None:
        _run("ALTER ROLE {name} PASSWORD {password}", name=sql.Identifier(name), password=sql.Literal(password))


def ensure_common_roles() -> None:
    """Create the roles that do not depend on a bank, and let the web login become them."""
    for role in (PUBLIC_ROLE, PUSH_ROLE, PROVINCE_CODE):
        ensure_role(role)
    ensure_role(settings.WEB_LOGIN, password=settings.WEB_PASSWORD)
    for role in (PUBLIC_ROLE, PUSH_ROLE, PROVINCE_CODE):
        let_web_become(role)
    _run(
        "GRANT CONNECT ON DATABASE {db} TO {web}",
        db=sql.Identifier(str(connection.settings_dict["NAME"])),
        web=sql.Identifier(settings.WEB_LOGIN),
    )


def let_web_become(role: str) -> None:
    """Let the web login set this role, without having its rights otherwise."""
    _run(
        "GRANT {role} TO {web} WITH INHERIT FALSE, SET TRUE",
        role=sql.Identifier(role),
        web=sql.Identifier(settings.WEB_LOGIN),
    )


def grant_public() -> None:
    """Grant what the common roles may do in the public schema, and nothing to anybody else."""
    public, push, province = (
        sql.Identifier(PUBLIC_ROLE),
        sql.Identifier(PUSH_ROLE),
        sql.Identifier(PROVINCE_CODE),
    )
    _run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    _run("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")
    for role in (public, push, province):
        _run("GRANT USAGE ON SCHEMA public TO {role}", role=role)
        _run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}", role=role)
    _run("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}", role=province)
    _run("GRANT EXECUTE ON FUNCTION public.due_steps() TO {role}", role=public)
    for table in PUSHED:
        _run("GRANT INSERT, UPDATE ON public.{table} TO {role}", table=sql.Identifier(table), role=push)
    for table in OWNERS_ONLY:
        for role in (public, push, province):
            _run("REVOKE ALL ON public.{table} FROM {role}", table=sql.Identifier(table), role=role)


def grant_schema(schema: str) -> None:
    """Make the role of a bank's (or the province's) schema; grant it that, and reading what all banks read."""
    role = sql.Identifier(schema)
    ensure_role(schema)
    _run("GRANT USAGE ON SCHEMA {role} TO {role}", role=role)
    _run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {role} TO {role}", role=role)
    _run("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {role} TO {role}", role=role)
    _run("REVOKE INSERT, UPDATE, DELETE ON {role}.django_migrations FROM {role}", role=role)
    _run("REVOKE DELETE ON {role}.core_bank_key FROM {role}", role=role)  # it would erase the bank's data for good
    if schema != PROVINCE_CODE:
        _run(
            "GRANT {public} TO {role} WITH INHERIT TRUE, SET FALSE",
            public=sql.Identifier(PUBLIC_ROLE),
            role=role,
        )
    let_web_become(schema)
