"""A bank's schema comes from one dump of a migrated template schema, its name replaced, run as one script.

The dump is kept in the public schema under the hash of the migrations, so it is made once per change.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path
from typing import Final

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from core.tenancy import PUBLIC, TEMPLATE_SCHEMA, Place, at
from tenants.models import SchemaTemplate

DUMP_SECONDS: Final = 120
NOISE: Final = re.compile(r"^(SET |SELECT pg_catalog\.set_config|\\)")
TEMPLATE: Final = Place(schema_name=TEMPLATE_SCHEMA, role="")


class TemplateDumpFailed(RuntimeError):
    """Raised where pg_dump could not be run or refused; says which and why."""


def migrations_sha256() -> str:
    """Hash all migrations of the installed apps and the SQL that they run: the identity of the schema."""
    digest = hashlib.sha256()
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        root = Path(config.path)
        files = [*root.glob("migrations/*.py"), *root.glob("*sql.py"), *root.glob("*/*sql.py")]
        for file in sorted(files):
            digest.update(f"{config.label}/{file.relative_to(root)}".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def ensure_template() -> str:
    """Return the SQL of a bank's schema under the template's name, making template and dump where they are stale."""
    wanted = migrations_sha256()
    with at(PUBLIC):
        kept = SchemaTemplate.objects.filter(pk=wanted).values_list("sql", flat=True).first()
    if kept is not None:
        return kept
    with at(TEMPLATE):
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(TEMPLATE_SCHEMA)))
        call_command("migrate", verbosity=0, interactive=False)
    text = _dump()
    with at(PUBLIC):
        SchemaTemplate.objects.all().delete()
        SchemaTemplate.objects.create(migrations_sha256=wanted, sql=text)
    return text


def _dump() -> str:
    database = connection.settings_dict
    command = [
        settings.PG_DUMP, "--schema", TEMPLATE_SCHEMA, "--no-owner", "--no-privileges", "--inserts",
        "--rows-per-insert=500", "--host", str(database["HOST"]), "--port", str(database["PORT"]),
        "--username", str(database["USER"]), str(database["NAME"]),
    ]  # fmt: skip
    environment = {**os.environ, "PGPASSWORD": str(database["PASSWORD"])}
    try:
        done = subprocess.run(  # noqa: S603 -- our own argument list, no shell
            command, env=environment, capture_output=True, text=True, timeout=DUMP_SECONDS, check=True
        )
    except FileNotFoundError as error:
        msg = f"{settings.PG_DUMP} was not found: install PostgreSQL's client tools or set PG_DUMP to its pg_dump"
        raise TemplateDumpFailed(msg) from error
    except subprocess.CalledProcessError as error:
        msg = f"pg_dump refused to dump the template schema: {error.stderr.strip()}"
        raise TemplateDumpFailed(msg) from error
    return "\n".join(line for line in done.stdout.splitlines() if not NOISE.match(line))


def create_schema(schema: str) -> None:
    """Create a bank's schema from the template text in one script; the caller's transaction makes it all or nothing."""
    text = ensure_template().replace(TEMPLATE_SCHEMA, schema)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL check_function_bodies = off")
        cursor.execute(text)
