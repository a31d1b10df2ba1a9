"""The test database: built once per change of the schema, copied per run, put back after tests that commit.

The template holds the public schema, the province and two banks. Its name carries a hash of everything that it is
built from, so it is rebuilt when that changes and found in milliseconds when not. A snapshot of every seeded table
lies in the schema `snapshot`, from which a test that commits is undone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

ROOT: Final = Path(__file__).resolve().parent.parent
BANK_A: Final = "125"
BANK_B: Final = "116"
SCHEMAS: Final = ("public", "province", f"bank_{BANK_A}", f"bank_{BANK_B}")
LOCK_KEY: Final = 7_230_002
COMPLETE: Final = "complete"
STALE_SECONDS: Final = 86_400
BUILT_FROM: Final = (
    "*/migrations/*.py", "*/*sql.py", "*/*/*sql.py", "*/models.py", "*/*/models.py", "*/models/*.py",
    "*/furnishing*.py", "*/furnishing/*.py",
    "tenants/provisioning/*.py", "tenants/staff.py", "tenants/second_factor.py",
    "tenants/lpr.py", "tenants/calendar_seed.py", "core/crypto/*.py",
    "lending/decision/standard*.py", "lending/contracts/**/*",
    "tests/database.py", "tests/build_database.py",
)  # fmt: skip


def fingerprint() -> str:
    """Hash everything that the template is built from."""
    digest = hashlib.sha256()
    for pattern in BUILT_FROM:
        for file in sorted(ROOT.glob(pattern)):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(str(file.relative_to(ROOT)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def owner(url: str, name: str = "") -> psycopg.Connection[tuple[object, ...]]:
    """Connect as the owner, in autocommit, to a database of the server."""
    return psycopg.connect(psycopg.conninfo.make_conninfo(url, **({"dbname": name} if name else {})), autocommit=True)


def ensure_template(url: str) -> str:
    """Return the name of the template database, building it if nobody has; its comment says when it was last wanted."""
    name = f"lending_tests_{fingerprint()}"
    with owner(url) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        try:
            if name not in _templates(server):
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
                server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
                _build(url, name)
            wanted = sql.Literal(f"{COMPLETE} {int(time.time())}")
            server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), wanted))
            _drop_stale(server)
        finally:
            server.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    return name


def _templates(server: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Return the complete templates and when each was last wanted."""
    rows = server.execute(
        "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'lending_tests_%'"
    ).fetchall()
    told = {str(name): str(comment).split() for name, comment in rows if str(comment).startswith(COMPLETE)}
    return {name: int(words[1]) for name, words in told.items() if len(words) > 1}


def _drop_stale(server: psycopg.Connection[tuple[object, ...]]) -> None:
    """Drop the templates that nobody has wanted for a day."""
    for name, wanted in _templates(server).items():
        if wanted < time.time() - STALE_SECONDS:
            with contextlib.suppress(psycopg.Error):
                server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _build(url: str, name: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": _with_name(url, name),
        "DATABASE_LOGIN": "owner",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.build_database"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the test database could not be built:\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}")


def _with_name(url: str, name: str) -> str:
    head, _, _ = url.rpartition("/")
    return f"{head}/{name}"


@contextlib.contextmanager
def run_copy(url: str, template: str, worker: str) -> Iterator[str]:
    """Copy the template for one run (one worker of it) and drop the copy afterwards."""
    name = f"lending_tests_run_{os.getpid()}_{worker}"
    with owner(url) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        try:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        finally:
            server.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
        # Tests kill processes of ours, never the server: no commit of theirs needs to wait for the disk.
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit TO off").format(sql.Identifier(name)))
    try:
        yield name
    finally:
        if name in _keepers:
            _keepers.pop(name).close()
        with owner(url) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def take_snapshot(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Keep a copy of every table that has rows, in the schema `snapshot`, and a function that puts all tables back."""
    connection.execute("CREATE SCHEMA snapshot")
    connection.execute("CREATE TABLE snapshot.filled (number int PRIMARY KEY, rows bigint NOT NULL, restored xid)")
    names, changed = [], []
    for number, (schema, table) in enumerate(_tables(connection), start=1):
        here = sql.Identifier(schema, table)
        names.append(sql.SQL("({}, {}, {})").format(number, schema, table))
        counted = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(here)).fetchone()
        rows = counted[0] if counted is not None else 0
        if rows:
            copy = sql.Identifier("snapshot", f"{schema}.{table}")
            connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(copy, here))
            connection.execute("INSERT INTO snapshot.filled VALUES (%s, %s)", [number, rows])
        changed.append(sql.SQL(REFILLED if rows else NO_LONGER_EMPTY).format(number=number, here=here))
    text = sql.SQL(PUT_BACK).format(names=sql.SQL(", ").join(names), changed=sql.SQL(" UNION ALL ").join(changed))
    connection.execute(
        sql.SQL("CREATE FUNCTION snapshot.put_back() RETURNS void LANGUAGE plpgsql AS {}").format(
            sql.Literal(text.as_string(connection))
        )
    )


def _tables(connection: psycopg.Connection[tuple[object, ...]]) -> list[tuple[str, str]]:
    rows = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = ANY(%s) ORDER BY 1, 2",
        [list(SCHEMAS)],
    ).fetchall()
    return [(str(schema), str(table)) for schema, table in rows]


# A table of the snapshot is as it was when it holds as many rows as then, each written by the last putting back.
REFILLED: Final = (
    "SELECT f.number FROM snapshot.filled f WHERE f.number = {number}"
    " AND (SELECT (count(*), count(*) FILTER (WHERE xmin = f.restored)) FROM {here}) IS DISTINCT FROM (f.rows, f.rows)"
)
NO_LONGER_EMPTY: Final = "SELECT {number} WHERE EXISTS (SELECT 1 FROM {here})"
PUT_BACK: Final = """
DECLARE t record; copy text;
BEGIN
    FOR t IN SELECT n.s, n.r, n.number FROM ({changed}) changed (number)
             JOIN (VALUES {names}) n (number, s, r) USING (number) LOOP
        EXECUTE format('DELETE FROM %I.%I', t.s, t.r);
        UPDATE snapshot.filled SET restored = pg_current_xact_id()::xid WHERE number = t.number;
        IF FOUND THEN
            copy := t.s || '.' || t.r;
            EXECUTE format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE TABLE snapshot.%I', t.s, t.r, copy);
        END IF;
    END LOOP;
END
"""


_keepers: Final[dict[str, psycopg.Connection[tuple[object, ...]]]] = {}
"""By database: the connection that puts its tables back, kept, for what it knows of each table is dear to learn."""


def put_back(url: str, name: str) -> None:
    """Undo what a test has committed: every table is as it was in the template."""
    if name not in _keepers:
        _keepers[name] = owner(url, name)
        _keepers[name].execute("SET lock_timeout = '10s'")
        _keepers[name].execute("SET session_replication_role = replica")  # no trigger refuses; once, for it drops plans
    _keepers[name].execute("SELECT snapshot.put_back()")
