"""Customers' own money on its way: top-ups, transfers, and what is held for them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts.admin.tables import masked_number
from accounts.approvals import GIVE_BACK_TOP_UP, GIVE_BACK_TRANSFER, PROPOSE_CORRECTION
from accounts.models import Hold, TopUp, Transfer
from accounts.models import movements as states
from accounts.models.movements import BOUND, STRANDED
from accounts.operations.stranded import WAYS, check_stranded
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage
from core.approvals.operations import propose
from core.crypto.masking import HIDDEN, mask_account, mask_name

MOVEMENT_COLOURS: Final = {
    states.COLLECTING: "info", states.CREDITING: "info", states.CHECKING: "info", states.DEBITING: "info",
    states.SENDING: "info", states.REFUNDING: "warning", states.POSTED: "success", states.FAILED: "danger",
    states.STRANDED: "warning",
}  # fmt: skip
HOLD_COLOURS: Final = {"pending": "info", "posted": "success", "voided": "warning", "expired": "warning"}


GIVING_BACK: Final = Act(
    title="申请退还挂账资金",
    submit="提交复核",
    explanation="复核通过后转为应付款：退至绑定银行卡的由支付系统自动汇出，柜面退还的由其他员工付款后登记。",
    done="已提交，待另一名员工在“复核事项”中复核",
)


class GiveBackForm(ActForm):
    """Where to, and why."""

    to = forms.ChoiceField(label="退还方式", choices=WAYS)
    reason = forms.CharField(label="申请理由", max_length=200, help_text="写入复核记录与审计日志")


class Stranded:
    """The act on money that can go neither on nor back by itself."""

    actions_detail = ("give_back",)
    approval: ClassVar[str]

    def has_give_back_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on what is stranded and not given back."""
        if not request.user.has_perm(PROPOSE_CORRECTION):
            return False
        waiting = self.model.objects.filter(status=STRANDED, given_back=None)  # type: ignore[attr-defined]  # a page's own
        return object_id is None or waiting.filter(pk=object_id).exists()

    @action(description="退还", permissions=["give_back"], icon="undo")
    def give_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that it be given back."""

        def run(given: Mapping[str, Any]) -> None:
            subject = uuid.UUID(object_id)
            check_stranded(movement=self.model, movement_id=subject, to=given["to"])  # type: ignore[attr-defined]  # a page's own
            propose(
                kind=self.approval, subject=subject.hex, values={"to": given["to"]}, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, GIVING_BACK, run=run, form_class=GiveBackForm, object_id=object_id)


class TopUpPage(Stranded, ReadOnlyPage):
    """Money from bound cards, newest first; what is stranded stands in suspense, to be given back by staff."""

    approval = GIVE_BACK_TOP_UP
    list_display = (opaque("id", "编号"), amount("amount_fen", "金额"), "account_in_short", "card_in_short",
                    state("status", "状态", MOVEMENT_COLOURS), "reason_code", opaque("customer_id", "客户号"), "created_at",
                    "ended_at")  # fmt: skip
    list_filter = ("status", "reason_code", "created_at")
    list_select_related = ("account", "card")
    search_fields = ("id__exact", "reference__exact")
    search_help_text = "按编号（完整）或清算流水查找"
    ordering = ("-id",)
    readonly_fields = (amount("amount_fen", "金额"), "account_in_short", "card_in_short")
    fieldsets = (
        (None, {"fields": (("id", "status"), (readonly_fields[0], "reason_code"), "customer")}),
        ("账务", {"fields": (("account_in_short", "card_in_short"), ("reference", "payment"))}),
        ("记录", {"fields": (("created_at", "ended_at"),)}),
    )

    @display(description="账号")
    def account_in_short(self, row: TopUp) -> str:
        """Show the last four digits."""
        return masked_number(row.account)

    @display(description="银行卡")
    def card_in_short(self, row: TopUp) -> str:
        """Show the last four digits."""
        return f"{HIDDEN}{row.card.last_four}"


class TransferPage(Stranded, ReadOnlyPage):
    """Money that customers sent, newest first; the payee masked."""

    approval = GIVE_BACK_TRANSFER
    list_display = (opaque("id", "编号"), amount("amount_fen", "金额"), "account_in_short",
                    state("payee_kind", "收款方", {BOUND: "success"}), "payee_in_short",
                    state("status", "状态", MOVEMENT_COLOURS), "reason_code", "created_at", "ended_at")  # fmt: skip
    list_filter = ("status", "payee_kind", "reason_code", "created_at")
    list_select_related = ("account",)
    search_fields = ("id__exact", "reference__exact")
    search_help_text = "按编号（完整）或清算流水查找"
    ordering = ("-id",)
    list_per_page = 25
    readonly_fields = (amount("amount_fen", "金额"), "account_in_short", "payee_in_short")
    fieldsets = (
        (None, {"fields": (("id", "status"), (readonly_fields[0], "reason_code"), "customer")}),
        ("双方", {"fields": (("account_in_short", "payee_kind"), ("payee_in_short", "payee_account"))}),
        ("账务", {"fields": (("hold", "reference"), ("payment", "refund"))}),
        ("记录", {"fields": (("created_at", "ended_at"),)}),
    )

    @display(description="付款账号")
    def account_in_short(self, row: Transfer) -> str:
        """Show the last four digits."""
        return masked_number(row.account)

    @display(description="收款户名及账号")
    def payee_in_short(self, row: Transfer) -> str:
        """Show the name's last character and the number's last four digits."""
        return f"{mask_name(row.payee_name)} {mask_account(row.payee_number)}"


class HoldPage(ReadOnlyPage):
    """What is set aside on accounts kept here, newest first."""

    list_display = ("business_ref", amount("amount_fen", "金额"), "account_in_short",
                    state("status", "状态", HOLD_COLOURS), "expires_at", "created_at", "ended_at")  # fmt: skip
    list_filter = ("status", "created_at")
    list_select_related = ("account",)
    search_fields = ("business_ref__startswith",)
    search_help_text = "按业务参考号查找"
    ordering = ("-id",)
    readonly_fields = (amount("amount_fen", "金额"), "account_in_short")
    fieldsets = (
        (None, {"fields": ("business_ref", ("status", readonly_fields[0]), ("account", "account_in_short"))}),
        ("记录", {"fields": (("created_at", "ended_at"), ("expires_at", "entry"))}),
    )

    @display(description="账号")
    def account_in_short(self, row: Hold) -> str:
        """Show the last four digits."""
        return masked_number(row.account)
