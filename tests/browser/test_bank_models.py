"""A bank's own model in the visual editor: refused with its node framed; `test_film.py` saves one as a draft."""

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
    with visitor("125", role="风险") as visit:
        page = visit.page
        visit.go(f"lending/bankmodelversion/{row.pk}/edit/")
        page.locator('.react-flow__node[data-id="grading"]').get_by_text("编辑表格").click()
        cell = page.locator(".tab-content.active tbody tr").first.locator("td").nth(2)
        cell.click()
        expect(cell.locator("[contenteditable=true]")).to_be_focused()
        page.keyboard.press("Control+End")
        page.keyboard.type(" + (")
        with page.expect_navigation():
            page.get_by_role("button", name=SAVE).click()
        expect(page.get_by_role("heading", name="检查结果")).to_be_visible()
        frame = "element => getComputedStyle(element.firstElementChild).outlineStyle"
        assert page.locator('.react-flow__node[data-id="grading"]').evaluate(frame) == "solid"
        visit.picture("bank-model-refused")
        with in_bank("125"):
            assert _rules() == before
        assert [each for each in visit.complaints if "422" not in each] == []  # 422 says that a model was refused
