"""Credit reporting: notices before bad news, records, files, objections (LN-15, LN-17)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html_join
from unfold.decorators import action, display

from core import vault
from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.amounts import exact
from core.admin.columns import opaque, state
from core.admin.pages import AddingPage, DatedPage, ReadOnlyPage
from core.approvals.operations import propose
from core.clock import business_date
from core.errors import Problem
from core.files import file_answer
from lending.admin.drawdowns import person_of
from lending.admin.papers import handed_out
from lending.approvals import CORRECT_RECORD, OBJECTION_JUDGE
from lending.models import BureauExport, BureauObjection, BureauRecord, CreditNotice
from lending.models.bureau import FAILED, RAISED, WAITING
from lending.operations import bureau_files, credit_notices
from verification import queries as verified

NOTICE_COLOURS: Final = {"waiting": "warning", "sent": "success", "failed": "danger", "cancelled": "info"}
OBJECTION_COLOURS: Final = {"raised": "warning", "corrected": "success", "rejected": "info"}
NOTIFIER: Final = "lending.change_creditnotice"
PURPOSE: Final = "bureau_report"
JSON_LINES: Final = "application/x-ndjson"
POST: Final = Act(
    title="登记书面告知",
    submit="已寄出",
    explanation="短信未能送达时，打印告知书，以挂号信或快递寄往借款人确认的送达地址，并登记单号。",
    done="书面告知已登记",
)
CANCEL: Final = Act(
    title="取消告知",
    submit="取消告知",
    explanation="仅当贷款已不再逾期，且没有待告知后报送的不良信息。",
    done="告知已取消",
)
EXPORT: Final = Act(
    title="生成征信报送文件",
    submit="生成文件",
    explanation=(
        "包含截至该营业日可以报送且尚未报送的记录，每份最多 50,000 条。"
        "未告知借款人的不良信息不在其中。文件含个人信息，下载留痕。"
    ),
    done="报送文件已生成",
)
OBJECT: Final = Act(title="登记征信异议", submit="登记", explanation="自登记之日起二十日内答复。", done="异议已登记")
CORRECT: Final = Act(
    title="更正",
    submit="提交复核",
    explanation="复核通过后生成更正记录，随下一份文件报送；原记录保留，其后各月的还款状态串一并更正。",
    done="已提交，待另一名员工在“复核事项”中复核",
)
REJECT: Final = Act(
    title="不予更正", submit="不予更正", explanation="经核查记录无误。请写明答复内容。", done="异议已答复"
)
LABELS: Final = {
    "moment": "报告时点", "date": "日期", "account": "账户（合同编号）", "account_type": "账户类型", "state": "账户状态",
    "principal_fen": "贷款金额", "balance_fen": "余额", "moved_fen": "当日发生额", "opened_date": "开立日期",
    "maturity_date": "到期日期", "method": "还款方式", "instalments": "还款期数", "remaining_instalments": "剩余还款期数",
    "overdue_days": "逾期天数", "overdue_stage": "逾期期数", "overdue_fen": "逾期总额", "overdue_principal_fen": "逾期本金",
    "overdue_instalments": "逾期分期数", "overdue_principal_31_60_fen": "逾期31—60天未还本金",
    "overdue_principal_61_90_fen": "逾期61—90天未还本金", "overdue_principal_91_180_fen": "逾期91—180天未还本金",
    "overdue_principal_over_180_fen": "逾期180天以上未还本金", "classification": "五级分类",
    "due_in_month_fen": "本月应还款", "paid_in_month_fen": "本月实还款", "payment_state": "当月还款状态",
    "payment_states": "24个月还款状态", "settled_date": "结清日期",
}  # fmt: skip


class TrackingForm(ActForm):
    """Under which number the letter is on its way."""

    tracking = forms.CharField(label="挂号或快递单号", max_length=40)


class CreditNoticePage(ReadOnlyPage):
    """Notices, newest first."""

    list_display = (opaque("id", "告知编号"), state("status", "状态", NOTICE_COLOURS), opaque("loan_id", "贷款"), "person",
                    "overdue_since_date", "channel", "sent_date", "ended_date", "reason_code")  # fmt: skip
    list_filter = ("status", "channel", "created_date")
    search_fields = ("id__exact", "loan__id__exact", "loan__contract__number__exact")
    search_help_text = "按告知编号、贷款编号（完整）或合同编号查找"
    list_select_related = ("loan",)
    ordering = ("-id",)
    actions_detail = ("print_letter", "post_letter", "cancel")
    readonly_fields = ("person",)
    fieldsets = (
        (None, {"fields": (("id", "status"), ("loan", "person"), ("overdue_since_date", "ended_date"))}),
        ("告知", {"fields": (("channel", "tracking"), ("sent_date", "sent_at"), "reason_code")}),
        ("生成", {"fields": (("created_date", "created_at"),)}),
    )

    def read_with(self, rows: Sequence[Any]) -> None:
        """Read who the borrowers are."""
        people = verified.identities({row.loan.customer_id for row in rows})
        for row in rows:
            row.people = people

    @display(description="借款人")
    def person(self, row: CreditNotice) -> str:
        """Show who borrows, masked."""
        return person_of(row.loan.customer_id, among=vars(row).get("people"))

    def _may(self, request: HttpRequest, object_id: Any, *states: str) -> bool:
        if not request.user.has_perm(NOTIFIER):
            return False
        return object_id is None or CreditNotice.objects.filter(pk=object_id, status__in=states).exists()

    def has_print_letter_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the letter to whoever gives notices."""
        del object_id
        return bool(request.user.has_perm(NOTIFIER))

    def has_post_letter_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id, WAITING, FAILED)

    def has_cancel_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id, WAITING, FAILED)

    @action(description="打印告知书", permissions=["print_letter"], icon="print")
    def print_letter(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the letter, signed by the bank."""
        try:
            paper = credit_notices.issue_notice_paper(
                notice_id=uuid.UUID(object_id), actor=f"staff:{actor_of(request)}"
            )
        except Problem as problem:
            self.message_user(request, problem.detail or problem.title, level="error")
            return HttpResponse(status=302, headers={"Location": self._own(object_id)})
        return handed_out(paper, request)

    @staticmethod
    def _own(object_id: str) -> str:
        return reverse("admin:lending_creditnotice_change", args=(object_id,))

    @action(description="登记书面告知", permissions=["post_letter"], icon="mail")
    def post_letter(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record that the letter was posted."""

        def run(given: Any) -> None:
            credit_notices.letter_posted(
                notice_id=uuid.UUID(object_id), tracking=given["tracking"], actor=actor_of(request)
            )

        return perform(self, request, POST, run=run, form_class=TrackingForm, object_id=object_id)

    @action(description="取消告知", permissions=["cancel"], icon="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it go."""
        run = lambda _: credit_notices.cancel_notice(notice_id=uuid.UUID(object_id), actor=actor_of(request))  # noqa: E731
        return perform(self, request, CANCEL, run=run, object_id=object_id)


class ObjectionForm(ActForm):
    """What the borrower says."""

    said = forms.CharField(label="异议内容", max_length=500)


class BureauRecordPage(ReadOnlyPage):
    """Records, newest first."""

    list_display = (opaque("id", "记录编号"), "business_date", "kind", "negative", opaque("loan_id", "贷款"), "payments",
                    "released_date", "exported", "corrected")  # fmt: skip
    list_filter = ("kind", "negative", "business_date")
    search_fields = ("id__exact", "loan__id__exact", "loan__contract__number__exact")
    search_help_text = "按记录编号、贷款编号（完整）或合同编号查找"
    list_select_related = ("corrected_by",)
    ordering = ("-id",)
    actions_detail = ("object_to",)
    readonly_fields = ("told", "corrected")
    fieldsets = (
        (None, {"fields": (("id", "kind"), ("loan", "business_date"), ("negative", "released_date"), "export")}),
        ("更正", {"fields": (("corrects", "corrected"),)}),
        ("内容", {"fields": ("told",)}),
    )

    @display(description="24个月还款状态")
    def payments(self, row: BureauRecord) -> str:
        """Show the payment string."""
        return str(row.content.get("payment_states", "—"))

    @display(description="已报送", boolean=True, ordering="export")
    def exported(self, row: BureauRecord) -> bool:
        """Say whether it went into a file."""
        return row.export_id is not None

    @display(description="已被更正", boolean=True)
    def corrected(self, row: BureauRecord) -> bool:
        """Say whether another record corrects it."""
        return hasattr(row, "corrected_by")

    @display(description="内容")
    def told(self, row: BureauRecord) -> str:
        """Show every field by its Chinese name, amounts in yuan."""
        lines = (
            (LABELS.get(name, name), exact(value) if name.endswith("_fen") else "—" if value is None else value)
            for name, value in row.content.items()
        )
        return format_html_join("", "<div>{}：{}</div>", lines)

    def has_object_to_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act to whoever enters objections."""
        if not request.user.has_perm("lending.add_bureauobjection"):
            return False
        return object_id is None or BureauRecord.objects.filter(pk=object_id, corrected_by=None).exists()

    @action(description="登记异议", permissions=["object_to"], icon="feedback")
    def object_to(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter a borrower's objection."""

        def run(given: Any) -> str:
            made = bureau_files.raise_objection(
                record_id=uuid.UUID(object_id), said=given["said"], actor=actor_of(request)
            )
            return reverse("admin:lending_bureauobjection_change", args=(made.pk,))

        return perform(self, request, OBJECT, run=run, form_class=ObjectionForm, object_id=object_id)


class ExportForm(ActForm):
    """Up to which day."""

    until_date = forms.DateField(label="截至营业日")


class BureauExportPage(AddingPage):
    """Files, newest first; adding makes one."""

    adding = EXPORT
    adding_form = ExportForm
    list_display = ("until_date", "records", "made_by", "created_at", "digest")
    list_filter = ("until_date",)
    ordering = ("-id",)
    actions_detail = ("download",)
    readonly_fields = ("digest",)
    fields = (("until_date", "records"), ("made_by", "created_at"), "digest", "evidence_leaf")

    @display(description="文件摘要（SHA-256）")
    def digest(self, row: BureauExport) -> str:
        """Show the file's hash."""
        return bytes(row.sha256).hex()

    def adding_initial(self, request: HttpRequest) -> Mapping[str, Any]:
        """Begin with what is most often meant."""
        del request
        return {"until_date": business_date()}

    def perform_add(self, request: HttpRequest, given: Any) -> str:
        """Make a file."""
        made = bureau_files.export_records(until_date=given["until_date"], actor=actor_of(request))
        return reverse("admin:lending_bureauexport_change", args=(made.pk,))

    def has_download_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the file to whoever reports."""
        del object_id
        return self.has_add_permission(request)

    @action(description="下载文件", permissions=["download"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the file; who read it and why is on record."""
        row = get_object_or_404(BureauExport, pk=object_id)
        content = vault.read(row.object_id, purpose=PURPOSE, actor=f"staff:{actor_of(request)}")
        name = f"bureau-{row.until_date}-{row.pk.hex[-8:]}.jsonl"
        return file_answer(content, name=name, content_type=JSON_LINES)


class CorrectForm(ActForm):
    """How the record is put right, and what the borrower is answered."""

    how = forms.ChoiceField(
        label="更正方式",
        choices=[
            (bureau_files.NOT_OVERDUE, "非借款人原因造成的逾期（技术性逾期）"),
            (bureau_files.FROM_BOOKS, "账务已更正，按现账重新生成"),
        ],
    )
    answer = forms.CharField(label="答复", max_length=200)


class AnswerForm(ActForm):
    """What the borrower is answered."""

    answer = forms.CharField(label="答复", max_length=200)


class BureauObjectionPage(DatedPage):
    """Objections, newest first."""

    list_display = (opaque("id", "异议编号"), state("status", "状态", OBJECTION_COLOURS), opaque("record_id", "记录"),
                    "raised_date", "answer_by_date", "overdue", "raised_by", "decided_by")  # fmt: skip
    list_filter = ("status", "answer_by_date")
    search_fields = ("id__exact", "record__id__exact", "record__loan__id__exact")
    search_help_text = "按异议编号、记录编号或贷款编号（完整）查找"
    ordering = ("-id",)
    actions_detail = ("correct", "reject")
    fieldsets = (
        (None, {"fields": (("id", "status"), "record", "said")}),
        ("期限", {"fields": (("raised_date", "answer_by_date"), "raised_by")}),
        ("处理", {"fields": (("decided_by", "decided_at"), "answer")}),
    )
    readonly_fields = ("said",)

    @display(description="已超期", boolean=True)
    def overdue(self, row: BureauObjection) -> bool:
        """Say whether the answer is late."""
        return row.status == RAISED and row.answer_by_date < self.today_of(row)

    def _may(self, request: HttpRequest, object_id: Any) -> bool:
        if not request.user.has_perm(OBJECTION_JUDGE):
            return False
        return object_id is None or BureauObjection.objects.filter(pk=object_id, status=RAISED).exists()

    def has_correct_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id)

    def has_reject_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the act where it is legal."""
        return self._may(request, object_id)

    @action(description="更正", permissions=["correct"], icon="published_with_changes")
    def correct(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose the correcting record."""

        def run(given: Any) -> None:
            propose(
                kind=CORRECT_RECORD, subject=uuid.UUID(object_id).hex, values={"how": given["how"]},
                reason=given["answer"], actor=actor_of(request),
            )  # fmt: skip

        return perform(self, request, CORRECT, run=run, form_class=CorrectForm, object_id=object_id)

    @action(description="不予更正", permissions=["reject"], icon="do_not_disturb_on")
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer that the record is right."""

        def run(given: Any) -> None:
            bureau_files.reject_objection(
                objection_id=uuid.UUID(object_id), answer=given["answer"], actor=actor_of(request)
            )

        return perform(self, request, REJECT, run=run, form_class=AnswerForm, object_id=object_id)
