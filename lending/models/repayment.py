"""Repayments, and what each paid on which instalment."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id
from lending.loans.repaying import RepaymentKind
from lending.loans.replanning import Keep
from lending.models.instalment import Instalment
from lending.models.loan import Loan
from lending.models.product import KEEPS

DUE: Final = RepaymentKind.DUE.value
EARLY_FULL: Final = RepaymentKind.EARLY_FULL.value
EARLY_PARTIAL: Final = RepaymentKind.EARLY_PARTIAL.value
ANY: Final = RepaymentKind.ANY.value
KINDS: Final = [
    (DUE, "归还到期款项"),
    (EARLY_FULL, "提前结清"),
    (EARLY_PARTIAL, "部分提前还款"),
    (ANY, "随时还款"),
]

POSTING: Final = "posting"
POSTED: Final = "posted"
FAILED: Final = "failed"
REVERSED: Final = "reversed"
STATUSES: Final = [(POSTING, "处理中"), (POSTED, "已入账"), (FAILED, "失败"), (REVERSED, "已冲正")]

CUSTOMER: Final = "customer"
AUTO_DEBIT: Final = "auto_debit"
RECEIPT: Final = "receipt"
SOURCES: Final = [(CUSTOMER, "客户主动还款"), (AUTO_DEBIT, "自动扣款"), (RECEIPT, "柜面或转账来款")]


class Repayment(models.Model):
    """One repayment on a loan. Amounts in fen; they add up to `total_fen`.

    States in `lending.states.REPAYMENT`: posting → posted | failed; posted → reversed. What it pays is worked out on
    `value_date`: the business date on which it was asked for, or an earlier one where money that arrived outside the
    app (`source` receipt) is booked late. `shares` lists it instalment by instalment and becomes rows of
    `RepaymentShare` when it is posted. Where something before it changes afterwards (ALLOC-03) the same total pays other
    debts: the amounts here are what it pays now, the rows say how that came about; `excess_fen` is what then is more than
    the debt and owed to the customer. A loan has at most one repayment on its way. `sequence` is its place among the
    loan's facts, given when it is posted: of two with one value date the one that was entered first comes first.

    PII: none beside the customer's opaque id; kept as the loan is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="repayments", verbose_name="贷款")
    account = models.ForeignKey(
        "accounts.DepositAccount", models.PROTECT, related_name="repayments", verbose_name="还款账户", null=True,
        blank=True,
    )  # fmt: skip
    source = models.CharField("来源", max_length=10, choices=SOURCES, default=CUSTOMER)
    receipt_id = models.UUIDField("来款", null=True, blank=True)
    keeps = models.CharField("部分提前还款后", max_length=10, choices=KEEPS, default=Keep.TERM.value)
    kind = models.CharField("方式", max_length=14, choices=KINDS)
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=POSTING)
    value_date = models.DateField("起息日")
    total_fen = models.BigIntegerField("合计（分）")
    fee_fen = models.BigIntegerField("手续费（分）", default=0)
    compound_fen = models.BigIntegerField("复利（分）", default=0)
    penalty_fen = models.BigIntegerField("罚息（分）", default=0)
    interest_fen = models.BigIntegerField("利息（分）", default=0)
    principal_fen = models.BigIntegerField("本金（分）", default=0)
    excess_fen = models.BigIntegerField("多还（分）", default=0)
    shares = models.JSONField("各期分配", default=list)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    payment_id = models.UUIDField("资金收付", null=True, blank=True)
    balance_after_fen = models.BigIntegerField("还款后剩余本金（分）", null=True, blank=True)
    created_at = models.DateTimeField("申请时间", default=timezone.now)
    posted_at = models.DateTimeField("入账时间", null=True, blank=True)
    sequence = models.PositiveIntegerField("入账序号", null=True, blank=True)
    reversal_payment_id = models.UUIDField("冲正资金收付", null=True, blank=True)
    reversed_at = models.DateTimeField("冲正时间", null=True, blank=True)
    reversed_date = models.DateField("冲正营业日", null=True, blank=True)

    class Meta:
        db_table = "lending_repayment"
        verbose_name = verbose_name_plural = "还款"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total_fen=F("fee_fen")
                    + F("compound_fen")
                    + F("penalty_fen")
                    + F("interest_fen")
                    + F("principal_fen")
                    + F("excess_fen"),
                    total_fen__gt=0,
                ),
                name="lending_repayment_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(
                    fee_fen__gte=0,
                    compound_fen__gte=0,
                    penalty_fen__gte=0,
                    interest_fen__gte=0,
                    principal_fen__gte=0,
                    excess_fen__gte=0,
                ),
                name="lending_repayment_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[POSTED, REVERSED])
                | Q(balance_after_fen__isnull=False, posted_at__isnull=False, sequence__isnull=False),
                name="lending_repayment_posted_has_balance",
            ),
            models.CheckConstraint(
                condition=Q(source=RECEIPT, account=None, receipt_id__isnull=False)
                | (~Q(source=RECEIPT) & Q(account__isnull=False, receipt_id=None)),
                name="lending_repayment_has_one_source",
            ),
            models.UniqueConstraint(
                fields=["loan"], condition=Q(status=POSTING), name="lending_repayment_one_on_its_way"
            ),
            models.UniqueConstraint(fields=["loan", "sequence"], name="lending_repayment_sequence_once"),
        ]
        indexes = [models.Index(fields=["loan", "-id"], name="lending_repayment_of")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class RepaymentShare(models.Model):
    """What one repayment paid on one instalment, in fen; append-only by trigger.

    Without an instalment it is principal repaid ahead of all instalments, with its interest and fee. A repayment that is
    taken back, or that pays other debts after something before it has changed, gets rows of the next `correction` with
    the differences, as a ledger is corrected; the sum over a repayment's rows is what it pays now. Penalty and compound
    interest are integrals over these rows (`lending.loans.overdue`).

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    repayment = models.ForeignKey(Repayment, models.PROTECT, related_name="rows", verbose_name="还款")
    instalment = models.ForeignKey(
        Instalment, models.PROTECT, related_name="shares", verbose_name="期次", null=True, blank=True
    )
    correction = models.PositiveSmallIntegerField("更正序号", default=0)
    value_date = models.DateField("起息日")
    fee_fen = models.BigIntegerField("手续费（分）", default=0)
    compound_fen = models.BigIntegerField("复利（分）", default=0)
    penalty_fen = models.BigIntegerField("罚息（分）", default=0)
    interest_fen = models.BigIntegerField("利息（分）", default=0)
    principal_fen = models.BigIntegerField("本金（分）", default=0)

    class Meta:
        db_table = "lending_repayment_share"
        verbose_name = verbose_name_plural = "还款分配"
        constraints = [
            models.UniqueConstraint(
                fields=["repayment", "instalment", "correction"],
                nulls_distinct=False,
                name="lending_repayment_share_once",
            ),
            models.CheckConstraint(
                condition=Q(correction__gt=0)
                | Q(
                    fee_fen__gte=0,
                    compound_fen__gte=0,
                    penalty_fen__gte=0,
                    interest_fen__gte=0,
                    principal_fen__gte=0,
                ),
                name="lending_repayment_share_not_negative",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
