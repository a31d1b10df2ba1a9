"""Refunds: money from outside that goes back, owed and paid."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts.admin.held import HeldPage
from accounts.models import Refund
from accounts.models.receipt import OWED
from accounts.operations.refunds import register_refund_paid
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, state
from core.admin.pages import ReadOnlyPage
from core.crypto.masking import mask_account, mask_name

REFUND_COLOURS: Final = {"owed": "warning", "sending": "info", "paid": "success"}
PAID: Final = Act(
    title="登记退款已付",
    submit="登记",
    explanation="款项已经柜面或支付系统付出后登记凭证号。批准人本人不能操作。",
    done="退款已记账",
)


class PaidForm(ActForm):
    """Under which voucher it was paid."""

    outside_reference = forms.CharField(label="付款凭证号", max_length=64)


class RefundPage(HeldPage, ReadOnlyPage):
    """Money that goes back, newest first."""

    list_display = ("masked_payee", amount("amount_fen", "金额"), state("status", "状态", REFUND_COLOURS), "held", "reason",
                    "approved_by", "paid_by", "created_at", "paid_at")  # fmt: skip
    list_filter = ("status", "created_at")
    ordering = ("-id",)
    actions_detail = ("pay",)
    list_select_related = ("use",)
    readonly_fields = ("amount_fen_in_yuan", "masked_payee", "masked_account", "held_badge", "waits_for")
    fieldsets = (
        (None, {"fields": (("amount_fen_in_yuan", "status"), ("masked_payee", "masked_account"), "reason")}),
        ("核查", {"fields": ("held_badge", "waits_for")}),
        ("记录", {"fields": (("approved_by", "paid_by"), ("outside_reference", "entry"), ("created_at", "paid_at"))}),
    )
    amount_fen_in_yuan = staticmethod(amount("amount_fen", "金额"))

    @display(description="收款人")
    def masked_payee(self, row: Refund) -> str:
        """Show the name's last character."""
        return mask_name(row.payee_name)

    @display(description="收款账号")
    def masked_account(self, row: Refund) -> str:
        """Show the last four digits."""
        return mask_account(row.payee_account) if row.payee_account else "柜面"

    def has_pay_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to whoever pays refunds that another has approved."""
        if not request.user.has_perm("accounts.change_refund"):
            return False
        others = Refund.objects.filter(status=OWED).exclude(approved_by=actor_of(request))
        return object_id is None or others.filter(pk=object_id).exists()

    @action(description="登记已付", permissions=["pay"], icon="price_check")
    def pay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Register that it was paid."""

        def run(given: Any) -> None:
            register_refund_paid(
                refund_id=uuid.UUID(object_id), outside_reference=given["outside_reference"], actor=actor_of(request)
            )

        return perform(self, request, PAID, run=run, form_class=PaidForm, object_id=object_id)
