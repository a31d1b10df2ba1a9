"""Somebody of the province looks at a bank: only by a grant, only reading, only for a while, every page in the log (PU-01)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from core.audit.models import AuditEntry
from core.clock import now
from core.errors import NotFound
from core.tenancy import in_bank
from tenants.models import SupportSession
from tenants.operations import SupportRefused, grant_support, revoke_support
from tenants.operations.staff import check_grant
from tenants.staff import SUPPORT, StaffRefused
from tests.tenants.conftest import Browser

pytestmark = pytest.mark.django_db
ADMIN = "/b/125/admin/"
CUSTOMERS = f"{ADMIN}accounts/customer/"
GIVEN = {"visitor": "省联社 8001", "hours": "2", "reason": "工单 17"}


@pytest.fixture
def visitor(browser: Browser) -> Client:
    """Have bank A's administrator grant a session by the page, and log in with what the page shows."""
    boss = browser("125")
    assert boss.post(f"{ADMIN}tenants/supportsession/add/", {**GIVEN, "hours": "9"}).status_code == 200
    shown = boss.post(f"{ADMIN}tenants/supportsession/add/", GIVEN)
    assert "no-store" in shown.headers["Cache-Control"]
    login, password = re.findall(r"<td[^>]*>\s*(?:<[^>]+>\s*)*([\w-]+)\s*<", shown.content.decode())[:2]
    client = Client()
    answer = client.post(f"{ADMIN}login/", {"username": login, "password": password})
    assert answer.status_code == 302, answer.content.decode()[:500]
    return client


def _session() -> SupportSession:
    with in_bank("125"):
        return SupportSession.objects.select_related("user").get()


def _is_out(client: Client) -> bool:
    answer = client.get(CUSTOMERS)
    return answer.status_code == 302 and "/login/" in answer["Location"]


def _pages() -> list[tuple[str, bool]]:
    with in_bank("125"):
        rows = AuditEntry.objects.filter(action="support.page", actor=_session().user.username).order_by("id")
        return [(row.detail["path"], row.detail["let_in"]) for row in rows]


class TestASession:
    def test_reads_and_every_page_is_logged_without_what_was_searched(self, visitor: Client) -> None:
        assert visitor.get(f"{CUSTOMERS}?q=13800000000").status_code == 200
        assert visitor.get(f"{ADMIN}verification/screeningalert/").status_code == 403
        assert visitor.get(f"{ADMIN}tenants/supportsession/add/").status_code == 403
        assert _pages() == [
            (CUSTOMERS, True), (f"{ADMIN}verification/screeningalert/", True),
            (f"{ADMIN}tenants/supportsession/add/", True),
        ]  # fmt: skip
        assert Client().get("/admin/").status_code == 302

    def test_that_is_revoked_sees_nothing_at_the_next_request(self, visitor: Client, browser: Browser) -> None:
        assert visitor.get(CUSTOMERS).status_code == 200
        boss = browser("125", login="other")
        address = f"{ADMIN}tenants/supportsession/{_session().pk}/revoke/"
        assert boss.post(address, {"reason": "已处理"}).status_code == 302
        assert _is_out(visitor)
        assert _session().revoked_by == "other"
        with in_bank("125"), pytest.raises(NotFound):
            revoke_support(session_id=_session().pk, reason="再次", actor="boss")

    def test_that_has_run_out_sees_nothing_and_the_attempt_is_logged(self, visitor: Client) -> None:
        with in_bank("125"):
            ago = now() - timedelta(hours=3)
            SupportSession.objects.update(granted_at=ago, until_at=ago + timedelta(hours=2))
        assert _is_out(visitor)
        assert _pages() == [(CUSTOMERS, False)]
        with in_bank("125"):
            assert not User.objects.get(pk=_session().user_id).is_active

    def test_is_granted_for_one_to_eight_hours(self, bank_a: str) -> None:
        for hours in (0, 9):
            with pytest.raises(SupportRefused) as caught:
                grant_support(visitor="省联社 8001", reason="工单", hours=hours, actor="boss")
            assert caught.value.code == "support_refused"

    def test_gets_no_other_role_and_nobody_else_gets_its_role(self, bank_a: str) -> None:
        grant_support(visitor="省联社 8001", reason="工单", hours=1, actor="boss")
        User.objects.create(username="lin", is_staff=True)
        for login, role in ((_session().user.username, "风险"), ("lin", SUPPORT)):
            with transaction.atomic(), pytest.raises(StaffRefused):
                check_grant(login=login, role=role)
