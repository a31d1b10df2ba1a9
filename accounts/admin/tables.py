"""What hangs on a customer, an account or a voucher, shown below it."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.ledger.chart import CHART
from accounts.models import (
    Card,
    Claim,
    DepositAccount,
    Filing,
    Posting,
    QuotaUse,
    Registration,
    Restriction,
    Suspension,
)
from core.admin.amounts import exact
from core.admin.columns import amount
from core.admin.pages import ReadOnlyTable
from core.crypto.masking import HIDDEN, mask_account

CARD_COLOURS: Final = {
    "checking": "info", "step_up": "warning", "active": "success", "rejected": "danger", "unbound": "info",
}  # fmt: skip


def masked_number(account: DepositAccount | None) -> str:
    """Show an account's last four digits."""
    return mask_account(account.number) if account is not None and account.number else "—"


class AccountTable(ReadOnlyTable):
    """A customer's accounts."""

    model = DepositAccount
    verbose_name_plural = "存款账户"
    fields = readonly_fields = (
        "account_class",
        "number_in_short",
        "keeper",
        "status",
        "balance_in_yuan",
        "opened_date",
    )
    show_change_link = True

    @display(description="账号")
    def number_in_short(self, account: DepositAccount) -> str:
        """Show the last four digits."""
        return masked_number(account)

    @display(description="余额（元）")
    def balance_in_yuan(self, account: DepositAccount) -> str:
        """Show the balance where it is kept here; the core knows the others."""
        return exact(account.balance_fen) if account.keeper == "own" else "由核心系统记账"


class CardTable(ReadOnlyTable):
    """A customer's cards."""

    model = Card
    verbose_name_plural = "银行卡"
    fields = readonly_fields = (
        "card_in_short", "issuer_name", "status", "further", "reason_code", "checked_at", "bound_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Card]:
        """Leave the number sealed: its last four digits are enough."""
        rows: QuerySet[Card] = super().get_queryset(request)
        return rows.defer("number", "number_index", "phone")

    @display(description="卡号")
    def card_in_short(self, card: Card) -> str:
        """Show the last four digits."""
        return f"{HIDDEN}{card.last_four}"


class RegistrationTable(ReadOnlyTable):
    """A customer's registrations."""

    model = Registration
    fk_name = "customer"
    verbose_name_plural = "注册申请"
    fields = readonly_fields = ("status", "reason_code", "created_at", "ended_at")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        """Leave sealed what is not shown."""
        rows: QuerySet[Registration] = super().get_queryset(request)
        return rows.defer("identity", "phone", "wechat_phone_code", "residence_address")


class ClaimTable(ReadOnlyTable):
    """What rests on an account."""

    model = Claim
    verbose_name_plural = "账户占用"
    fields = readonly_fields = ("claimant", "placed_at", "released_at")


class RestrictionTable(ReadOnlyTable):
    """The orders on an account."""

    model = Restriction
    verbose_name_plural = "限制令"
    readonly_fields = ("kind", amount("amount_fen", "冻结金额"), "status", "authority", "order_number", "expires_date")
    fields = readonly_fields
    show_change_link = True


class QuotaTable(ReadOnlyTable):
    """How much of its quotas an account has used, the latest first."""

    model = QuotaUse
    verbose_name_plural = "限额使用"
    ordering = ("-starts_date", "span")
    per_page = 10
    readonly_fields = ("direction", "span", "starts_date", amount("used_fen", "已用"))
    fields = readonly_fields


class FilingTable(ReadOnlyTable):
    """An account's filings with the central bank."""

    model = Filing
    verbose_name_plural = "账户备案"
    fields = readonly_fields = ("kind", "changed", "status", "event_date", "due_date", "receipt")


class SuspensionTable(ReadOnlyTable):
    """Why an account takes or took no new business."""

    model = Suspension
    verbose_name_plural = "业务暂停"
    fields = readonly_fields = ("reason", "from_date", "until_date", "lifted_by")


class StatementTable(ReadOnlyTable):
    """An account's movements, newest first."""

    model = Posting
    verbose_name_plural = "账户流水"
    ordering = ("-id",)
    per_page = 20
    readonly_fields = ("booked", "kind", "memo", "movement", "balance")
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        """Fetch the vouchers along."""
        rows: QuerySet[Posting] = super().get_queryset(request)
        return rows.select_related("entry")

    @display(description="记账日")
    def booked(self, posting: Posting) -> Any:
        """Show the booking date."""
        return posting.entry.booking_date

    @display(description="业务种类")
    def kind(self, posting: Posting) -> str:
        """Show what it was."""
        return posting.entry.get_kind_display()

    @display(description="摘要")
    def memo(self, posting: Posting) -> str:
        """Show the memo."""
        return posting.entry.memo

    @display(description="发生额（元）")
    def movement(self, posting: Posting) -> str:
        """Show the movement from the customer's side: money in is positive, a credit on the bank's books."""
        return f"{'+' if posting.amount_fen < 0 else ''}{exact(-posting.amount_fen)}"

    @display(description="余额（元）")
    def balance(self, posting: Posting) -> str:
        """Show the balance after it."""
        return "—" if posting.balance_after_fen is None else exact(posting.balance_after_fen)


class PostingTable(ReadOnlyTable):
    """The lines of a voucher: debit left, credit right."""

    model = Posting
    verbose_name_plural = "分录明细"
    ordering = ("-amount_fen",)
    readonly_fields = ("subject", "account_in_short", "debit", "credit", amount("balance_after_fen", "账户余额"))
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        """Fetch the accounts along."""
        rows: QuerySet[Posting] = super().get_queryset(request)
        return rows.select_related("account")

    @display(description="科目")
    def subject(self, posting: Posting) -> str:
        """Name the general ledger account."""
        return gl_name(posting.gl_code)

    @display(description="存款账户")
    def account_in_short(self, posting: Posting) -> str:
        """Show the last four digits of the customer's account."""
        return masked_number(posting.account)

    @display(description="借方（元）")
    def debit(self, posting: Posting) -> str:
        """Show a debit."""
        return exact(posting.amount_fen) if posting.amount_fen > 0 else ""

    @display(description="贷方（元）")
    def credit(self, posting: Posting) -> str:
        """Show a credit."""
        return exact(-posting.amount_fen) if posting.amount_fen < 0 else ""


def gl_name(code: str) -> str:
    """Name a general ledger account by code and name."""
    known = CHART.get(code)
    return f"{code} {known.name}" if known else code
