"""Orders on accounts: proposed by one member of staff, checked by another (ACC-15)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts import queries
from accounts.admin.tables import masked_number
from accounts.models import DepositAccount, Restriction
from accounts.models.restrictions import (
    DECLINED,
    EXPIRED,
    IN_FORCE,
    KINDS,
    LIFTED,
    LIFTING,
    PROPOSED,
)
from accounts.operations.restrictions import (
    Order,
    RestrictionRefused,
    check_lift,
    check_restriction,
    propose_lift,
    propose_restriction,
)
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import ReadOnlyPage
from core.crypto import blind_index
from core.money import MoneyFormatError, yuan_to_fen

PROPOSER: Final = "accounts.propose_restriction"
CHECKER: Final = "accounts.check_restriction"
COLOURS: Final = {
    PROPOSED: "warning", IN_FORCE: "danger", LIFTING: "warning", LIFTED: "success", EXPIRED: "info", DECLINED: "info",
}  # fmt: skip
PROPOSE: Final = Act(
    title="登记限制令",
    submit="提交复核",
    explanation="司法冻结可填写金额，留空为全额；止付针对整个账户。须由另一名员工复核后生效；生效后账户只收不付（限额冻结为保留冻结金额），优先于还款扣款和转账。",
    done="限制令已登记，待复核",
    danger=True,
)
APPROVE: Final = Act(
    title="复核通过", submit="通过", explanation="通过后立即生效。请核对文书原件。", done="限制令已生效", danger=True
)
DECLINE: Final = Act(title="复核不通过", submit="不通过", explanation="该限制令将不生效。", done="已退回")
LIFT: Final = Act(
    title="提请解除",
    submit="提交复核",
    explanation="须由另一名员工复核后解除；复核前限制继续有效。",
    done="解除申请已提交，待复核",
)
APPROVE_LIFT: Final = Act(
    title="复核解除", submit="解除", explanation="解除后客户可以使用被限制的资金。", done="限制令已解除", danger=True
)
DECLINE_LIFT: Final = Act(
    title="解除复核不通过", submit="不通过", explanation="限制令继续有效。", done="已退回，限制继续有效"
)


class OrderForm(ActForm):
    """What the order says; the account's number is sent in a body, so that no address or log holds it."""

    number = forms.CharField(label="账号", min_length=12, max_length=22)
    kind = forms.ChoiceField(label="种类", choices=KINDS)
    amount = forms.CharField(
        label="冻结金额（元）", required=False, max_length=20, help_text="例如 10000.00，留空为全额"
    )
    order_number = forms.CharField(label="文书编号", max_length=60)
    authority = forms.CharField(label="有权机关", max_length=100)
    reason = forms.CharField(label="事由", max_length=200, required=False)
    expires_date = forms.DateField(label="到期日", required=False, help_text="司法冻结必填，当日日终后失效")

    def clean_amount(self) -> int | None:
        """Read yuan.

        Raises:
            ValidationError: it is no amount.
        """
        text = self.cleaned_data["amount"].strip()
        try:
            return yuan_to_fen(text) if text else None
        except MoneyFormatError as error:
            raise forms.ValidationError("金额应为元，最多两位小数，例如 10000.00") from error


class ReasonForm(ActForm):
    """Why; kept in the history."""

    reason = forms.CharField(label="依据", max_length=200, help_text="写入状态变更与审计日志")


class RestrictionPage(ReadOnlyPage):
    """Orders, newest first; what happens to one is an act of two people."""

    list_display = (opaque("id", "编号"), state("kind", "种类", {}), "account_in_short", "amount_in_words",
                    state("status", "状态", COLOURS), "rank", "authority", "order_number", "expires_date",
                    "proposed_by", "checked_by")  # fmt: skip
    list_filter = ("status", "kind", "expires_date")
    list_select_related = ("account",)
    search_fields = ("order_number__exact",)
    search_help_text = "按文书编号查找"
    ordering = ("-id",)
    list_per_page = 25
    actions_list = ("propose",)
    actions_detail = ("approve", "decline", "lift", "approve_lift", "decline_lift")
    readonly_fields = ("account_in_short", "amount_in_words", "rank")
    fieldsets = (
        (None, {"fields": (("kind", "status"), ("account_in_short", "amount_in_words"), ("rank", "expires_date"))}),
        ("文书", {"fields": (("authority", "order_number"), "reason")}),
        ("经办与复核", {"fields": (("proposed_by", "checked_by"), ("lift_proposed_by", "lift_checked_by"),
                              "lift_reason")}),
        ("记录", {"fields": (("created_at", "in_force_at"), "ended_at")}),
    )  # fmt: skip

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
        for freeze in queries.freezes_of(row.account):
            if freeze.restriction_id == row.pk:
                return f"第 {freeze.rank} 顺位，实际冻结 {exact(freeze.covered_fen)} 元"
        return "—"

    def _may(self, request: HttpRequest, object_id: Any, permission: str, status: str) -> bool:
        if not request.user.has_perm(permission):
            return False
        return object_id is None or Restriction.objects.filter(pk=object_id, status=status).exists()

    def has_propose_permission(self, request: HttpRequest) -> bool:
        """Offer the act to whoever enters orders."""
        return bool(request.user.has_perm(PROPOSER))

    def has_check_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the check of an order that waits for it."""
        return self._may(request, object_id, CHECKER, PROPOSED)

    def has_lift_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer to lift an order in force."""
        return self._may(request, object_id, PROPOSER, IN_FORCE)

    def has_check_lift_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the check of a lifting that waits for it."""
        return self._may(request, object_id, CHECKER, LIFTING)

    @action(description="登记限制令", permissions=["propose"], icon="gavel")
    def propose(self, request: HttpRequest) -> HttpResponse:
        """Enter an order."""

        def run(given: Mapping[str, Any]) -> None:
            number = given["number"].strip()
            account = DepositAccount.objects.filter(number_index=blind_index(number, domain="account.number")).first()
            if account is None:
                raise RestrictionRefused("本行没有该账号")
            fields = {name: given[name] for name in ("kind", "order_number", "authority", "reason", "expires_date")}
            order = Order(account_id=account.pk, amount_fen=given["amount"], **fields)
            propose_restriction(order=order, actor=actor_of(request))

        return perform(self, request, PROPOSE, run=run, form_class=OrderForm)

    @action(description="复核通过", permissions=["check"], icon="task_alt")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put an order in force."""
        return self._check(request, object_id, APPROVE, check_restriction, approve=True)

    @action(description="复核不通过", permissions=["check"], icon="cancel")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Decline an order."""
        return self._check(request, object_id, DECLINE, check_restriction, approve=False)

    @action(description="提请解除", permissions=["lift"], icon="lock_open")
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that an order be lifted."""

        def run(given: Mapping[str, Any]) -> None:
            propose_lift(restriction_id=uuid.UUID(object_id), actor=actor_of(request), reason=given["reason"])

        return perform(self, request, LIFT, run=run, form_class=ReasonForm, object_id=object_id)

    @action(description="复核解除", permissions=["check_lift"], icon="task_alt")
    def approve_lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lift an order."""
        return self._check(request, object_id, APPROVE_LIFT, check_lift, approve=True)

    @action(description="解除复核不通过", permissions=["check_lift"], icon="cancel")
    def decline_lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Leave an order in force."""
        return self._check(request, object_id, DECLINE_LIFT, check_lift, approve=False)

    def _check(
        self, request: HttpRequest, object_id: str, act: Act, operation: Callable[..., None], *, approve: bool
    ) -> HttpResponse:
        def run(given: Mapping[str, Any]) -> None:
            operation(
                restriction_id=uuid.UUID(object_id),
                approve=approve,
                actor=actor_of(request),
                reason=given.get("reason", ""),
            )

        form_class = ActForm if approve else ReasonForm
        return perform(self, request, act, run=run, form_class=form_class, object_id=object_id)
