"""Holds: money of a customer that is on its way out and cannot be spent twice."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.deposit_account import DepositAccount
from accounts.models.ledger import JournalEntry
from core.ids import new_id

PENDING: Final = "pending"
POSTED: Final = "posted"
VOIDED: Final = "voided"
EXPIRED: Final = "expired"
STATUSES: Final = [(PENDING, "占用中"), (POSTED, "已扣款"), (VOIDED, "已撤销"), (EXPIRED, "已到期")]


class Hold(models.Model):
    """One amount on an account kept here that is spoken for: it can leave by its own posting and by nothing else.

    States: pending → posted (it left, by `entry`) | voided | expired (see `accounts.states.HOLD`). What is pending adds
    up to the account's `held_fen`, which a named constraint keeps within the balance. A hold without `expires_at` ends
    only when what it stands for has ended: money of unknown fate stays held.

    PII: none by itself; reached through the account.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="holds")
    amount_fen = models.BigIntegerField("金额（分）")
    business_ref = models.CharField("业务参考号", max_length=80, unique=True)
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=PENDING)
    expires_at = models.DateTimeField("到期时间", null=True, blank=True)
    entry = models.OneToOneField(
        JournalEntry, verbose_name="分录", null=True, blank=True, on_delete=models.PROTECT, related_name="hold"
    )
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_hold"
        verbose_name = verbose_name_plural = "资金占用"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_hold_positive"),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="accounts_hold_status"
            ),
            models.CheckConstraint(
                condition=Q(status=POSTED, entry__isnull=False) | (~Q(status=POSTED) & Q(entry=None)),
                name="accounts_posted_hold_has_entry",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(status=PENDING), name="accounts_hold_pending"),
        ]

    def __str__(self) -> str:
        """Show the business reference."""
        return self.business_ref
