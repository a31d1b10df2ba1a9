"""Deposit accounts and cards."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

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
from accounts.operations.opening import refuse_reviewed_opening, release_opening
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.crypto.masking import HIDDEN

ACCOUNT_COLOURS: Final = {
    CHECKING: "info", REVIEW: "warning", FACE: "info", OPENING: "info", ACTIVE: "success", REJECTED: "danger",
    CLOSED: "warning",
}  # fmt: skip
REVIEWER: Final = "accounts.review_opening"
RELEASE: Final = Act(
    title="继续开户",
    submit="继续",
    explanation="同一设备当日开户超过上限（ACC-10）。核实客户本人意愿后继续，运营商、绑定账户、联网核查、人脸等核验照常进行。",
    done="开户申请已继续",
)
REFUSE: Final = Act(
    title="拒绝开户",
    submit="拒绝",
    explanation="该开户申请结束，客户可到网点办理。审核意见写入审计日志。",
    done="开户申请已拒绝",
    danger=True,
)


class OpinionForm(ActForm):
    """Why a person decides so."""

    reason = forms.CharField(label="审核意见", max_length=200)


class DepositAccountPage(ReadOnlyPage):
    """Accounts and applications for one, newest first."""

    list_display = ("number_in_short", "account_class", "keeper", state("status", "状态", ACCOUNT_COLOURS), "balance",
                    opaque("customer_id", "客户号"), "opened_date", "created_at")  # fmt: skip
    list_filter = ("status", "account_class", "keeper", "opened_date")
    ordering = ("-id",)
    inlines = (StatementTable, RestrictionTable, SuspensionTable, QuotaTable, ClaimTable, FilingTable)
    actions_detail = ("release", "refuse")
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

    def has_release_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the end of a review to whoever reviews openings."""
        if not request.user.has_perm(REVIEWER):
            return False
        return object_id is None or DepositAccount.objects.filter(pk=object_id, status=REVIEW).exists()

    has_refuse_permission = has_release_permission

    @action(description="继续开户", permissions=["release"], icon="check_circle")
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the opening go on."""

        def run(given: Mapping[str, Any]) -> None:
            release_opening(account_id=uuid.UUID(object_id), actor=actor_of(request), reason=given["reason"])

        return perform(self, request, RELEASE, run=run, form_class=OpinionForm, object_id=object_id)

    @action(description="拒绝开户", permissions=["refuse"], icon="cancel")
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the opening."""

        def run(given: Mapping[str, Any]) -> None:
            refuse_reviewed_opening(account_id=uuid.UUID(object_id), actor=actor_of(request), reason=given["reason"])

        return perform(self, request, REFUSE, run=run, form_class=OpinionForm, object_id=object_id)


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
