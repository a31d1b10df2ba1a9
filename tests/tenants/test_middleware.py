"""The bank of a request, by its path."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_script_prefix, reverse

from core.tenancy import PROVINCE, PUBLIC, current_place, in_bank
from tenants import directory
from tenants.middleware import BankMiddleware

pytestmark = pytest.mark.django_db
URLS = "config.urls_bank"


def _seen(path: str) -> dict[str, Any]:
    """Send a request through the middleware alone and return what the view would see."""
    seen: dict[str, Any] = {}

    def view(request: HttpRequest) -> HttpResponse:
        place = current_place()
        seen.update(
            path=request.path_info,
            prefix=get_script_prefix(),
            place=place,
            bank=getattr(request, "bank", None),
            admin=reverse("admin:index", urlconf=URLS),
        )
        answer = HttpResponse()
        answer.set_cookie("a", "1")
        answer.delete_cookie("b")
        seen["answer"] = answer
        return answer

    BankMiddleware(view)(RequestFactory().get(path))
    return seen


class TestTheBankOfARequest:
    def test_it_is_entered_and_its_prefix_stripped(self) -> None:
        seen = _seen("/b/125/api/v1/products")
        assert seen["path"] == "/api/v1/products"
        assert seen["prefix"] == "/b/125/"
        assert seen["place"].code == "125"
        assert seen["place"].role == "bank_125"
        assert seen["bank"].region_code == "320700"

    def test_outside_any_bank_the_place_is_public_and_the_prefix_none(self) -> None:
        with in_bank("125"):
            _seen("/b/125/x")
        seen = _seen("/healthz")
        assert (seen["place"], seen["prefix"], seen["bank"]) == (PUBLIC, "/", None)

    def test_the_provinces_admin_is_at_the_province(self) -> None:
        assert _seen("/admin/tenants/bank/")["place"] == PROVINCE
        assert _seen("/administration")["place"] == PUBLIC

    @pytest.mark.parametrize(
        "path",
        [
            "/b/999/",
            "/b/999/api/v1/products",
            "/b/",
            "/b//",
            "/b/BANK/x",
            "/b/125%00/x",
            "/b/１２５/x",
            "/b/province/admin/",
        ],
    )
    def test_an_unknown_bank_is_a_404_problem(self, path: str) -> None:
        answer = Client().get(path)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not_found"

    def test_a_missing_slash_is_redirected(self) -> None:
        answer = Client().get("/b/125")
        assert (answer.status_code, answer["Location"]) == (301, "/b/125/")

    def test_cookies_set_and_deleted_get_the_banks_path(self) -> None:
        cookies = _seen("/b/125/x")["answer"].cookies
        assert {name: cookie["path"] for name, cookie in cookies.items()} == {"a": "/b/125/", "b": "/b/125/"}
        cookies = _seen("/admin/x")["answer"].cookies
        assert {cookie["path"] for cookie in cookies.values()} == {"/admin/"}
        cookies = _seen("/healthz")["answer"].cookies
        assert {cookie["path"] for cookie in cookies.values()} == {"/"}

    def test_a_path_inside_the_bank_is_unknown_as_a_problem_too(self) -> None:
        answer = Client().get("/b/125/nowhere")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestTheDirectory:
    def test_a_code_that_no_bank_can_have_costs_no_statement(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            assert directory.card_of("'; DROP SCHEMA public; --") is None

    def test_it_is_read_again_after_seconds_or_when_it_is_forgotten(
        self, settings: Any, django_assert_num_queries: Any
    ) -> None:
        settings.DIRECTORY_SECONDS = 60
        directory.forget()
        assert directory.card_of("125") is not None
        with django_assert_num_queries(0):
            assert directory.card_of("125") is not None
        directory.forget("125")
        settings.DIRECTORY_SECONDS = 0
        assert directory.card_of("125") is not None
        directory.forget()

    def test_it_does_not_grow_without_bound(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.DIRECTORY_SECONDS = 60
        monkeypatch.setattr(directory, "MOST_CACHED", 5)
        for number in range(20):
            directory.card_of(f"x{number}")
        assert len(directory._cache) <= 5
        directory.forget()


@pytest.mark.django_db(transaction=True)
def test_links_are_of_the_requests_own_bank_under_threads() -> None:
    """Ask for two banks' and the province's login pages at once: no page names another's path."""
    link = re.compile(r'(?:href|action|src)="(/[^"]*)"')

    def ask(number: int) -> list[str]:
        prefix = ("/b/125", "/b/116", "")[number % 3]
        try:
            page = Client().get(f"{prefix}/admin/login/").content.decode()
        finally:
            connection.close()
        return [found for found in link.findall(page) if not found.startswith(("/static/", f"{prefix}/admin/"))]

    with ThreadPoolExecutor(6) as threads:
        strange = [found for some in threads.map(ask, range(36)) for found in some]
    assert strange == []
