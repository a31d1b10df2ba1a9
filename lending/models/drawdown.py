"""Drawdowns on a line, and the cost tables that their customers read before signing."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedJSONField
from core.ids import new_id
from lending.models.credit_line import CreditLine
from lending.models.product import METHODS
from lending.purposes import PURPOSES

DRAFT: Final = "draft"
SIGNING: Final = "signing"
SIGNED: Final = "signed"
DISBURSING: Final = "disbursing"
REVIEW: Final = "review"
DISBURSED: Final = "disbursed"
FAILED: Final = "failed"
EXPIRED: Final = "expired"
STATUSES: Final = [
    (DRAFT, "草稿"),
    (SIGNING, "签署中"),
    (SIGNED, "已签署"),
    (DISBURSING, "放款中"),
    (REVIEW, "待人工审核"),
    (DISBURSED, "已放款"),
    (FAILED, "失败"),
    (EXPIRED, "已失效"),
]
HOLDING: Final = (SIGNING, SIGNED, DISBURSING, REVIEW)

WAITING: Final = (SIGNED, REVIEW)
"""What is not paid out yet and ends with its last day."""


class Drawdown(models.Model):
    """One drawdown of one customer on one line, from the draft to the money; `amount_fen` in fen.

    States in `lending.states.DRAWDOWN`: draft (lives until `expires_at`) → signing → signed → disbursing →
    disbursed; failed from signing and disbursing; cancelled (failed, `product_closed`) from signing and signed when
    the product or the bank stops; expired from draft, and from signed when `disburse_by_date`, a business date, has
    ended; review where staff judge before it is paid (ACC-09), which ends as signed does. While it is signing, signed,
    disbursing or in review its amount is held on the line, exactly once; money of unknown fate keeps its hold (LN-20).

    `contract_number`, the price and `agreed` (what the contract is to state) are fixed when the customer signs, so that
    every attempt at signing makes the same contract. The price is the LPR of the contract date, published on `lpr_date`, plus
    `spread_bp`: rates in per cent a year (INT-01). `signs_agreement`: the line's agreement is signed with it.

    PII: `agreed`, sealed: the parties and terms of the contract; kept as long as the contract (SIGN-03, AML-04).
    """

    # What the statement that read the row has read along, where it has: its latest table, and the uploads that prove it.
    shown_last: Disclosure | None = None
    proof_ids: list[uuid.UUID] | None = None

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="drawdowns", verbose_name="客户")
    line = models.ForeignKey(CreditLine, models.PROTECT, related_name="drawdowns", verbose_name="授信额度")
    account = models.ForeignKey(
        "accounts.DepositAccount", models.PROTECT, related_name="drawdowns", verbose_name="收款账户"
    )
    amount_fen = models.BigIntegerField("金额（分）")
    term_months = models.PositiveSmallIntegerField("期限（月）")
    method = models.CharField("还款方式", max_length=20, choices=METHODS)
    purpose = models.CharField("用途", max_length=20, choices=list(PURPOSES.items()))
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=DRAFT)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    retryable = models.BooleanField("可重试", default=False)
    expires_at = models.DateTimeField("草稿失效时间")
    contract_number = models.CharField("合同编号", max_length=30, null=True, blank=True, unique=True)
    agreed = SealedJSONField("合同要素", null=True)
    annual_rate = models.DecimalField("年利率（%）", max_digits=8, decimal_places=4, null=True, blank=True)
    lpr_rate = models.DecimalField("LPR（%）", max_digits=8, decimal_places=4, null=True, blank=True)
    lpr_date = models.DateField("LPR 公布日", null=True, blank=True)
    spread_bp = models.IntegerField("加点（基点）", null=True, blank=True)
    signing = models.JSONField("签署凭据", default=dict)
    signs_agreement = models.BooleanField("同时签订循环借款合同", default=False, db_default=False)
    disburse_by_date = models.DateField("最迟放款日", null=True, blank=True)
    disburse_face_check_id = models.UUIDField("放款人脸核验", null=True, blank=True)
    payment_id = models.UUIDField("资金收付", null=True, blank=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    signed_at = models.DateTimeField("签署时间", null=True, blank=True)
    disbursed_at = models.DateTimeField("放款时间", null=True, blank=True)

    class Meta:
        db_table = "lending_drawdown"
        verbose_name = verbose_name_plural = "用信"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="lending_drawdown_amount_positive"),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="lending_drawdown_status"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=HOLDING) | Q(contract_number__isnull=False),
                name="lending_drawdown_signed_has_number",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=HOLDING)
                | Q(annual_rate__isnull=False, lpr_rate__isnull=False, lpr_date__isnull=False, spread_bp__isnull=False),
                name="lending_drawdown_signed_has_price",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=WAITING) | Q(disburse_by_date__isnull=False),
                name="lending_drawdown_signed_has_last_day",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="lending_drawdown_of"),
            models.Index(fields=["disburse_by_date"], condition=Q(status__in=WAITING), name="lending_drawdown_waiting"),
            models.Index(fields=["expires_at"], condition=Q(status=DRAFT), name="lending_drawdown_drafts"),
            models.Index(
                fields=["line"], condition=Q(status=SIGNING, signs_agreement=True), name="lending_drawdown_agreeing"
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class Disclosure(models.Model):
    """One table of costs (综合融资成本明示表) as it was shown for one drawdown (LN-08, LN-09).

    `content` is what was shown, `sha256` the hash of its canonical form. The latest of a drawdown counts, and only
    on its `business_date`; what is shown again after another is a row of its own, to be read anew. Reading time is the
    server's own: from `shown_at` to `confirmed_at`; `read_seconds` is what the phone says.

    PII: none beside the drawdown's opaque id; kept as long as the contract.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    drawdown = models.ForeignKey(Drawdown, models.PROTECT, related_name="disclosures", verbose_name="用信")
    business_date = models.DateField("营业日期")
    content = models.JSONField("明示内容")
    sha256 = models.BinaryField("内容摘要", max_length=32)
    shown_at = models.DateTimeField("展示时间", default=timezone.now)
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True)
    read_seconds = models.PositiveIntegerField("客户端阅读秒数", null=True, blank=True)

    class Meta:
        db_table = "lending_disclosure"
        verbose_name = verbose_name_plural = "融资成本明示"
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(confirmed_at__gte=models.F("shown_at")),
                name="lending_disclosure_read_before_confirmed",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
