"""Loans."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id
from lending.loans.classification import Category
from lending.loans.replanning import Keep
from lending.loans.repricing import FIXED
from lending.models.contract import Contract
from lending.models.credit_line import CreditLine
from lending.models.drawdown import Drawdown
from lending.models.product import DAY_COUNTS, KEEPS, METHODS, REPRICING, TENORS

ACTIVE: Final = "active"
SETTLED: Final = "settled"
WRITTEN_OFF: Final = "written_off"
STATUSES: Final = [(ACTIVE, "未结清"), (SETTLED, "已结清"), (WRITTEN_OFF, "已核销")]
CATEGORIES: Final = [(category.value, category.label) for category in Category]
STAGES: Final = [(1, "第一阶段"), (2, "第二阶段"), (3, "第三阶段")]
OWED: Final = ~Q(status=SETTLED)
"""The loans that owe something, those that were written off too: their price goes on as the contract says (INT-01)."""
WATCHED: Final = OWED & (
    Q(overdue_since_date__isnull=False)
    | ~Q(category=Category.NORMAL.value)
    | ~Q(stage=1)
    | Q(is_non_accrual=True)
    | Q(observed_until_date__isnull=False)
    | Q(restructured_until_date__isnull=False)
)
"""The loans that the day end looks at although nothing of them has just become overdue."""


class Loan(models.Model):
    """One loan in the books: made in the transaction that books its disbursement. Amounts in fen, rates per cent.

    States in `lending.states.LOAN`: active → settled, or written_off when the bank has given it up and still collects.
    Overdue, category, stage, non-accrual and restructuring are attributes beside the state, for they coexist. The terms
    of default are the contract's, copied from the product version that it was made under. `opening_rate` is the
    contract's, `annual_rate` the present one, `rate_changes` the days and rates between, oldest first. `anchor_day` is
    the day of the month on which due dates stand.

    A loan that was written off stays so for good, settled or not: `written_off_date`. `last_sequence` numbers the facts of
    its fold in the order in which they were entered, under the loan's lock.

    Interest is no column: it is a function of the rows and the business date (`lending.queries`). The columns under
    "day end" repeat what the rows say, so that one statement can ask a million loans; whatever changes a loan writes
    them (`lending.operations.loan_store`), a due date that passes moves them (`lending.closing.dues`), nothing else.
    Interest that runs on a day d is carried_interest_fen + running_fen × (prior_numerator + running_numerator ×
    (days counted from running_from_date to d - prior_days)) ÷ (10¹² × base). None of those that every due date moves is
    indexed, so that such a change stays in its page (decision 0040).

    PII: none beside the customer's opaque id; the loan file is kept ten years after settlement (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="loans", verbose_name="客户")
    drawdown = models.OneToOneField(Drawdown, models.PROTECT, related_name="loan", verbose_name="用信")
    contract = models.OneToOneField(Contract, models.PROTECT, related_name="loan", verbose_name="合同")
    line = models.ForeignKey(CreditLine, models.PROTECT, related_name="loans", verbose_name="授信额度")
    account = models.ForeignKey(
        "accounts.DepositAccount", models.PROTECT, related_name="loans", verbose_name="收款账户"
    )
    status = models.CharField("状态", max_length=12, choices=STATUSES, default=ACTIVE)
    principal_fen = models.BigIntegerField("贷款本金（分）")
    outstanding_fen = models.BigIntegerField("剩余本金（分）")
    annual_rate = models.DecimalField("执行年利率（%）", max_digits=8, decimal_places=4)
    opening_rate = models.DecimalField("合同年利率（%）", max_digits=8, decimal_places=4)
    rate_changes = models.JSONField("利率变动", default=list, blank=True)
    method = models.CharField("还款方式", max_length=20, choices=METHODS)
    day_count = models.CharField("计息基础", max_length=8, choices=DAY_COUNTS)
    term_months = models.PositiveSmallIntegerField("期限（月）")
    start_date = models.DateField("起息日")
    maturity_date = models.DateField("到期日")
    anchor_day = models.PositiveSmallIntegerField("每月还款日")
    overdue_markup_percent = models.DecimalField("逾期罚息加收（%）", max_digits=6, decimal_places=2)
    compound_penalty = models.BooleanField("对逾期利息计收复利")
    compound_on_penalty = models.BooleanField("对罚息计收复利", default=False, db_default=False)
    grace_days = models.PositiveSmallIntegerField("宽限期（天）")
    early_repayment_fee_percent = models.DecimalField(
        "提前还款手续费（%）", max_digits=6, decimal_places=2, default=Decimal(0)
    )
    misuse_markup_percent = models.DecimalField(
        "挪用罚息加收（%）", max_digits=6, decimal_places=2, default=Decimal(100)
    )
    min_days = models.PositiveSmallIntegerField("最少计息天数", default=0)
    prepayment_keeps = models.CharField("部分提前还款后", max_length=10, choices=KEEPS, default=Keep.TERM.value)

    repricing = models.CharField("利率方式", max_length=14, choices=REPRICING, default=FIXED)
    lpr_tenor = models.CharField("LPR 期限", max_length=2, choices=TENORS, default="1Y")
    spread_bp = models.IntegerField("加点（基点）", default=0)
    next_reprice_date = models.DateField("下次重定价日", null=True, blank=True)
    misused_from_date = models.DateField("挪用起始日", null=True, blank=True)
    settled_to_date = models.DateField("利息结至", null=True, blank=True)
    carried_interest_fen = models.BigIntegerField("结转利息（分）", default=0)

    category = models.CharField("五级分类", max_length=16, choices=CATEGORIES, default=Category.NORMAL.value)
    category_date = models.DateField("分类日期", null=True, blank=True)
    stage = models.PositiveSmallIntegerField("减值阶段", choices=STAGES, default=1)
    is_non_accrual = models.BooleanField("非应计", default=False)
    observed_until_date = models.DateField("分类上调观察期止", null=True, blank=True)
    restructured_until_date = models.DateField("重组观察期止", null=True, blank=True)
    extended_months = models.PositiveSmallIntegerField("已展期（月）", default=0)

    running_fen = models.BigIntegerField("未到期本金（分）", default=0)
    running_from_date = models.DateField("计息起点", null=True, blank=True)
    running_numerator = models.BigIntegerField("执行利率（万亿分之一）", default=0)
    prior_numerator = models.DecimalField("本期已计利率积数", max_digits=30, decimal_places=0, default=Decimal(0))
    prior_days = models.PositiveSmallIntegerField("本期已计天数", default=0)
    overdue_numerator = models.BigIntegerField("逾期利率（万亿分之一）", default=0)
    due_interest_fen = models.BigIntegerField("到期未还利息（分）", default=0)
    next_due_date = models.DateField("下一还款日", null=True, blank=True)
    overdue_since_date = models.DateField("最早逾期还款日", null=True, blank=True)
    created_at = models.DateTimeField("放款时间", default=timezone.now)
    settled_date = models.DateField("结清日", null=True, blank=True)
    written_off_date = models.DateField("核销日", null=True, blank=True)
    last_sequence = models.PositiveIntegerField("最后入账序号", default=0, db_default=0)

    class Meta:
        db_table = "lending_loan"
        verbose_name = verbose_name_plural = "贷款"
        permissions = [
            ("propose_loan_change", "可以申请贷款调整（来款还款、冲正、展期、挪用认定、核销）"),
            ("decide_loan_change", "可以复核贷款调整"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(principal_fen__gt=0), name="lending_loan_principal_positive"),
            models.CheckConstraint(
                condition=Q(outstanding_fen__gte=0, outstanding_fen__lte=F("principal_fen")),
                name="lending_loan_outstanding_within_principal",
            ),
            models.CheckConstraint(
                condition=Q(status=ACTIVE, settled_date=None, written_off_date=None)
                | Q(status=WRITTEN_OFF, settled_date=None, written_off_date__isnull=False)
                | Q(status=SETTLED, settled_date__isnull=False, outstanding_fen=0),
                name="lending_loan_settled_owes_nothing",
            ),
            models.CheckConstraint(
                condition=Q(
                    running_fen__gte=0,
                    running_fen__lte=F("outstanding_fen"),
                    due_interest_fen__gte=0,
                    carried_interest_fen__gte=0,
                ),
                name="lending_loan_running_within_outstanding",
            ),
            models.CheckConstraint(
                condition=Q(maturity_date__gt=F("start_date")), name="lending_loan_matures_after_start"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="lending_loan_of"),
            models.Index(fields=["line"], condition=Q(status=ACTIVE), name="lending_loan_active_on_line"),
            models.Index(
                fields=["overdue_since_date"],
                condition=Q(status=ACTIVE, overdue_since_date__isnull=False),
                name="lending_loan_overdue",
            ),
            models.Index(fields=["overdue_since_date"], condition=WATCHED, name="lending_loan_watched"),
            models.Index(
                fields=["next_reprice_date"],
                condition=OWED & Q(next_reprice_date__isnull=False),
                name="lending_loan_reprice",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
