"""Stories over REST: the reference client against the product in this process and the sandbox in another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction
from django.db.models import F

from core.clock import business_date
from core.steps import engine
from core.steps.registry import LANES
from core.tenancy import in_bank
from lending.models import Disclosure
from scripts.phone import Phone
from tenants.parameters import set_for_bank
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
            with in_bank(bank):
                if seconds >= 1:  # reading time: instead of sleeping, what was shown was shown earlier
                    Disclosure.objects.filter(confirmed_at=None).update(
                        shown_at=F("shown_at") - timedelta(seconds=seconds)
                    )
                engine.run_due(lanes=list(LANES), seconds=30)

        return Phone(api=api, vendors=sandbox.http, bank=bank, person=someone, wait=wait)

    return make


def set_parameter(bank: str, name: str, value: str | int) -> None:
    """Set one of a bank's parameters from the present business date on."""
    with in_bank(bank), transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=business_date(), actor="test")


@pytest.fixture
def registered(phone: PhoneMaker) -> PhoneMaker:
    """Give a phone whose person is registered at the bank: `registered(bank, profile=…)`.

    The bank has chosen Tencent's reader for ID cards, whose answer comes at once; the stories of registration use the
    local engine.
    """

    def make(bank: str = "125", **traits: Any) -> Phone:
        set_parameter(bank, "id_card.provider", "tencent")
        someone = phone(bank, **traits)
        someone.log_in()
        someone.consent("privacy", "face")
        someone.register()
        return someone

    return make


def vendors_asked(sandbox: Sandbox) -> list[str]:
    """Return whom the product has called, text messages left out, each once and in the order of the first call."""
    return list(dict.fromkeys(call["vendor"] for call in sandbox.calls() if call["vendor"] != "sms"))
