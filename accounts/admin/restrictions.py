"""Orders on accounts; placing and lifting are proposed here and decided by a second person (ACC-15)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts import queries
from accounts.admin.tables import masked_number
from accounts.approvals import LIFT, PROPOSE_RESTRICTION, RESTRICT, subject_of, values_of
from accounts.availability import freezes_of_all
from accounts.models import DepositAccount, Restriction
from accounts.models.restrictions import EXPIRED, IN_FORCE, KINDS, LIFTED
from accounts.operations.restrictions import Order, RestrictionRefused, check_order
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.fields import YuanField
from core.admin.pages import ReadOnlyPage
from core.approvals.operations import propose
from core.crypto import blind_index

COLOURS: Final = {IN_FORCE: "danger", LIFTED: "success", EXPIRED: "info"}
PLACING: Final = Act(
    title="登记限制令",
    submit="提交复核",
    explanation="司法冻结可填写金额，留空为全额；止付针对整个账户。须由另一名员工在“复核事项”中通过后生效。生效后只收不付（限额冻结保留冻结金额），优先于还款扣款和转账。",
    done="已提交，待复核",
    danger=True,
)
LIFTING: Final = Act(
    title="解除限制令",
    submit="提交复核",
    explanation="须由另一名员工在“复核事项”中通过后解除；此前限制继续有效。",
    done="已提交，待复核",
)


class OrderForm(ActForm):
    """What the order says; the account's number is sent in a body, so that no address or log holds it."""

    number = forms.CharField(label="账号", min_length=12, max_length=22)
    kind = forms.ChoiceField(label="种类", choices=KINDS)
    amount = YuanField(label="冻结金额（元）", required=False, help_text="例如 10000.00，留空为全额")
    order_number = forms.CharField(label="文书编号", max_length=60)
    authority = forms.CharField(label="有权机关", max_length=100)
    expires_date = forms.DateField(label="到期日", required=False, help_text="司法冻结必填，当日日终后失效")
    reason = forms.CharField(label="事由", max_length=200, help_text="写入复核记录与审计日志")


class ReasonForm(ActForm):
    """Why; kept in the history."""

    reason = forms.CharField(label="依据", max_length=200, help_text="写入复核记录与审计日志")


class RestrictionPage(ReadOnlyPage):
    """Orders, newest first."""

    list_display = (opaque("id", "编号"), state("kind", "种类", {}), "account_in_short", "amount_in_words",
                    state("status", "状态", COLOURS), "rank", "authority", "order_number", "expires_date", "placed_by",
                    "placed_at")  # fmt: skip
    list_filter = ("status", "kind", "expires_date")
    list_select_related = ("account",)
    search_fields = ("order_number__exact",)
    search_help_text = "按文书编号查找"
    ordering = ("-id",)
    list_per_page = 25
    actions_list = ("place",)
    actions_detail = ("lift",)
    readonly_fields = ("account_in_short", "amount_in_words", "rank")
    fieldsets = (
        (None, {"fields": (("kind", "status"), ("account_in_short", "amount_in_words"), ("rank", "expires_date"))}),
        ("文书", {"fields": (("authority", "order_number"), "reason")}),
        ("记录", {"fields": (("placed_by", "placed_at"), ("lifted_by", "ended_at"), "lift_reason")}),
    )

    def read_with(self, rows: Sequence[Any]) -> None:
        """Read the queues of freezes that the orders stand in."""
        freezes = freezes_of_all({row.account for row in rows})
        for row in rows:
            row.freezes = freezes[row.account_id]

    @display(description="账号")
    def account_in_short(self, row: Restriction) -> str:
        """Show the last four digits."""
        return masked_number(row.account)

    @display(description="金额（元）", ordering="amount_fen")
    def amount_in_words(self, row: Restriction) -> str:
        """Show the amount, or that it is the whole account."""
        return "全额" if row.amount_fen is None else exact(row.amount_fen)

    @display(description="轮候顺位")
    def rank(self, row: Restriction) -> str:
        """Show the place among the account's freezes, and how much of the balance it reaches."""
        known = vars(row).get("freezes")
        for freeze in queries.freezes_of(row.account) if known is None else known:
            if freeze.restriction_id == row.pk:
                return f"第 {freeze.rank} 顺位，实际冻结 {exact(freeze.covered_fen)} 元"
        return "—"

    def has_place_permission(self, request: HttpRequest) -> bool:
        """Offer the act to whoever enters orders."""
        return bool(request.user.has_perm(PROPOSE_RESTRICTION))

    def has_lift_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to lift an order in force."""
        if not request.user.has_perm(PROPOSE_RESTRICTION):
            return False
        return object_id is None or Restriction.objects.filter(pk=object_id, status=IN_FORCE).exists()

    @action(description="登记限制令", permissions=["place"], icon="gavel")
    def place(self, request: HttpRequest) -> HttpResponse:
        """Propose an order."""

        def run(given: Mapping[str, Any]) -> None:
            index = blind_index(given["number"].strip(), domain=queries.ACCOUNT_NUMBER)
            account = DepositAccount.objects.filter(number_index=index).only("pk").first()
            if account is None:
                raise RestrictionRefused("本行没有该账号")
            fields = {name: given[name] for name in ("kind", "order_number", "authority", "expires_date")}
            order = Order(account_id=account.pk, amount_fen=given["amount"], **fields)
            check_order(order=order)
            propose(
                kind=RESTRICT, subject=subject_of(order), values=values_of(order), reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, PLACING, run=run, form_class=OrderForm)

    @action(description="解除", permissions=["lift"], icon="lock_open")
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that an order be lifted."""

        def run(given: Mapping[str, Any]) -> None:
            subject = uuid.UUID(object_id).hex
            propose(kind=LIFT, subject=subject, values={}, reason=given["reason"], actor=actor_of(request))

        return perform(self, request, LIFTING, run=run, form_class=ReasonForm, object_id=object_id)
