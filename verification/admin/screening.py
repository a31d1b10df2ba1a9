"""Watchlist alerts, for staff who judge them only: nobody else may learn of a hit (AML-08)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import opaque, state, whole
from core.admin.pages import ReadOnlyPage
from core.approvals.operations import propose
from core.crypto.masking import mask_name
from verification.approvals import CLEAR_ALERT, JUDGES
from verification.business_pages import business_page
from verification.models import ScreeningAlert
from verification.operations.judging import confirm_alert
from verification.states import ALERT

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

RIGHTS: Final = (JUDGES, "verification.view_screeningalert")
STATUSES: Final = {"open": "warning", "cleared": "success", "confirmed": "danger"}
CONFIRM: Final = Act(
    title="确认命中",
    submit="确认命中",
    explanation="认定就是名单所列之人，立即生效：相关业务和款项停止办理，来款留在暂收款。随后须对其账户提出限制令，"
    "24 小时内报告公安机关和人民银行，并不得告知客户（AML-05、AML-08）。",
    done="已确认，请立即办理账户限制和报告",
    danger=True,
)
CLEAR: Final = Act(
    title="排除预警",
    submit="提交复核",
    explanation="认定不是名单所列之人，或限制的依据已经消失。须由另一名合规人员复核；通过后相关款项可以继续办理（AML-07）。",
    done="已提交，待另一名合规人员复核",
)


NEXT: Final = {
    "open": "核对名单条目与当事人：是同一人的，立即“确认命中”（一人即可）；不是的，“排除”（须两人）。处理前相关业务停止办理。",
    "confirmed": "相关业务和款项停止办理。立即对其账户提出限制令，24 小时内报告公安机关和人民银行，不得告知客户。"
    "依据消失的，经两人排除后恢复，并报告解除。",
    "cleared": "已由两人排除，相关业务可以继续办理。",
}


def may_see_screening(request: HttpRequest) -> bool:
    """Tell whether the login judges watchlist findings, or was named to read them."""
    return any(request.user.has_perm(right) for right in RIGHTS)


class OpinionForm(ActForm):
    """Why it is judged so."""

    opinion = forms.CharField(
        label="甄别意见", max_length=200, help_text="写明依据，如证件号、出生日期不符；不要写姓名和证件号"
    )


class ScreeningAlertPage(ReadOnlyPage):
    """Alerts, newest first; one person confirms, two clear."""

    list_display = (
        state("outcome", "结果", {"hit": "danger", "review": "warning"}),
        state("status", "状态", STATUSES),
        "purpose",
        opaque("subject_id", "客户"),
        "created_at",
        "judged_by",
    )
    list_filter = ("outcome", "status")
    list_select_related = ("check_row",)
    ordering = ("-id",)
    actions_detail = ("confirm", "clear")
    fields = (
        "id", "outcome", "status", "next_step", "purpose", "business", whole("subject_id", "客户"), "party", "matches",
        "created_at", "judged_by", "judged_at", "opinion",
    )  # fmt: skip
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show alerts to whoever judges them or was named to read them; no role that sees the room has that right."""
        del obj
        return may_see_screening(request)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return an alert, and whether its reader judges it."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.is_judged_here = request.user.has_perm(JUDGES)
        return row

    @display(description="须办事项")
    def next_step(self, row: ScreeningAlert) -> str:
        """Say what is to be done now, and by whom."""
        return NEXT[row.status]

    @display(description="环节")
    def purpose(self, row: ScreeningAlert) -> str:
        """Show for which step of the business it was screened."""
        found = business_page(row.check_row.purpose)
        return row.check_row.purpose if found is None else found.title

    @display(description="业务编号")
    def business(self, row: ScreeningAlert) -> str:
        """Show the business object, and lead to its page where it has one."""
        business_id = row.check_row.business_id
        found = business_page(row.check_row.purpose)
        if found is None:
            return business_id
        address = reverse(f"admin:{found.page}_change", args=(business_id,))
        return format_html('<a class="link" href="{}">{}</a>', address, business_id)

    @display(description="交易对手")
    def party(self, row: Any) -> str:
        """Show the name that was screened where it was no customer: whole to who judges, for a name is all that there is."""
        name = (row.check_row.asked or {}).get("name", "")
        return (name if row.is_judged_here else mask_name(name)) or "—"

    @display(description="匹配条目")
    def matches(self, row: ScreeningAlert) -> str:
        """Show what was found: list, version, entry, how and how closely."""
        found = row.check_row.matches.order_by("-score", "list_code")
        told = (
            f"{one.list_code} 第{one.list_version}版 {one.entry}：{one.get_matched_by_display()} {one.score}"
            for one in found
        )
        return "；".join(told)

    def has_confirm_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to who judges, on an alert that nobody has judged."""
        return self._may(request, object_id, "confirm")

    def has_clear_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to who judges, on an alert that is not cleared."""
        return self._may(request, object_id, "clear")

    def _may(self, request: HttpRequest, object_id: Any, event: str) -> bool:
        states = [state for state, moved_by in ALERT.table if moved_by == event]
        if not request.user.has_perm(JUDGES):
            return False
        return object_id is None or ScreeningAlert.objects.filter(pk=object_id, status__in=states).exists()

    @action(description="确认命中", permissions=["confirm"], icon="gpp_bad")
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Confirm it."""

        def run(given: Any) -> None:
            confirm_alert(alert_id=uuid.UUID(object_id), opinion=given["opinion"], actor=actor_of(request))

        return perform(self, request, CONFIRM, run=run, form_class=OpinionForm, object_id=object_id)

    @action(description="排除", permissions=["clear"], icon="verified_user")
    def clear(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose to clear it."""

        def run(given: Any) -> None:
            propose(
                kind=CLEAR_ALERT, subject=uuid.UUID(object_id).hex, values={}, reason=given["opinion"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, CLEAR, run=run, form_class=OpinionForm, object_id=object_id)


class WatchlistVersionPage(ReadOnlyPage):
    """The lists that all banks screen against: which versions were imported, and which are in force."""

    list_display = ("list_code", "number", "current", "entries", "names", "imported_at")
    list_filter = ("current", "list_code")
    ordering = ("list_code", "-number")
    fields = ("list_code", "number", "current", "entries", "names", "imported_at")
    readonly_fields = fields
