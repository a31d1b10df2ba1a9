"""Drawdowns with the tables that were shown and what was signed, and the certificates that sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from core.admin.columns import amount, linked, opaque, state
from core.admin.pages import ReadOnlyPage, ReadOnlyTable
from core.clock import SHANGHAI
from core.crypto.masking import mask_id_number_for_operations, mask_name
from lending.admin.review_filters import to_case
from lending.contracts.certificates import read_certificates
from lending.models import BankCertificate, Contract, Disclosure, Drawdown
from lending.models.drawdown import REVIEW
from lending.queries.contracts import AGREEMENT, CONTRACT, VOUCHER, kind_of
from verification import queries as verified

COLOURS: Final = {
    "draft": "info", "signing": "info", "signed": "primary", "disbursing": "warning", "review": "warning",
    "disbursed": "success", "failed": "danger", "expired": "danger",
}  # fmt: skip
WHAT: Final = {CONTRACT: "借款合同", VOUCHER: "借据", AGREEMENT: "循环借款合同"}
REVIEWER: Final = "lending.review_application"


def person_of(customer_id: Any, *, among: Mapping[Any, verified.Identity] | None = None) -> str:
    """Show who a customer is, masked (DATA-02); `among` is who was read already."""
    identity = verified.identity(customer_id) if among is None else among.get(customer_id)
    if identity is None:
        return "—"
    return f"{mask_name(identity.name)} {mask_id_number_for_operations(identity.id_number)}"


class DisclosureTable(ReadOnlyTable):
    """The tables of costs that a drawdown showed."""

    model = Disclosure
    fields = ("business_date", "all_in", "total_interest", "shown_at", "confirmed_at", "read_seconds")
    readonly_fields = fields
    ordering = ("-id",)

    @display(description="年化综合成本（%）")
    def all_in(self, row: Disclosure) -> str:
        """Show the all-in rate that was shown."""
        return str(row.content["all_in_annual_rate"])

    @display(description="利息合计（元）")
    def total_interest(self, row: Disclosure) -> str:
        """Show the interest that was shown."""
        return str(row.content["total_interest"])


class SignedTable(ReadOnlyTable):
    """What was signed for a drawdown: its contract, or its voucher and the agreement that this is drawn under."""

    model = Contract
    fields = ("linked_number", "what", "under", "contract_date", "signed_at")
    readonly_fields = fields
    verbose_name_plural = "合同与借据"
    linked_number = staticmethod(linked("number", "lending_contract", "合同编号"))

    @display(description="文件")
    def what(self, row: Contract) -> str:
        """Say what it is."""
        return WHAT[kind_of(row)]

    @display(description="循环借款合同")
    def under(self, row: Contract) -> str:
        """Name the agreement."""
        return "—" if row.agreement is None else row.agreement.number


class DrawdownPage(ReadOnlyPage):
    """Drawdowns, newest first."""

    list_display = (opaque("id", "用信编号"), "product", state("status", "状态", COLOURS), amount("amount_fen", "金额"),
                    "term_months", "method", "contract_number", "reason_code", "created_at", "disbursed_at")  # fmt: skip
    list_filter = ("status", "line__product", "method", "created_at")
    search_fields = ("id__exact", "customer__id__exact", "contract_number__exact")
    search_help_text = "按用信编号、客户编号（完整）或合同编号查找"
    list_select_related = ("line__product",)
    ordering = ("-id",)
    inlines = (DisclosureTable, SignedTable)
    actions_detail = ("review",)
    readonly_fields = ("product", "person", "amount_fen_in_yuan")
    fieldsets = (
        (None, {"fields": (("id", "status"), ("product", "line"), ("reason_code", "retryable"))}),
        ("借款人", {"fields": ("person", "account")}),
        ("条件", {"fields": (("amount_fen_in_yuan", "term_months"), ("method", "purpose"))}),
        ("定价", {"fields": (("annual_rate", "spread_bp"), ("lpr_rate", "lpr_date"))}),
        ("签署", {"fields": (("contract_number", "signed_at"), "disburse_by_date")}),
        ("放款", {"fields": (("payment_id", "disburse_face_check_id"), "disbursed_at")}),
        ("时间", {"fields": (("created_at", "expires_at"),)}),
    )
    amount_fen_in_yuan = staticmethod(amount("amount_fen", "金额"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drawdown]:
        """Leave what was agreed sealed."""
        rows: QuerySet[Drawdown] = super().get_queryset(request)
        return rows.defer("agreed")

    @display(description="产品", ordering="line__product__code")
    def product(self, row: Drawdown) -> str:
        """Name the product."""
        return row.line.product.code

    @display(description="客户")
    def person(self, row: Drawdown) -> str:
        """Show who draws, masked."""
        return person_of(row.customer_id)

    def has_review_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Lead whoever reviews to the case."""
        if not request.user.has_perm(REVIEWER):
            return False
        return object_id is None or Drawdown.objects.filter(pk=object_id, status=REVIEW).exists()

    @action(description="去审核", permissions=["review"], icon="rate_review")
    def review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the case in the review queue, where it is decided."""
        del request
        return to_case(object_id)


class BankCertificatePage(ReadOnlyPage):
    """The certificates that sign contracts; the key is shown to nobody."""

    list_display = ("subject", "in_use", "valid_until", "created_at")
    ordering = ("-id",)
    readonly_fields = ("subject", "valid_until")
    fields = (("subject", "in_use"), ("valid_until", "created_at"), "certificate_pem", "ca_pem")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BankCertificate]:
        """Leave the key sealed."""
        rows: QuerySet[BankCertificate] = super().get_queryset(request)
        return rows.defer("private_key_pem")

    @display(description="证书主体")
    def subject(self, row: BankCertificate) -> str:
        """Show whose certificate it is."""
        return str(read_certificates(row.certificate_pem.encode())[0].subject.native.get("common_name", ""))

    @display(description="有效期止")
    def valid_until(self, row: BankCertificate) -> str:
        """Show how long it signs."""
        ends_at = read_certificates(row.certificate_pem.encode())[0].not_valid_after
        return str(ends_at.astimezone(SHANGHAI).date().isoformat())
