"""Every list of both admin sites asks as much for many rows as for few."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.contrib.admin.templatetags.admin_list import result_list
from django.contrib.auth.models import User
from django.db import connection, connections
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from bench.many_rows import copy_rows, let_anything_in, make_first, with_what_they_point_to
from config import database as database_settings
from config.admin_site import bank_admin, province_admin
from core.admin.filters import NewestValuesFilter
from core.approvals.models import Proposal
from core.db.base import DatabaseWrapper
from core.tenancy import PROVINCE_CODE, in_bank, schema_of
from lending.models import Instalment
from tenants import directory
from tenants.middleware import BANK_URLS
from tests import database
from tests.tenants.test_roles import _request, override_urls

URL: Final = os.environ["DATABASE_URL"]
FEW, MANY, LONGEST = 2, 22, 150
CATALOGUES: Final = ("tenants.BankParameter", "tenants.PlatformParameter")  # show what is declared, not rows
SITES: Final = {"125": bank_admin, PROVINCE_CODE: province_admin}


@pytest.fixture(scope="module")
def own_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Give a database for this module alone, whose tables take whatever is copied."""
    del django_db_setup
    former = connections["default"], settings.DATABASE_ROLES
    template = database.ensure_template(URL)
    with django_db_blocker.unblock(), database.run_copy(URL, template, f"lists_{os.getpid()}") as name:
        settings.DATABASE_ROLES = False
        declared = {
            **former[0].settings_dict,
            **database_settings.django_settings(settings.OWNER_ADDRESS, pool_size=0),
            "NAME": name,
        }
        connections["default"] = DatabaseWrapper(declared, "default")
        directory.forget()
        for bank in SITES:
            with in_bank(bank):
                let_anything_in([schema_of(bank) if bank != PROVINCE_CODE else bank, "public"])
        yield
        connections["default"].close()
        connections["default"], settings.DATABASE_ROLES = former
    directory.forget()


def _fill(bank: str, rows: int) -> None:
    beside = [Instalment] if bank != PROVINCE_CODE else []
    for model in with_what_they_point_to([*SITES[bank]._registry, *beside]):
        make_first(model)
        copy_rows(model, rows)


def _asked(page: ModelAdmin[Any], request: Any) -> tuple[int, list[str]]:
    """Show a list as far as it asks for something; return how many rows it shows, and what it asked."""
    with CaptureQueriesContext(connection) as asked:
        shown: Any = page.changelist_view(request)
        assert shown.status_code == 200, page
        changes = shown.context_data.get("cl")
        results: Any = [] if changes is None else result_list(changes)["results"]
        rows = list(results)
        for spec in [] if changes is None else changes.filter_specs:
            list(spec.choices(changes))
    return len(rows), [one["sql"][:LONGEST] for one in asked if "set_config" not in one["sql"]]


def _lists(bank: str) -> dict[str, tuple[int, list[str]]]:
    with override_urls(None if bank == PROVINCE_CODE else BANK_URLS):
        request = _request(User.objects.get(username="root"))
        request.bank = directory.card_of(bank)  # type: ignore[attr-defined]
        return {model._meta.label: _asked(page, request) for model, page in SITES[bank]._registry.items()}


@pytest.mark.usefixtures("own_database")
def test_a_filter_offers_what_occurs_and_what_is_asked_for() -> None:
    with in_bank("125"), override_urls(BANK_URLS):
        make_first(Proposal)
        root, _ = User.objects.get_or_create(username="root", is_staff=True, is_superuser=True)
        for query, shown in (({}, ["111"]), ({"kind": "of_old"}, ["111", "of_old"]), ({"kind": "111"}, ["111"])):
            request = _request(root)
            request.GET = QueryDict(urlencode(query))
            changes = bank_admin._registry[Proposal].get_changelist_instance(request)
            (spec,) = (each for each in changes.filter_specs if isinstance(each, NewestValuesFilter))
            assert [choice["display"] for choice in spec.choices(changes)][1:] == shown
            assert len(changes.result_list) == (0 if "of_old" in shown else 1)
            assert "近 10,000 条" in spec.title


@pytest.mark.usefixtures("own_database")
@pytest.mark.parametrize("bank", list(SITES))
def test_asks_as_much_for_many_rows_as_for_few(bank: str) -> None:
    with in_bank(bank):
        User.objects.get_or_create(username="root", is_staff=True, is_superuser=True)
        _fill(bank, FEW)
        few = _lists(bank)
        _fill(bank, MANY)
        many = _lists(bank)
    more = {
        label: Counter(queries) - Counter(few[label][1])
        for label, (_, queries) in many.items()
        if len(queries) != len(few[label][1])
    }
    assert more == {}
    shown = {label: (few[label][0], rows) for label, (rows, _) in many.items() if label not in CATALOGUES}
    assert {label: rows for label, rows in shown.items() if rows[0] < FEW or rows[1] < MANY} == {}
