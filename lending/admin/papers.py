"""Papers of loans: what was issued, the files with a trace, and issuing one at the counter."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.decorators import action, display

from core.admin.acts import Act, ActForm, actor_of
from core.admin.columns import actor, opaque
from core.admin.pages import AddingPage
from core.files import PDF, file_answer
from lending.models import Contract, LoanPaper
from lending.models.paper import SETTLEMENT, STATEMENT
from lending.operations import papers

PURPOSE: Final = "staff_download"
DOWNLOADER: Final = "lending.download_loanpaper"
ISSUABLE: Final = [(STATEMENT, "贷款对账单"), (SETTLEMENT, "结清证明")]
ISSUE: Final = Act(
    title="出具贷款文书",
    submit="出具",
    explanation="由本行数字证书签署并加盖业务专用章，摘要记入存证。内容没有变化时，再次出具得到同一份文件。",
    done="文书已出具",
)


def handed_out(paper: LoanPaper, request: HttpRequest) -> HttpResponse:
    """Hand out a paper's file to a member of staff; who read it and why is on record."""
    content = papers.read_paper(paper=paper, purpose=PURPOSE, actor=f"staff:{actor_of(request)}")
    return file_answer(content, name=f"{paper.number}.pdf", content_type=PDF)


class IssueForm(ActForm):
    """Which paper of which contract's loan."""

    contract_number = forms.CharField(label="合同编号", max_length=30)
    kind = forms.ChoiceField(label="文书", choices=ISSUABLE)
    from_date = forms.DateField(label="期间起", required=False, help_text="仅对账单；留空为放款日")
    to_date = forms.DateField(label="期间止", required=False, help_text="仅对账单；留空为当前营业日")

    def clean_contract_number(self) -> Contract:
        """Find the contract that has a loan.

        Raises:
            ValidationError: there is none.
        """
        found = Contract.objects.select_related("loan").filter(number=self.cleaned_data["contract_number"]).first()
        if found is None or not hasattr(found, "loan"):
            raise forms.ValidationError("没有该编号的合同，或合同项下没有放款")
        return found


class LoanPaperPage(AddingPage):
    """Papers, newest first."""

    adding = ISSUE
    adding_form = IssueForm
    list_display = ("number", "kind", "issued_date", opaque("loan_id", "贷款"), "contract", "period", "made",
                    actor("asked_by", "申请人"), "created_at")  # fmt: skip
    list_filter = ("kind", "issued_date")
    search_fields = ("number__exact", "loan__id__exact", "loan__contract__number__exact")
    search_help_text = "按文书编号、贷款编号（完整）或合同编号查找"
    list_select_related = ("loan__contract",)
    ordering = ("-id",)
    actions_detail = ("download",)
    readonly_fields = ("contract", "digest")
    fieldsets = (
        (None, {"fields": (("number", "kind"), ("loan", "contract"), ("repayment", "issued_date"))}),
        ("期间", {"fields": (("from_date", "to_date"),)}),
        ("文件", {"fields": ("digest", ("certificate", "signed_at"), "evidence_leaf")}),
        ("申请", {"fields": (("asked_by", "created_at"),)}),
    )

    @display(description="合同编号")
    def contract(self, row: LoanPaper) -> str:
        """Show the contract's number."""
        return row.loan.contract.number

    @display(description="期间")
    def period(self, row: LoanPaper) -> str:
        """Show a statement's period."""
        return "—" if row.from_date is None else f"{row.from_date} 至 {row.to_date}"

    @display(description="已签署", boolean=True)
    def made(self, row: LoanPaper) -> bool:
        """Say whether the file is there."""
        return row.is_made

    @display(description="文件摘要（SHA-256）")
    def digest(self, row: LoanPaper) -> str:
        """Show the hash of the signed file."""
        return "—" if row.sha256 is None else bytes(row.sha256).hex()

    def perform_add(self, request: HttpRequest, given: Any) -> str:
        """Issue a paper."""
        loan_id, name = given["contract_number"].loan.pk, f"staff:{actor_of(request)}"
        if given["kind"] == SETTLEMENT:
            made = papers.issue_settlement(loan_id=loan_id, actor=name)
        else:
            made = papers.issue_statement(
                loan_id=loan_id, from_date=given["from_date"], to_date=given["to_date"], actor=name
            )
        return reverse("admin:lending_loanpaper_change", args=(made.pk,))

    def has_download_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the file to whoever may have it, once it is made."""
        if not request.user.has_perm(DOWNLOADER):
            return False
        return object_id is None or LoanPaper.objects.filter(pk=object_id, object_id__isnull=False).exists()

    @action(description="下载文书", permissions=["download"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the signed file."""
        return handed_out(get_object_or_404(LoanPaper, pk=object_id), request)
