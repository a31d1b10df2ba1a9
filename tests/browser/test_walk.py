"""Two banks' staff go through their admins in a real browser: every page works, and shows nothing of the other bank.

The first logs in by the form, opens the first page, and reads what the day's work needs (which `test_film.py` goes through
with the roles that do it) as it is sent; the second goes through all stops. What a bank's other lists show without scripts is
seen by `tests/flows/test_admin_pages.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from core.tenancy import in_bank
from lending.decision.standard import standard_content
from lending.models import BankModelVersion, Product, ProductVersion
from lending.operations.models import start_model
from tenants.operations import make_entry
from tests.browser.chinese import foreign_words
from tests.browser.conftest import Visit, Visitor

NODES: Final = tuple(sorted((node["id"] for node in standard_content("full")["nodes"]), key=len, reverse=True))
NAMED: Final = ("staff", "system", "own-full", "test", "review", "skip", *NODES)  # logins and codes are no words
ALONE: Final = r"(?<![\w.,-])"  # not within a class's name, an id or a coordinate
FIRST_ROW: Final = "#result_list tbody tr:first-child th a"
LINK_OF_FIRST_ROW: Final = re.compile(r'<tbody.*?<th.*?<a [^>]*?href="(?P<address>[^"]+)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stop:
    """A page of the walk: its name for pictures, where it is, a word on it; the first row's page too, where wanted.

    What lists names and values as they are stored (`has_codes`) is not looked over for words that are not Chinese.
    The pages of the day's work (`is_daily`) are looked at at both banks.
    """

    name: str
    path: str
    word: str
    first_row: str = ""
    has_codes: bool = False
    is_daily: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """A bank of the walk, and what only its own pages may hold, as patterns."""

    bank: str
    signs: tuple[str, ...]


STOPS: Final = (
    Stop("dashboard", "", "总览", is_daily=True),
    Stop("figures", "figures/usage/", "用信率"),
    Stop("funnel", "figures/funnel/", "获客漏斗"),
    Stop("products", "lending/product/", "薪易贷", first_row="停止受理", is_daily=True),
    Stop("versions", "lending/productversion/", "XF01", first_row="版本", is_daily=True),
    Stop("models", "lending/bankmodel/", "本行模型", first_row="用例"),
    Stop("model-versions", "lending/bankmodelversion/", "草稿", first_row="节点", is_daily=True),
    Stop("back-tests", "lending/backtest/", "历史回放"),
    Stop("shadows", "lending/shadowdecision/", "挑战者"),
    Stop("applications", "lending/application/", "申请"),
    Stop("review", "lending/reviewcase/", "审核", is_daily=True),
    Stop("review-tasks", "lending/reviewtask/", "审核"),
    Stop("warnings", "lending/earlywarning/", "预警"),
    Stop("facts", "lending/observedfact/", "外部风险信息"),
    Stop("looks", "accounts/customer/looks/", "查阅记录"),
    Stop("entries", "tenants/entry/", "推广码"),
    Stop("parameters", "tenants/bankparameter/", "参数", has_codes=True),
    Stop("proposals", "core/proposal/", "复核", is_daily=True),
)
SIDES: Final = (
    Side("125", ("连云港", "/b/125/", rf"{ALONE}125-", "花园支行")),
    Side("116", ("张家港", "/b/116/", rf"{ALONE}116-", "沙洲支行")),
)


def _furnish(side: Side) -> None:
    with in_bank(side.bank):
        make_entry(branch=side.signs[-1], staff="", product="XF01", campaign="", actor="test")
        start_model(code="own-full", title="本行模型", template="standard-full", actor="test")
        assert Product.objects.exists()
        assert ProductVersion.objects.exists()


def _signs_on(page: str, other: Side) -> list[str]:
    """Return what tells of the other bank, with what stands around it."""
    return [page[max(0, hit.start() - 40) : hit.end() + 40] for sign in other.signs for hit in re.finditer(sign, page)]


def _look(visit: Visit, stop: Stop, own: Side, other: Side) -> None:
    page = visit.page.content() if visit.page.url == f"{visit.home}{stop.path}" else visit.go(stop.path)
    assert stop.word in page, stop.name
    assert own.signs[0] in page, stop.name
    assert _signs_on(page, other) == [], stop.name
    visit.picture(f"{own.bank}-{stop.name}")
    if stop.first_row:
        visit.page.click(FIRST_ROW)
        expect(visit.page.locator("body")).to_contain_text(stop.first_row)
        assert _signs_on(visit.page.content(), other) == [], stop.name
        visit.picture(f"{own.bank}-{stop.name}-first")
    assert stop.has_codes or foreign_words(visit.page, named=NAMED) == set(), stop.name
    assert visit.complaints == [], stop.name


def _read(visit: Visit, stop: Stop, own: Side, other: Side) -> None:
    """Read a stop's pages as they are sent: what scripts make of them is seen at the other bank, where they are opened."""
    page = _sent(visit, f"{visit.home}{stop.path}")
    assert stop.word in page, stop.name
    assert own.signs[0] in page, stop.name
    assert _signs_on(page, other) == [], stop.name
    if stop.first_row:
        row = LINK_OF_FIRST_ROW.search(page)
        assert row is not None, stop.name
        shown = _sent(visit, urljoin(visit.home, row["address"]))
        assert stop.first_row in shown, stop.name
        assert _signs_on(shown, other) == [], stop.name


def _sent(visit: Visit, address: str) -> str:
    answer = visit.page.request.get(address)
    assert answer.status == 200, address
    return answer.text()


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_two_banks_staff_walk_their_admins_without_an_error_and_without_the_other_bank(visitor: Visitor) -> None:
    for side in SIDES:
        _furnish(side)
    for own, other, is_first in ((*SIDES, True), (*SIDES[::-1], False)):
        with visitor(own.bank, is_superuser=True, by_form=is_first) as visit:
            for stop in STOPS:
                if not is_first or not stop.path:
                    _look(visit, stop, own, other)
                elif stop.is_daily:
                    _read(visit, stop, own, other)
            with in_bank(own.bank):
                draft = BankModelVersion.objects.get()
            editor = Stop("model-editor", f"lending/bankmodelversion/{draft.pk}/edit/", "可用的数据")
            (_read if is_first else _look)(visit, editor, own, other)
            foreign = visit.page.goto(visit.home.replace(own.bank, other.bank))
            assert foreign is not None
            assert foreign.url.endswith(f"/b/{other.bank}/admin/login/?next=/b/{other.bank}/admin/")
