"""What staff propose for a loan or a repayment; a second member of staff decides on it under 复核事项."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from accounts import queries as accounts
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.fields import YuanField
from core.approvals.operations import propose
from core.clock import business_date
from lending.approvals import (
    CALL_IN,
    EXTEND,
    MARK_MISUSED,
    PROPOSER,
    REPAY_FROM_RECEIPT,
    RETURN_EXCESS,
    REVERSE_REPAYMENT,
    WRITE_OFF,
)
from lending.decision.policy import LONGEST_TERM_MONTHS
from lending.loans.classification import Category
from lending.models import Loan, Repayment
from lending.models.loan import ACTIVE
from lending.models.product import KEEPS
from lending.models.repayment import KINDS, POSTED
from lending.operations.receipt_repayment import plan_from_receipt
from lending.queries.loan_changes import (
    refuse_calling_in,
    refuse_extension,
    refuse_misuse,
    refuse_returning_excess,
)
from lending.queries.receipts import FromReceipt

WAITS: Final = "已提交，待另一名员工在“复核事项”中复核"
REVERSING: Final = Act(
    title="申请还款冲正",
    submit="提交复核",
    explanation="复核通过后款项退回原还款账户；以来款还的退回来款登记。贷款按未发生该笔还款重新计算。",
    done=WAITS,
    danger=True,
)
RETURNING: Final = Act(
    title="申请退回多还款项",
    submit="提交复核",
    explanation="补记以前的还款或冲正后，本笔还款超出应还的部分退回原还款账户；已归还的款项不变。",
    done=WAITS,
)
REPAYING: Final = Act(
    title="申请以来款还款",
    submit="提交复核",
    explanation=(
        "以已登记的柜面现金、转账汇入或第三方代付的来款归还本笔贷款。起息日可早于今日，贷款自起息日起重新计算；"
        "超过应还的部分留在暂收款待退。来款登记人不能复核。"
    ),
    done=WAITS,
)
EXTENDING: Final = Act(
    title="申请贷款展期",
    submit="提交复核",
    explanation=(
        "未逾期、未到期的贷款可以展期。期限一年以内的，累计展期不得超过原期限；一年以上的，与原期限之和不得超过产品最长期限。"
        "展期后按重组贷款管理，观察期一年内至多为关注类。"
    ),
    done=WAITS,
)
MISUSING: Final = Act(
    title="申请挪用认定",
    submit="提交复核",
    explanation="复核通过后自起始日起按挪用罚息利率计收，与逾期罚息并存时取较重者，不并处；额度同时冻结。",
    done=WAITS,
    danger=True,
)
CALLING_IN: Final = Act(
    title="申请宣布提前到期",
    submit="提交复核",
    explanation=(
        "借款人违约（如挪用借款、连续逾期、提供虚假资料）时，未到期的本金和利息提前到指定日期归还，额度同时冻结。"
        "请先书面通知借款人，并按合同给予准备时间；指定日期不晚于下一还款日。"
    ),
    done=WAITS,
    danger=True,
)
WRITING_OFF: Final = Act(
    title="申请贷款核销",
    submit="提交复核",
    explanation="损失类贷款可以核销：以贷款损失准备冲减本金，债权保留并继续催收。",
    done=WAITS,
    danger=True,
)


class ReasonForm(ActForm):
    """Why; kept with the proposal."""

    reason = forms.CharField(label="申请理由", max_length=200, help_text="写入复核记录与审计日志")


class ReceiptForm(ReasonForm):
    """Which receipt, how much of it, for what, and from which day it counts."""

    channel = forms.ChoiceField(label="来源", choices=accounts.RECEIPT_CHANNELS)
    reference = forms.CharField(label="外部凭证号", max_length=64)
    amount = YuanField(label="金额（元）", required=False, help_text="留空为该来款的全部余额")
    kind = forms.ChoiceField(label="还款方式", choices=KINDS)
    keep = forms.ChoiceField(label="部分提前还款后", choices=[("", "按产品约定"), *KEEPS], required=False)
    value_date = forms.DateField(label="起息日", initial=business_date)


class ExtensionForm(ReasonForm):
    """By how many months."""

    months = forms.IntegerField(label="展期（月）", min_value=1, max_value=LONGEST_TERM_MONTHS)


class MisuseForm(ReasonForm):
    """From which day."""

    from_date = forms.DateField(label="挪用起始日")


class CallingInForm(ReasonForm):
    """By which day."""

    due_date = forms.DateField(label="提前到期日")


def _propose(
    page: Any, request: HttpRequest, object_id: str, act: Act, kind: str, form_class: type[ReasonForm] = ReasonForm,
    *, refuse: Callable[..., None] | None = None,
) -> HttpResponse:  # fmt: skip
    """Propose an act on a page's row; what `refuse` raises is told to the proposer, not only to whoever decides."""

    def run(given: Mapping[str, Any]) -> None:
        wanted = {name: value for name, value in given.items() if name != "reason"}
        row = page.get_object(request, object_id)
        if refuse is not None:
            refuse(row, **wanted)
        values = {name: _plain(value) for name, value in wanted.items()}
        propose(kind=kind, subject=row.pk.hex, values=values, reason=given["reason"], actor=actor_of(request))

    return perform(page, request, act, run=run, form_class=form_class, object_id=object_id)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


class LoanActs:
    """The acts on a loan."""

    actions_detail = ("from_receipt", "extend", "misuse", "call_in", "write_off")

    def _may(self, request: HttpRequest, object_id: Any, **which: Any) -> bool:
        if not request.user.has_perm(PROPOSER):
            return False
        return object_id is None or Loan.objects.filter(pk=object_id, status=ACTIVE, **which).exists()

    def has_from_receipt_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on every loan: one that is settled may have been paid before in a way that nobody has entered yet."""
        return bool(request.user.has_perm(PROPOSER)) and (
            object_id is None or Loan.objects.filter(pk=object_id).exists()
        )

    def has_extend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it may be legal."""
        return self._may(request, object_id, overdue_since_date=None)

    def has_misuse_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it may be legal."""
        return self._may(request, object_id, misused_from_date=None)

    def has_call_in_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where something is still to fall due."""
        return self._may(request, object_id, next_due_date__isnull=False)

    def has_write_off_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it may be legal."""
        return self._may(request, object_id, category=Category.LOSS.value)

    @action(description="来款还款", permissions=["from_receipt"], icon="payments")
    def from_receipt(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose a repayment from money that came in outside the app."""

        def run(given: Mapping[str, Any]) -> None:
            loan = self.get_object(request, object_id)  # type: ignore[attr-defined]  # a page's own
            receipt = accounts.receipt_by_voucher(channel=given["channel"], reference=given["reference"])
            wanted = FromReceipt(
                receipt_id=receipt.id, kind=given["kind"], keep=given["keep"], value_date=given["value_date"],
                amount_fen=receipt.left_fen if given["amount"] is None else given["amount"],
            )  # fmt: skip
            values = plan_from_receipt(loan_id=loan.pk, wanted=wanted)
            propose(
                kind=REPAY_FROM_RECEIPT, subject=loan.pk.hex, values=values, reason=given["reason"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, REPAYING, run=run, form_class=ReceiptForm, object_id=object_id)

    @action(description="展期", permissions=["extend"], icon="event_upcoming")
    def extend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose an extension."""
        return _propose(self, request, object_id, EXTENDING, EXTEND, ExtensionForm, refuse=refuse_extension)

    @action(description="挪用认定", permissions=["misuse"], icon="report")
    def misuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that misuse be charged."""
        return _propose(self, request, object_id, MISUSING, MARK_MISUSED, MisuseForm, refuse=refuse_misuse)

    @action(description="提前到期", permissions=["call_in"], icon="event_busy")
    def call_in(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that what is not yet due fall due."""
        return _propose(self, request, object_id, CALLING_IN, CALL_IN, CallingInForm, refuse=refuse_calling_in)

    @action(description="核销", permissions=["write_off"], icon="delete_forever")
    def write_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose a write-off."""
        return _propose(self, request, object_id, WRITING_OFF, WRITE_OFF)


class RepaymentActs:
    """The acts on a repayment."""

    actions_detail = ("reverse", "return_excess")

    def has_reverse_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it may be legal."""
        if not request.user.has_perm(PROPOSER):
            return False
        posted = Repayment.objects.filter(pk=object_id, status=POSTED, reversal_payment_id=None)
        return object_id is None or posted.exists()

    def has_return_excess_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where something is more than the debt."""
        if not self.has_reverse_permission(request, object_id):
            return False
        return object_id is None or Repayment.objects.filter(pk=object_id, excess_fen__gt=0).exists()

    @action(description="冲正", permissions=["reverse"], icon="undo")
    def reverse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that a repayment be taken back."""
        return _propose(self, request, object_id, REVERSING, REVERSE_REPAYMENT)

    @action(description="退回多还款项", permissions=["return_excess"], icon="currency_exchange")
    def return_excess(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that what is more than the debt be given back."""
        return _propose(self, request, object_id, RETURNING, RETURN_EXCESS, refuse=refuse_returning_excess)
