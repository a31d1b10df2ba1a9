"""Credit lines, and the acts of risk staff on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts.queries import only_own
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import amount, linked, opaque, state
from core.admin.fields import YuanField
from core.admin.pages import ReadOnlyPage, ReadOnlyTable
from lending.line_contracting import signs_once
from lending.models import CreditLine, LineAgreement
from lending.models.credit_line import ACTIVE, FROZEN, STANDING
from lending.operations.lines import close_line, freeze_line, reduce_line, review_line, unfreeze_line
from lending.queries.agreements import why_sign_anew
from lending.queries.applications import available_fen, review_is_due
from lending.queries.disclosures import lender_card
from lending.queries.prices import line_price_today

FREEZER: Final = "lending.freeze_creditline"
COLOURS: Final = {"active": "success", "frozen": "warning", "expired": "danger", "closed": "danger"}
FREEZE: Final = Act(
    title="冻结额度",
    submit="冻结",
    explanation="冻结后客户不能再用款，已用部分照常还款。数秒内生效。",
    done="额度已冻结",
    danger=True,
)
UNFREEZE: Final = Act(title="解冻额度", submit="解冻", explanation="解冻后客户可以继续用款。", done="额度已解冻")
CLOSE: Final = Act(
    title="关闭额度",
    submit="关闭",
    explanation="仅当没有未结清和在途用款时可以关闭；关闭后不能恢复，客户可重新申请。",
    done="额度已关闭",
    danger=True,
)


REDUCE: Final = Act(
    title="压降额度",
    submit="压降",
    explanation="压降后立即按新额度控制用款；已用、占用超出的部分照常还款，归还后不能再用。不能改回，需要提高时由客户重新申请。",
    done="额度已压降",
    danger=True,
)
REVIEW: Final = Act(
    title="年审通过",
    submit="记录年审",
    explanation="额度授信或上次年审超过一年的暂停用款（LN-02）。请重新评估客户后记录；需要调低或停用的，请压降、冻结或关闭额度。",
    done="已记录年审，额度可继续使用",
)


class ReasonForm(ActForm):
    """Why; kept in the history."""

    reason = forms.CharField(label="原因", max_length=200, help_text="写入状态变更与审计日志")


class ReduceForm(ReasonForm):
    """To how much, and why."""

    limit = YuanField(label="压降后的额度（元）", help_text="整数元，低于当前额度，例如 50000")
    field_order = ("limit", "reason")


class AgreementTable(ReadOnlyTable):
    """The agreements that were signed for a line, the newest first."""

    model = LineAgreement
    fields = ("linked_number", "contract_date", "limit", "annual_rate", "valid_until_date", "signed_at")
    readonly_fields = fields
    ordering = ("-number",)
    linked_number = staticmethod(linked("number", "lending_lineagreement", "合同编号"))
    limit = staticmethod(amount("limit_fen", "最高借款余额"))


class CreditLinePage(ReadOnlyPage):
    """Credit lines, newest first."""

    list_display = (opaque("id", "额度编号"), "product", state("status", "状态", COLOURS), amount("limit_fen", "额度"),
                    amount("drawn_fen", "已用"), amount("held_fen", "占用"), "annual_rate", "valid_until_date",
                    opaque("customer_id", "客户"))  # fmt: skip
    list_filter = ("status", "product", "kind", "valid_until_date")
    search_fields = ("id__exact", "customer__id__exact")
    search_help_text = "按额度编号或客户编号（完整）查找"
    list_select_related = ("product",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditLine]:
        """Show a customer manager the own customers' only."""
        rows: QuerySet[CreditLine] = super().get_queryset(request)
        return only_own(rows, request.user, path="customer_id")

    ordering = ("-id",)
    inlines = (AgreementTable,)
    actions_detail = ("review", "reduce", "freeze", "unfreeze", "close")
    readonly_fields = (
        "limit_fen_in_yuan",
        "drawn_fen_in_yuan",
        "held_fen_in_yuan",
        "available",
        "price_now",
        "review_due",
        "signing",
    )
    fieldsets = (
        (None, {"fields": (("id", "status"), ("customer", "application"), ("product", "product_version", "kind"))}),
        ("金额", {"fields": (("limit_fen_in_yuan", "available"), ("drawn_fen_in_yuan", "held_fen_in_yuan"))}),
        ("合同", {"fields": ("signing",)}),
        (
            "定价",
            {"fields": (("spread_bp", "grade"), "price_now", ("annual_rate", "lpr_rate"), ("lpr_tenor", "lpr_date"))},
        ),
        ("期限", {"fields": (("starts_date", "valid_until_date"), ("reviewed_date", "review_due"), "created_at")}),
    )
    limit_fen_in_yuan = staticmethod(amount("limit_fen", "额度"))
    drawn_fen_in_yuan = staticmethod(amount("drawn_fen", "已用"))
    held_fen_in_yuan = staticmethod(amount("held_fen", "占用"))

    @display(description="可用（元）")
    def available(self, row: CreditLine) -> str:
        """Show what can be drawn now."""
        return exact(available_fen(row))

    @display(description="当前用款价格")
    def price_now(self, row: CreditLine) -> str:
        """Show what the next loan costs by today's LPR, and how that comes about."""
        price = line_price_today(row)
        tenor = row.get_lpr_tenor_display()
        made_of = f"{price.lpr_date} 公布的{tenor} LPR {price.lpr_rate}%，加 {price.spread_bp} 个基点"
        bounded = "" if price.spread_bp == row.spread_bp else "（受产品利率上下限约束）"
        return f"{price.annual_rate}%：{made_of}{bounded}"

    @display(description="下一笔用信签署")
    def signing(self, row: CreditLine) -> str:
        """Say what the next drawdown signs, and why a new agreement where it needs one."""
        if not signs_once(row):
            return "借款合同（每笔签订）"
        reason = why_sign_anew(row, lender=lender_card())
        return "借据（循环借款合同可用）" if reason is None else f"循环借款合同和借据（{reason.text}）"

    @display(description="待年审", boolean=True)
    def review_due(self, row: CreditLine) -> bool:
        """Show whether nothing is lent until the line is reviewed."""
        return review_is_due(row)

    def _may(self, request: HttpRequest, object_id: Any, states: tuple[str, ...]) -> bool:
        if not request.user.has_perm(FREEZER):
            return False
        return object_id is None or CreditLine.objects.filter(pk=object_id, status__in=states).exists()

    def has_freeze_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id, (ACTIVE,))

    def has_unfreeze_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id, (FROZEN,))

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id, STANDING)

    def has_reduce_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id, STANDING)

    def has_review_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id, STANDING)

    @action(description="冻结", permissions=["freeze"], icon="ac_unit")
    def freeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Freeze the line."""
        return self._act(request, object_id, FREEZE, freeze_line)

    @action(description="解冻", permissions=["unfreeze"], icon="play_circle")
    def unfreeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the line be drawn from again."""
        return self._act(request, object_id, UNFREEZE, unfreeze_line)

    @action(description="关闭", permissions=["close"], icon="block")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close the line."""
        return self._act(request, object_id, CLOSE, close_line)

    @action(description="压降", permissions=["reduce"], icon="trending_down")
    def reduce(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lower the limit."""

        def run(given: Any) -> None:
            reduce_line(
                line_id=uuid.UUID(object_id), limit_fen=given["limit"], actor=actor_of(request), reason=given["reason"]
            )

        return perform(self, request, REDUCE, run=run, form_class=ReduceForm, object_id=object_id)

    @action(description="年审通过", permissions=["review"], icon="fact_check")
    def review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record that the line was reviewed."""
        return self._act(request, object_id, REVIEW, review_line)

    def _act(self, request: HttpRequest, object_id: str, act: Act, operation: Callable[..., None]) -> HttpResponse:
        def run(given: Any) -> None:
            operation(line_id=uuid.UUID(object_id), actor=actor_of(request), reason=given["reason"])

        return perform(self, request, act, run=run, form_class=ReasonForm, object_id=object_id)
