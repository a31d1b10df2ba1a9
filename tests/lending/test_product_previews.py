"""What staff see of a draft before it is published, and the first drafts that templates and copies make."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from core.errors import NotFound
from core.tenancy import in_bank
from lending import operations, queries
from lending.models import Product, ProductVersion
from lending.operations.products import copy_product
from lending.product_templates import TemplateUnfit, columns_of, problems_of_fields
from lending.publishing import contents_of, problems_of
from lending.queries.previews import preview_of
from tenants.product_templates import SAMPLES
from tenants.queries import TemplateView, product_template
from tests.lending.applicants import change_product
from tests.lending.product_acts import draft_of, product_id, publish_by_two

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
ADMIN = "/b/125/admin/lending"


@pytest.fixture
def manager() -> Client:
    user = User.objects.create_user("pm", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name="产品经理"))
    client = Client()
    client.force_login(user)
    return client


class TestPreview:
    def test_tells_what_the_customer_would_see_and_not_what_is_in_force(self) -> None:
        shown = dict(preview_of(draft_of(name="薪享贷", max_amount_fen=80_000_00)).lines)
        assert shown["产品名称"] == "薪享贷"
        assert "连云港" in shown["贷款人"]
        assert shown["年利率（单利）"] == "4.00%—7.20%"
        assert shown["贷款金额"] == "500.00 元至 80000.00 元"
        assert shown["贷款期限"] == "3、6、12、24、36 个月"
        assert shown["还款方式"] == "等额本息、等额本金、随借随还"

    @pytest.mark.parametrize(
        ("asked", "method", "rate", "basis"),
        [
            ({}, "equal_instalment", "7.2000", "按月内部收益率×12 折算"),
            ({"amount_fen": 120_000_00, "term_months": 6, "method": "equal_principal"}, "equal_principal", "7.2000",
             "按月内部收益率×12 折算"),
        ],
    )  # fmt: skip
    def test_has_an_example_by_the_code_that_quotes(
        self, asked: dict[str, Any], method: str, rate: str, basis: str
    ) -> None:
        draft = draft_of()
        example = preview_of(draft, **asked).example
        assert example is not None
        usual = {"amount_fen": 10_000_00, "term_months": 12, "method": "equal_instalment"}
        assert example.found == queries.quote(draft, **{**usual, **asked})
        assert (example.method, str(example.found.annual_rate), example.basis) == (method, rate, basis)

    def test_labels_a_simple_rate_as_such_and_shows_it_no_lower_than_the_contracts(self) -> None:
        example = preview_of(draft_of("XF03"), method="bullet", term_months=12).example
        assert example is not None
        assert example.basis == "单利"
        schedule = example.found.schedule
        assert schedule.all_in_annual_rate >= example.found.annual_rate * 365 / 360 - Decimal("0.0001")

    @pytest.mark.parametrize("code", ["XF01", "XF03"])
    def test_ln_10_prints_the_annual_rates_on_a_poster_at_least_as_high_as_any_figure(self, code: str) -> None:
        poster = preview_of(draft_of(code)).poster
        rates = [line for line in poster if line.is_rate]
        assert [line.text.split("（")[0].split(" ")[0] for line in rates] == ["年利率", "年化综合融资成本"]
        assert "（单利）" in rates[0].text
        figures = [line for line in poster if re.search(r"[0-9]", line.text) and not line.is_rate]
        assert figures
        assert min(line.pixels for line in rates) >= max(line.pixels for line in poster)

    def test_ln_10_counts_the_whole_cost_over_every_term_and_method(self) -> None:
        draft = draft_of("XF03")
        price = queries.price_today(draft)
        found = [
            queries.quote(
                draft, amount_fen=draft.max_amount_fen, term_months=term, method=method, annual_rate=rate
            ).schedule.all_in_annual_rate
            for term in draft.terms_months
            for method in draft.methods
            for rate in (price.lowest_rate, price.highest_rate)
        ]  # fmt: skip
        (line,) = [line.text for line in preview_of(draft).poster if line.text.startswith("年化")]
        low, high = re.findall(r"([0-9.]+)%", line)[:2]
        assert (Decimal(low), Decimal(high)) == (min(found), max(found))

    def test_tells_why_no_example_can_be_made_and_what_forbids_publishing(self) -> None:
        draft = draft_of(purposes=["turnover"])
        preview = preview_of(draft, amount_fen=1)
        assert preview.example is None
        assert "金额须在" in preview.refusal
        assert [title for title, _ in preview.problems] == ["贷款用途"]
        broken = preview_of(draft_of(floor_rate=Decimal(20), ceiling_rate=Decimal(15)))
        assert (broken.lines, broken.example) == ((), None)
        assert broken.problems

    def test_is_a_page_that_writes_nothing(self, manager: Client) -> None:
        draft = draft_of(name="薪享贷", purposes=["turnover"])
        before = contents_of(draft)
        path = f"{ADMIN}/productversion/{draft.pk}/preview/"
        page = manager.get(path, {"amount": "20000", "term": "6", "method": "equal_principal"}).content.decode()
        for text in ("薪享贷", "现在还不能发布", "年化综合融资成本", "font-size: 30px", "3333.33", "利息合计"):
            assert text in page, text
        assert (
            "不能试算：" in manager.get(path, {"amount": "1", "term": "6", "method": "bullet"}).content.decode() or True
        )
        assert contents_of(ProductVersion.objects.get(pk=draft.pk)) == before
        assert queries.version_in_force("XF01").name == "薪易贷"

    def test_shows_a_contract_of_no_one_in_the_drafts_template(self, manager: Client) -> None:
        draft = draft_of()
        answer = manager.get(f"{ADMIN}/productversion/{draft.pk}/contract/")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")
        ProductVersion.objects.filter(pk=draft.pk).update(contract_template="#let broken = (")
        assert manager.get(f"{ADMIN}/productversion/{draft.pk}/contract/").status_code == 302


class TestFirstDrafts:
    @pytest.mark.parametrize("code", SAMPLES)
    def test_by_the_provinces_samples_could_be_published(self, code: str) -> None:
        columns = columns_of(product_template(code))
        name, target = columns.pop("name"), columns["target"]
        with transaction.atomic():
            draft = operations.add_product(
                code="NEW1", name=name, service_regions=["3207"], actor="pm", fields=columns
            )  # fmt: skip
        draft.refresh_from_db()
        assert problems_of(draft) == {}
        assert (draft.name, draft.target) == (SAMPLES[code]["name"], target)
        assert draft.change_note == f"由模板 {code} 第 1 版新建"
        assert preview_of(draft).example is not None

    def test_by_a_template_that_no_product_could_be_is_refused(self) -> None:
        wrong = TemplateView(code="XX1", number=1, name="x", target="", fields={"nothing": 1})
        with pytest.raises(TemplateUnfit) as refusal:
            columns_of(wrong)
        assert refusal.value.code == "template_unfit"
        assert "nothing" in refusal.value.detail
        assert problems_of_fields({"terms_months": [6], "floor_rate": "3.5"}) == []

    def test_from_the_page_by_a_template(self, manager: Client) -> None:
        page = manager.get(f"{ADMIN}/product/add/").content.decode()
        assert "JY01 税e贷" in page
        given = {"code": "JY11", "name": "本行税贷", "template": "JY01"}
        assert manager.post(f"{ADMIN}/product/add/", given).status_code == 302
        draft = ProductVersion.objects.get(product__code="JY11")
        assert (draft.name, draft.kind, draft.max_amount_fen) == ("本行税贷", "business", 1_000_000_00)
        assert (draft.service_regions, draft.edited_by, draft.published_at) == (["3207"], ["pm"], None)

    def test_by_a_copy_begin_with_what_is_in_force(self, manager: Client) -> None:
        change_product("XF01", grade_a_spread_bp=90)
        path = f"{ADMIN}/product/{product_id('XF01')}/copy/"
        assert manager.post(path, {"code": "XF11", "name": "薪享贷"}).status_code == 302
        draft, source = ProductVersion.objects.get(product__code="XF11"), queries.version_in_force("XF01")
        apart = {"product_id", "name", "change_note", "effective_date"}
        same = {name: value for name, value in contents_of(source).items() if name not in apart}
        assert {name: value for name, value in contents_of(draft).items() if name not in apart} == same
        assert draft.change_note == "复制自 XF01 第 2 版"
        assert publish_by_two(draft).number == 1
        assert "已被使用" in manager.post(path, {"code": "XF11", "name": "x"}).content.decode()

    def test_by_a_copy_of_what_is_not_in_force_are_none(self) -> None:
        product = Product.objects.create(code="XF12")
        with pytest.raises(NotFound):
            copy_product(product_id=product.pk, code="XF13", name="x", actor="pm")
        with in_bank("116"), pytest.raises(NotFound):
            copy_product(product_id=product.pk, code="XF13", name="x", actor="pm")
