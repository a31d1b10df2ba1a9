"""What a bank's staff see and do: products, applications, lines, registers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from core.approvals.models import PROPOSED, Proposal
from core.clock import business_date
from core.tenancy import in_bank
from lending import queries
from lending.models import (
    Application,
    CreditLine,
    Decision,
    Invitation,
    Product,
    ProductVersion,
    RelatedParty,
    ReviewCase,
)
from lending.models.decision import FULL
from lending.operations import accept_offer
from tests.lending.applicants import Outside, make_customer
from tests.made_once import made_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
Decided = Callable[..., Application]
ADMIN = "/b/125/admin/lending"
NUMBER = "320583199001010010"


def _staff(role: str, bank: str = "125") -> Client:
    user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    client.defaults["bank"] = bank
    return client


def _fields(answer: Any) -> dict[str, Any]:
    """Return what a browser would send back from a change form that nobody has touched."""
    form = answer.context["adminform"].form
    data: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False:
            continue
        data[bound.html_name] = "on" if value is True else value
    return data


def _edit(client: Client, code: str = "XF01", **changes: Any) -> ProductVersion:
    """Change a product as a product manager does: begin a draft, save the form, leave it unpublished."""
    product = Product.objects.get(code=code)
    answer = client.post(f"{ADMIN}/product/{product.pk}/edit/", {})
    assert answer.status_code == 302, answer.content[:500]
    form = client.get(answer.headers["Location"])
    assert form.status_code == 200
    saved = client.post(answer.headers["Location"], {**_fields(form), **changes, "_save": "1"})
    assert saved.status_code == 302, saved.context["adminform"].form.errors if saved.context else saved.content[:500]
    return ProductVersion.objects.get(product=product, published_at=None)


def _propose(client: Client, draft: ProductVersion) -> Any:
    return client.post(f"{ADMIN}/productversion/{draft.pk}/publish/", {"reason": "调价"})


def _approve(client: Client) -> Any:
    """Approve what waits, on the page of proposals."""
    proposal = Proposal.objects.get(status=PROPOSED)
    return client.post(f"/b/125/admin/core/proposal/{proposal.pk}/approve/", {"reason": "核对无误"})


class TestProducts:
    def test_are_listed_with_their_version_in_force(self) -> None:
        page = _staff("产品经理").get(f"{ADMIN}/product/")
        assert page.status_code == 200
        text = page.content.decode()
        assert "薪易贷" in text
        assert "第 1 版" in text

    def test_a_change_is_published_by_two_people_and_decides_the_next_application(
        self, decided: Decided, outside: Outside
    ) -> None:
        manager = _staff("产品经理")
        draft = _edit(manager, grade_a_spread_bp="150", max_amount_fen="80000.00", methods=["equal_principal"],
                      terms_months="6、12", change_note="调价")  # fmt: skip
        assert (draft.grade_a_spread_bp, draft.max_amount_fen, draft.terms_months) == (150, 80_000_00, [6, 12])
        assert queries.version_in_force("XF01").number == 1
        assert _propose(manager, draft).status_code == 302
        assert queries.version_in_force("XF01").number == 1
        assert _approve(manager).status_code == 403
        waiting = manager.get(f"/b/125/admin/core/proposal/{Proposal.objects.get().pk}/change/").content.decode()
        assert f"/productversion/{draft.pk.hex}/change/" in waiting
        assert "最高额度" in waiting
        assert _approve(_staff("产品经理")).status_code == 302
        application = decided()
        decision = Decision.objects.get(application=application, stage=FULL)
        assert application.product_version.number == 2
        assert (decision.annual_rate, decision.limit_fen) == (Decimal("4.5000"), 80_000_00)
        with in_bank("116"):
            other = decided(make_customer(region="320582"))
            assert Decision.objects.get(application=other, stage=FULL).annual_rate == Decimal("4.0000")

    def test_an_untouched_form_changes_nothing(self) -> None:
        draft = _edit(_staff("产品经理"))
        in_force = queries.version_in_force("XF01")
        own = {"id", "number", "created_by", "created_at", "published_by", "published_at", "change_note",
               "effective_date", "edited_by"}  # fmt: skip
        for field in ProductVersion._meta.concrete_fields:
            if field.name not in own:
                assert getattr(draft, field.attname) == getattr(in_force, field.attname), field.name

    def test_what_breaks_a_rule_is_told_in_chinese_and_not_published(self) -> None:
        manager = _staff("产品经理")
        draft = _edit(manager, "XF03", line_term_months="24")
        page = _propose(manager, draft)
        assert page.status_code == 200
        assert "额度期限不得超过 12 个月" in page.content.decode()
        assert queries.version_in_force("XF03").number == 1

    def test_what_was_published_is_only_shown(self) -> None:
        manager = _staff("产品经理")
        version = queries.version_in_force("XF01")
        path = f"{ADMIN}/productversion/{version.pk}/change/"
        page = manager.get(path)
        assert page.status_code == 200
        text = page.content.decode()
        assert "等额本息、等额本金" in text
        assert "200,000.00" in text
        assert "20000000" not in text
        assert manager.post(path, {"name": "x"}).status_code == 403
        assert _propose(manager, version).status_code == 403

    def test_a_new_product_begins_as_a_draft(self) -> None:
        manager = _staff("产品经理")
        answer = manager.post(f"{ADMIN}/product/add/", {"code": "XF05", "name": "新市民贷"})
        assert answer.status_code == 302
        draft = ProductVersion.objects.get(product__code="XF05")
        assert (draft.published_at, draft.service_regions) == (None, ["3207"])
        again_ = manager.post(f"{ADMIN}/product/add/", {"code": "XF05", "name": "新市民贷"})
        assert "已被使用" in again_.content.decode()
        assert _propose(manager, draft).status_code == 302
        assert _approve(_staff("产品经理")).status_code == 302
        assert queries.version_in_force("XF05").number == 1

    def test_are_closed_by_one_with_a_reason_and_opened_by_two(self) -> None:
        manager = _staff("产品经理")
        path = f"{ADMIN}/product/{Product.objects.get(code='XF01').pk}"
        assert manager.post(f"{path}/close/", {}).status_code == 200  # a reason is asked for
        assert Product.objects.get(code="XF01").is_open
        assert manager.post(f"{path}/close/", {"reason": "演练"}).status_code == 302
        assert not Product.objects.get(code="XF01").is_open
        assert manager.post(f"{path}/open_again/", {"reason": "恢复"}).status_code == 302
        assert not Product.objects.get(code="XF01").is_open
        assert _approve(_staff("产品经理")).status_code == 302
        assert Product.objects.get(code="XF01").is_open

    def test_are_scheduled_by_two(self) -> None:
        manager, day = _staff("产品经理"), business_date() + timedelta(days=3)
        path = f"{ADMIN}/product/{Product.objects.get(code='XF01').pk}/schedule/"
        assert manager.get(path).status_code == 200
        past = {"closes_date": str(business_date() - timedelta(days=1)), "reason": "到期"}
        assert "不得早于当前营业日" in manager.post(path, past).content.decode()
        assert manager.post(path, {"closes_date": str(day), "reason": "到期"}).status_code == 302
        assert Product.objects.get(code="XF01").closes_date is None
        assert _approve(_staff("产品经理")).status_code == 302
        assert Product.objects.get(code="XF01").closes_date == day

    def test_nothing_happens_by_looking(self) -> None:
        manager = _staff("产品经理")
        product = Product.objects.get(code="XF01")
        assert manager.get(f"{ADMIN}/product/{product.pk}/close/").status_code == 200
        assert Product.objects.get(code="XF01").is_open
        draft = _edit(manager)
        assert manager.get(f"{ADMIN}/productversion/{draft.pk}/publish/").status_code == 200
        assert queries.version_in_force("XF01").number == 1

    def test_a_draft_is_given_up(self) -> None:
        manager = _staff("产品经理")
        draft = _edit(manager)
        assert manager.post(f"{ADMIN}/productversion/{draft.pk}/discard/", {}).status_code == 302
        assert not ProductVersion.objects.filter(published_at=None).exists()

    @pytest.mark.parametrize("role", ["客户经理", "风险", "审计"])
    def test_are_changed_by_nobody_else(self, role: str) -> None:
        staff = _staff(role)
        product = Product.objects.get(code="XF01")
        acts = [f"product/{product.pk}/{act}/" for act in ("edit", "copy", "schedule", "close", "open_again")]
        for path in (*acts, "product/add/", "invitation/add/", "invitation/import_list/"):
            assert staff.post(f"{ADMIN}/{path}", {"code": "XF07", "name": "x", "reason": "x"}).status_code == 403, path
        assert not Proposal.objects.exists()
        assert ProductVersion.objects.count() == 2
        assert Product.objects.get(code="XF01").is_open


class TestApplications:
    def test_are_shown_with_their_decisions_and_masked_persons(self, offered: Application) -> None:
        application = offered
        risk = _staff("风险")
        assert risk.get(f"{ADMIN}/application/").status_code == 200
        page = risk.get(f"{ADMIN}/application/{application.pk}/change/").content.decode()
        assert "**例" in page
        assert "income.monthly：12000.00" in page
        assert "19900101" not in page
        assert "120,000.00" in page

    def test_decisions_are_made_again_when_looked_at(self, offered: Application) -> None:
        application = offered
        risk = _staff("风险")
        assert risk.get(f"{ADMIN}/decision/").status_code == 200
        for decision in Decision.objects.filter(application=application):
            page = risk.get(f"{ADMIN}/decision/{decision.pk}/change/")
            assert "与原决策一致" in page.content.decode()
            assert "12000" not in page.content.decode()

    def test_credit_queries_are_logged_without_the_report(self, offered: Application) -> None:
        del offered
        page = _staff("合规").get(f"{ADMIN}/bureaureport/")
        assert page.status_code == 200
        assert "BR1" in page.content.decode()

    def test_one_under_review_leads_to_its_case(self, referred: Application) -> None:
        answer = _staff("风险").get(f"{ADMIN}/application/{referred.pk}/review/")
        case = ReviewCase.objects.get(subject_id=referred.pk)
        assert (answer.status_code, answer["Location"]) == (302, f"{ADMIN}/reviewcase/{case.pk}/change/")

    def test_what_is_not_under_review_leads_nowhere(self, offered: Application) -> None:
        assert _staff("风险").get(f"{ADMIN}/application/{offered.pk}/review/").status_code == 403


def _accept(offered: Application) -> CreditLine:
    accept_offer(application_id=offered.pk, customer_id=offered.customer_id)
    return CreditLine.objects.get()


line_once = made_once(_accept, scope="class", after="offered_once")


class TestLines:
    @pytest.fixture
    def line(self, line_once: CreditLine, bank_a: str) -> CreditLine:
        del bank_a
        return deepcopy(line_once)

    def test_are_shown(self, line: CreditLine) -> None:
        risk = _staff("风险")
        assert "120,000.00" in risk.get(f"{ADMIN}/creditline/").content.decode()
        assert "120,000.00" in risk.get(f"{ADMIN}/creditline/{line.pk}/change/").content.decode()

    def test_are_frozen_and_let_go(self, line: CreditLine) -> None:
        risk = _staff("风险")
        for act, status in (("freeze", "frozen"), ("unfreeze", "active"), ("close", "closed")):
            assert risk.post(f"{ADMIN}/creditline/{line.pk}/{act}/", {"reason": "预警"}).status_code == 302
            assert CreditLine.objects.get().status == status

    def test_are_frozen_by_risk_and_compliance_only(self, line: CreditLine) -> None:
        assert _staff("客服").post(f"{ADMIN}/creditline/{line.pk}/freeze/", {"reason": "x"}).status_code == 403
        assert CreditLine.objects.get().status == "active"


class TestRegisters:
    def test_people_are_invited_line_by_line(self) -> None:
        manager = _staff("产品经理")
        product = Product.objects.get(code="XF03")
        people = f"{NUMBER}，30000\n321181198511152328\n"
        answer = manager.post(f"{ADMIN}/invitation/add/", {"product": str(product.pk), "people": people})
        assert answer.status_code == 302, answer.context["form"].errors
        assert sorted(row.limit_fen or 0 for row in Invitation.objects.all()) == [0, 30_000_00]
        page = manager.get(f"{ADMIN}/invitation/").content.decode()
        assert "320583********0010" in page
        assert NUMBER not in page
        row = Invitation.objects.first()
        assert row is not None
        assert manager.post(f"{ADMIN}/invitation/{row.pk}/withdraw/", {}).status_code == 302
        assert Invitation.objects.count() == 1

    @pytest.mark.parametrize("people", ["320583199001010018", f"{NUMBER},abc", f"{NUMBER}\n123"])
    def test_a_wrong_line_invites_nobody(self, people: str) -> None:
        product = Product.objects.get(code="XF03")
        answer = _staff("产品经理").post(f"{ADMIN}/invitation/add/", {"product": str(product.pk), "people": people})
        assert answer.status_code == 200
        assert answer.context["form"].errors
        assert Invitation.objects.count() == 0

    def test_related_parties_are_entered_and_removed(self) -> None:
        risk = _staff("风险")
        entry = {"name": "林样例", "id_number": NUMBER, "relation": "director"}
        assert risk.post(f"{ADMIN}/relatedparty/add/", entry).status_code == 302
        assert "已在关系人名单中" in risk.post(f"{ADMIN}/relatedparty/add/", entry).content.decode()
        row = RelatedParty.objects.get()
        page = risk.get(f"{ADMIN}/relatedparty/").content.decode()
        assert "**例" in page
        assert NUMBER not in page
        assert risk.post(f"{ADMIN}/relatedparty/{row.pk}/remove/", {"reason": "离任"}).status_code == 302
        assert RelatedParty.objects.get().removed_at is not None
        assert risk.post(f"{ADMIN}/relatedparty/add/", entry).status_code == 302


class TestAnotherBank:
    def test_knows_neither_the_login_nor_the_rows(self, offered: Application) -> None:
        application = offered
        manager = _staff("管理员")
        assert manager.get(f"/b/116/admin/lending/application/{application.pk}/change/").status_code == 302
        with in_bank("116"):
            stranger = _staff("管理员", "116")
        answer = stranger.get(f"/b/116/admin/lending/application/{application.pk}/change/")
        assert answer.status_code in {302, 404}
        assert "薪易贷" not in answer.content.decode()
