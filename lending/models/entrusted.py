"""Entrusted payment: to whom a drawdown's money is passed on, and what proves the purpose (LN-03)."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id
from lending.models.drawdown import Drawdown

WAITING: Final = "waiting"
PASSING: Final = "passing"
PAID: Final = "paid"
FAILED: Final = "failed"
STATUSES: Final = [
    (WAITING, "待放款"),
    (PASSING, "划转中"),
    (PAID, "已支付"),
    (FAILED, "支付失败"),
]


class EntrustedPayment(models.Model):
    """The payee of one drawdown: the money lands in the borrower's account and is passed on to them at once.

    States in `lending.states.ENTRUSTED`: waiting (the drawdown has no money yet, or its money has not left yet) → passing →
    paid | failed; failed → passing, when staff have looked at it. Of a drawdown that ends without money it stays waiting.
    `hold_id` is what is set aside on an account kept here while the money is not on its way, `holds` how often that was. A
    drawdown without such a row is paid to the borrower themself (自主支付).

    PII: name and account number of the payee, who may be a person, sealed; kept as long as the contract that states
    them (SIGN-03, AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    drawdown = models.OneToOneField(Drawdown, models.PROTECT, related_name="entrusted", verbose_name="用信")
    payee_name = SealedTextField("收款人户名")
    payee_number = SealedTextField("收款人账号")
    payee_bank = models.CharField("收款人开户行", max_length=60, blank=True, default="")
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=WAITING)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    transfer_id = models.UUIDField("转账", null=True, blank=True)
    hold_id = models.UUIDField("占用", null=True, blank=True)
    holds = models.PositiveSmallIntegerField("占用次数", default=0)
    paid_at = models.DateTimeField("支付时间", null=True, blank=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "lending_entrusted_payment"
        verbose_name = verbose_name_plural = "受托支付"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="lending_entrusted_payment_status"
            ),
            models.CheckConstraint(
                condition=~Q(status=PAID) | Q(paid_at__isnull=False), name="lending_entrusted_payment_paid_has_time"
            ),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="lending_entrusted_by_status")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class DrawdownProof(models.Model):
    """One file that proves what a drawdown is for (an order, an invoice), as the customer sent it.

    PII: none by itself; the file is in the vault as the customer's upload.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    drawdown = models.ForeignKey(Drawdown, models.PROTECT, related_name="proofs", verbose_name="用信")
    upload_id = models.UUIDField("用途凭证")

    class Meta:
        db_table = "lending_drawdown_proof"
        verbose_name = verbose_name_plural = "用途凭证"
        constraints = [models.UniqueConstraint(fields=["drawdown", "upload_id"], name="lending_drawdown_proof_once")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.upload_id.hex
