"""Filings with the central bank: what is owed, what was sent back, and whether each day's count is right (ACC-11)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action, display

from accounts import queries
from accounts.admin.tables import masked_number
from accounts.models import Filing
from accounts.models.filing import ACKNOWLEDGED, KINDS, PENDING, REFUSED
from accounts.operations.filings import enter_receipt, resend_filing
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import state
from core.admin.pages import DatedPage
from core.clock import business_date

COLOURS: Final = {PENDING: "warning", ACKNOWLEDGED: "success", REFUSED: "danger"}
TABLE: Final = "admin/table.html"
DAYS: Final = 14
RESEND: Final = Act(
    title="重新报备",
    submit="重新报备",
    explanation="该备案被人民银行账户系统退回。请先更正账户资料，再重新报备；将以新的请求号发送。",
    done="已重新发送备案",
)
ENTER: Final = Act(
    title="登记备案回执",
    submit="登记",
    explanation="人民银行已有该备案（退回代码 filing_duplicate，或已在其柜面办理）时，登记回执号；该账户其后的备案随即发送。",
    done="回执已登记",
)


class ReceiptForm(ActForm):
    """The receipt that the central bank has given."""

    receipt = forms.CharField(label="回执号", max_length=64)


class FilingPage(DatedPage):
    """Filings, the most urgent first."""

    list_display = ("kind", "changed", "account_in_short", state("status", "状态", COLOURS), "late", "event_date",
                    "due_date", "code", "receipt", "acknowledged_at")  # fmt: skip
    list_filter = ("status", "kind", "due_date", ("overdue_date", admin.EmptyFieldListFilter))
    list_select_related = ("account",)
    ordering = ("due_date", "id")
    actions_list = ("agreement",)
    actions_detail = ("resend", "enter_receipt")
    readonly_fields = ("account_in_short", "late")
    fieldsets = (
        (None, {"fields": (("kind", "changed"), ("account", "account_in_short"), ("status", "code"), "resends")}),
        ("期限", {"fields": (("event_date", "due_date"), ("overdue_date", "late"))}),
        ("回执", {"fields": (("receipt", "acknowledged_at"), "created_at")}),
    )

    @display(description="账号")
    def account_in_short(self, filing: Filing) -> str:
        """Show the last four digits."""
        return masked_number(filing.account)

    @display(description="逾期", label={"逾期未报": "danger", "逾期已报": "warning"})
    def late(self, filing: Filing) -> str | None:
        """Tell whether it is, or was, owed past its last day."""
        if filing.status != ACKNOWLEDGED and filing.due_date < self.today_of(filing):
            return "逾期未报"
        return "逾期已报" if filing.overdue_date is not None else None

    def has_resend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act for what was sent back."""
        if not request.user.has_perm("accounts.change_filing"):
            return False
        return object_id is None or Filing.objects.filter(pk=object_id, status=REFUSED).exists()

    @action(description="重新报备", permissions=["resend"], icon="forward_to_inbox")
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send the filing again."""
        return perform(
            self,
            request,
            RESEND,
            run=lambda _: resend_filing(filing_id=uuid.UUID(object_id), actor=actor_of(request)),
            object_id=object_id,
        )

    @action(description="登记回执", permissions=["resend"], icon="receipt_long")
    def enter_receipt(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter the receipt of a filing that the central bank has on file."""

        def run(given: Any) -> None:
            enter_receipt(filing_id=uuid.UUID(object_id), receipt=given["receipt"], actor=actor_of(request))

        return perform(self, request, ENTER, run=run, form_class=ReceiptForm, object_id=object_id)

    @action(description="按日核对", permissions=["view"], icon="balance")
    def agreement(self, request: HttpRequest) -> HttpResponse:
        """Show of the last fourteen business days what happened to accounts and what was filed of it."""
        kinds = dict(KINDS)
        today = business_date()
        days = [queries.filings_agree(today - timedelta(days=passed)) for passed in range(DAYS)]
        rows = [
            [str(day.on), kinds[count.kind], count.accounts, count.filed, count.acknowledged,
             sum(one.kind == count.kind for one in day.differences) or "—"]
            for day in days
            for count in day.counts
        ]  # fmt: skip
        late = queries.overdue_filings()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": "账户备案按日核对",
            "note": f"有 {late} 笔备案已逾期，请立即处理"
            if late
            else "没有逾期的备案；差异为零的日期账户数与回执数一致",
            "alarm": bool(late),
            "table": {"headers": ["发生日", "种类", "账户数", "报备数", "已回执", "差异"], "rows": rows},
        }
        return TemplateResponse(request, TABLE, context)
