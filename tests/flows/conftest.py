"""Stories over REST: the reference client against the product in this process and the sandbox in another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from scripts.phone import Phone
from tests.over_rest import REGIONS, read_for, run_steps, set_parameter
from tests.running_sandbox import Sandbox

__all__ = ["PhoneMaker", "api", "phone", "registered", "set_parameter", "vendors_asked"]
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
        someone = person or sandbox.person(**{"region": REGIONS[bank], "age": 35, **traits})

        def wait(seconds: float) -> None:
            read_for(seconds, bank)
            run_steps(bank)

        return Phone(api=api, vendors=sandbox.http, bank=bank, person=someone, wait=wait)

    return make


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
