"""Loans as they stand on the business date, with instalments, repayments and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts import queries as accounts
from accounts.queries import only_own
from core.admin.amounts import exact
from core.admin.columns import amount, opaque, state
from core.admin.pages import ReadOnlyPage, ReadOnlyTable
from core.crypto.masking import mask_name
from lending.admin.drawdowns import person_of
from lending.admin.loan_acts import LoanActs, RepaymentActs
from lending.loan_records import present_rows
from lending.models import Instalment, Loan, LoanEvent, Repayment, RepaymentShare
from lending.queries.loans import LoanStanding, loan_standing, loan_standings

COLOURS: Final = {"active": "info", "settled": "success", "written_off": "danger"}
REPAYMENT_COLOURS: Final = {"posting": "info", "posted": "success", "failed": "danger", "reversed": "warning"}


class InstalmentTable(ReadOnlyTable):
    """The schedule of a loan."""

    model = Instalment
    fields = ("number", "version", "replaced_by_version", "due_date",
              amount("principal_fen", "本金"), amount("interest_fen", "利息"),
              amount("paid_principal_fen", "已还本金"), amount("paid_interest_fen", "已还利息"),
              amount("paid_penalty_fen", "已还罚息"), amount("paid_compound_fen", "已还复利"), "closed_date")  # fmt: skip
    readonly_fields = fields
    ordering = ("number", "version")


class RepaymentTable(ReadOnlyTable):
    """The repayments on a loan."""

    model = Repayment
    fields = ("value_date", "kind", state("status", "状态", REPAYMENT_COLOURS), amount("total_fen", "合计"),
              amount("balance_after_fen", "还款后本金"), "reason_code")  # fmt: skip
    readonly_fields = fields
    ordering = ("-id",)
    show_change_link = True


class EventTable(ReadOnlyTable):
    """What has happened to a loan."""

    model = LoanEvent
    fields = ("business_date", "kind", amount("amount_fen", "金额"), amount("outstanding_fen", "剩余本金"))
    readonly_fields = fields
    ordering = ("id",)


def _stands(row: Loan) -> LoanStanding:
    """Return how a loan stands: on a list as was read for its page."""
    known: LoanStanding | None = vars(row).get("stands")
    return known or loan_standing(row)


class LoanPage(LoanActs, ReadOnlyPage):
    """Loans, newest first."""

    list_display = (opaque("id", "贷款编号"), "product", state("status", "状态", COLOURS), amount("principal_fen", "本金"),
                    amount("outstanding_fen", "剩余本金"), "overdue_days", "category", "annual_rate", "start_date",
                    "maturity_date")  # fmt: skip
    list_filter = ("status", "line__product", "method", "start_date")
    search_fields = ("id__exact", "customer__id__exact", "contract__number__exact")
    search_help_text = "按贷款编号、客户编号（完整）或合同编号查找"
    list_select_related = ("line__product",)
    list_per_page = 30
    ordering = ("-id",)
    inlines = (InstalmentTable, RepaymentTable, EventTable)
    readonly_fields = (
        "product", "person", "principal_fen_in_yuan", "outstanding_fen_in_yuan", "overdue_days", "overdue_amount",
        "category", "accrued_interest",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": (("id", "status"), ("product", "contract"), ("person", "account"))}),
        ("本金", {"fields": (("principal_fen_in_yuan", "outstanding_fen_in_yuan"), "accrued_interest")}),
        ("逾期", {"fields": (("overdue_days", "overdue_amount"), "overdue_since_date")}),
        (
            "风险",
            {
                "fields": (
                    ("category", "category_date", "stage"),
                    ("is_non_accrual", "observed_until_date"),
                    ("restructured_until_date", "extended_months", "misused_from_date"),
                )
            },
        ),
        (
            "条件",
            {
                "fields": (
                    ("annual_rate", "opening_rate", "day_count"),
                    ("repricing", "next_reprice_date", "rate_changes"),
                    ("method", "term_months"),
                    ("start_date", "maturity_date"),
                )
            },
        ),
        (
            "违约约定",
            {
                "fields": (
                    ("overdue_markup_percent", "compound_penalty", "compound_on_penalty", "grace_days"),
                    "early_repayment_fee_percent",
                )
            },
        ),
    )
    principal_fen_in_yuan = staticmethod(amount("principal_fen", "贷款本金"))
    outstanding_fen_in_yuan = staticmethod(amount("outstanding_fen", "剩余本金"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Loan]:
        """Read instalments and shares with the loans: how they stand is computed."""
        rows: QuerySet[Loan] = super().get_queryset(request)
        return only_own(rows.prefetch_related(present_rows()), request.user, path="customer_id")

    def read_with(self, rows: Sequence[Any]) -> None:
        """Read how the loans stand."""
        standings = loan_standings(rows)
        for row in rows:
            row.stands = standings[row.pk]

    @display(description="产品", ordering="line__product__code")
    def product(self, row: Loan) -> str:
        """Name the product."""
        return row.line.product.code

    @display(description="客户")
    def person(self, row: Loan) -> str:
        """Show who borrows, masked."""
        return person_of(row.customer_id)

    @display(description="逾期天数")
    def overdue_days(self, row: Loan) -> int:
        """Show the days overdue on the business date."""
        return _stands(row).standing.overdue_days

    @display(description="逾期金额（元）")
    def overdue_amount(self, row: Loan) -> str:
        """Show what puts the loan right."""
        return exact(_stands(row).standing.overdue.total_fen)

    @display(description="五级分类")
    def category(self, row: Loan) -> str:
        """Show the category that the days overdue call for."""
        return _stands(row).category.label

    @display(description="应计未付利息（元）")
    def accrued_interest(self, row: Loan) -> str:
        """Show the contract interest up to the business date."""
        return exact(_stands(row).standing.accrued_interest_fen)


class ShareTable(ReadOnlyTable):
    """What a repayment paid on which instalment."""

    model = RepaymentShare
    fields = ("instalment", "correction", amount("compound_fen", "复利"), amount("penalty_fen", "罚息"),
              amount("interest_fen", "利息"), amount("principal_fen", "本金"), amount("fee_fen", "手续费"))  # fmt: skip
    readonly_fields = fields
    ordering = ("correction", "instalment__number")


class RepaymentPage(RepaymentActs, ReadOnlyPage):
    """Repayments, newest first."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Repayment]:
        """Show a customer manager the own customers' only."""
        rows: QuerySet[Repayment] = super().get_queryset(request)
        return only_own(rows, request.user, path="loan__customer_id")

    list_display = (opaque("id", "还款编号"), opaque("loan_id", "贷款"), "kind", state("status", "状态", REPAYMENT_COLOURS),
                    amount("total_fen", "合计"), amount("principal_fen", "本金"), amount("interest_fen", "利息"),
                    amount("excess_fen", "多还"), "value_date", "posted_at", "reason_code")  # fmt: skip
    list_filter = ("status", "kind", "value_date")
    search_fields = ("id__exact", "loan__id__exact", "loan__customer__id__exact")
    search_help_text = "按还款编号、贷款编号或客户编号（完整）查找"
    ordering = ("-id",)
    inlines = (ShareTable,)
    readonly_fields = ("total_fen_in_yuan", "excess_fen_in_yuan", "fee_fen_in_yuan",
                       "compound_fen_in_yuan", "penalty_fen_in_yuan", "interest_fen_in_yuan", "principal_fen_in_yuan",
                       "balance_after_fen_in_yuan", "came_from")  # fmt: skip
    fieldsets = (
        (None, {"fields": (("id", "status"), ("loan", "account"), ("kind", "value_date"), "reason_code")}),
        (
            "金额",
            {
                "fields": (
                    ("total_fen_in_yuan", "excess_fen_in_yuan", "balance_after_fen_in_yuan"),
                    ("principal_fen_in_yuan", "interest_fen_in_yuan"),
                    ("penalty_fen_in_yuan", "compound_fen_in_yuan", "fee_fen_in_yuan"),
                )
            },
        ),
        (
            "入账",
            {
                "fields": (
                    ("source", "payment_id", "receipt_id"),
                    "came_from",
                    ("created_at", "posted_at"),
                    ("reversed_at", "reversal_payment_id"),
                )
            },
        ),
    )
    total_fen_in_yuan = staticmethod(amount("total_fen", "合计"))
    excess_fen_in_yuan = staticmethod(amount("excess_fen", "多还"))
    fee_fen_in_yuan = staticmethod(amount("fee_fen", "手续费"))
    compound_fen_in_yuan = staticmethod(amount("compound_fen", "复利"))
    penalty_fen_in_yuan = staticmethod(amount("penalty_fen", "罚息"))
    interest_fen_in_yuan = staticmethod(amount("interest_fen", "利息"))
    principal_fen_in_yuan = staticmethod(amount("principal_fen", "本金"))
    balance_after_fen_in_yuan = staticmethod(amount("balance_after_fen", "还款后本金"))

    @display(description="来款")
    def came_from(self, row: Repayment) -> str:
        """Show the voucher and, masked, who paid it, where money from outside paid this."""
        if row.receipt_id is None:
            return "—"
        receipt = accounts.receipt(row.receipt_id)
        channel = dict(accounts.RECEIPT_CHANNELS)[receipt.channel]
        return f"{channel} {receipt.reference}，付款人 {mask_name(receipt.payer_name) or '—'}"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show repayments to whoever may see loans."""
        return super().has_view_permission(request, obj) or request.user.has_perm("lending.view_loan")
