"""Contracts, vouchers and agreements of lines, with their files."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import format_html_join
from unfold.decorators import action, display

from core import vault
from core.admin.acts import actor_of
from core.admin.columns import amount, linked, opaque
from core.admin.pages import ReadOnlyPage, ReadOnlyTable
from core.files import PDF, file_answer
from lending.admin.drawdowns import WHAT, person_of
from lending.line_contracting import terms_in_words
from lending.models import Contract, LineAgreement
from lending.queries.contracts import kind_of

PURPOSE: Final = "staff_download"
FILE: Final = (
    ("文件", {"fields": ("digest", ("template_version", "signed_at"), "certificate")}),
    ("存证", {"fields": (("evidence_leaf", "bundle_leaf"), "bundle")}),
)


class SignedPage(ReadOnlyPage):
    """What was signed, newest first; the file is handed out with a trace."""

    list_filter = ("contract_date", "template_version")
    search_fields = ("number__exact", "customer__id__exact", "drawdown__id__exact")
    search_help_text = "按合同编号、客户编号或用信编号（完整）查找"
    ordering = ("-id",)
    actions_detail = ("download",)
    readonly_fields: tuple[str, ...] = ("person", "digest")

    @display(description="客户")
    def person(self, row: Contract | LineAgreement) -> str:
        """Show who borrows, masked."""
        return person_of(row.customer_id)

    @display(description="文件摘要（SHA-256）")
    def digest(self, row: Contract | LineAgreement) -> str:
        """Show the hash of the signed file."""
        return bytes(row.sha256).hex()

    def has_download_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the file to whoever may see the page."""
        del object_id
        return self.has_view_permission(request)

    @action(description="下载合同", permissions=["download"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand out the signed file; who read it and why is on record."""
        row = get_object_or_404(self.model, pk=object_id)
        content = vault.read(row.object_id, purpose=PURPOSE, actor=f"staff:{actor_of(request)}")
        return file_answer(content, name=f"{row.number}.pdf", content_type=PDF)


class ContractPage(SignedPage):
    """Contracts and vouchers: what was signed for one drawdown."""

    list_display = ("number", "what", "contract_date", "template_version", "signed_at", opaque("drawdown_id", "用信"),
                    opaque("customer_id", "客户"))  # fmt: skip
    readonly_fields = ("person", "digest", "what")
    fieldsets = (
        (None, {"fields": (("number", "contract_date"), ("what", "agreement"), ("drawdown", "person"))}),
        *FILE,
    )

    @display(description="文件")
    def what(self, row: Contract) -> str:
        """Say what it is."""
        return WHAT[kind_of(row)]


class VoucherTable(ReadOnlyTable):
    """The vouchers under an agreement."""

    model = Contract
    fields = ("linked_number", "contract_date", "amount", "signed_at")
    readonly_fields = fields
    ordering = ("-id",)
    linked_number = staticmethod(linked("number", "lending_contract", "合同编号"))
    verbose_name_plural = "项下借据"
    amount = staticmethod(amount("drawdown_amount_fen", "金额"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contract]:
        """Read the amounts along."""
        rows: QuerySet[Contract] = super().get_queryset(request)
        return rows.annotate(drawdown_amount_fen=F("drawdown__amount_fen"))


class LineAgreementPage(SignedPage):
    """Agreements of lines, signed once."""

    list_display = ("number", "contract_date", amount("limit_fen", "最高借款余额"), "annual_rate", "valid_until_date",
                    opaque("line_id", "额度"), opaque("customer_id", "客户"))  # fmt: skip
    search_fields = ("number__exact", "customer__id__exact", "line__id__exact")
    search_help_text = "按合同编号、客户编号或额度编号（完整）查找"
    inlines = (VoucherTable,)
    readonly_fields = ("person", "digest", "limit_fen_in_yuan", "agreed_terms")
    fieldsets = (
        (None, {"fields": (("number", "contract_date"), ("line", "drawdown"), "person")}),
        ("约定", {"fields": (("limit_fen_in_yuan", "annual_rate", "valid_until_date"), "agreed_terms")}),
        *FILE,
    )
    limit_fen_in_yuan = staticmethod(amount("limit_fen", "最高借款余额"))

    @display(description="约定条款")
    def agreed_terms(self, row: LineAgreement) -> str:
        """Say in words what the agreement states of the product."""
        return format_html_join("", "<div>{}：{}</div>", terms_in_words(row.terms))
