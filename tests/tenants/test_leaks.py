"""The two leaks between banks that a pooled connection can have, each under stress, and each shown without its fix.

Leak 1: the switch to another bank is cancelled (a statement time-out, `pg_cancel_backend`), its error is swallowed, and the
next statement runs under the pooled connection's former bank. Leak 2: a fork with an open pool shares its connections.
Both are closed in `core.db.base`; the twins below take the fix away and see the leak.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.db.utils import DatabaseError

from config import database as database_settings
from core.db import base
from core.db.base import DatabaseWrapper
from core.tenancy import place_of
from tests import database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
URL = os.environ["DATABASE_URL"]
ALIAS: Final = "pooled"
BANKS: Final = ("125", "116")
POOL: Final = 3
THREADS: Final = 6
SECONDS: Final = 3.0
# Long enough for a cancellation to hit the switch itself and not only the statement after it.
SLOW_SWITCH: Final = base.SWITCH.replace("SELECT ", "SELECT pg_sleep(0.004), ")
STUCK_SWITCH: Final = base.SWITCH.replace("SELECT ", "SELECT pg_sleep(20), ")


def _run_database() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def _pooled(size: int = POOL, **options: str) -> DatabaseWrapper:
    """Make a connection of the web login that comes from a pool of few."""
    declared = database_settings.django_settings(settings.WEB_ADDRESS, pool_size=size)
    declared = {**connections["default"].settings_dict, **declared, "NAME": _run_database()}
    declared["OPTIONS"] = {**declared["OPTIONS"], **options}
    return DatabaseWrapper(declared, ALIAS)


@pytest.fixture(autouse=True)
def no_pool_is_left() -> Iterator[None]:
    """Close this module's pool after each test."""
    yield
    pool = DatabaseWrapper._connection_pools.pop(ALIAS, None)
    if pool is not None:
        pool.close()


@pytest.fixture
def without_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Swallow a failed switch, as the stock wrapper does."""

    def swallow(self: DatabaseWrapper, error: Exception) -> None:
        del error
        self.search_path_set_schemas = None

    monkeypatch.setattr(DatabaseWrapper, "_refuse_to_stay", swallow)


def _where(wrapper: DatabaseWrapper) -> tuple[str, str]:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT current_schema()::text, current_user::text")
        schema, role = cursor.fetchone()
    return schema, role


def _cut_off_on_the_way_from_a_to_b(monkeypatch: pytest.MonkeyPatch) -> DatabaseWrapper:
    """Use bank A, give the connection back, ask for bank B, and have that switch cancelled by a statement time-out."""
    timeouts = "-c statement_timeout=150ms -c timezone=UTC"
    wrapper = _pooled(1, options=timeouts)
    wrapper.set_tenant(place_of("125"))
    assert _where(wrapper) == ("bank_125", "bank_125")
    wrapper.close()  # back to the pool, still at bank A
    wrapper.set_tenant(place_of("116"))
    with monkeypatch.context() as patched:
        patched.setattr(base, "SWITCH", STUCK_SWITCH)
        try:
            seen: tuple[str, str] | None = _where(wrapper)
        except OperationalError:
            seen = None
    wrapper.seen = seen
    return wrapper


class TestACancelledSwitch:
    def test_is_an_error_and_the_next_use_is_at_the_right_bank(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wrapper = _cut_off_on_the_way_from_a_to_b(monkeypatch)
        assert wrapper.seen is None
        assert wrapper.connection is None
        assert _where(wrapper) == ("bank_116", "bank_116")
        wrapper.close()

    def test_without_the_fix_reads_the_former_bank(
        self, monkeypatch: pytest.MonkeyPatch, without_the_fix: None
    ) -> None:
        wrapper = _cut_off_on_the_way_from_a_to_b(monkeypatch)
        assert wrapper.seen == ("bank_125", "bank_125")
        wrapper.close()

    def test_inside_a_broken_transaction_leaves_the_rollback_to_its_owner(self) -> None:
        wrapper = _pooled()
        wrapper.set_tenant(place_of("125"))
        wrapper.set_autocommit(False)
        with pytest.raises(DatabaseError), wrapper.cursor() as cursor:
            cursor.execute("SELECT 1/0")
        wrapper.set_tenant(place_of("116"))
        with pytest.raises(DatabaseError):
            _where(wrapper)
        wrapper.rollback()
        assert _where(wrapper) == ("bank_116", "bank_116")
        wrapper.rollback()
        wrapper.set_autocommit(True)
        wrapper.close()


@dataclass(slots=True)
class Counts:
    """What the threads saw."""

    reads: int = 0
    wrong: int = 0
    errors: int = 0


def _stress(*, until_wrong: bool) -> Counts:
    """Let more threads than connections hop between banks while somebody cancels their statements at random."""
    counts, lock, over = Counts(), threading.Lock(), threading.Event()

    def hop(number: int) -> None:
        wrapper, turn = _pooled(), number
        while not over.is_set():
            turn += 1
            bank = BANKS[turn % 2]
            wrapper.set_tenant(place_of(bank))
            try:
                seen = _where(wrapper)
            except DatabaseError:
                with lock:
                    counts.errors += 1
            else:
                with lock:
                    counts.reads += 1
                    counts.wrong += seen != (f"bank_{bank}", f"bank_{bank}")
            with contextlib.suppress(DatabaseError):
                wrapper.close()

    def cancel() -> None:
        with database.owner(URL, _run_database()) as server:
            while not over.is_set():
                server.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND usename = %s AND state = 'active' AND random() < 0.3",
                    [settings.WEB_LOGIN],
                )
                over.wait(0.002)

    threads = [threading.Thread(target=hop, args=(number,)) for number in range(THREADS)]
    threads.append(threading.Thread(target=cancel))
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + (8.0 if until_wrong else SECONDS)
    while time.monotonic() < deadline and not (until_wrong and counts.wrong):
        over.wait(0.05)
    over.set()
    for thread in threads:
        thread.join(timeout=15)
    return counts


class TestLeakOneUnderStress:
    def test_no_statement_runs_at_another_bank(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(base, "SWITCH", SLOW_SWITCH)
        counts = _stress(until_wrong=False)
        assert counts.reads > 50
        assert counts.errors > 10, "nothing was cancelled: the test proves nothing"
        assert counts.wrong == 0

    def test_without_the_fix_some_do(self, monkeypatch: pytest.MonkeyPatch, without_the_fix: None) -> None:
        monkeypatch.setattr(base, "SWITCH", SLOW_SWITCH)
        assert _stress(until_wrong=True).wrong > 0


@pytest.fixture(scope="module")
def forked(django_db_setup: None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fork with an open pool, and return what was counted: with the fix, and without it."""
    del django_db_setup
    head, _, _ = URL.rpartition("/")
    environment = {
        **os.environ,
        "DATABASE_URL": f"{head}/{_run_database()}",
        "DATABASE_LOGIN": "web",
        "DATABASE_POOL": "4",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.tenants.forking"],
        cwd=database.ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    with_fix, without = (json.loads(line) for line in done.stdout.splitlines()[-2:])
    assert min(with_fix["backends"], without["backends"]) > 1
    return with_fix, without


class TestLeakTwoUnderStress:
    def test_a_forked_child_has_connections_of_its_own(self, forked: tuple[dict[str, Any], ...]) -> None:
        counts = forked[0]
        assert counts["children"]["reads"] > 100
        for who in ("parent", "children"):
            assert (counts[who]["wrong"], counts[who]["errors"], counts[who]["shared"]) == (0, 0, 0), counts

    def test_without_the_fix_it_uses_its_parents(self, forked: tuple[dict[str, Any], ...]) -> None:
        counts = forked[1]
        assert counts["children"]["shared"] + counts["children"]["wrong"] + counts["children"]["errors"] > 0, counts
