"""Loans, their instalments, and what has happened to them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id
from lending.models.contract import Contract
from lending.models.credit_line import CreditLine
from lending.models.drawdown import Drawdown
from lending.models.product import DAY_COUNTS, METHODS

ACTIVE: Final = "active"
SETTLED: Final = "settled"
STATUSES: Final = [(ACTIVE, "未结清"), (SETTLED, "已结清")]

OPENED: Final = "opened"
REPAID: Final = "repaid"
EVENT_SETTLED: Final = "settled"
EVENTS: Final = [(OPENED, "放款"), (REPAID, "还款"), (EVENT_SETTLED, "结清")]


class Loan(models.Model):
    """One loan in the books: made in the transaction that books its disbursement. Amounts in fen, rates per cent.

    States in `lending.states.LOAN`: active → settled. Days overdue, category and accrued interest are no columns:
    they follow from the rows and the business date (`lending.queries`). The terms of default are the contract's,
    copied from the product version that it was made under. `anchor_day` is the day of the month on which due dates
    stand.

    PII: none beside the customer's opaque id; the loan file is kept ten years after settlement (AML-04).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="loans", verbose_name="客户")
    drawdown = models.OneToOneField(Drawdown, models.PROTECT, related_name="loan", verbose_name="用信")
    contract = models.OneToOneField(Contract, models.PROTECT, related_name="loan", verbose_name="合同")
    line = models.ForeignKey(CreditLine, models.PROTECT, related_name="loans", verbose_name="授信额度")
    account = models.ForeignKey(
        "accounts.DepositAccount", models.PROTECT, related_name="loans", verbose_name="收款账户"
    )
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=ACTIVE)
    principal_fen = models.BigIntegerField("贷款本金（分）")
    outstanding_fen = models.BigIntegerField("剩余本金（分）")
    annual_rate = models.DecimalField("年利率（%）", max_digits=8, decimal_places=4)
    method = models.CharField("还款方式", max_length=20, choices=METHODS)
    day_count = models.CharField("计息基础", max_length=8, choices=DAY_COUNTS)
    term_months = models.PositiveSmallIntegerField("期限（月）")
    start_date = models.DateField("起息日")
    maturity_date = models.DateField("到期日")
    anchor_day = models.PositiveSmallIntegerField("每月还款日")
    overdue_markup_percent = models.DecimalField("逾期罚息加收（%）", max_digits=6, decimal_places=2)
    compound_penalty = models.BooleanField("对逾期利息计收复利")
    grace_days = models.PositiveSmallIntegerField("宽限期（天）")
    early_repayment_fee_percent = models.DecimalField(
        "提前还款手续费（%）", max_digits=6, decimal_places=2, default=Decimal(0)
    )
    created_at = models.DateTimeField("放款时间", default=timezone.now)
    settled_date = models.DateField("结清日", null=True, blank=True)

    class Meta:
        db_table = "lending_loan"
        verbose_name = verbose_name_plural = "贷款"
        constraints = [
            models.CheckConstraint(condition=Q(principal_fen__gt=0), name="lending_loan_principal_positive"),
            models.CheckConstraint(
                condition=Q(outstanding_fen__gte=0, outstanding_fen__lte=F("principal_fen")),
                name="lending_loan_outstanding_within_principal",
            ),
            models.CheckConstraint(
                condition=Q(status=ACTIVE, settled_date=None)
                | Q(status=SETTLED, settled_date__isnull=False, outstanding_fen=0),
                name="lending_loan_settled_owes_nothing",
            ),
            models.CheckConstraint(
                condition=Q(maturity_date__gt=F("start_date")), name="lending_loan_matures_after_start"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="lending_loan_of"),
            models.Index(fields=["line"], condition=Q(status=ACTIVE), name="lending_loan_active_on_line"),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class Instalment(models.Model):
    """One instalment of a loan as the contract has it, and what has been paid on it. Amounts in fen.

    `balance_fen` is the principal left after it by the schedule. When and how the paid amounts came together is in
    `RepaymentShare`, from which penalty is computed; they are repeated here for the schedule. Closed on
    `closed_date`: paid in full, or ended by a repayment of the whole loan before it fell due.

    PII: none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="instalments", verbose_name="贷款")
    number = models.PositiveSmallIntegerField("期数")
    due_date = models.DateField("还款日")
    principal_fen = models.BigIntegerField("本金（分）")
    interest_fen = models.BigIntegerField("利息（分）")
    balance_fen = models.BigIntegerField("剩余本金（分）")
    paid_principal_fen = models.BigIntegerField("已还本金（分）", default=0)
    paid_interest_fen = models.BigIntegerField("已还利息（分）", default=0)
    paid_penalty_fen = models.BigIntegerField("已还罚息（分）", default=0)
    paid_compound_fen = models.BigIntegerField("已还复利（分）", default=0)
    closed_date = models.DateField("结清日", null=True, blank=True)

    class Meta:
        db_table = "lending_instalment"
        verbose_name = verbose_name_plural = "还款计划"
        constraints = [
            models.UniqueConstraint(fields=["loan", "number"], name="lending_instalment_number_once"),
            models.UniqueConstraint(fields=["loan", "due_date"], name="lending_instalment_due_date_once"),
            models.CheckConstraint(
                condition=Q(principal_fen__gte=0, interest_fen__gte=0, balance_fen__gte=0),
                name="lending_instalment_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    paid_principal_fen__gte=0,
                    paid_interest_fen__gte=0,
                    paid_penalty_fen__gte=0,
                    paid_compound_fen__gte=0,
                    paid_principal_fen__lte=F("principal_fen"),
                    paid_interest_fen__lte=F("interest_fen"),
                ),
                name="lending_instalment_paid_within_owed",
            ),
        ]

    def __str__(self) -> str:
        """Show number and due date."""
        return f"{self.number} {self.due_date}"


class LoanEvent(models.Model):
    """One thing that happened to a loan, in the transaction in which it did; append-only by trigger.

    `outstanding_fen` is the principal after it, `amount_fen` what moved, both in fen. It is what credit reporting
    takes up on the following day (LN-17, 二代征信): opening, repayment, settlement, each with its figures in
    `detail`.

    PII: none beside the loan's opaque id; kept as the loan is.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="events", verbose_name="贷款")
    kind = models.CharField("事件", max_length=10, choices=EVENTS)
    business_date = models.DateField("营业日期")
    amount_fen = models.BigIntegerField("金额（分）")
    outstanding_fen = models.BigIntegerField("剩余本金（分）")
    detail = models.JSONField("明细", default=dict)
    created_at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        db_table = "lending_loan_event"
        verbose_name = verbose_name_plural = "贷款事件"
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "kind"],
                condition=~Q(kind=REPAID),
                name="lending_loan_event_opens_and_ends_once",
            )
        ]
        indexes = [
            models.Index(fields=["business_date", "kind"], name="lending_loan_event_of_day"),
        ]

    def __str__(self) -> str:
        """Show kind and date."""
        return f"{self.kind} {self.business_date}"
