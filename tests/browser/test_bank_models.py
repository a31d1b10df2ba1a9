"""A bank's own model in the visual editor: saved as a draft, or refused with its node framed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from config.model_editor import bundle
from core.tenancy import in_bank
from lending.models import BankModelVersion
from tests.browser.conftest import Visitor
from tests.lending.models import making

SAVE = "检查并保存"


def _rules() -> list[dict[str, Any]]:
    return list(making.node(json.loads(BankModelVersion.objects.get().content), "grading")["content"]["rules"])


@pytest.mark.django_db(transaction=True)
def test_a_risk_officer_edits_a_cell_and_is_refused_an_error(visitor: Visitor) -> None:
    if bundle() is None:
        pytest.skip("the visual editor is not built: `make editor`")
    with in_bank("125"):
        row = making.draft("own-full")
        before = _rules()
    visit = visitor("125", role="风险")
    page = visit.page
    where = f"lending/bankmodelversion/{row.pk}/edit/"

    def retype(text: str) -> None:
        node = page.locator('.react-flow__node[data-id="grading"]')
        node.get_by_text("编辑表格").click()
        cell = page.locator(".tab-content.active tbody tr").first.locator("td").nth(2)
        cell.click()
        expect(cell.locator("[contenteditable=true]")).to_be_focused()
        page.keyboard.press("Control+End")
        page.keyboard.type(text)
        with page.expect_navigation():
            page.get_by_role("button", name=SAVE).click()

    visit.go(where)
    visit.picture("bank-model")
    retype(" + 5")
    with in_bank("125"):
        after = _rules()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert len(changed) == 1
    assert any(value == f"{changed[0][0][key]} + 5" for key, value in changed[0][1].items())
    assert visit.complaints == []
    visit.go(where)
    retype(" + (")
    expect(page.get_by_role("heading", name="检查结果")).to_be_visible()
    frame = "element => getComputedStyle(element.firstElementChild).outlineStyle"
    assert page.locator('.react-flow__node[data-id="grading"]').evaluate(frame) == "solid"
    visit.picture("bank-model-refused")
    with in_bank("125"):
        assert _rules() == after
    assert [each for each in visit.complaints if "422" not in each] == []  # 422 says that a model was refused
