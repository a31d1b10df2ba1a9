"""Entrusted payments: whom a drawdown's money is passed on to, and whether they have it."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from core.admin.acts import Act, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.crypto.masking import mask_account, mask_name
from lending.models import EntrustedPayment
from lending.models.entrusted import FAILED
from lending.operations.entrusting import retry_passing_on

COLOURS: Final = {"waiting": "info", "passing": "warning", "paid": "success", "failed": "danger"}
RETRY: Final = Act(
    title="重新支付",
    submit="重新支付",
    explanation="款项仍在借款人账户。请先核实收款人账户状态；将再次从借款人账户划转同一金额。",
    done="已重新发起支付",
)


class EntrustedPaymentPage(ReadOnlyPage):
    """Entrusted payments, newest first; names and numbers masked."""

    list_display = (opaque("drawdown_id", "用信"), "amount", "name", "number", "payee_bank",
                    state("status", "状态", COLOURS), "reason_code", "created_at", "paid_at")  # fmt: skip
    list_filter = ("status", "created_at")
    search_fields = ("drawdown__id__exact", "drawdown__contract_number__exact")
    search_help_text = "按用信编号（完整）或合同编号查找"
    list_select_related = ("drawdown",)
    ordering = ("-id",)
    actions_detail = ("retry",)
    readonly_fields = ("amount", "name", "number", "proofs")
    fieldsets = (
        (None, {"fields": (("drawdown", "status"), ("amount", "reason_code"))}),
        ("收款人", {"fields": (("name", "number"), "payee_bank")}),
        ("用途凭证", {"fields": ("proofs",)}),
        ("支付", {"fields": ("transfer_id", ("created_at", "paid_at"))}),
    )

    @display(description="金额（元）")
    def amount(self, row: EntrustedPayment) -> str:
        """Show the drawdown's amount."""
        return exact(row.drawdown.amount_fen)

    @display(description="户名")
    def name(self, row: EntrustedPayment) -> str:
        """Show the payee, masked (DATA-02)."""
        return mask_name(row.payee_name)

    @display(description="账号")
    def number(self, row: EntrustedPayment) -> str:
        """Show the payee's number, masked (DATA-02)."""
        return mask_account(row.payee_number)

    @display(description="上传文件编号")
    def proofs(self, row: EntrustedPayment) -> str:
        """Name the uploads that prove the purpose; staff read them among the customer's files."""
        return "、".join(proof.upload_id.hex for proof in row.drawdown.proofs.all()) or "—"

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where a payment has failed."""
        if not request.user.has_perm("lending.change_entrustedpayment"):
            return False
        return object_id is None or EntrustedPayment.objects.filter(pk=object_id, status=FAILED).exists()

    @action(description="重新支付", permissions=["retry"], icon="replay")
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Owe the payment once more."""
        run = lambda _: retry_passing_on(entrusted_id=uuid.UUID(object_id), actor=actor_of(request))  # noqa: E731
        return perform(self, request, RETRY, run=run, object_id=object_id)
