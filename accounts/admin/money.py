"""Customers' own money on its way: top-ups, transfers, and what is held for them."""

from __future__ import annotations

from typing import Final

from unfold.decorators import display

from accounts.admin.tables import masked_number
from accounts.models import Hold, TopUp, Transfer
from accounts.models import movements as states
from accounts.models.movements import BOUND
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage
from core.crypto.masking import HIDDEN, mask_account, mask_name

MOVEMENT_COLOURS: Final = {
    states.COLLECTING: "info", states.CREDITING: "info", states.CHECKING: "info", states.DEBITING: "info",
    states.SENDING: "info", states.REFUNDING: "warning", states.POSTED: "success", states.FAILED: "danger",
    states.STRANDED: "warning",
}  # fmt: skip
HOLD_COLOURS: Final = {"pending": "info", "posted": "success", "voided": "warning", "expired": "warning"}


class TopUpPage(ReadOnlyPage):
    """Money from bound cards, newest first; what is stranded stands in suspense, to be given back by staff."""

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


class TransferPage(ReadOnlyPage):
    """Money that customers sent, newest first; the payee masked."""

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
