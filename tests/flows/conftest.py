"""Stories over REST: the reference client against the product in this process and the sandbox in another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from core.steps import engine
from core.steps.registry import LANES
from core.tenancy import in_bank
from scripts.phone import Phone
from tests.running_sandbox import Sandbox

PhoneMaker = Callable[..., Phone]


@pytest.fixture
def api(transactional_db: None, vendors: None) -> Iterator[httpx.Client]:
    """Reach the product as the web server does, in this process."""
    del transactional_db, vendors
    from config.wsgi import application

    transport = httpx.WSGITransport(app=application, raise_app_exceptions=False)
    with httpx.Client(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.fixture
def phone(api: httpx.Client, sandbox: Sandbox) -> PhoneMaker:
    """Give somebody a phone: `phone(bank, profile=…)`; while it waits, the bank's due steps run."""

    def make(bank: str = "125", person: dict[str, Any] | None = None, **traits: Any) -> Phone:
        region = {"125": "320700", "116": "320582"}[bank]
        someone = person or sandbox.person(**{"region": region, "age": 35, **traits})

        def wait(seconds: float) -> None:
            if seconds >= 1:
                time.sleep(
                    seconds
                )  # the reading time is the server's own clock: it cannot be shortened from here
            with in_bank(bank):
                engine.run_due(lanes=list(LANES), seconds=30)

        return Phone(api=api, vendors=sandbox.http, bank=bank, person=someone, wait=wait)

    return make
