"""The base of every admin page.

Django's own form views run in a transaction, so they save drafts only. Everything that happens is an act outside the
form (`core.admin.acts`), which calls one operation of the opening sort. Most pages therefore only show.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline


class Page(ModelAdmin):
    """A page on which nothing is deleted and nothing is changed in bulk."""

    actions = ()
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False  # a filtered list counts what it shows, not also all that there is
    list_fullwidth = True
    compressed_fields = True
    empty_value_display = "—"

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
