"""Challengers in the shadow: what each would have decided, and how it compares with the champion."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action, display

from core.admin.amounts import percent
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage
from lending.admin.model_report import bars, matrix, table
from lending.models import ShadowDecision
from lending.queries.shadows import compared_challengers

COMPARISON: Final = "admin/report.html"
COLOURS: Final = {"offered": "success", "review": "warning", "rejected": "danger", "error": "danger"}


class ShadowDecisionPage(ReadOnlyPage):
    """What challengers would have decided, newest first."""

    list_display = ("decided_at", opaque("application_id", "申请编号"), "challenger", "champion",
                    state("outcome", "挑战者结论", COLOURS), "score", "grade", amount("limit_fen", "额度"), "annual_rate",
                    "failure")  # fmt: skip
    list_filter = ("outcome", "challenger__model", "decided_at")
    list_select_related = ("decision", "challenger__model")
    ordering = ("-id",)
    actions_list = ("compare",)
    readonly_fields = ("champion", "limit_fen_in_yuan")
    limit_fen_in_yuan = staticmethod(amount("limit_fen", "额度"))
    fieldsets = (
        (None, {"fields": (("challenger", "model_version"), ("champion", "outcome"), "reason_codes", ("score", "grade"),
                           ("limit_fen_in_yuan", "annual_rate"), "failure", "decided_at")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShadowDecision]:
        """Leave the champion's snapshot sealed and the challenger's content where it is."""
        rows: QuerySet[ShadowDecision] = super().get_queryset(request)
        return rows.select_related("decision", "challenger__model").defer(
            "decision__snapshot", "decision__result", "challenger__content"
        )

    @display(description="原结论")
    def champion(self, row: ShadowDecision) -> str:
        """Show what counted."""
        return str(row.decision.get_outcome_display())

    @action(description="冠军与挑战者对比", permissions=["view"], icon="compare_arrows")
    def compare(self, request: HttpRequest) -> HttpResponse:
        """Show for each challenger how often it agrees, and where it does not."""
        found = compared_challengers()
        summary: list[list[Any]] = [
            [one.title, f"{one.total:,}", percent(one.agreeing, one.total), f"{one.failed:,}"] for one in found
        ]
        tables = [
            table(
                "挑战者", ["挑战者", "试算", "与原结论一致", "失败"], summary, note="" if found else "尚无挑战者的试算"
            )
        ]
        tables += [{**matrix(one.counts, old="原结论", new="挑战者结论"), "title": one.title} for one in found]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": "冠军与挑战者对比",
            "charts": [{**bars(one.counts, old="原结论", new="挑战者"), "title": one.title} for one in found],
            "tables": tables,
        }
        return TemplateResponse(request, COMPARISON, context)
