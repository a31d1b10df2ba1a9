"""Fixtures of every test: the database, two banks, and the steps run in the foreground."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase
from hypothesis import settings as generated
from hypothesis.internal.conjecture import providers

from config.apps import spare_collections
from core.tenancy import PUBLIC, enter, in_bank
from tenants import directory
from tests import database
from tests.depth import is_deep
from tests.running_sandbox import running_sandbox, sandbox, vendors
from tests.undone import open_keys

__all__ = ["running_sandbox", "sandbox", "vendors"]
pytest_plugins = ["tests.answered"]
URL = os.environ["DATABASE_URL"]
DATABASE: pytest.StashKey[Any] = pytest.StashKey()  # once there is one: what lets code outside a test reach it

# How many examples a generated test gets: as many as its own settings say or Hypothesis thinks right, or, in
# `make test-deep`, which runs those that are marked `deep`, many more. No deadline: a machine that is busy is no defect.
# A failure prints how to repeat it. The usual run draws the same examples each time, so that it is green or red by the
# code alone; the deep one searches, unless AUDIT_SEED says what to draw, as it does in CI.
generated.register_profile("usual", deadline=None, print_blob=True, derandomize=True)
generated.register_profile(
    "deep", parent=generated.get_profile("usual"), max_examples=500, derandomize="AUDIT_SEED" in os.environ
)
generated.load_profile("usual")


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: Any, worker_id: str) -> Iterator[None]:
    """Copy the template database for this run and point Django at the copy."""
    template = database.ensure_template(URL)
    with database.run_copy(URL, template, worker_id) as name:
        settings.DATABASES["default"]["NAME"] = name
        connections["default"].settings_dict["NAME"] = name
        request.config.stash[DATABASE] = django_db_blocker
        yield
        del request.config.stash[DATABASE]
        connections.close_all()
    shutil.rmtree(settings.VAULT_ROOT, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Wait for the disk nowhere (the vault does for each object), as the database does not: no test cuts the power.

    The usual run draws no constants of the modules that the process happens to have loaded: they differ from worker to
    worker, and with them what is drawn; and Hypothesis parses every module for them.
    """
    os.fsync = _no_wait  # type: ignore[assignment]
    if config.getoption("--hypothesis-profile") != "deep":
        providers._get_local_constants = lambda: providers._local_constants


def _no_wait(_: object) -> None:
    """Take what was written for kept."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make test-deep` what is marked `deep(only=True)`: long, and shorter tests prove its steps in the usual run."""
    if is_deep():
        return
    left = [item for item in items if any(mark.kwargs.get("only") for mark in item.iter_markers("deep"))]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, as the product spares it all that it has at its start."""
    spare_collections()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the banks' keys before a test's transaction begins (`open_keys`)."""
    blocker = item.config.stash.get(DATABASE, None)
    if blocker is not None and {"bank_a", "bank_b"} & set(getattr(item, "fixturenames", ())):
        with blocker.unblock():
            open_keys()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Name the xdist worker, or `main`."""
    workerinput = getattr(request.config, "workerinput", {"workerid": "main"})
    return str(workerinput["workerid"])


def _put_back(_: TransactionTestCase) -> None:
    """Undo committed tests by the snapshot; a stock flush would empty the directory of banks."""
    enter(PUBLIC)
    if not connection.is_usable() or connection.in_atomic_block:
        connection.close()
    database.put_back(URL, str(settings.DATABASES["default"]["NAME"]))


TransactionTestCase._fixture_teardown = _put_back  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _start_at_no_bank() -> Iterator[None]:
    """Begin and end every test at the public schema, with nothing known of the banks."""
    directory.forget()
    yield
    enter(PUBLIC)


def _database(request: pytest.FixtureRequest) -> None:
    marker = request.node.get_closest_marker("django_db")
    committed = marker is not None and marker.kwargs.get("transaction", False)
    request.getfixturevalue("transactional_db" if committed else "db")


@pytest.fixture
def bank_a(request: pytest.FixtureRequest) -> Iterator[str]:
    """Work at bank A (连云港东方) for the test."""
    _database(request)
    with in_bank(database.BANK_A):
        yield database.BANK_A


@pytest.fixture
def bank_b(request: pytest.FixtureRequest) -> Iterator[str]:
    """Work at bank B (张家港) for the test; asked for after `bank_a`, bank B is the current one."""
    _database(request)
    with in_bank(database.BANK_B):
        yield database.BANK_B


@pytest.fixture
def run_steps() -> Callable[..., int]:
    """Run the current bank's due steps, and what follows from them, in the foreground; return how many were run."""
    from core.steps import engine
    from core.steps.registry import LANES

    def run(limit: int = 200) -> int:
        return engine.run_due(lanes=list(LANES), seconds=60.0, limit=limit)

    return run
