"""Credit lines: what a customer may draw."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id
from lending.models.application import Application
from lending.models.product import TENORS, Product, ProductVersion
from lending.purposes import KINDS

ACTIVE: Final = "active"
FROZEN: Final = "frozen"
EXPIRED: Final = "expired"
CLOSED: Final = "closed"
STATUSES: Final = [(ACTIVE, "正常"), (FROZEN, "冻结"), (EXPIRED, "到期"), (CLOSED, "已关闭")]
STANDING: Final = (ACTIVE, FROZEN)


class CreditLine(models.Model):
    """One line of one customer: the accepted offer. Amounts in fen; available is limit - drawn - held.

    States in `lending.states.LINE`: active ↔ frozen (no new draws); expired after `valid_until_date`; closed. What is
    held belongs to drawdowns on their way, what is drawn is principal outstanding; repaid principal may be drawn again.
    The amounts change in single guarded statements only (`lending.operations.lines`). `over_limit_fen` is what is
    drawn and held above the limit: it was lowered, or a repayment was taken back that had been drawn again. The offer
    agreed on `spread_bp` over the LPR of `lpr_tenor`; `annual_rate`, `lpr_rate` and `lpr_date` are those of the offer. A
    loan costs the LPR of its own contract date plus the spread (`lending.pricing`, INT-01). A line whose grant or last review
    (`reviewed_date`) is more than a year ago lends nothing new until it is reviewed (LN-02).

    PII: none beside the customer's opaque id.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="credit_lines", verbose_name="客户")
    application = models.OneToOneField(Application, models.PROTECT, related_name="credit_line", verbose_name="授信申请")
    product = models.ForeignKey(Product, models.PROTECT, related_name="credit_lines", verbose_name="产品")
    product_version = models.ForeignKey(
        ProductVersion, models.PROTECT, related_name="credit_lines", verbose_name="产品版本"
    )
    kind = models.CharField("贷款类别", max_length=10, choices=KINDS)
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=ACTIVE)
    limit_fen = models.BigIntegerField("额度（分）")
    drawn_fen = models.BigIntegerField("已用（分）", default=0)
    held_fen = models.BigIntegerField("占用（分）", default=0)
    over_limit_fen = models.BigIntegerField("超限（分）", default=0)
    annual_rate = models.DecimalField("授信时年利率（%）", max_digits=8, decimal_places=4)
    lpr_rate = models.DecimalField("授信时 LPR（%）", max_digits=8, decimal_places=4)
    lpr_tenor = models.CharField("LPR 期限", max_length=2, choices=TENORS)
    lpr_date = models.DateField("授信时 LPR 公布日")
    spread_bp = models.IntegerField("加点（基点）")
    grade = models.CharField("等级", max_length=4, blank=True, default="")
    starts_date = models.DateField("生效日")
    valid_until_date = models.DateField("有效期止")
    reviewed_date = models.DateField("最近年审日", null=True, blank=True)
    created_at = models.DateTimeField("生效时间", default=timezone.now)

    class Meta:
        db_table = "lending_credit_line"
        verbose_name = verbose_name_plural = "授信额度"
        permissions = [("freeze_creditline", "可以冻结和解冻额度")]
        constraints = [
            models.CheckConstraint(condition=Q(limit_fen__gt=0), name="lending_credit_line_limit_positive"),
            models.CheckConstraint(
                condition=Q(drawn_fen__gte=0, held_fen__gte=0, over_limit_fen__gte=0),
                name="lending_credit_line_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(limit_fen__gte=F("drawn_fen") + F("held_fen") - F("over_limit_fen")),
                name="lending_credit_line_within_limit",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="lending_credit_line_status"
            ),
            models.CheckConstraint(
                condition=Q(valid_until_date__gt=F("starts_date")), name="lending_credit_line_dates"
            ),
            models.UniqueConstraint(
                fields=["customer", "product"],
                condition=Q(status__in=STANDING),
                name="lending_credit_line_one_standing",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="lending_credit_line_of"),
            models.Index(
                fields=["valid_until_date"], condition=Q(status__in=STANDING), name="lending_credit_line_ending"
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
