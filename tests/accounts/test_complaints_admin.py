"""Complaints before the bank's staff: who sees which, what each may do, and what a list never shows."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Complaint
from accounts.operations import complaints
from accounts.operations.complaints import Grievance
from core.approvals.models import Proposal
from core.audit.models import AuditEntry
from core.clock import business_date
from tests.accounts.holders import make_account, make_customer
from tests.accounts.test_life_admin import ADMIN, Staff
from tests.accounts.test_looking import two
from tests.tenants.conftest import Browser, browser

__all__ = ["browser", "two"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
SAID = "经办员索要好处费"


def file(customer_id: uuid.UUID | None = None, category: str = "other", **more: Any) -> Complaint:
    grievance = Grievance(category=category, said=SAID, **more)
    return complaints.file_complaint(customer_id=customer_id or make_customer(), grievance=grievance)


def overdue(row: Complaint, days: int) -> None:
    Complaint.objects.filter(pk=row.pk).update(due_date=business_date() - timedelta(days=days))


class TestTheList:
    def test_has_what_is_late_on_top_and_no_word_of_it(self) -> None:
        closed, fine, late, later = file(), file(), file(), file()
        complaints.answer_complaint(complaint_id=closed.pk, said="x", actor="kefu")
        overdue(late, 2)
        overdue(later, 9)
        staff = Staff("客服")
        assert "剩余 15 天" in staff.get(f"complaint/{fine.pk}/change/")
        page = staff.get("complaint/")
        places = [page.index(row.pk.hex) for row in (later, late, fine, closed)]
        assert places == sorted(places)
        assert ("逾期 9 天" in page, "逾期 2 天" in page, "剩余 15 天" in page, SAID in page) == (
            True,
            True,
            True,
            False,
        )
        only_late = staff.get("complaint/?clock=overdue")
        assert (late.pk.hex in only_late, fine.pk.hex in only_late) == (True, False)

    def test_customer_managers_see_their_own_customers_and_nothing_about_staff(
        self, two: tuple[uuid.UUID, uuid.UUID], browser: Browser
    ) -> None:
        own, foreign, about_staff = file(two[0]), file(two[1]), file(two[0], "staff")
        overdue(foreign, 2)
        client = browser(role="客户经理", login="12500001")
        page = client.get(f"{ADMIN}/complaint/").content.decode()
        assert [row.pk.hex in page for row in (own, foreign, about_staff)] == [True, False, False]
        assert SAID in client.get(f"{ADMIN}/complaint/{own.pk}/change/").content.decode()
        customer = client.get(f"{ADMIN}/customer/{two[0]}/change/").content.decode()
        assert (str(own.pk) in customer, str(about_staff.pk) in customer) == (True, False)
        for hidden in (foreign, about_staff):
            assert client.get(f"{ADMIN}/complaint/{hidden.pk}/change/").status_code == 302
        assert client.post(f"{ADMIN}/complaint/{own.pk}/answer/", {"said": "x"}).status_code == 403
        assert Complaint.objects.filter(status="received").count() == 3


class TestActs:
    def test_answer_note_and_close(self) -> None:
        row, staff = file(), Staff("客服")
        path = f"complaint/{row.pk}"
        assert staff.act(f"{path}/note/", said="已致电网点") == 302
        assert staff.act(f"{path}/answer/", said="已处理该员工") == 302
        assert staff.act(f"{path}/answer/", said="x") == 403
        assert "起方可办结" in staff.told(f"{path}/close/", said="客户满意")
        page = staff.get(f"{path}/change/")
        assert [word for word in (SAID, "已致电网点", "已处理该员工", "内部备注", "已答复") if word not in page] == []
        Complaint.objects.filter(pk=row.pk).update(answered_date=business_date() - timedelta(days=5))
        assert Staff("运营").act(f"{path}/close/", said="客户满意") == 302
        assert Complaint.objects.get().status == "closed"
        acts = AuditEntry.objects.filter(subject=row.pk.hex, actor=staff.login).order_by("pk")
        assert list(acts.values_list("action", flat=True)) == ["complaint.noted", "complaint.answered"]

    def test_extend_by_one_and_once_more_by_two(self) -> None:
        row, maker, checker = file(), Staff("运营"), Staff("合规")
        path = f"complaint/{row.pk}/extend/"
        until = [business_date() + timedelta(days=days) for days in (30, 60)]
        assert f"{until[0]} 前" in maker.get(path)
        assert "必填" in maker.told(path, said="")
        assert maker.act(path, said="需核实") == 302
        assert f"{until[1]} 前" in maker.get(path)
        assert maker.act(path, said="等待鉴定") == 302
        assert Complaint.objects.get().extensions == 1, "it waits for the second person"
        proposal = Proposal.objects.get()
        assert maker.act(f"core/proposal/{proposal.pk}/approve/", reason="x") == 403
        assert checker.act(f"core/proposal/{proposal.pk}/approve/", reason="同意") == 302
        row.refresh_from_db()
        assert (row.extensions, row.due_date) == (2, until[1])
        assert maker.act(path, said="x") == 403

    def test_a_recheck_of_what_was_rejected(self) -> None:
        account = make_account(status="rejected")
        row = file(account.customer_id, "account_opening", subject_kind="account", subject_id=account.pk)
        staff, path = Staff("客服"), f"complaint/{row.pk}"
        assert "Ⅱ类户" in staff.get(f"{path}/change/")
        assert staff.act(f"{path}/record_recheck/", result="overturned", said="请重新办理") == 302
        assert "复核后更正" in staff.get(f"{path}/change/")
        assert staff.act(f"complaint/{file().pk}/record_recheck/", result="upheld", said="x") == 403

    def test_what_came_by_phone_is_recorded(self) -> None:
        customer, staff = make_customer(), Staff("客服")
        led = staff.client.get(f"{ADMIN}/customer/{customer}/complain/")
        assert led["Location"] == f"{ADMIN}/complaint/add/?customer={customer.hex}"
        assert customer.hex in staff.get(f"complaint/add/?customer={customer.hex}")
        form = {"customer": str(customer), "channel": "phone", "category": "collection", "said": "催收时间过晚"}
        assert staff.act("complaint/add/", **form) == 302
        row = Complaint.objects.get()
        assert (row.customer_id, row.channel, row.recorded_by) == (customer, "phone", staff.login)
        assert f"complaint/{row.pk}/change/" in staff.get(f"customer/{customer}/change/")
        for wrong, told in (
            ({"customer": "12"}, "编号须为 32 位"), ({"customer": uuid.uuid4().hex}, "未找到相关信息"),
            ({"subject_kind": "loan"}, "须同时填写"),
            ({"subject_kind": "loan", "subject_id": uuid.uuid4().hex}, "未找到相关信息"),
            ({"channel": "mini_program"}, "mini_program"),
        ):  # fmt: skip
            assert told in staff.told("complaint/add/", **{**form, **wrong})
        assert Complaint.objects.count() == 1

    @pytest.mark.parametrize("role", ["审计", "合规"])
    def test_who_only_reads_is_offered_no_act(self, role: str) -> None:
        row, staff = file(), Staff(role)
        assert SAID in staff.get(f"complaint/{row.pk}/change/")
        for act in ("answer", "extend", "note", "close", "record_recheck"):
            assert staff.act(f"complaint/{row.pk}/{act}/", said="x") == 403
        assert staff.act("complaint/add/", said="x") == 403

    @pytest.mark.parametrize("role", ["会计", "催收", "风险"])
    def test_others_see_nothing(self, role: str) -> None:
        row, staff = file(), Staff(role)
        assert staff.client.get(f"{ADMIN}/complaint/").status_code == 403
        assert staff.client.get(f"{ADMIN}/complaint/{row.pk}/change/").status_code == 403
        if role == "催收":
            assert str(row.pk) not in staff.get(f"customer/{row.customer_id}/change/")


class TestDashboard:
    def _shown(self, client: Client) -> str:
        return client.get("/b/125/admin/").content.decode()

    def test_tells_what_is_owed_what_is_late_and_the_figures(self) -> None:
        overdue(file(), 1)
        file()
        staff = Staff("客服")
        page = self._shown(staff.client)
        assert [word for word in ("待答复投诉", "逾期 1 件", "figures/complaints/") if word not in page] == []
        answer = staff.client.get("/b/125/admin/figures/complaints.csv")
        assert (answer.status_code, "每万名客户投诉" in answer.content.decode()) == (200, True)
        assert AuditEntry.objects.get(action="figures.downloaded").subject == "complaints"

    def test_tells_customer_managers_no_sum(self) -> None:
        overdue(file(), 1)
        client = Staff("客户经理").client
        assert "待答复投诉" not in self._shown(client)
        assert client.get("/b/125/admin/figures/complaints/").status_code == 403
