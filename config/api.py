"""Which room serves which calls: the list of each room's URLs."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver

ROOMS = ("tenants", "verification", "accounts", "lending")


def _urls(name: str) -> list[URLPattern | URLResolver]:
    found: list[URLPattern | URLResolver] = []
    for room in ROOMS:
        module = f"{room}.rest.urls"
        if find_spec(f"{room}.rest") is not None and find_spec(module) is not None:
            found += getattr(import_module(module), name, [])
    return found


bank_api = _urls("bank_urls")
province_api = _urls("province_urls")
