"""Repayments, and what each paid on which instalment."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id
from lending.models.loan import Instalment, Loan

DUE: Final = "due"
EARLY_FULL: Final = "early_full"
KINDS: Final = [(DUE, "归还到期款项"), (EARLY_FULL, "提前结清")]

POSTING: Final = "posting"
POSTED: Final = "posted"
FAILED: Final = "failed"
STATUSES: Final = [(POSTING, "处理中"), (POSTED, "已入账"), (FAILED, "失败")]


class Repayment(models.Model):
    """One repayment of a customer on a loan. Amounts in fen; they add up to `total_fen`.

    States in `lending.states.REPAYMENT`: posting → posted | failed. What it pays is fixed on `value_date`, the
    business date on which it was asked for; `shares` lists it instalment by instalment and becomes rows of
    `RepaymentShare` when it is posted. A loan has at most one repayment on its way.

    PII: none beside the customer's opaque id; kept as the loan is.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="repayments", verbose_name="贷款")
    account = models.ForeignKey(
        "accounts.DepositAccount", models.PROTECT, related_name="repayments", verbose_name="还款账户"
    )
    kind = models.CharField("方式", max_length=12, choices=KINDS)
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=POSTING)
    value_date = models.DateField("起息日")
    total_fen = models.BigIntegerField("合计（分）")
    fee_fen = models.BigIntegerField("手续费（分）", default=0)
    compound_fen = models.BigIntegerField("复利（分）", default=0)
    penalty_fen = models.BigIntegerField("罚息（分）", default=0)
    interest_fen = models.BigIntegerField("利息（分）", default=0)
    principal_fen = models.BigIntegerField("本金（分）", default=0)
    shares = models.JSONField("各期分配", default=list)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    payment_id = models.UUIDField("资金收付", null=True, blank=True)
    balance_after_fen = models.BigIntegerField("还款后剩余本金（分）", null=True, blank=True)
    created_at = models.DateTimeField("申请时间", default=timezone.now)
    posted_at = models.DateTimeField("入账时间", null=True, blank=True)

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
                    + F("principal_fen"),
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
                ),
                name="lending_repayment_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(status=POSTED) | Q(balance_after_fen__isnull=False, posted_at__isnull=False),
                name="lending_repayment_posted_has_balance",
            ),
            models.UniqueConstraint(
                fields=["loan"], condition=Q(status=POSTING), name="lending_repayment_one_on_its_way"
            ),
        ]
        indexes = [models.Index(fields=["loan", "-id"], name="lending_repayment_of")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class RepaymentShare(models.Model):
    """What one posted repayment paid on one instalment, in fen; append-only by trigger.

    Penalty and compound interest are integrals over these rows (`lending.loans.overdue`).

    PII: none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    repayment = models.ForeignKey(Repayment, models.PROTECT, related_name="rows", verbose_name="还款")
    instalment = models.ForeignKey(Instalment, models.PROTECT, related_name="shares", verbose_name="期次")
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
            models.UniqueConstraint(fields=["repayment", "instalment"], name="lending_repayment_share_once"),
            models.CheckConstraint(
                condition=Q(
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
