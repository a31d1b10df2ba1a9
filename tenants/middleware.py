"""Find the bank of a request by its path `/b/{code}/…`, enter it, and keep its cookies to it.

Outermost of the middleware, so that it sees every cookie that anything sets. The stock subfolder middleware clears the
URL caches at every request; this one only strips the prefix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from core.errors import NotFound
from core.rest.problems import plain
from core.tenancy import PROVINCE, PUBLIC, enter, place_of
from tenants import directory

PREFIX: Final = "/b/"
PROVINCE_ADMIN: Final = "/admin/"
BANK_URLS: Final = "config.urls_bank"


class BankMiddleware:
    """Enter the bank that the path names; without one, the province (its admin) or the public schema."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Enter, pass on, and give cookies the bank's path. The place is not left at the end: bodies may stream."""
        enter(PUBLIC)
        set_script_prefix("/")
        if request.path_info.startswith(PROVINCE_ADMIN):
            enter(PROVINCE)
            # At the path "/" the province's cookies would go to every bank's admin too, and hide the bank's own.
            return self._keep_cookies(self.get_response(request), PROVINCE_ADMIN)
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        code, slash, rest = request.path_info[len(PREFIX) :].partition("/")
        card = directory.card_of(code)
        if card is None:
            return plain(request, NotFound("没有这家银行"))
        if not slash:
            return HttpResponsePermanentRedirect(f"{PREFIX}{code}/")
        prefix = f"{PREFIX}{code}"
        request.path_info = f"/{rest}"
        request.META["SCRIPT_NAME"] = prefix
        request.META["PATH_INFO"] = request.path_info
        request.urlconf = BANK_URLS  # type: ignore[attr-defined]
        request.bank = card  # type: ignore[attr-defined]
        set_script_prefix(f"{prefix}/")
        enter(place_of(code))
        return self._keep_cookies(self.get_response(request), f"{prefix}/")

    @staticmethod
    def _keep_cookies(response: HttpResponseBase, path: str) -> HttpResponseBase:
        for cookie in response.cookies.values():
            cookie["path"] = path
        return response
