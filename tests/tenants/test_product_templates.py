"""The province's library of product templates: drafted, published by two, licensed regions set (C2, LN-04)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client

from core.approvals.models import PROPOSED, Proposal
from core.approvals.operations import DraftChanged, SameHands, propose
from core.audit.models import AuditEntry
from core.tenancy import PROVINCE_CODE, in_bank
from tenants import directory
from tenants.approvals import PUBLISH_TEMPLATE
from tenants.models import Bank, ProductTemplate
from tenants.operations import TemplateRefused, save_template
from tenants.operations.product_templates import discard_template, plan_template
from tenants.queries import product_template, product_templates
from tenants.staff import CHECKER
from tests.second_person import approve
from tests.tenants.conftest import Browser

pytestmark = pytest.mark.django_db
PAGE = "/admin/tenants/producttemplate/"
FIELDS = {"terms_months": [6, 12], "grade_a_spread_bp": 90}


def _save(code: str = "XF05", actor: str = "editor", **changes: Any) -> Any:
    given = {"name": "新市民贷", "target": "新市民", "fields": FIELDS, **changes}
    return save_template(code=code, **given, actor=actor)


def _propose(template_id: Any, actor: str = "editor") -> Proposal:
    values = plan_template(template_id=template_id)
    return propose(kind=PUBLISH_TEMPLATE, subject=template_id.hex, values=values, reason="新版", actor=actor)


class TestTheLibrary:
    def test_begins_with_the_samples(self, bank_a: str) -> None:
        assert [row.code for row in product_templates()] == ["JY01", "JY02", "JY03", "XF01", "XF02", "XF03", "XF04"]
        sample = product_template("JY01")
        assert (sample.number, sample.name, sample.fields["max_amount_fen"]) == (1, "税e贷", 1_000_000_00)

    def test_shows_banks_what_two_people_have_published(self, bank_a: str) -> None:
        with in_bank(PROVINCE_CODE):
            proposal = _propose(_save("XF01", name="薪享贷"))
        assert product_template("XF01").name == "薪易贷"
        with in_bank(PROVINCE_CODE):
            approve(proposal_id=proposal.pk, actor="boss")
            row = ProductTemplate.objects.get(code="XF01", number=2)
            assert (row.published_by, row.edited_by) == ("editor+boss", ["editor"])
        found = product_template("XF01")
        assert (found.number, found.name, found.fields) == (2, "薪享贷", FIELDS)
        assert len(product_templates()) == 7

    @pytest.mark.parametrize("who", ["editor", "second"])
    def test_is_published_by_nobody_who_had_a_hand_in_the_draft(self, who: str) -> None:
        with in_bank(PROVINCE_CODE):
            _save(actor="second")
            proposal = _propose(_save())
            with pytest.raises(SameHands):
                approve(proposal_id=proposal.pk, actor=who)
            assert not ProductTemplate.objects.filter(code="XF05", number=1).exists()

    def test_publishes_no_draft_that_was_changed_since(self) -> None:
        with in_bank(PROVINCE_CODE):
            proposal = _propose(_save())
            _save(fields={**FIELDS, "grade_a_spread_bp": 91})
            with pytest.raises(DraftChanged):
                approve(proposal_id=proposal.pk, actor="boss")
            assert Proposal.objects.get(pk=proposal.pk).status == PROPOSED

    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"fields": {"no_such": 1}}, "no_such"),
            ({"fields": {"service_regions": ["32"]}}, "service_regions"),
            ({"fields": {"terms_months": ["x"]}}, "terms_months"),
            ({"fields": {"kind": "secret"}}, "kind"),
            ({"fields": {"terms_months": 5}}, "terms_months"),
            ({"code": "xf05"}, "模板代码"),
        ],
    )
    def test_refuses_what_no_product_has(self, changes: dict[str, Any], text: str) -> None:
        with in_bank(PROVINCE_CODE), pytest.raises(TemplateRefused) as refusal:
            _save(**changes)
        assert refusal.value.code == "template_refused"
        assert text in refusal.value.detail

    def test_lets_a_draft_be_dropped(self) -> None:
        with in_bank(PROVINCE_CODE):
            discard_template(template_id=_save("XF01"), actor="editor")
            assert ProductTemplate.objects.filter(code="XF01").count() == 1

    def test_is_not_written_by_a_bank(self, bank_a: str) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            ProductTemplate.objects.filter(code="XF01").update(name="x")


class TestThePages:
    @pytest.fixture
    def editor(self, browser: Browser) -> Client:
        return browser(PROVINCE_CODE, role="运营", login="editor")

    def test_take_a_template_from_the_form_to_the_library(self, editor: Client, browser: Browser) -> None:
        given = {"code": "XF05", "name": "新市民贷", "target": "新市民", "fields_json": json.dumps(FIELDS)}
        wrong = editor.post(f"{PAGE}add/", {**given, "fields_json": "{"})
        assert "不是合法的 JSON" in wrong.content.decode()
        made = editor.post(f"{PAGE}add/", given)
        assert made.status_code == 302
        draft = made.headers["Location"].removesuffix("change/")
        assert "grade_a_spread_bp" in editor.get(f"{draft}edit/").content.decode()
        assert editor.post(f"{draft}edit/", {**given, "name": "新居贷"}).status_code == 302
        assert editor.post(f"{draft}publish/", {"reason": "新版"}).status_code == 302
        with in_bank(PROVINCE_CODE):
            proposal = Proposal.objects.get()
        path = f"/admin/core/proposal/{proposal.pk}/"
        assert "新居贷" in editor.get(f"{path}change/").content.decode()
        assert editor.post(f"{path}approve/", {"reason": "x"}).status_code == 403
        assert browser(PROVINCE_CODE, login="boss").post(f"{path}approve/", {"reason": "x"}).status_code == 403
        checker = browser(PROVINCE_CODE, role=CHECKER, login="checker")
        assert checker.post(f"{path}approve/", {"reason": "核对无误"}).status_code == 302
        with in_bank(PROVINCE_CODE):
            assert product_template("XF05").name == "新居贷"
        assert editor.post(f"{draft}publish/", {"reason": "x"}).status_code == 403

    def test_are_changed_by_no_auditor(self, browser: Browser) -> None:
        auditor = browser(PROVINCE_CODE, role="审计", login="auditor")
        assert auditor.get(PAGE).status_code == 200
        assert auditor.post(f"{PAGE}add/", {}).status_code == 403

    def test_set_where_a_bank_may_lend(self, browser: Browser) -> None:
        boss = browser(PROVINCE_CODE, login="boss")
        with in_bank(PROVINCE_CODE):
            bank = Bank.objects.get(code="125")
        path = f"/admin/tenants/bank/{bank.pk}/"
        assert "3207" in boss.get(f"{path}license/").content.decode()
        assert "请填写至少一个" in boss.post(f"{path}license/", {"regions": "江苏", "reason": "批复"}).content.decode()
        assert boss.post(f"{path}license/", {"regions": "320706、3208", "reason": "批复"}).status_code == 302
        card = directory.card_of("125")
        assert card is not None
        assert card.lends_in == ("320706", "3208")
        with in_bank(PROVINCE_CODE):
            entry = AuditEntry.objects.get(action="bank.regions_set")
            assert entry.detail == {"from": "3207", "to": "320706、3208", "reason": "批复"}
