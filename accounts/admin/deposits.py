"""Deposit accounts and cards."""

from __future__ import annotations

import uuid
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
from accounts.approvals import CONFIRM_FACE_TO_FACE, REVIEW_OPENINGS
from accounts.availability import available_fen
from accounts.models import Card, DepositAccount
from accounts.models.deposit_account import (
    ACTIVE,
    CHECKING,
    CLASS_ONE,
    CLOSED,
    FACE,
    OPENING,
    OWN,
    REJECTED,
    REVIEW,
)
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.approvals.operations import propose
from core.crypto.masking import HIDDEN

ACCOUNT_COLOURS: Final = {
    CHECKING: "info", REVIEW: "warning", FACE: "info", OPENING: "info", ACTIVE: "success", REJECTED: "danger",
    CLOSED: "warning",
}  # fmt: skip
CONFIRM: Final = Act(
    title="申请面签确认",
    submit="提交复核",
    explanation="本人持有效身份证到网点面签后办理，须由另一名员工复核。确认后，Ⅱ类户可在限额内存入现金和接收非绑定账户来款，Ⅲ类户可存入现金。",
    done="已提交复核",
)


class ConfirmForm(ActForm):
    """Who saw the customer, and where that is on paper."""

    reason = forms.CharField(label="面签网点、经办人与凭证号", max_length=200)


class DepositAccountPage(ReadOnlyPage):
    """Accounts and applications for one, newest first."""

    list_display = ("number_in_short", "account_class", "keeper", state("status", "状态", ACCOUNT_COLOURS), "balance",
                    opaque("customer_id", "客户号"), "opened_date", "created_at")  # fmt: skip
    list_filter = ("status", "account_class", "keeper", "opened_date")
    ordering = ("-id",)
    actions_detail = ("confirm",)
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

    def has_confirm_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on an account that was opened remotely and is not confirmed yet."""
        if not request.user.has_perm(REVIEW_OPENINGS):
            return False
        remote = DepositAccount.objects.filter(status=ACTIVE, face_to_face=False).exclude(account_class=CLASS_ONE)
        return object_id is None or remote.filter(pk=object_id).exists()

    @action(description="面签确认", permissions=["confirm"], icon="how_to_reg")
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose to confirm it face to face; a second member of staff decides under 复核事项."""

        def run(given: Any) -> None:
            propose(
                kind=CONFIRM_FACE_TO_FACE, subject=uuid.UUID(object_id).hex, values={}, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, CONFIRM, run=run, form_class=ConfirmForm, object_id=object_id)


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
