"""Every call of the contract says who may make it, and every call of a customer that changes something has a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.urls import URLPattern, URLResolver

from config.api import bank_api, province_api
from config.health import Alive, Ready
from core.rest.endpoint import Access, ContractView

# POSTs of a customer that carry no Idempotency-Key in the contract; each with the reason why repeating is harmless.
WITHOUT_KEY: Final = {
    "uploads": "the same bytes are one object in the vault, a second row costs nothing",
    "loans/<str:loan_id>/repayments/quote": "a question with a body: it changes nothing",
}
# Calls without a token (conventions of the contract).
OPEN: Final = {
    "get healthz",
    "get readyz",
    "get banks",
    "post entries/resolve",
    "post sessions",
    "get agreements",
    "get products",
    "get products/<str:code>",
    "post products/<str:code>/quote",
    "post contracts/verify",
}


def _views(found: list[URLPattern | URLResolver], above: str = "") -> Iterator[tuple[str, Any]]:
    for item in found:
        route = f"{above}{item.pattern}"
        if isinstance(item, URLResolver):
            yield from _views(item.url_patterns, route)
        else:
            yield route, getattr(item.callback, "view_class", None) or type(item.callback)


def _calls() -> Iterator[tuple[str, str, Any]]:
    """Give route, method and handler of every call, health included."""
    health = [("healthz", Alive), ("readyz", Ready)]
    for route, view in [*_views(bank_api), *_views(province_api), *health]:
        for method in view.http_method_names:
            if hasattr(view, method):
                yield route, method, getattr(view, method)


def _declared() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for route, method, handler in _calls():
        if hasattr(handler, "declared"):
            yield route, method, f"{handler.__module__}.{handler.__qualname__}", handler.declared


def test_every_url_leads_to_a_view_of_the_contract() -> None:
    views = [*_views(bank_api), *_views(province_api)]
    assert views
    assert [route for route, view in views if not issubclass(view, ContractView)] == []


def test_every_call_declares_who_may_make_it() -> None:
    undeclared = [
        f"{handler.__module__}.{handler.__qualname__}"
        for _, _, handler in _calls()
        if not isinstance(getattr(handler, "declared", {}).get("access"), Access)
    ]
    assert undeclared == [], "decorate it with @endpoint(...)"


def test_a_call_is_open_only_where_the_contract_says_so() -> None:
    is_open = {f"{method} {route}" for route, method, _, declared in _declared() if declared["access"] is Access.OPEN}
    assert is_open - OPEN == set()


def test_every_post_of_a_customer_carries_an_idempotency_key() -> None:
    keyless = [
        name
        for route, method, name, declared in _declared()
        if method == "post" and declared["access"] is Access.CUSTOMER and not declared["idempotent"]
        if route not in WITHOUT_KEY
    ]
    assert keyless == [], "settle the request, or say in WITHOUT_KEY why repeating is harmless"


def test_no_call_that_only_reads_asks_for_a_key() -> None:
    assert [name for _, method, name, declared in _declared() if method == "get" and declared["idempotent"]] == []


def test_a_call_that_names_a_customers_resource_says_that_it_may_be_absent() -> None:
    silent = [
        name
        for route, _, name, declared in _declared()
        if "<" in route and declared["access"] is Access.CUSTOMER and not declared["by_id"]
    ]
    assert silent == [], "declare by_id=True"
