"""The two admin sites: one for each bank's staff at `/b/{code}/admin/`, one for the province at `/admin/`.

Rooms name their pages in their `admin` package: `bank_pages` and `province_pages` are lists of (model, page). Both sites
are called `admin`, because the theme's templates say so; each has URLs of its own, so the name is never ambiguous.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from unfold.sites import UnfoldAdminSite

from config.navigation import sidebar

View = Callable[..., HttpResponseBase]

# The theme's scripts are files of our own origin; its Alpine evaluates expressions in attributes, and it styles inline.
CONTENT_SECURITY_POLICY: Final = "; ".join(  # noqa: FLY002 -- one directive a line reads better
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


def _guarded(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


class StaffSite(UnfoldAdminSite):
    """An admin site: nothing is deleted in bulk, and every page carries a content security policy."""

    index_title = "总览"

    def __init__(self) -> None:
        """Name the site as the theme's templates expect it."""
        super().__init__(name="admin")
        self.disable_action("delete_selected")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Return the list of all pages when somebody reads it: every page is handed one, few show it."""
        return SimpleLazyObject(lambda: super(StaffSite, self).get_app_list(request, app_label))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the navigation, which is made for the request and complete: the theme would copy and look through it."""
        return sidebar(request, self)

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in whoever works here and has proved the second factor, where one is needed."""
        from tenants.admin import login

        return bool(super().has_permission(request)) and login.is_let_in(request)

    def get_urls(self) -> list[Any]:
        """Add the numbers behind the dashboard's charts, and the second factor, for which a session needs its password only."""
        from config.figures import addresses  # it draws for this site
        from tenants.admin import login

        def page(view: Callable[..., HttpResponseBase]) -> View:
            def guarded(request: HttpRequest) -> HttpResponseBase:
                return _guarded(view(self, request))

            return never_cache(csrf_protect(guarded))

        return [
            path("second-factor/", page(login.ask_factor), name="second_factor"),
            path("second-factor/enrol/", page(login.enrol), name="second_factor_enrol"),
            *addresses(self),
            *super().get_urls(),
        ]

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 -- Django's signature
        """Guard a view as Django does, and its answer by the policy."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            from tenants.admin.support import see_support_through

            see_support_through(request)
            return _guarded(inner(request, *args, **kwargs))

        guarded.__dict__.update(getattr(inner, "__dict__", {}))
        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Show the login page, guarded as every other page is; who owes the second factor goes on to it."""
        from tenants.admin import login

        if request.method == "GET" and login.is_staff(request) and not login.is_let_in(request):
            wanted = str(request.GET.get("next", ""))
            address = reverse("admin:second_factor") + (f"?{urlencode({'next': wanted})}" if wanted else "")
            return _guarded(HttpResponseRedirect(address))
        self.login_form = login.StaffLoginForm
        return _guarded(super().login(request, extra_context))


class BankAdmin(StaffSite):
    """The admin of one bank: what it shows is in that bank's schema, its cookies are kept to its path."""


class ProvinceAdmin(StaffSite):
    """The admin of the province: it sees the directory, what all banks share and the sums, never a customer."""


bank_admin = BankAdmin()
province_admin = ProvinceAdmin()


def register_pages() -> None:
    """Register the pages of all rooms with both sites."""
    for room in ("core", "tenants", "verification", "accounts", "lending"):
        if find_spec(f"{room}.admin") is None:
            continue
        module: Any = import_module(f"{room}.admin")
        for site, name in ((bank_admin, "bank_pages"), (province_admin, "province_pages")):
            for model, page in getattr(module, name, []):
                site.register(model, page)
