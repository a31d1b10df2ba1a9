"""Who sees a customer, and who looked: customer managers see their own, and a look at the clear values leaves its reason."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Customer
from accounts.operations.lookup import look_at_customer
from core.audit.models import AuditEntry
from core.errors import NotFound
from core.ids import new_id
from core.tenancy import in_bank
from tenants.models import Entry, Scan
from tests.accounts.holders import make_customer
from tests.tenants.conftest import Browser, browser
from verification.queries import identity, phone_of

__all__ = ["browser"]
pytestmark = pytest.mark.django_db
ADMIN = "/b/125/admin/"
WHY = {"reason": "处理投诉和异议", "note": "工单 2026-17"}


@pytest.fixture
def two(bank_a: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Make two customers, whom the codes of two customer managers brought: 12500001 and 12500002."""
    made = []
    for staff in ("12500001", "12500002"):
        entry = Entry.objects.create(scene=f"125-{staff}", staff=staff)
        customer = make_customer()
        Customer.objects.filter(pk=customer).update(first_scan_id=Scan.objects.create(entry=entry).pk)
        made.append(customer)
    return made[0], made[1]


def _page(customer: uuid.UUID) -> str:
    return f"{ADMIN}accounts/customer/{customer}/"


class TestCustomerManagers:
    def test_see_the_customers_whom_their_codes_brought_and_no_others(
        self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser
    ) -> None:
        own, foreign = two
        client = browser(role="客户经理", login="12500001")
        page = client.get(f"{ADMIN}accounts/customer/").content.decode()
        assert (str(own) in page, str(foreign) in page) == (True, False)
        assert client.get(f"{_page(own)}change/").status_code == 200
        away = client.get(f"{_page(foreign)}change/")
        assert (away.status_code, away["Location"]) == (302, ADMIN)
        assert client.post(f"{_page(foreign)}look/", WHY).status_code == 403
        assert client.post(f"{ADMIN}accounts/customer/find/", {"id_number": "320706199001010001"}).status_code == 403

    def test_see_who_came_to_them_last_too(self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser) -> None:
        own, foreign = two
        Customer.objects.filter(pk=foreign).update(last_scan_id=Customer.objects.get(pk=own).first_scan_id)
        client = browser(role="客户经理", login="12500001")
        assert client.get(f"{_page(foreign)}change/").status_code == 200

    def test_with_a_second_role_that_sees_all_see_all(self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser) -> None:
        browser(role="客户经理", login="12500001")
        client = browser(role="客服", login="12500001")
        assert all(client.get(f"{_page(customer)}change/").status_code == 200 for customer in two)


class TestLooking:
    def _clear(self, customer: uuid.UUID) -> list[str]:
        known, phone = identity(customer), phone_of(customer)
        assert known is not None
        assert phone is not None
        return [known.name, known.id_number, known.address, phone]

    def _look(self, client: Client, customer: uuid.UUID, **given: Any) -> str:
        answer = client.post(f"{_page(customer)}look/", {**WHY, **given})
        assert answer.status_code == 200
        return answer.content.decode()

    def test_shows_the_values_once_and_keeps_who_when_and_why(
        self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser
    ) -> None:
        customer = two[0]
        client = browser(role="合规", login="hegui")
        values = self._clear(customer)
        for path in ("change/", "look/"):
            assert [value for value in values if value in client.get(f"{_page(customer)}{path}").content.decode()] == []
        assert not AuditEntry.objects.filter(action="customer.looked_at").exists()
        answer = client.post(f"{_page(customer)}look/", WHY)
        assert [value for value in values if value not in answer.content.decode()] == []
        assert "no-store" in answer["Cache-Control"]
        trace = AuditEntry.objects.get(action="customer.looked_at")
        assert (trace.actor, trace.subject, trace.detail) == ("hegui", customer.hex, WHY)

    @pytest.mark.parametrize("missing", ["reason", "note"])
    def test_needs_a_reason(self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser, missing: str) -> None:
        page = self._look(browser(role="合规", login="hegui"), two[0], **{missing: ""})
        assert [value for value in self._clear(two[0]) if value in page] == []
        assert not AuditEntry.objects.filter(action="customer.looked_at").exists()

    @pytest.mark.parametrize("role", ["审计", "风险", "管理员", "客服"])
    def test_is_not_offered_without_the_right(
        self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser, role: str
    ) -> None:
        client = browser(role=role)
        assert "look/" not in client.get(f"{_page(two[0])}change/").content.decode()
        assert client.post(f"{_page(two[0])}look/", WHY).status_code == 403
        assert not AuditEntry.objects.filter(action="customer.looked_at").exists()

    def test_is_read_by_compliance_and_audit_by_customer_and_by_staff(
        self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser
    ) -> None:
        first, second = two
        for customer, actor in ((first, "lin"), (second, "wang")):
            look_at_customer(customer_id=customer, reason="核实客户身份", note=f"{actor}的工单", actor=actor)
        auditor, address = browser(role="审计", login="shenji"), f"{ADMIN}accounts/customer/looks/"
        whole = auditor.get(address).content.decode()
        assert [text for text in ("lin的工单", "wang的工单", "核实客户身份", first.hex) if text not in whole] == []
        for query in ({"customer": str(first)}, {"customer": first.hex}, {"staff": "lin"}):
            page = auditor.get(address, query).content.decode()
            assert ("lin的工单" in page, "wang的工单" in page) == (True, False), query
        assert browser(role="客服", login="kefu").get(address).status_code == 403

    def test_at_nobody_is_refused(self, bank_a: str) -> None:
        with pytest.raises(NotFound):
            look_at_customer(customer_id=new_id(), reason="x", note="x", actor="lin")
        with in_bank("125"), transaction.atomic():
            unknown = Customer.objects.create(openid="o", openid_index=b"x" * 32)
        with pytest.raises(NotFound):
            look_at_customer(customer_id=unknown.pk, reason="x", note="x", actor="lin")
