"""What the admin's pages call what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from unfold.sites import UnfoldAdminSite

from config.admin_site import bank_admin, province_admin

CHINESE: Final = re.compile(r"[一-鿿]|^LPR")


def _labels(site: UnfoldAdminSite) -> Iterator[tuple[str, str]]:
    """Give the title of each column and each line of each page, tables below a row included, with where it stands."""
    for model, page in site._registry.items():
        shown: list[Any] = [*page.list_display, *page.readonly_fields, *flatten_fieldsets(page.fieldsets or [])]
        tables = [table(model, site) for table in page.inlines]
        for where, names in [
            (page, shown),
            *((table, [*(table.fields or []), *table.readonly_fields]) for table in tables),
        ]:
            for name in names:
                yield f"{type(where).__name__}.{name}", str(label_for_field(name, where.model, where))


@pytest.mark.parametrize("site", [bank_admin, province_admin], ids=["bank", "province"])
def test_every_column_and_line_has_a_chinese_title(site: UnfoldAdminSite) -> None:
    labels = dict(_labels(site))
    assert len(labels) > 100
    assert {where: label for where, label in labels.items() if not CHINESE.search(label)} == {}
