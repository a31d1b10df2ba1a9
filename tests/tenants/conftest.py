"""Staff at their browsers: logins at banks and at the province, as the tests of this room share them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core.approvals.models import PROPOSED, Proposal
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.staff import MANAGER, make_login
from tests.second_person import approve

PASSWORD = "Sample-Pass-2026"
Browser = Callable[..., Client]


def admin_of(bank: str) -> str:
    """Return where a bank's (or the province's) admin is."""
    return "/admin/" if bank == PROVINCE_CODE else f"/b/{bank}/admin/"


def log_in(client: Client, bank: str, login: str) -> None:
    """Log in by the form, as a browser does."""
    address = f"{admin_of(bank)}login/"
    page = client.get(address)
    token = page.cookies["csrftoken"].value
    answer = client.post(
        address,
        {"username": login, "password": PASSWORD, "csrfmiddlewaretoken": token},
        headers={"Origin": "http://testserver"},
    )
    assert answer.status_code == 302, answer.content.decode()[:2000]


def approve_all(bank: str, *, actor: str = "checker") -> int:
    """Approve what waits for a second person at a place, as somebody who has proposed none of it; return how many."""
    with in_bank(bank):
        waiting = list(Proposal.objects.filter(status=PROPOSED).order_by("pk"))
        for proposal in waiting:
            approve(proposal_id=proposal.pk, actor=actor, reason="同意")
    return len(waiting)


@pytest.fixture
def browser(db: None) -> Browser:
    """Give somebody a login and a browser that is logged in: `browser(bank, role=…, is_superuser=…)`.

    The session is there already; with `by_form` it comes of the login's form.
    """
    del db

    def open_browser(
        bank: str = "125",
        *,
        role: str = MANAGER,
        is_superuser: bool = False,
        login: str = "staff",
        by_form: bool = False,
    ) -> Client:
        client = Client(enforce_csrf_checks=False)
        with in_bank(bank):
            make_login(login=login, role=role, password=PASSWORD, is_superuser=is_superuser)
            if not by_form:
                client.force_login(User.objects.get(username=login))
        if by_form:
            log_in(client, bank, login)
        return client

    return open_browser


@pytest.fixture
def boss(browser: Browser) -> Client:
    """Give bank A's superuser at a browser."""
    return browser("125", is_superuser=True, login="boss")


@pytest.fixture
def province_boss(browser: Browser) -> Client:
    """Give the province's superuser at a browser."""
    return browser(PROVINCE_CODE, is_superuser=True, login="boss")
