"""What chaos needs beside customers: workers and a sweeper in processes of their own, to be killed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.chaos.processes import Processes, nursery, own_redis_database
from tests.over_rest import LEASE_SECONDS, api, committed, customer, doors
from tests.running_sandbox import Sandbox

__all__ = ["api", "committed", "customer", "doors"]


@pytest.fixture(scope="session")
def processes(
    django_db_setup: None, running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """Give a nursery of processes at this run's own database, broker and sandbox."""
    url, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    with own_redis_database(settings.REDIS_URL) as broker:
        environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"{url}/{settings.DATABASES['default']['NAME']}",
            "DATABASE_LOGIN": "web",
            "DATABASE_POOL": "6",
            "REDIS_URL": broker,
            "SANDBOX_URL": running_sandbox.url,
            "MASTER_KEY_FILE": str(settings.MASTER_KEY_FILE),
            "VAULT_ROOT": str(settings.VAULT_ROOT),
            "STEP_LEASE_SECONDS": str(LEASE_SECONDS),
            "BELL_PREFIX": f"chaos-{os.getpid()}",
            "LOG_LEVEL": "30",
            "CELERY_SKIP_CHECKS": "1",  # Django's checks of the code are not what dies here, and take half of a worker's start
        }
        with nursery(environment, tmp_path_factory.mktemp("processes")) as children:
            yield children


@pytest.fixture
def workers(processes: Processes, committed: None) -> Iterator[Processes]:
    """Give the processes to one test, with a sweeper at work, and end them all after it."""
    processes.spawn("sweeper")
    yield processes
    processes.kill_all()
