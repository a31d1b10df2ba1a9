"""Watchlist alerts, for staff who judge them only: nobody else may learn of a hit (AML-08)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from unfold.decorators import display

from core.admin.columns import opaque, state, whole
from core.admin.pages import ReadOnlyPage

if TYPE_CHECKING:
    from django.http import HttpRequest

    from verification.models import ScreeningAlert

RIGHTS: Final = ("verification.change_screeningalert", "verification.view_screeningalert")


def may_see_screening(request: HttpRequest) -> bool:
    """Tell whether the login judges watchlist findings, or was named to read them."""
    return any(request.user.has_perm(right) for right in RIGHTS)


class ScreeningAlertPage(ReadOnlyPage):
    """Alerts, newest first."""

    list_display = (
        state("outcome", "结果", {"hit": "danger", "review": "warning"}),
        state("status", "状态", {"open": "warning"}),
        "purpose",
        opaque("subject_id", "客户"),
        "created_at",
    )
    list_filter = ("outcome", "status")
    list_select_related = ("check_row",)
    ordering = ("-id",)
    fields = ("id", "outcome", "status", "purpose", "business", whole("subject_id", "客户"), "matches", "created_at")
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show alerts to whoever judges them or was named to read them; no role that sees the room has that right."""
        del obj
        return may_see_screening(request)

    @display(description="环节")
    def purpose(self, row: ScreeningAlert) -> str:
        """Show for which step of the business it was screened."""
        return row.check_row.purpose

    @display(description="业务编号")
    def business(self, row: ScreeningAlert) -> str:
        """Show the business object."""
        return row.check_row.business_id

    @display(description="匹配条目")
    def matches(self, row: ScreeningAlert) -> str:
        """Show what was found: list, version, entry, how and how closely."""
        found = row.check_row.matches.order_by("-score", "list_code")
        told = (
            f"{one.list_code} 第{one.list_version}版 {one.entry}：{one.get_matched_by_display()} {one.score}"
            for one in found
        )
        return "；".join(told)


class WatchlistVersionPage(ReadOnlyPage):
    """The lists that all banks screen against: which versions were imported, and which are in force."""

    list_display = ("list_code", "number", "current", "entries", "names", "imported_at")
    list_filter = ("current", "list_code")
    ordering = ("list_code", "-number")
    fields = ("list_code", "number", "current", "entries", "names", "imported_at")
    readonly_fields = fields
