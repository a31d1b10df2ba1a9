"""The engine's visual editor in the admin: it edits the form's own text, in Chinese, and asks nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.template import engines
from playwright.sync_api import Page, expect

from config.admin_site import CONTENT_SECURITY_POLICY
from config.model_editor import Bundle, bundle
from lending.decision.standard import standard_content
from tests.browser import urls
from tests.browser.conftest import Visit, Visitor

TEXT: Final = "textarea[name=content]"
WORDS: Final = re.compile(r"[A-Za-z]{3,}")
NOT_OURS: Final = {"React", "Flow"}  # the attribution that the canvas asks for


@pytest.fixture
def visit(visitor: Visitor, settings: Any) -> Iterator[Visit]:
    """Give the province's superuser at the page that holds nothing but a model."""
    if bundle() is None:
        pytest.skip("the visual editor is not built: `make editor`")
    settings.ROOT_URLCONF = "tests.browser.urls"
    urls.kept.clear()
    with visitor("province", is_superuser=True) as visit:
        yield visit


def _node(page: Page, node: str) -> Any:
    return page.locator(f'.react-flow__node[data-id="{node}"]')


def _row(page: Page) -> Any:
    """Return the cells of the first row of the table that is open; the first holds the row's number."""
    return page.locator(".tab-content.active tbody tr").first.locator("td")


def _shown(visit: Visit, query: str = "") -> Page:
    visit.go(f"model/{query}")
    expect(_node(visit.page, "grading")).to_be_visible()
    return visit.page


@pytest.mark.django_db(transaction=True)
class TestEditor:
    def test_a_cell_that_is_typed_in_is_in_the_text_that_the_form_sends(self, visit: Visit) -> None:
        page = _shown(visit)
        before = json.dumps(standard_content("full"), ensure_ascii=False)
        assert page.input_value(TEXT) == before  # looking at a model changes no byte of it
        assert set(WORDS.findall(page.inner_text(".grl-dg"))) <= NOT_OURS
        visit.picture("model")
        _node(page, "grading").get_by_text("编辑表格").click()
        _row(page).nth(2).click()
        expect(_row(page).nth(2).locator("[contenteditable=true]")).to_be_focused()
        page.keyboard.press("Control+End")
        page.keyboard.type(" + 1", delay=0)
        with page.expect_navigation():
            page.evaluate("document.getElementById('save').click()")  # at once: nothing typed is lost
        expect(_node(page, "grading")).to_be_visible()
        after = json.loads(urls.kept["content"])
        expected = standard_content("full")
        rule = next(node for node in expected["nodes"] if node["id"] == "grading")["content"]["rules"][0]
        column = next(key for key, value in rule.items() if "min_score" in value)
        rule[column] += " + 1"
        assert after == expected
        assert json.loads(page.input_value(TEXT)) == expected
        assert visit.served["zen_engine_wasm_bg.wasm"]["content-type"] == "application/wasm"
        assert "immutable" in visit.served["jdm.js"]["cache-control"]
        assert visit.served["jdm.js"]["content-encoding"] == "gzip"
        assert visit.served[""]["content-security-policy"] == CONTENT_SECURITY_POLICY  # as on every other page
        assert visit.complaints == []

    def test_a_locked_text_is_shown_with_its_findings_and_cannot_be_changed(self, visit: Visit) -> None:
        page = _shown(visit, "?state=readonly")
        assert page.locator(".grl-dg").get_by_text("拖到画布").count() == 0
        style = "element => getComputedStyle(element.firstElementChild).outlineStyle"
        assert [_node(page, node).evaluate(style) for node in ("rating", "grading")] == ["solid", "none"]
        page.click("#finding")
        expect(page.locator(".tab-content.active")).to_contain_text("rating.thin")
        page.get_by_role("tab", name="流程图").click()
        _node(page, "grading").get_by_text("编辑表格").click()
        _row(page).nth(2).click()
        page.keyboard.type(" + 1")
        expect(_row(page).nth(2)).to_have_text(">= policy.grade_a_min_score")
        with page.expect_navigation(wait_until="commit"):  # what the form sent is kept before the answer comes
            page.click("#save")
        assert json.loads(urls.kept["content"]) == standard_content("full")
        assert visit.complaints == []

    def test_text_and_picture_are_the_same_model(self, visit: Visit) -> None:
        page = _shown(visit)
        page.get_by_role("button", name="文本").click()
        expect(page.locator(TEXT)).to_be_visible()
        page.fill(TEXT, page.input_value(TEXT).replace('"id": "grading", "name": "', '"id": "grading", "name": "新'))
        page.get_by_role("button", name="图形").click()
        expect(_node(page, "grading")).to_contain_text("新")
        page.get_by_role("button", name="文本").click()
        expect(page.locator(TEXT)).to_be_visible()
        page.fill(TEXT, "{")
        page.get_by_role("button", name="图形").click()
        expect(page.get_by_role("alert")).to_contain_text("文本不是可读的模型")
        assert page.input_value(TEXT) == "{"
        visit.go("model/?content={")
        expect(page.get_by_role("alert")).to_contain_text("图形编辑器未打开")
        assert page.is_visible(TEXT)
        assert visit.complaints == []


def test_without_a_bundle_the_page_says_so_and_leaves_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.templatetags.model_editor.bundle", lambda: None)
    page = engines["django"].from_string('{% include "admin/jdm_editor.html" %}').render({})
    assert "没有安装图形编辑器" in page
    assert "make editor" in page
    assert "<script" not in page


def test_the_bundle_is_found_where_static_files_are_collected_and_missing_where_it_was_not_built(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = bundle.__wrapped__  # what it remembers for a process is left alone
    settings.STATIC_ROOT = str(tmp_path)
    monkeypatch.setattr("django.contrib.staticfiles.finders.find", lambda _: None)
    assert find() is None
    (tmp_path / "jdm").mkdir()
    (tmp_path / "jdm" / "manifest.json").write_text('{"folder": "0123456789ab"}')
    assert find() == Bundle("/static/jdm/0123456789ab/jdm.js", "/static/jdm/0123456789ab/jdm.css")
