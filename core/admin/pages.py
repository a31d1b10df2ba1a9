"""The base of every admin page.

Django's own form views run in a transaction, so they save drafts only. Everything that happens is an act outside the
form (`core.admin.acts`), which calls one operation of the opening sort. Most pages therefore only show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial, wraps
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from unfold.admin import ModelAdmin, TabularInline

from core.admin.acts import Act, ActForm, perform
from core.admin.filters import bounded
from core.clock import business_date


class Page(ModelAdmin):
    """A page on which nothing is deleted and nothing is changed in bulk."""

    actions = ()
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False  # a filtered list counts what it shows, not also all that there is
    list_fullwidth = True
    compressed_fields = True
    empty_value_display = "—"

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Filter by what occurs in the newest rows, where nothing says which values there are."""
        return bounded(self.model, super().get_list_filter(request))

    def read_with(self, rows: Sequence[Any]) -> None:
        """Read in a few statements what the rows of one page of the list need beside them, and put it on them."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the rows of the page that is shown, and what they need: never in some statements for each row."""
        found = super().get_changelist_instance(request)
        rows = list(found.result_list)
        self.read_with(rows)
        found.result_list = rows
        return found

    def get_urls(self) -> list[URLPattern]:
        """Answer staff an address whose id is none, of a page or an act, as Django answers that of a row that is not there."""
        found: list[URLPattern] = super().get_urls()
        for one in found:
            if "object_id" in one.pattern.converters:
                one.callback = self._with_an_id(one.callback)
        return found

    def _with_an_id(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, object_id: str, **kwargs: Any) -> HttpResponse:
            try:
                self.opts.pk.to_python(unquote(object_id))
            except ValidationError:
                if self.admin_site.has_permission(request):  # whoever is not logged in is sent to do so first
                    gone: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
                    return gone
            return view(request, *args, object_id=object_id, **kwargs)

        return guarded

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nothing: what is no longer wanted is closed."""
        del request, obj
        return False


class ReadOnlyPage(Page):
    """A page that only shows; its acts, where it has some, are buttons."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Add nothing by a form."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change nothing by a form."""
        del request, obj
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show the page to whoever may view or change such rows, by an act or otherwise."""
        del obj
        names = (f"{self.opts.app_label}.{sort}_{self.opts.model_name}" for sort in ("view", "change"))
        return any(request.user.has_perm(name) for name in names)


class DatedPage(ReadOnlyPage):
    """A page of rows that are late or not on the business date, which a list reads once."""

    def read_with(self, rows: Sequence[Any]) -> None:
        """Read the business date."""
        today = business_date()
        for row in rows:
            row.today = today

    def today_of(self, row: Any) -> date:
        """Return the business date on which a row is looked at."""
        known: date | None = vars(row).get("today")
        return known or business_date()


class AddingPage(ReadOnlyPage):
    """A page whose rows are added by an act, outside Django's form view: its operation opens a transaction of its own."""

    adding: Act
    adding_form: type[ActForm] = ActForm
    adder = ""
    """The right that adding takes, where it is not the model's own `add`."""

    def perform_add(self, request: HttpRequest, given: Any) -> Any:
        """Do it with what was filled in; return as the `run` of `core.admin.acts.perform`."""
        raise NotImplementedError

    def adding_initial(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return what the form begins with."""
        del request
        return {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Offer the button to whoever has the right."""
        return bool(request.user.has_perm(self.adder or f"{self.opts.app_label}.add_{self.opts.model_name}"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the act's form, or do it."""
        del form_url, extra_context
        if not self.has_add_permission(request):
            raise PermissionDenied
        run = partial(self.perform_add, request)
        return perform(
            self, request, self.adding, run=run, form_class=self.adding_form, initial=self.adding_initial(request)
        )  # fmt: skip


class ReadOnlyTable(TabularInline):
    """Rows below a page's own row, only shown."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Add nothing."""
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change nothing."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nothing."""
        del request, obj
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show the rows to whoever may see the page that they hang on."""
        del request, obj
        return True
