"""The books: vouchers with their lines, closed days, the trial balance, and money on its way."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action, display

from accounts import queries
from accounts.admin.tables import PostingTable, gl_name, masked_number
from accounts.approvals import GIVE_BACK_DEBIT, PROPOSE_CORRECTION, TAKE_BACK_CREDIT
from accounts.ledger.chart import CHART, CUSTOMER_DEPOSITS, Normal
from accounts.models import GlDay, JournalEntry, Payment, Posting, ReceiptUse
from accounts.models.deposit_account import OWN
from accounts.models.receipt import TO_ACCOUNT
from accounts.operations.corrections import check_correctable
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import amount, state
from core.admin.pages import ReadOnlyPage
from core.approvals.operations import propose

PAYMENT_COLOURS: Final = {"pending": "info", "arrived": "warning", "posted": "success", "failed": "danger"}
TABLE: Final = "admin/table.html"
GIVE_BACK: Final = Act(
    title="申请错扣退回",
    submit="提交复核",
    explanation="从客户账户错扣的款项以冲正分录退回，须由另一名员工复核。账户已销户的，转为应付款，由第三名员工在“退款”中登记柜面付给客户本人。还款等业务的扣款请在原业务中冲正。",
    done="已提交复核",
)

TAKE_BACK: Final = Act(
    title="申请来款错入冲正",
    submit="提交复核",
    explanation="来款记错客户账户时，以冲正分录从该账户转回暂收暂付款，须由另一名员工复核；之后在来款页面重新入账或退款。账户余额须足够。",
    done="已提交复核",
)


class ReasonForm(ActForm):
    """Why; kept with the proposal and as the memo of the reversal."""

    reason = forms.CharField(label="原因", max_length=100)


class DayForm(ActForm):
    """At the end of which business day; none: now."""

    on = forms.DateField(label="截至哪个营业日日终", required=False, help_text="留空为当前余额")


DEBITS: Final = (
    Posting.objects.filter(entry=OuterRef("pk"), amount_fen__gt=0)
    .order_by().values("entry").annotate(fen=Sum("amount_fen")).values("fen")
)  # fmt: skip


class JournalEntryPage(ReadOnlyPage):
    """Vouchers, newest first; they never change, a correction is a voucher of its own."""

    list_display = ("business_ref", "kind", "booking_date", "value_date", "memo", "total", "is_reversal", "created_at")
    list_filter = ("kind", "booking_date")
    search_fields = ("business_ref__startswith",)
    search_help_text = "按业务参考号查找"
    ordering = ("-id",)
    actions_list = ("trial_balance",)
    actions_detail = ("give_back", "take_back")
    inlines = (PostingTable,)
    readonly_fields = ("total",)
    fieldsets = (
        (None, {"fields": ("business_ref", ("kind", "memo"), ("booking_date", "value_date"))}),
        ("记录", {"fields": (("total", "reverses"), "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[JournalEntry]:
        """Add up each voucher's debits."""
        rows: QuerySet[JournalEntry] = super().get_queryset(request)
        return rows.annotate(total_fen=Subquery(DEBITS))

    @display(description="金额（元）")
    def total(self, entry: Any) -> str:
        """Show the sum of the debits, which is that of the credits."""
        return exact(entry.total_fen or 0)

    @display(description="冲正", label={"冲正": "warning"})
    def is_reversal(self, entry: JournalEntry) -> str | None:
        """Tell whether it reverses another."""
        return "冲正" if entry.reverses_id is not None else None

    def has_give_back_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on a debit of a customer that is not reversed."""
        if not request.user.has_perm(PROPOSE_CORRECTION):
            return False
        debits = JournalEntry.objects.filter(postings__gl_code=CUSTOMER_DEPOSITS, postings__amount_fen__gt=0)
        return object_id is None or debits.filter(pk=object_id, reverses=None, reversed_by=None).exists()

    @action(description="错扣退回", permissions=["give_back"], icon="undo")
    def give_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose to give back what was taken wrongly; a second member of staff decides under 复核事项."""
        entry_id = uuid.UUID(object_id)

        def run(given: Any) -> None:
            check_correctable(entry_id=entry_id)
            propose(
                kind=GIVE_BACK_DEBIT, subject=entry_id.hex, values={}, reason=given["reason"], actor=actor_of(request)
            )

        return perform(self, request, GIVE_BACK, run=run, form_class=ReasonForm, object_id=object_id)

    def has_take_back_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on what a receipt has put into an account kept here and is not reversed."""
        if not request.user.has_perm(PROPOSE_CORRECTION):
            return False
        uses = ReceiptUse.objects.filter(use=TO_ACCOUNT, account__keeper=OWN, entry__reversed_by=None)
        return object_id is None or uses.filter(entry=object_id).exists()

    @action(description="来款错入冲正", permissions=["take_back"], icon="undo")
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose to take back what was booked into the wrong account; a second member of staff decides under 复核事项."""

        def run(given: Any) -> None:
            propose(
                kind=TAKE_BACK_CREDIT, subject=uuid.UUID(object_id).hex, values={}, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, TAKE_BACK, run=run, form_class=ReasonForm, object_id=object_id)

    @action(description="科目余额表", permissions=["view"], icon="balance")
    def trial_balance(self, request: HttpRequest) -> HttpResponse:
        """Show every general ledger account's balance, now or at the end of a past day; they sum to zero."""
        form = DayForm(request.GET or None)
        on = form.cleaned_data["on"] if form.is_valid() else None
        balances = queries.trial_balance(on=on)
        rows = [
            [gl_name(code), *_two_sides(balances.get(code, 0)), _side(code)] for code in sorted({*CHART, *balances})
        ]
        debits = sum(balance for balance in balances.values() if balance > 0)
        credits_ = -sum(balance for balance in balances.values() if balance < 0)
        rows.append(["合计", exact(debits), exact(credits_), "平衡" if debits == credits_ else "不平衡"])
        agrees = on is not None or (queries.deposits_equal_ledger() and queries.holds_equal_accounts())
        checked = "本系统所记存款账户余额之和与总账“个人活期存款”、各账户占用与占用明细" + (
            "一致" if agrees else "不一致，请立即核查"
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "model_admin": self,
            "title": "科目余额表",
            "form": form,
            "note": checked if on is None else f"截至 {on} 日终，按记账日汇总",
            "alarm": not agrees or debits != credits_,
            "table": {"headers": ["科目", "借方余额（元）", "贷方余额（元）", "方向"], "rows": rows},
        }
        return TemplateResponse(request, TABLE, context)


class GlDayPage(ReadOnlyPage):
    """What each general ledger account did on each closed day, newest day first."""

    list_display = ("booking_date", "subject", amount("debit_fen", "借方发生额"), amount("credit_fen", "贷方发生额"),
                    "closing_debit", "closing_credit", "closed_at")  # fmt: skip
    list_filter = ("booking_date", "gl_code")
    date_hierarchy = "booking_date"
    ordering = ("-booking_date", "gl_code")
    readonly_fields = ("subject", "debit_fen_in_yuan", "credit_fen_in_yuan", "closing_debit", "closing_credit")
    fields = (("booking_date", "subject"), ("debit_fen_in_yuan", "credit_fen_in_yuan"),
              ("closing_debit", "closing_credit"), "closed_at")  # fmt: skip
    debit_fen_in_yuan = staticmethod(amount("debit_fen", "借方发生额"))
    credit_fen_in_yuan = staticmethod(amount("credit_fen", "贷方发生额"))

    @display(description="科目", ordering="gl_code")
    def subject(self, row: GlDay) -> str:
        """Name the general ledger account."""
        return gl_name(row.gl_code)

    @display(description="日终借方余额（元）", ordering="closing_fen")
    def closing_debit(self, row: GlDay) -> str:
        """Show a debit balance."""
        return _two_sides(row.closing_fen)[0]

    @display(description="日终贷方余额（元）")
    def closing_credit(self, row: GlDay) -> str:
        """Show a credit balance."""
        return _two_sides(row.closing_fen)[1]


def _two_sides(balance_fen: int) -> tuple[str, str]:
    return (exact(balance_fen), "") if balance_fen >= 0 else ("", exact(-balance_fen))


def _side(code: str) -> str:
    known = CHART.get(code)
    return "—" if known is None else "借" if known.normal is Normal.DEBIT else "贷"


class PaymentPage(ReadOnlyPage):
    """Money between the bank and customers' accounts, newest first."""

    list_display = ("business_ref", "kind", "direction", amount("amount_fen", "金额"), "account_in_short",
                    state("status", "状态", PAYMENT_COLOURS), "code", "created_at")  # fmt: skip
    list_filter = ("status", "direction", "kind", "created_at")
    list_select_related = ("account",)
    search_fields = ("business_ref__startswith", "core_reference__exact")
    search_help_text = "按业务参考号或核心流水查找"
    ordering = ("-id",)
    readonly_fields = (amount("amount_fen", "金额"), "account_in_short")
    fieldsets = (
        (None, {"fields": ("business_ref", ("kind", "memo"), ("direction", readonly_fields[0]), ("status", "code"))}),
        ("账务", {"fields": (("account", "account_in_short"), ("core_reference", "entry"), "legs", "created_at")}),
    )

    @display(description="账号")
    def account_in_short(self, payment: Payment) -> str:
        """Show the last four digits."""
        return masked_number(payment.account)
