"""Daily reconciliation with the core system, and the breaks that staff explain."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts.models import CoreReconciliation, ReconciliationBreak
from accounts.operations.reconciliation import close_break, reconcile_again
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage, ReadOnlyTable

KIND_COLOURS: Final = {"missing_here": "danger", "missing_there": "danger", "amount_differs": "warning"}
AGAIN: Final = Act(
    title="重新对账",
    submit="重新对账",
    explanation="重新取核心系统该日流水并比对；已经相符的差异自动核销。",
    done="已安排重新对账",
)
CLOSE: Final = Act(
    title="核销对账差异",
    submit="核销",
    explanation="仅在查明原因并处理后核销；原因写入审计日志。",
    done="差异已核销",
)


class ReasonForm(ActForm):
    """Why the two sides differ, and what was done."""

    reason = forms.CharField(label="原因与处理", max_length=200)


class BreakTable(ReadOnlyTable):
    """The breaks of a day."""

    model = ReconciliationBreak
    verbose_name_plural = "差异"
    readonly_fields = ("kind", "request_id", amount("our_fen", "我方金额"), amount("their_fen", "核心金额"), "closed_at",
                       "reason")  # fmt: skip
    fields = readonly_fields
    show_change_link = True


class CoreReconciliationPage(ReadOnlyPage):
    """Days, newest first."""

    list_display = ("order_date", "ours", "theirs", "in_flight", "open_breaks", "compared_at")
    list_filter = ("order_date",)
    ordering = ("-order_date",)
    actions_detail = ("again",)
    inlines = (BreakTable,)
    fields = ("order_date", ("ours", "theirs"), "in_flight", "compared_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CoreReconciliation]:
        """Count the open breaks along."""
        rows: QuerySet[CoreReconciliation] = super().get_queryset(request)
        return rows.annotate(open_count=Count("breaks", filter=Q(breaks__closed_at=None, breaks__isnull=False)))

    @display(description="未核销差异")
    def open_breaks(self, row: Any) -> int:
        """Show how many breaks nobody has explained."""
        return int(row.open_count)

    def has_again_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to whoever reconciles."""
        del object_id
        return bool(request.user.has_perm("accounts.change_corereconciliation"))

    @action(description="重新对账", permissions=["again"], icon="sync")
    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Compare the day once more."""

        def run(_: Any) -> None:
            day = CoreReconciliation.objects.values_list("order_date", flat=True).get(pk=object_id)
            reconcile_again(order_date=day, actor=actor_of(request))

        return perform(self, request, AGAIN, run=run, object_id=object_id)


class ReconciliationBreakPage(ReadOnlyPage):
    """Breaks, the open ones first."""

    list_display = ("day", state("kind", "差异", KIND_COLOURS), opaque("request_id", "请求号"),
                    amount("our_fen", "我方金额"), amount("their_fen", "核心金额"), "closed_at", "closed_by")  # fmt: skip
    list_filter = ("kind", ("closed_at", admin.EmptyFieldListFilter), "found_at")
    list_select_related = ("reconciliation",)
    ordering = ("-id",)
    actions_detail = ("close",)
    readonly_fields = ("our_fen_in_yuan", "their_fen_in_yuan")
    fieldsets = (
        (None, {"fields": (("reconciliation", "kind"), ("request_id", "core_reference"), "payment",
                           ("our_fen_in_yuan", "their_fen_in_yuan"))}),
        ("核销", {"fields": (("found_at", "closed_at"), "closed_by", "reason")}),
    )  # fmt: skip
    our_fen_in_yuan = staticmethod(amount("our_fen", "我方金额"))
    their_fen_in_yuan = staticmethod(amount("their_fen", "核心金额"))

    @display(description="业务日", ordering="reconciliation__order_date")
    def day(self, row: ReconciliationBreak) -> str:
        """Show the day."""
        return str(row.reconciliation.order_date)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act for what is open."""
        if not request.user.has_perm("accounts.change_reconciliationbreak"):
            return False
        return object_id is None or ReconciliationBreak.objects.filter(pk=object_id, closed_at=None).exists()

    @action(description="核销", permissions=["close"], icon="task_alt")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close the break with a reason."""

        def run(given: Any) -> None:
            close_break(break_id=uuid.UUID(object_id), reason=given["reason"], actor=actor_of(request))

        return perform(self, request, CLOSE, run=run, form_class=ReasonForm, object_id=object_id)
