"""A product manager's first day: from the login to a published product with its own decision model, by clicks alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from config.model_editor import bundle
from core.tenancy import in_bank
from lending.decision.standard import standard_content
from lending.models import Application, BankModelVersion, Decision, ProductVersion
from tests.browser.chinese import foreign_words
from tests.browser.conftest import Visit, Visitor
from tests.lending.conftest import decided, outside
from tests.lending.models import making

__all__ = ["decided", "outside"]
CODE: Final = "XF08"
NAME: Final = "安居装修贷"
MODEL: Final = "home-full"
OTHER_BANK: Final = ("张家港", "/b/116/", "沙洲支行")
LOGINS: Final = ("product-one", "product-two", "risk-one", "risk-two")
PRODUCT, SECOND_PRODUCT, RISK, SECOND_RISK = LOGINS
NODES: Final = tuple(sorted((node["id"] for node in standard_content("full")["nodes"]), key=len, reverse=True))
VALUES: Final = ("review", "skip")  # what a model's expressions compare with, told beside the data that they may use
NAMED: Final = (*LOGINS, MODEL, "system", *NODES, *VALUES)  # logins and codes are no words


class Person:
    """Somebody of the bank at a browser, who looks at every page that he comes to."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.page = visit.page
        self.foreign: dict[str, set[str]] = {}

    def sees(self, *texts: str, picture: str = "") -> None:
        """See texts on the page, all of it Chinese, nothing of another bank, and nothing wrong; keep a picture."""
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)
        if picture:
            self.visit.picture(picture)
        where = self.page.url
        if words := foreign_words(self.page, named=NAMED):
            self.foreign[where] = words
        content = self.page.content()
        assert [sign for sign in OTHER_BANK if sign in content] == [], where
        assert self.visit.complaints == [], where

    def chooses(self, link: str) -> None:
        """Follow a link of the page by its words, beside which a symbol may stand."""
        words = re.compile(rf"^\s*[a-z_]*\s*{link}\s*$")
        with self.page.expect_navigation():
            self.page.locator("a").filter(has_text=words).first.click()

    def adds(self) -> None:
        """Follow the button for a new row of the list."""
        with self.page.expect_navigation():
            self.page.locator("a.addlink").first.click()

    def sends(self, button: str, **fields: str) -> None:
        """Fill in a form and send it."""
        for name, value in fields.items():
            control = self.page.locator(f"[name={name}]").first
            if control.evaluate("element => element.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).first.click()

    def opens(self, menu: str, row: str = "") -> None:
        """Go to a list by the navigation, and on to the row that holds a text; the day begins at the first page."""
        if self.page.url == "about:blank":
            self.visit.go()
        self.chooses(menu)
        self.sees()
        if row:
            with self.page.expect_navigation():
                self.page.locator("#result_list tbody tr", has_text=row).first.locator("th a").click()


def _makes_the_product(manager: Person) -> None:
    manager.sees("总览", picture="01-dashboard")
    manager.opens("产品")
    manager.adds()
    manager.sees("省级模板", picture="02-new-product")
    manager.sends("新增", code=CODE, name=NAME, template="XF01")
    manager.sees("草稿")
    expect(manager.page.locator("[name=change_note]")).to_have_value(re.compile("由模板 XF01"))
    manager.sends(
        "保存并继续编辑", grade_a_spread_bp="105", min_score="560", terms_months="6, 12, 24", max_amount_fen="180000.00"
    )  # fmt: skip
    manager.sees("利率", picture="03-draft")
    manager.chooses("预览")
    manager.sees("海报文案", "年化综合融资成本", "180000.00", picture="04-preview")


def _makes_the_model(risk: Person) -> None:
    risk.opens("本行决策模型")
    risk.adds()
    risk.sends("新建", code=MODEL, title="装修贷授信模型", template="standard-full")
    risk.sees("草稿")
    risk.chooses("编辑模型")
    node = risk.page.locator('.react-flow__node[data-id="grading"]')
    expect(node).to_be_visible()
    risk.sees("可用的数据", picture="05-model")
    node.get_by_text("编辑表格").click()
    cell = risk.page.locator(".tab-content.active tbody tr").first.locator("td").nth(2)
    cell.click()
    expect(cell.locator("[contenteditable=true]")).to_be_focused()
    risk.page.keyboard.press("Control+End")
    risk.page.keyboard.type(" + 5")
    risk.visit.picture("06-cell")
    risk.sends("检查并保存", change_note="A 级起评分提高 5 分")
    risk.sees("草稿已保存")
    with in_bank("125"):
        saved = json.loads(BankModelVersion.objects.get().content)
    was, now = (making.node(content, "grading")["content"]["rules"] for content in (standard_content("full"), saved))
    changed = [(a, b) for a, b in zip(was, now, strict=True) if a != b]
    assert len(changed) == 1
    assert any(value == f"{changed[0][0][key]} + 5" for key, value in changed[0][1].items())
    risk.opens("本行决策模型", row=MODEL)
    risk.chooses("新增用例")
    risk.sends("保存用例", name="收入稳定的申请人", product="XF01", outcome="offered")
    risk.opens("决策模型版本", row="草稿")
    risk.sees("1 / 1 通过", picture="07-cases")
    risk.chooses("提交发布")
    risk.sends("提交", reason="装修客群的分档试行")
    risk.sees("已提交")


def _approves(checker: Person, picture: str, *texts: str) -> None:
    checker.opens("复核事项", row="待复核")
    checker.sees("内容", *texts, picture=picture)
    checker.chooses("通过")
    checker.sends("通过并执行", reason="已核对")
    checker.sees("已通过并执行")


def _proposes_publishing(manager: Person) -> None:
    manager.opens("产品版本", row=NAME)
    manager.sends("保存并继续编辑", full_model=str(BankModelVersion.objects.values_list("pk", flat=True).get()))
    manager.chooses("申请发布")
    manager.sends("提交复核", reason="首次上线")
    manager.sees("待另一名员工")


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
@pytest.mark.deep(only=True)
def test_a_new_product_manager_publishes_a_product_with_its_own_model(
    visitor: Visitor, chromium: Browser, decided: Callable[..., Application]
) -> None:
    if bundle() is None:
        pytest.skip("the visual editor is not built: `make editor`")
    with ExitStack() as present:  # all four at once, each at a browser of his own
        roles = ("产品经理", "产品经理", "风险", "风险")
        manager, second, risk, checker = (
            Person(present.enter_context(visitor("125", role=role, login=login, by_form=login == PRODUCT)))
            for login, role in zip(LOGINS, roles, strict=True)
        )
        _makes_the_product(manager)
        _makes_the_model(risk)
        _approves(checker, "", MODEL)
        with in_bank("125"):
            _proposes_publishing(manager)
        _approves(second, "08-approval", "安居装修贷", f"（{MODEL}） 第 1 版")
        second.opens("产品", row=CODE)
        second.sees(NAME, "受理中", picture="09-published")

        site = manager.visit.home.removesuffix("admin/")
        customer = chromium.new_context()
        shown = customer.request.get(f"{site}api/v1/products/{CODE}")
        assert shown.status == 200
        document = shown.json()
        customer.close()
        assert (document["name"], document["max_amount"], document["terms"]) == (NAME, "180000.00", [6, 12, 24])
        assert document["annual_rate"]["from"] == "4.0500"  # LPR 3.00% and what the manager put on it
        with in_bank("125"):
            version = ProductVersion.objects.get(product__code=CODE)
            assert (version.number, version.created_by, version.published_by) == (
                1,
                PRODUCT,
                f"{PRODUCT}+{SECOND_PRODUCT}",
            )
            application = decided(product=CODE)
            decision = Decision.objects.get(application=application, stage="full")
            assert (decision.outcome, decision.model.bank, decision.model.name) == ("offered", "125", MODEL)
        risk.opens("决策记录", row=MODEL)
        risk.sees(picture="10-decision")
        foreign = {where: words for one in (manager, second, risk, checker) for where, words in one.foreign.items()}
        assert foreign == {}, foreign
