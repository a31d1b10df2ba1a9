"""Filings of accounts with the central bank's account system."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.deposit_account import DepositAccount
from core.ids import new_id


class Filing(models.Model):
    """One opening, change or closing of an account, to be filed with the central bank (ACC-11).

    States: pending → acknowledged (with a receipt).

    PII: none; the number is read from the account when it is sent.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="filings")
    kind = models.CharField("种类", max_length=6, choices=[("open", "开立"), ("change", "变更"), ("close", "撤销")])
    status = models.CharField(
        "状态", max_length=12, default="pending", choices=[("pending", "待备案"), ("acknowledged", "已备案")]
    )
    due_date = models.DateField("备案期限")
    receipt = models.CharField("回执", max_length=64, blank=True, default="")
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    acknowledged_at = models.DateTimeField("备案时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_filing"
        verbose_name = verbose_name_plural = "账户备案"
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(kind="open"), name="accounts_filing_one_opening"
            )
        ]

    def __str__(self) -> str:
        """Show kind and opaque id."""
        return f"{self.kind} {self.id.hex}"
