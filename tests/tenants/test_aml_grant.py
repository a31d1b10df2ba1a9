"""Who is named to read AML cases may do so until the grant's end, and not a moment longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from core.approvals.models import Proposal
from core.approvals.operations import propose
from core.audit.models import AuditEntry
from core.clock import business_date, now
from core.tenancy import in_bank
from tenants.approvals import GRANT_ROLE
from tenants.models import StaffAccess
from tenants.operations.staff import check_grant, revoke_role
from tenants.parameters import set_for_bank
from tenants.staff import AML_READER, MANAGER, StaffRefused, make_login
from tests.second_person import approve
from tests.tenants.conftest import PASSWORD, Browser

pytestmark = pytest.mark.django_db
ADMIN = "/b/125/admin/"
CASES = f"{ADMIN}verification/screeningalert/"
RIGHT = "verification.view_screeningalert"


@pytest.fixture
def auditor(browser: Browser) -> Client:
    """Give the auditor of bank A at a browser."""
    return browser(role="审计", login="shen")


def _grant(days: int) -> None:
    with in_bank("125"):
        given = propose(
            kind=GRANT_ROLE, subject="shen", values={"role": AML_READER, "days": days}, reason="专项审计", actor="admin"
        )
        approve(proposal_id=given.pk, actor="hegui")


def _let_it_end() -> None:
    with in_bank("125"):
        StaffAccess.objects.filter(user__username="shen").update(aml_until_at=now() - timedelta(seconds=1))


def _may() -> bool:
    with in_bank("125"):
        return User.objects.get(username="shen").has_perm(RIGHT)


class TestTheGrant:
    def test_opens_the_cases_until_its_end_and_refuses_them_after_it(self, auditor: Client) -> None:
        assert auditor.get(CASES).status_code == 403
        _grant(30)
        assert (auditor.get(CASES).status_code, _may()) == (200, True)
        with in_bank("125"):
            until_at = StaffAccess.objects.get(user__username="shen").aml_until_at
            assert until_at is not None
            assert timedelta(days=29, hours=23) < until_at - now() <= timedelta(days=30)
            trace = AuditEntry.objects.get(action="staff.role_granted")
            assert str(trace.detail["until"])[:10] == f"{until_at.astimezone(now().tzinfo):%Y-%m-%d}"
        _let_it_end()
        assert (auditor.get(CASES).status_code, _may()) == (403, False)
        assert auditor.get(f"{ADMIN}accounts/customer/").status_code == 200  # the auditor's own role goes on

    def test_is_given_again_after_its_end_and_not_before(self, auditor: Client) -> None:
        _grant(7)
        with pytest.raises(StaffRefused, match="已有"):
            _grant(7)
        _let_it_end()
        _grant(7)
        assert auditor.get(CASES).status_code == 200

    def test_ends_at_once_where_it_is_taken_away(self, auditor: Client) -> None:
        _grant(7)
        with in_bank("125"):
            revoke_role(login="shen", role=AML_READER, reason="审计结束", actor="admin")
            assert StaffAccess.objects.get(user__username="shen").aml_until_at is None
        assert (auditor.get(CASES).status_code, _may()) == (403, False)

    @pytest.mark.parametrize("days", [None, 0, -1, 31])
    def test_names_its_days_and_not_too_many(self, bank_a: str, days: int | None) -> None:
        make_login(login="shen", role="审计", password=PASSWORD)
        with pytest.raises(StaffRefused, match="1 至 30 天"):
            check_grant.__wrapped__(login="shen", role=AML_READER, days=days)  # type: ignore[attr-defined]

    def test_is_as_short_as_the_bank_says_also_where_it_was_proposed_before(self, bank_a: str) -> None:
        make_login(login="shen", role="审计", password=PASSWORD)
        waiting = propose(
            kind=GRANT_ROLE, subject="shen", values={"role": AML_READER, "days": 30}, reason="x", actor="admin"
        )
        with transaction.atomic():
            set_for_bank(name="staff.aml_grant_days", value=10, effective_date=business_date(), actor="test")
        with pytest.raises(StaffRefused, match="1 至 10 天"):
            approve(proposal_id=waiting.pk, actor="hegui")
        assert Proposal.objects.get().status == "proposed"
        make_login(login="wu", role=AML_READER, password=PASSWORD)
        until_at = StaffAccess.objects.get(user__username="wu").aml_until_at
        assert until_at is not None
        assert timedelta(days=9) < until_at - now() <= timedelta(days=10)

    def test_without_an_end_gives_nothing(self, bank_a: str) -> None:
        make_login(login="shen", role=AML_READER, password=PASSWORD)
        StaffAccess.objects.all().update(aml_until_at=None)
        assert not User.objects.get(username="shen").has_perm(RIGHT)

    def test_no_other_role_has_days(self, bank_a: str) -> None:
        make_login(login="shen", role="审计", password=PASSWORD)
        with pytest.raises(StaffRefused, match="没有有效期"):
            propose(kind=GRANT_ROLE, subject="shen", values={"role": "客服", "days": 3}, reason="x", actor="admin")


def test_the_page_asks_for_the_days_and_tells_the_end(browser: Browser, auditor: Client) -> None:
    del auditor
    manager = browser(role=MANAGER, login="admin")
    with in_bank("125"):
        page = f"{ADMIN}auth/user/{User.objects.get(username='shen').pk}/"
    assert "1 至 30 天" in manager.get(f"{page}grant/").content.decode()
    given = {"role": AML_READER, "reason": "专项审计"}
    assert "请填写" in manager.post(f"{page}grant/", given).content.decode()
    assert manager.post(f"{page}grant/", {**given, "days": "14"}).status_code == 302
    compliance = browser(role="合规", login="hegui")
    with in_bank("125"):
        proposal = Proposal.objects.get()
    shown = f"{ADMIN}core/proposal/{proposal.pk}/"
    assert "自复核通过起 14 天" in compliance.get(f"{shown}change/").content.decode()
    assert compliance.post(f"{shown}approve/", {"reason": "同意"}).status_code == 302
    assert f"{AML_READER}（至 {now() + timedelta(days=14):%Y-%m-%d}" in manager.get(f"{page}change/").content.decode()
    _let_it_end()
    assert f"{AML_READER}（已到期）" in manager.get(f"{page}change/").content.decode()
    assert AML_READER in manager.get(f"{page}grant/").content.decode()
