"""The two admin sites: one for each bank's staff at `/b/{code}/admin/`, one for the province at `/admin/`.

Rooms register their pages with `admin.register(Model, site=…)` through `bank_admin` and `province_admin` by a list in
their `admin` package: `bank_pages` and `province_pages` are (model, page) pairs.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class BankAdmin(UnfoldAdminSite):
    """The admin of one bank: what it shows is in that bank's schema, its cookies are kept to its path."""

    def __init__(self) -> None:
        """Name the site."""
        super().__init__(name="admin")


class ProvinceAdmin(UnfoldAdminSite):
    """The admin of the province."""

    def __init__(self) -> None:
        """Name the site."""
        super().__init__(name="admin")


bank_admin = BankAdmin()
province_admin = ProvinceAdmin()


def site_title(request: HttpRequest) -> str:
    """Name the bank, or the province, in the page's head."""
    bank = getattr(request, "bank", None)
    return f"{bank.display_name} 信贷管理" if bank else "省级管理平台"


def register_pages() -> None:
    """Register the pages of all rooms with both sites."""
    for room in ("core", "tenants", "verification", "accounts", "lending"):
        if find_spec(f"{room}.admin") is None:
            continue
        module: Any = import_module(f"{room}.admin")
        for site, name in ((bank_admin, "bank_pages"), (province_admin, "province_pages")):
            for model, page in getattr(module, name, []):
                site.register(model, page)
