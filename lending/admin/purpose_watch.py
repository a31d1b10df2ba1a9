"""The watch over borrowed money: the bank's own words, the findings, and the two persons who judge them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.columns import amount, opaque, state
from core.admin.pages import AddingPage
from core.approvals.operations import propose
from core.money import MoneyFormatError, yuan_to_fen
from lending.admin.drawdowns import person_of
from lending.approvals import CONFIRM_MISUSE, PURPOSE_JUDGE
from lending.models import PurposeFinding, WatchTerm
from lending.models.purpose_watch import APPLIES_TO, FOUND, SORTS
from lending.operations import purpose_watch
from lending.operations.purpose_watch import CoreOutflow

COLOURS: Final = {"found": "warning", "misused": "danger", "closed": "success"}
MOST_LINES: Final = 5_000
FIELDS: Final = 5
ADD: Final = Act(
    title="增加监测词",
    submit="增加",
    explanation="自下一次核查起，借款人账户的转出摘要、对方户名含有该文字（或商户类别码相同）即生成预警。平台内置的监测词始终有效，不在此列。",
    done="监测词已增加",
)
REMOVE: Final = Act(
    title="停用监测词", submit="停用", explanation="已生成的预警不受影响。", done="监测词已停用", danger=True
)
PROPOSE: Final = Act(
    title="认定挪用",
    submit="提交复核",
    explanation=(
        "复核通过前不产生任何后果。通过后：额度冻结，停止用款；自该笔转出之日起按合同约定的挪用罚息利率计收。"
    ),
    done="已提交，待另一名员工在“复核事项”中复核",
    danger=True,
)
CLOSE: Final = Act(
    title="排除预警", submit="排除", explanation="经核查资金用途符合约定。请写明核查依据。", done="预警已排除"
)
TAKE: Final = Act(
    title="导入核心流水",
    submit="核查",
    explanation=(
        "账户由核心系统记账的借款人，其转出流水由核心系统导出后在此核查。每行一笔："
        "账号,记账日,金额（元）,对方与摘要,商户类别码（可空）。没有命中的流水不保存。"
    ),
    done="流水已核查",
)


class TermForm(ActForm):
    """What to watch for."""

    sort = forms.ChoiceField(label="种类", choices=SORTS)
    text = forms.CharField(label="文字或类别码", max_length=30)
    applies_to = forms.ChoiceField(label="适用贷款", choices=APPLIES_TO)
    note = forms.CharField(label="说明", max_length=200, required=False)


class WatchTermPage(AddingPage):
    """The bank's own words, newest first."""

    adding = ADD
    adding_form = TermForm
    list_display = ("text", "sort", "applies_to", "in_force", "created_by", "created_at", "removed_by")
    list_filter = ("sort", "applies_to")
    search_fields = ("text",)
    ordering = ("-id",)
    actions_detail = ("remove",)
    fields = (("text", "sort"), "applies_to", "note", "in_force", ("created_by", "created_at"),
              ("removed_by", "removed_at"))  # fmt: skip
    readonly_fields = ("in_force",)

    @display(description="有效", boolean=True, ordering="removed_at")
    def in_force(self, row: WatchTerm) -> bool:
        """Say whether it is watched for."""
        return row.removed_at is None

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Add a word."""
        purpose_watch.add_watch_term(**given, actor=actor_of(request))

    def has_remove_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act on a word in force."""
        if not request.user.has_perm("lending.change_watchterm"):
            return False
        return object_id is None or WatchTerm.objects.filter(pk=object_id, removed_at=None).exists()

    @action(description="停用", permissions=["remove"], icon="block")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stop watching for it."""

        def run(_: Any) -> None:
            purpose_watch.remove_watch_term(watch_term_id=uuid.UUID(object_id), actor=actor_of(request))

        return perform(self, request, REMOVE, run=run, object_id=object_id)


class OpinionForm(ActForm):
    """Why; kept with the finding."""

    opinion = forms.CharField(label="意见", max_length=200)


class OutflowsForm(ActForm):
    """The lines of the core system's statement; they are sent in a body, so that no address or log holds them."""

    lines = forms.CharField(label="流水", max_length=600_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give the lines room."""
        super().__init__(*args, **kwargs)
        self.fields["lines"].widget = UnfoldAdminTextareaWidget()

    def clean_lines(self) -> list[CoreOutflow]:
        """Read the lines.

        Raises:
            ValidationError: a line is ill-formed, or there are too many.
        """
        lines = [line for line in self.cleaned_data["lines"].replace("，", ",").splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(f"一次最多 {MOST_LINES} 笔")
        return [_outflow(line, place) for place, line in enumerate(lines, start=1)]


def _outflow(line: str, place: int) -> CoreOutflow:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) not in (FIELDS - 1, FIELDS):
        raise forms.ValidationError(f"第 {place} 行应为：账号,记账日,金额,对方与摘要,商户类别码（可空）")
    number, day, yuan, told, *mcc = parts
    try:
        booking_date, amount_fen = date.fromisoformat(day), yuan_to_fen(yuan)
    except MoneyFormatError as error:
        raise forms.ValidationError(f"第 {place} 行的金额有误，应为元，例如 30000.00") from error
    except ValueError as error:
        raise forms.ValidationError(f"第 {place} 行的记账日有误，例如 2026-11-22") from error
    if amount_fen <= 0:
        raise forms.ValidationError(f"第 {place} 行的金额须大于零")
    return CoreOutflow(
        account_number=number,
        booking_date=booking_date,
        amount_fen=amount_fen,
        told=told,
        mcc="".join(mcc),
    )


class PurposeFindingPage(AddingPage):
    """Findings, newest first; adding takes outflows of accounts that the core system keeps."""

    adding = TAKE
    adding_form = OutflowsForm
    adder = PURPOSE_JUDGE
    list_display = (opaque("id", "预警编号"), state("status", "状态", COLOURS), opaque("loan_id", "贷款"), "booking_date",
                    amount("amount_fen", "金额"), "term", "sort", "proposed_by", "decided_by", "created_at")  # fmt: skip
    list_filter = ("status", "sort", "booking_date")
    search_fields = ("id__exact", "loan__id__exact", "loan__contract__number__exact")
    search_help_text = "按预警编号、贷款编号（完整）或合同编号查找"
    list_select_related = ("loan",)
    ordering = ("-id",)
    actions_detail = ("propose", "close")
    readonly_fields = ("person", "amount_fen_in_yuan", "counterparty")
    fieldsets = (
        (None, {"fields": (("id", "status"), ("loan", "person"))}),
        ("转出", {"fields": (("booking_date", "amount_fen_in_yuan"), "counterparty", ("sort", "term"), "posting_id")}),
        ("核查", {"fields": (("proposed_by", "decided_by"), "opinion", ("created_at", "decided_at"))}),
    )
    amount_fen_in_yuan = staticmethod(amount("amount_fen", "金额"))

    @display(description="借款人")
    def person(self, row: PurposeFinding) -> str:
        """Show who borrows, masked."""
        return person_of(row.loan.customer_id)

    def perform_add(self, request: HttpRequest, given: Any) -> None:
        """Judge outflows of the core system's statement."""
        purpose_watch.take_core_outflows(outflows=given["lines"], actor=actor_of(request))

    def _may(self, request: HttpRequest, object_id: Any) -> bool:
        if not request.user.has_perm(PURPOSE_JUDGE):
            return False
        return object_id is None or PurposeFinding.objects.filter(pk=object_id, status=FOUND).exists()

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id)

    def has_close_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id)

    @action(description="认定挪用", permissions=["propose"], icon="gavel")
    def propose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose that it is a misuse."""

        def run(given: Any) -> None:
            propose(
                kind=CONFIRM_MISUSE, subject=uuid.UUID(object_id).hex, values={}, reason=given["opinion"],
                actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, PROPOSE, run=run, form_class=OpinionForm, object_id=object_id)

    @action(description="排除", permissions=["close"], icon="check_circle")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it, as no misuse."""

        def run(given: Any) -> None:
            purpose_watch.close_finding(
                finding_id=uuid.UUID(object_id), opinion=given["opinion"], actor=actor_of(request)
            )

        return perform(self, request, CLOSE, run=run, form_class=OpinionForm, object_id=object_id)
