"""Filings of accounts with the central bank's account system."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.deposit_account import DepositAccount
from core.ids import new_id

OPEN: Final = "open"
CHANGE: Final = "change"
CLOSE: Final = "close"
KINDS: Final = [(OPEN, "开立"), (CHANGE, "变更"), (CLOSE, "撤销")]
BOUND_CARD: Final = "bound_card"
PHONE: Final = "phone"
IDENTITY: Final = "identity"
CHANGES: Final = [(BOUND_CARD, "绑定账户"), (PHONE, "手机号"), (IDENTITY, "身份信息")]
PENDING: Final = "pending"
ACKNOWLEDGED: Final = "acknowledged"
REFUSED: Final = "refused"
STATUSES: Final = [(PENDING, "待备案"), (ACKNOWLEDGED, "已备案"), (REFUSED, "被退回")]


class Filing(models.Model):
    """One opening, change or closing of an account, to be filed with the central bank (ACC-11).

    States in `accounts.states.FILING`: pending → acknowledged (with a receipt) or refused (with the central bank's code);
    a refused one is sent again by staff, or entered with its receipt where it is on file after all. The filings of one
    account go in their order, each when the one before it is acknowledged. `event_date` is the business day of the fact,
    `due_date` the last working day for it, and `overdue_date` the first business day on which it was found late: it stays
    when the receipt comes after all.

    PII: none; the number is read from the account when it is sent.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="filings")
    kind = models.CharField("种类", max_length=6, choices=KINDS)
    changed = models.CharField("变更内容", max_length=10, choices=CHANGES, blank=True, default="")
    status = models.CharField("状态", max_length=12, default=PENDING, choices=STATUSES)
    code = models.CharField("退回代码", max_length=40, blank=True, default="")
    resends = models.PositiveSmallIntegerField("重报次数", default=0)
    event_date = models.DateField("发生日")
    due_date = models.DateField("备案期限")
    overdue_date = models.DateField("发现逾期日", null=True, blank=True)
    receipt = models.CharField("回执", max_length=64, blank=True, default="")
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    acknowledged_at = models.DateTimeField("备案时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_filing"
        verbose_name = verbose_name_plural = "账户备案"
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(kind=OPEN), name="accounts_filing_one_opening"),
            models.UniqueConstraint(fields=["account"], condition=Q(kind=CLOSE), name="accounts_filing_one_closing"),
            models.CheckConstraint(
                condition=(Q(kind=CHANGE) & ~Q(changed="")) | (~Q(kind=CHANGE) & Q(changed="")),
                name="accounts_filing_change_says_what",
            ),
            models.CheckConstraint(
                condition=Q(status=PENDING, receipt="", acknowledged_at__isnull=True)
                | (Q(status=ACKNOWLEDGED, acknowledged_at__isnull=False) & ~Q(receipt=""))
                | (Q(status=REFUSED, receipt="", acknowledged_at__isnull=True) & ~Q(code="")),
                name="accounts_filing_status",
            ),
        ]
        indexes = [
            models.Index(fields=["due_date"], condition=~Q(status=ACKNOWLEDGED), name="accounts_filing_owed"),
            models.Index(fields=["event_date"], name="accounts_filing_by_day"),
            models.Index(fields=["due_date", "id"], name="accounts_filing_urgent_first"),
        ]

    def __str__(self) -> str:
        """Show kind and opaque id."""
        return f"{self.kind} {self.id.hex}"
