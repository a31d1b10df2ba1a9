"""Money from outside: one person records it, another says whose it is."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts.admin.held import HeldPage
from accounts.models import Receipt, ReceiptUse
from accounts.models.receipt import CHANNELS
from accounts.operations.corrections import void_receipt
from accounts.operations.receipts import OutsideMoney, assign_receipt, record_receipt
from accounts.operations.refunds import Payee, refund_receipt
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, state
from core.admin.fields import YuanField
from core.admin.pages import AddingPage, ReadOnlyTable
from core.crypto.masking import mask_account, mask_name

RECORD: Final = Act(
    title="登记外部来款",
    submit="登记",
    explanation="登记柜面现金、转账汇入或第三方代付的款项，记入暂收暂付款。须由另一名员工确认入账、还款或退款。",
    done="来款已登记",
)
ASSIGN: Final = Act(
    title="来款入账户",
    submit="入账",
    explanation="把来款记入本行客户账户。登记人本人不能操作。未经面签的账户不收现金；未经面签的Ⅱ类户（ACC-04）和尚未从绑定账户转入过资金的Ⅲ类户（ACC-07）不收他人来款。",
    done="来款已入账",
)
REFUND: Final = Act(
    title="退还来款",
    submit="确认退款",
    explanation="把未处理的来款退还付款人，转为应付款。登记人本人不能操作；付款由另一名员工登记。",
    done="退款已批准",
    danger=True,
)
VOID: Final = Act(
    title="作废来款登记",
    submit="作废",
    explanation="登记有误（金额、来源或凭证号）且尚未处理时作废：以冲正分录转出，同一凭证可重新登记。登记人本人不能操作。",
    done="来款登记已作废",
    danger=True,
)


class AmountForm(ActForm):
    """An amount in yuan."""

    amount = YuanField(label="金额（元）")


class RecordForm(AmountForm):
    """What came in, from whom, and under which voucher."""

    channel = forms.ChoiceField(label="来源", choices=CHANNELS)
    reference = forms.CharField(label="外部凭证号", max_length=64)
    payer_name = forms.CharField(label="付款人", max_length=60)
    payer_account = forms.RegexField(r"^[0-9]{12,22}$", label="付款账号", required=False)
    memo = forms.CharField(label="附言", max_length=100, required=False)


class PartForm(AmountForm):
    """A part of a receipt, of which the page has shown so much as left: sent twice, it is taken once."""

    left_fen = forms.IntegerField(widget=forms.HiddenInput)


class AssignForm(PartForm):
    """Into which account; the number is sent in a body, so that no address or log holds it."""

    account_number = forms.CharField(label="客户账号", min_length=12, max_length=22)


class RefundForm(PartForm):
    """To whom it goes back."""

    payee_name = forms.CharField(label="收款人", max_length=60)
    payee_account = forms.RegexField(
        r"^[0-9]{12,22}$", label="收款账号", required=False, help_text="柜面现金退还可留空"
    )
    reason = forms.CharField(label="退款原因", max_length=100)


def _left(receipt_id: str) -> dict[str, int]:
    """Return what the form of an act shows as left of a receipt, in fen."""
    return {"left_fen": Receipt.objects.values_list("left_fen", flat=True).get(pk=receipt_id)}


class VoidForm(ActForm):
    """What was wrong."""

    reason = forms.CharField(label="作废原因", max_length=100)


class ReceiptUseTable(ReadOnlyTable):
    """What became of a receipt."""

    model = ReceiptUse
    verbose_name_plural = "处理"
    readonly_fields = ("use", amount("amount_fen", "金额"), "code", "maker", "checker", "created_at")
    fields = readonly_fields


class ReceiptPage(HeldPage, AddingPage):
    """Money from outside, newest first; what is left of it waits for a second person."""

    adding = RECORD
    adding_form = RecordForm
    list_display = ("reference", state("channel", "来源", {}), amount("amount_fen", "金额"), amount("left_fen", "未处理"),
                    "held", "masked_payer", "received_date", "recorded_by")  # fmt: skip
    list_filter = ("channel", "received_date", "recorded_by")
    search_fields = ("reference__startswith",)
    search_help_text = "按外部凭证号查找"
    ordering = ("-id",)
    actions_detail = ("assign", "refund", "void")
    inlines = (ReceiptUseTable,)
    readonly_fields = (
        "amount_fen_in_yuan",
        "left_fen_in_yuan",
        "masked_payer",
        "masked_account",
        "held_badge",
        "waits_for",
    )
    fieldsets = (
        (None, {"fields": (("channel", "reference"), ("amount_fen_in_yuan", "left_fen_in_yuan"), "memo")}),
        ("付款人", {"fields": (("masked_payer", "masked_account"), "held_badge", "waits_for")}),
        ("记录", {"fields": (("received_date", "recorded_by"), ("entry", "created_at"),
                           ("voided_date", "voided_by"))}),
    )  # fmt: skip
    amount_fen_in_yuan = staticmethod(amount("amount_fen", "金额"))
    left_fen_in_yuan = staticmethod(amount("left_fen", "未处理"))

    @display(description="付款人")
    def masked_payer(self, row: Receipt) -> str:
        """Show the name's last character."""
        return mask_name(row.payer_name or "") or "—"

    @display(description="付款账号")
    def masked_account(self, row: Receipt) -> str:
        """Show the last four digits."""
        return mask_account(row.payer_account) if row.payer_account else "—"

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Record a receipt."""
        money = OutsideMoney(
            channel=given["channel"], reference=given["reference"], amount_fen=given["amount"],
            payer_name=given["payer_name"], payer_account=given["payer_account"] or None, memo=given["memo"],
        )  # fmt: skip
        record_receipt(money=money, actor=actor_of(request))

    def has_dispose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the acts to whoever decides on receipts, on another's that has something left."""
        if not request.user.has_perm("accounts.change_receipt"):
            return False
        others = Receipt.objects.filter(left_fen__gt=0).exclude(recorded_by=actor_of(request))
        return object_id is None or others.filter(pk=object_id).exists()

    @action(description="入账户", permissions=["dispose"], icon="account_balance_wallet")
    def assign(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Book it into a customer's account."""

        def run(given: Any) -> None:
            assign_receipt(
                receipt_id=uuid.UUID(object_id), account_number=given["account_number"],
                amount_fen=given["amount"], actor=actor_of(request), left_seen_fen=given["left_fen"],
            )  # fmt: skip

        return perform(
            self, request, ASSIGN, run=run, form_class=AssignForm, initial=_left(object_id), object_id=object_id
        )  # fmt: skip

    @action(description="退款", permissions=["dispose"], icon="undo")
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send it back."""

        def run(given: Any) -> None:
            refund_receipt(
                receipt_id=uuid.UUID(object_id), amount_fen=given["amount"], reason=given["reason"],
                payee=Payee(name=given["payee_name"], account=given["payee_account"] or None),
                actor=actor_of(request), left_seen_fen=given["left_fen"],
            )  # fmt: skip

        return perform(
            self, request, REFUND, run=run, form_class=RefundForm, initial=_left(object_id), object_id=object_id
        )  # fmt: skip

    def has_void_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on another's receipt of which nothing has been given."""
        if object_id is None or not self.has_dispose_permission(request, object_id):
            return self.has_dispose_permission(request, object_id)
        return Receipt.objects.filter(pk=object_id, left_fen=F("amount_fen")).exists()

    @action(description="作废", permissions=["void"], icon="block")
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Void what was recorded by mistake."""

        def run(given: Any) -> None:
            void_receipt(receipt_id=uuid.UUID(object_id), reason=given["reason"], actor=actor_of(request))

        return perform(self, request, VOID, run=run, form_class=VoidForm, object_id=object_id)
