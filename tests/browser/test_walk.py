"""Two banks' staff go through their admins in a real browser: every page works, and shows nothing of the other bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import expect

from core.tenancy import in_bank
from lending.models import Product, ProductVersion
from tenants.operations import make_entry
from tests.browser.conftest import Visit, Visitor

FIRST_ROW: Final = "#result_list tbody tr:first-child th a"


@dataclass(frozen=True, slots=True)
class Stop:
    """A page of the walk: its name for pictures, where it is, a word on it; the first row's page too, where wanted."""

    name: str
    path: str
    word: str
    first_row: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """A bank of the walk, and what only its own pages may hold."""

    bank: str
    signs: tuple[str, ...]


STOPS: Final = (
    Stop("dashboard", "", "总览"),
    Stop("figures", "figures/usage/", "用信率"),
    Stop("products", "lending/product/", "薪易贷", first_row="停止受理"),
    Stop("versions", "lending/productversion/", "XF01", first_row="版本"),
    Stop("applications", "lending/application/", "申请"),
    Stop("entries", "tenants/entry/", "推广码"),
    Stop("parameters", "tenants/bankparameter/", "参数"),
    Stop("proposals", "core/proposal/", "复核"),
)
SIDES: Final = (
    Side("125", ("连云港", "/b/125/", "125-", "花园支行")),
    Side("116", ("张家港", "/b/116/", "116-", "沙洲支行")),
)


def _furnish(side: Side) -> None:
    with in_bank(side.bank):
        make_entry(branch=side.signs[-1], staff="", product="XF01", campaign="", actor="test")
        assert Product.objects.exists()
        assert ProductVersion.objects.exists()


def _look(visit: Visit, stop: Stop, own: Side, other: Side) -> None:
    page = visit.go(stop.path)
    assert stop.word in page, stop.name
    assert own.signs[0] in page, stop.name
    assert [sign for sign in other.signs if sign in page] == [], stop.name
    visit.picture(f"{own.bank}-{stop.name}")
    if stop.first_row:
        visit.page.click(FIRST_ROW)
        expect(visit.page.locator("body")).to_contain_text(stop.first_row)
        assert [sign for sign in other.signs if sign in visit.page.content()] == [], stop.name
        visit.picture(f"{own.bank}-{stop.name}-first")
    assert visit.complaints == [], stop.name


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_two_banks_staff_walk_their_admins_without_an_error_and_without_the_other_bank(visitor: Visitor) -> None:
    for side in SIDES:
        _furnish(side)
    for own, other in (SIDES, SIDES[::-1]):
        visit = visitor(own.bank, is_superuser=True)
        for stop in STOPS:
            _look(visit, stop, own, other)
        foreign = visit.page.goto(visit.home.replace(own.bank, other.bank))
        assert foreign is not None
        assert foreign.url.endswith(f"/b/{other.bank}/admin/login/?next=/b/{other.bank}/admin/")
