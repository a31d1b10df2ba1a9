"""Stories over REST: the reference client against the product in this process and the sandbox in another.

A module's stories begin where its first chapter ends, such as a customer who is registered. The chapter is told once, in a
transaction around the whole module; each story goes on from there in a transaction of its own inside it, and is undone.
The product takes both for none, as it takes those of Django's test cases (`core.operations.in_transaction`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction

from core.gateway import forget_breakers
from core.tenancy import PUBLIC, enter
from scripts.phone import Phone
from tenants import directory
from tests.over_rest import REGIONS, doors, read_for, run_steps, set_parameter
from tests.running_sandbox import Sandbox
from tests.undone import open_keys

__all__ = ["PhoneMaker", "api", "chapter", "doors", "phone", "registered", "set_parameter", "someone", "vendors_asked"]
PhoneMaker = Callable[..., Phone]


@contextmanager
def chapter() -> Iterator[None]:
    """Tell a part of a story that several tests go on from, and undo it when the last of them has ended."""
    enter(PUBLIC)
    directory.forget()
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]  # as Django's own test cases say it
    with whole:
        try:
            yield
        finally:
            enter(PUBLIC)  # the place that the savepoint brings back
            transaction.set_rollback(True)


@contextmanager
def _one_connection() -> Iterator[None]:
    """Let requests leave the connection open, in whose transaction they work; Django's test client does so too."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def api(django_db_setup: None, django_db_blocker: Any, doors: Sandbox) -> Iterator[httpx.Client]:
    """Reach the product as the web server does, in this process; what a module does there is undone at its end."""
    from config.wsgi import application

    transport = httpx.WSGITransport(app=application, raise_app_exceptions=False)
    with django_db_blocker.unblock():
        open_keys()
        with _one_connection(), chapter(), httpx.Client(transport=transport, base_url="http://testserver") as client:
            yield client


@pytest.fixture(autouse=True)
def _sound_vendors(sandbox: Sandbox) -> None:
    """Let every story begin with healthy vendors, an empty call log and gateways that know of no failure."""
    forget_breakers()


@pytest.fixture(scope="module")
def phone(api: httpx.Client, doors: Sandbox) -> PhoneMaker:
    """Give somebody a phone: `phone(bank, profile=…)`; while it waits, the bank's due steps run."""

    def make(bank: str = "125", person: dict[str, Any] | None = None, **traits: Any) -> Phone:
        someone = person or doors.person(**{"region": REGIONS[bank], "age": 35, **traits})

        def wait(seconds: float) -> None:
            read_for(seconds, bank)
            run_steps(bank)

        return Phone(api=api, vendors=doors.http, bank=bank, person=someone, wait=wait)

    return make


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def first_chapter(registered: PhoneMaker) -> Phone:
    """Register one good customer of bank A, once for a module; `someone` is that the customer to each story."""
    return registered()


@pytest.fixture
def someone(first_chapter: Phone) -> Phone:
    """Give the phone of the module's registered customer, for one story to change as it likes."""
    return replace(first_chapter)


def vendors_asked(sandbox: Sandbox) -> list[str]:
    """Return whom the product has called, text messages left out, each once and in the order of the first call."""
    return list(dict.fromkeys(call["vendor"] for call in sandbox.calls() if call["vendor"] != "sms"))
