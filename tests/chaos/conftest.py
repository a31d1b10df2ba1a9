"""What chaos needs: customers over REST in this process, workers and a sweeper in others, one sandbox for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings

from core.clock import business_date
from core.gateway import forget_breakers
from core.steps import engine
from core.steps.registry import LANES
from core.tenancy import in_bank
from scripts.phone import Phone
from tenants.parameters import set_for_bank
from tests import conftest as everywhere
from tests.chaos.processes import Processes, nursery, own_redis_database
from tests.running_sandbox import Sandbox

BANK = "125"
LEASE_SECONDS = 2
Customer = Callable[..., Phone]


def set_parameter(bank: str, name: str, value: int | str | bool) -> None:
    """Set a bank's parameter from today on."""
    with in_bank(bank), transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=business_date(), actor="test")


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a module's tests commit, each with customers of its own; the database is put back when all have ended."""
    with django_db_blocker.unblock():
        yield
        everywhere._put_back(None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def doors(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """Point the product in this process at the sandbox, and shorten the leases of the steps that it queues."""
    url = running_sandbox.url
    with override_settings(
        SANDBOX_URL=url, WECHAT_URL=f"{url}/wechat", SMS_URL=f"{url}/sms/v1", TENCENT_ENDPOINT=url,
        GATEWAY_URL=f"{url}/gateway/v1", GATEWAY_KEY="sandbox-gateway-key", TSA_URL=f"{url}/tsa",
        STEP_LEASE_SECONDS=LEASE_SECONDS,
    ):  # fmt: skip
        forget_breakers()
        running_sandbox.json("DELETE", "/sandbox/calls")
        yield running_sandbox
        running_sandbox.json("POST", "/sandbox/faults")
    forget_breakers()


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
        }
        with nursery(environment, tmp_path_factory.mktemp("processes")) as children:
            yield children


@pytest.fixture
def workers(processes: Processes, committed: None) -> Iterator[Processes]:
    """Give the processes to one test, with a sweeper at work, and end them all after it."""
    processes.spawn("sweeper")
    yield processes
    processes.kill_all()


@pytest.fixture(scope="module")
def api(committed: None, doors: Sandbox) -> Iterator[httpx.Client]:
    """Reach the product as the web server does, in this process."""
    from config.wsgi import application

    transport = httpx.WSGITransport(app=application, raise_app_exceptions=False)
    with httpx.Client(transport=transport, base_url="http://testserver") as client:
        yield client


def run_steps(bank: str) -> None:
    """Run what is due at a bank in this process."""
    with in_bank(bank):
        engine.run_due(lanes=list(LANES), seconds=30)


@pytest.fixture(scope="module")
def customer(api: httpx.Client, doors: Sandbox) -> Customer:
    """Make customers whose phones run the bank's steps in this process while they wait: set-up, not what is tested."""
    set_parameter(BANK, "id_card.provider", "tencent")  # reading real pixels is another test's matter

    def make(**traits: Any) -> Phone:
        person = doors.person(**{"region": "320700", "age": 35, **traits})
        return Phone(api=api, vendors=doors.http, bank=BANK, person=person, wait=lambda _: run_steps(BANK))

    return make
