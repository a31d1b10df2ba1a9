"""Customers over REST in this process, committed for a whole module: for tests whose set-up is a long story.

Unlike a test's own transaction, what these customers do stays until the module has ended, so each test takes a customer (or a
business) of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import override_settings

from core.clock import business_date
from core.gateway import forget_breakers
from core.steps import engine
from core.steps.models import LIVE, Step
from core.steps.registry import LANES
from core.tenancy import in_bank
from lending.models import Disclosure
from scripts.phone import Phone
from tenants.parameters import set_for_bank
from tests import conftest as everywhere
from tests.running_sandbox import Sandbox

__all__ = ["BANK", "OTHER_BANK", "Customer", "api", "committed", "customer", "doors", "run_steps", "set_parameter"]
BANK = "125"
OTHER_BANK = "116"
REGIONS = {BANK: "320700", OTHER_BANK: "320582"}
SOON = timedelta(seconds=5)
LEASE_SECONDS = 20  # longer than any attempt takes on a busy machine; who kills a worker shortens what it held
Customer = Callable[..., Phone]


def set_parameter(bank: str, name: str, value: int | str) -> None:
    """Set a bank's parameter from today on."""
    with in_bank(bank), transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=business_date(), actor="test")


def read_for(seconds: float, bank: str) -> None:
    """Let a reading time have passed without waiting for it: what was shown at the bank was shown earlier."""
    if seconds >= 1:
        with in_bank(bank):
            Disclosure.objects.filter(confirmed_at=None).update(shown_at=F("shown_at") - timedelta(seconds=seconds))


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a module's tests commit, each with customers of its own; the database is put back when all have ended."""
    with django_db_blocker.unblock():
        yield
        everywhere._put_back(None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def doors(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """Point the product in this process at the sandbox, and bound the leases of the steps that it queues."""
    from tenants.operations import wechat

    url = running_sandbox.url
    wechat._mini_program.cache_clear()  # a kept access token may be of before a test moved the vendor's clock
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


@pytest.fixture(scope="module")
def api(committed: None, doors: Sandbox) -> Iterator[httpx.Client]:
    """Reach the product as the web server does, in this process."""
    from config.wsgi import application

    transport = httpx.WSGITransport(app=application, raise_app_exceptions=False)
    with httpx.Client(transport=transport, base_url="http://testserver") as client:
        yield client


def run_steps(bank: str) -> None:
    """Run what is due at a bank in this process; where nothing is, let the seconds pass until something is tried again."""
    with in_bank(bank):
        if not engine.run_due(lanes=list(LANES), seconds=30):
            postponed = Step.objects.filter(state=LIVE, lease_until=None, attempt__gt=0)
            postponed.filter(run_at__gt=Now(), run_at__lt=Now() + SOON).update(run_at=Now())


@pytest.fixture(scope="module")
def customer(api: httpx.Client, doors: Sandbox) -> Customer:
    """Make customers whose phones run the bank's steps in this process while they wait: set-up, not what is tested."""
    for bank in REGIONS:
        set_parameter(bank, "id_card.provider", "tencent")  # reading real pixels is another test's matter

    def make(bank: str = BANK, **traits: Any) -> Phone:
        person = doors.person(**{"region": REGIONS[bank], "age": 35, **traits})

        def wait(seconds: float) -> None:
            read_for(seconds, bank)
            run_steps(bank)

        return Phone(api=api, vendors=doors.http, bank=bank, person=person, wait=wait)

    return make
