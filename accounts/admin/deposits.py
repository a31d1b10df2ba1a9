"""Deposit accounts and cards."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.admin.tables import (
    CARD_COLOURS,
    ClaimTable,
    FilingTable,
    QuotaTable,
    RestrictionTable,
    StatementTable,
    SuspensionTable,
    masked_number,
)
from accounts.availability import available_fen
from accounts.models import Card, DepositAccount
from accounts.models.deposit_account import ACTIVE, CHECKING, CLOSED, FACE, OPENING, OWN, REJECTED, REVIEW
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.crypto.masking import HIDDEN

ACCOUNT_COLOURS: Final = {
    CHECKING: "info", REVIEW: "warning", FACE: "info", OPENING: "info", ACTIVE: "success", REJECTED: "danger",
    CLOSED: "warning",
}  # fmt: skip


class DepositAccountPage(ReadOnlyPage):
    """Accounts and applications for one, newest first."""

    list_display = ("number_in_short", "account_class", "keeper", state("status", "状态", ACCOUNT_COLOURS), "balance",
                    opaque("customer_id", "客户号"), "opened_date", "created_at")  # fmt: skip
    list_filter = ("status", "account_class", "keeper", "opened_date")
    ordering = ("-id",)
    inlines = (StatementTable, RestrictionTable, SuspensionTable, QuotaTable, ClaimTable, FilingTable)
    readonly_fields = ("number_in_short", "balance", "available", "held")
    fieldsets = (
        (None, {"fields": (("number_in_short", "account_class"), ("keeper", "status"), ("balance", "available"),
                           ("held", "customer"), ("reason_code", "retryable"))}),
        ("开户", {"fields": (("open_channel", "face_to_face"), ("purpose", "core_request_id"),
                           ("opened_date", "phone_shared"))}),
        ("销户", {"fields": (("closed_date", "closed_at"),)}),
        ("记录", {"fields": (("created_at", "opened_at"),)}),
    )  # fmt: skip

    @display(description="账号")
    def number_in_short(self, account: DepositAccount) -> str:
        """Show the last four digits."""
        return masked_number(account)

    @display(description="余额（元）", ordering="balance_fen")
    def balance(self, account: DepositAccount) -> str:
        """Show the balance where it is kept here."""
        return exact(account.balance_fen) if account.keeper == OWN else "由核心系统记账"

    @display(description="可用（元）")
    def available(self, account: DepositAccount) -> str:
        """Show what can leave the account now, where it is kept here."""
        return exact(available_fen(account)) if account.keeper == OWN else "由核心系统记账"

    @display(description="在途占用（元）")
    def held(self, account: DepositAccount) -> str:
        """Show what is on its way out."""
        return exact(account.held_fen)


class CardPage(ReadOnlyPage):
    """Cards that customers have shown, newest first."""

    list_display = ("card_in_short", "issuer_name", "account_class", state("status", "状态", CARD_COLOURS), "reason_code",
                    opaque("customer_id", "客户号"), "checked_at", "unbound_at")  # fmt: skip
    list_filter = ("status", "account_class", "issuer_name")
    ordering = ("-id",)
    readonly_fields = ("card_in_short",)
    fieldsets = (
        (None, {"fields": (("card_in_short", "status"), ("issuer_bank", "issuer_name"), ("account_class", "account"),
                           ("reason_code", "retryable"), "customer")}),
        ("记录", {"fields": (("created_at", "checked_at"), "unbound_at")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Card]:
        """Leave the number sealed: its last four digits are enough."""
        rows: QuerySet[Card] = super().get_queryset(request)
        return rows.defer("number", "number_index", "phone")

    @display(description="卡号")
    def card_in_short(self, card: Card) -> str:
        """Show the last four digits."""
        return f"{HIDDEN}{card.last_four}"
