"""Applications, decisions and what was asked outside for them; a review leads to the review queue."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.html import format_html_join
from unfold.decorators import action, display

from accounts.queries import only_own
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage, ReadOnlyTable
from core.crypto.masking import mask_id_number_for_operations, mask_name
from lending.admin.review_filters import to_case
from lending.decision.snapshots import decision_bytes
from lending.explaining import hits_of
from lending.models import Application, BureauReport, Decision
from lending.models.application import REVIEW
from lending.operations.explaining import look_at_path
from lending.queries.decisions import recorded_decision, replay_decision
from lending.reasons import OUTCOME_TEXTS, explanation, reason_text
from verification import queries as verified

REVIEWER: Final = "lending.review_application"
COLOURS: Final = {
    "checking": "info", "face": "info", "deciding": "info", "offered": "primary", "accepted": "success",
    "rejected": "danger", "review": "warning", "expired": "danger",
}  # fmt: skip
OUTCOMES: Final = {"passed": "info", "offered": "success", "rejected": "danger", "review": "warning"}
LOOK: Final = Act(
    title="查看决策路径",
    submit="查看",
    explanation="路径中有客户的具体数据。请填写查看理由，本次查看写入审计日志。",
    done="",
)
REPORT: Final = "admin/report.html"
PATH_HEADERS: Final = ["节点", "行", "规则", "取值", "结果"]


class LookForm(ActForm):
    """Why somebody looks at a customer's figures."""

    reason = forms.CharField(label="查看理由", max_length=200)


def told(codes: list[str]) -> str:
    """Return reasons with what the customer reads."""
    return "；".join(f"{code}：{reason_text(code)}" for code in codes) or "—"


class DecisionTable(ReadOnlyTable):
    """The decisions on an application."""

    model = Decision
    fields = ("stage", "outcome", "reasons", "score", "grade", amount("limit_fen", "额度"), "annual_rate", "decided_at")
    readonly_fields = fields
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        """Leave snapshot and result sealed."""
        rows: QuerySet[Decision] = super().get_queryset(request)
        return rows.defer("snapshot", "result")

    @display(description="原因")
    def reasons(self, row: Decision) -> str:
        """Name the reasons."""
        return "、".join(row.reason_codes) or "—"


class ApplicationPage(ReadOnlyPage):
    """Applications, newest first."""

    list_display = (opaque("id", "申请编号"), "product", "version", state("status", "状态", COLOURS), "first_reason",
                    "purpose", "created_at", "decided_at")  # fmt: skip
    list_filter = ("status", "product_version__product", "purpose", "created_at")
    search_fields = ("id__exact", "customer__id__exact")
    search_help_text = "按申请编号或客户编号（完整）查找"
    list_select_related = ("product_version__product",)
    ordering = ("-id",)
    inlines = (DecisionTable,)
    actions_detail = ("review",)
    readonly_fields = ("product", "version", "person", "stated", "reasons", "told_customer")
    fieldsets = (
        (
            None,
            {"fields": (("id", "status"), ("product", "version"), "purpose", "reasons", "told_customer", "retryable")},
        ),
        ("申请人", {"fields": ("person", "stated")}),
        (
            "核验与授权",
            {"fields": (("id_check_id", "face_check_id"), ("credit_query_consent_id", "data_query_consent_id"))},
        ),
        ("时间", {"fields": (("created_at", "submitted_at"), ("decided_at", "accepted_at"), "offer_expires_date")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        """Leave what was stated sealed until a page asks for it; a customer manager sees the own customers' only."""
        rows: QuerySet[Application] = super().get_queryset(request)
        return only_own(rows.defer("facts"), request.user, path="customer_id")

    @display(description="产品", ordering="product_version__product__code")
    def product(self, row: Application) -> str:
        """Name the product."""
        return f"{row.product_version.product.code} {row.product_version.name}"

    @display(description="版本")
    def version(self, row: Application) -> str:
        """Show the version under which the application began."""
        return f"第 {row.product_version.number} 版"

    @display(description="原因")
    def first_reason(self, row: Application) -> str:
        """Show the first reason."""
        return row.reason_codes[0] if row.reason_codes else "—"

    @display(description="原因")
    def reasons(self, row: Application) -> str:
        """Show all reasons with what the customer reads."""
        return told(row.reason_codes)

    @display(description="给客户的说明")
    def told_customer(self, row: Application) -> str:
        """Show what a customer who asks is told (LN-14); never more than the reasons' texts."""
        return explanation(row.status, row.reason_codes) if row.status in OUTCOME_TEXTS else "—"

    @display(description="客户")
    def person(self, row: Application) -> str:
        """Show who applies, masked (DATA-02)."""
        identity = verified.identity(row.customer_id)
        if identity is None:
            return "—"
        return f"{mask_name(identity.name)} {mask_id_number_for_operations(identity.id_number)}"

    @display(description="申请资料")
    def stated(self, row: Application) -> str:
        """Show what the customer stated."""
        parts = [f"{key}.{name}：{value}" for key, item in row.facts.items() for name, value in item.items()]
        return "；".join(parts) or "—"

    # The act.

    def has_review_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Lead whoever reviews to the case."""
        if not request.user.has_perm(REVIEWER):
            return False
        return object_id is None or Application.objects.filter(pk=object_id, status=REVIEW).exists()

    @action(description="去审核", permissions=["review"], icon="rate_review")
    def review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the case in the review queue, where it is decided."""
        del request
        return to_case(object_id)


class DecisionPage(ReadOnlyPage):
    """Decisions, newest first; each is made again from its snapshot when it is looked at."""

    list_display = (opaque("application_id", "申请编号"), "stage", state("outcome", "结论", OUTCOMES), "score", "grade",
                    amount("limit_fen", "额度"), "annual_rate", "model_version", "decided_at")  # fmt: skip
    list_filter = ("stage", "outcome", "grade", "decided_at")
    search_fields = ("application__id__exact",)
    search_help_text = "按申请编号（完整）查找"
    ordering = ("-id",)
    readonly_fields = ("reasons", "made_again", "limit_fen_in_yuan", "model_version", "rules", "told_customer")
    actions_detail = ("path",)
    limit_fen_in_yuan = staticmethod(amount("limit_fen", "额度"))
    fieldsets = (
        (None, {"fields": (("application", "stage"), "outcome", "reasons", ("score", "grade"))}),
        ("说明", {"fields": ("rules", "told_customer")}),
        (
            "方案",
            {"fields": (("limit_fen_in_yuan", "annual_rate", "term_months"), ("lpr_rate", "lpr_tenor", "lpr_date"))},
        ),
        (
            "依据",
            {
                "fields": (
                    ("product_version", "model_version"),
                    "business_date",
                    "evidence_leaf",
                    "made_again",
                    "decided_at",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        """Leave snapshot and result sealed."""
        rows: QuerySet[Decision] = super().get_queryset(request)
        return rows.defer("snapshot", "result")

    @display(description="决策模型", ordering="model_id")
    def model_version(self, row: Decision) -> str:
        """Name the model and its version, as the decision keeps them."""
        return row.model_id

    @display(description="原因")
    def reasons(self, row: Decision) -> str:
        """Show all reasons with what the customer reads."""
        return told(row.reason_codes)

    @display(description="重演", label={"与原决策一致": "success", "与原决策不一致": "danger"})
    def made_again(self, row: Decision) -> str:
        """Make the decision again from its snapshot and compare, bit for bit."""
        same = decision_bytes(replay_decision(row.pk)) == recorded_decision(row.pk)
        return "与原决策一致" if same else "与原决策不一致"

    @display(description="成立的规则")
    def rules(self, row: Decision) -> str:
        """Show which rows counted, by the version that decided; no figure of the customer."""
        return format_html_join("", "<div>{}</div>", ((line,) for line in hits_of(row))) or "—"

    @display(description="给客户的说明")
    def told_customer(self, row: Decision) -> str:
        """Show what a customer who asks is told (LN-14)."""
        return explanation(row.outcome, row.reason_codes)

    def has_path_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the customer's figures to whoever reviews."""
        del object_id
        return bool(request.user.has_perm(REVIEWER))

    @action(description="决策路径", permissions=["path"], icon="route")
    def path(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the path with the customer's figures, once a reason is given; the look is in the audit log."""
        row = get_object_or_404(Decision.objects.only("model_id"), pk=object_id)
        form = LookForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return perform(self, request, LOOK, run=lambda _: None, form_class=LookForm, object_id=object_id)
        lines = look_at_path(
            decision_id=uuid.UUID(object_id), actor=actor_of(request), reason=form.cleaned_data["reason"]
        )  # fmt: skip
        rows = [[line.node, line.row or "—", line.rule, line.values, line.result] for line in lines]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": "决策路径",
            "tables": [
                {"title": "决策路径", "note": f"模型 {row.model_id}", "headers": PATH_HEADERS, "rows": rows},
            ],
        }
        return TemplateResponse(request, REPORT, context, headers={"Cache-Control": "no-store"})


class BureauReportPage(ReadOnlyPage):
    """The log of credit queries (LN-16): about whom, when, under which authorisation; never the report itself."""

    list_display = (opaque("application_id", "申请编号"), opaque("authorisation_id", "授权编号"), "reason", "queries",
                    "report_number", "asked_at", "answered_at")  # fmt: skip
    list_filter = ("asked_at",)
    search_fields = ("application__id__exact", "report_number__exact")
    search_help_text = "按申请编号（完整）或报告编号查找"
    ordering = ("-id",)
    fields = ("application", "authorisation_id", "reason", "queries", "report_number", "asked_at", "answered_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BureauReport]:
        """Leave the reports sealed."""
        rows: QuerySet[BureauReport] = super().get_queryset(request)
        return rows.defer("content", "content_sha256")
