"""How much of an account's daily and yearly quotas is used (ACC-05, ACC-07)."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.deposit_account import DepositAccount
from accounts.models.ledger import IN, OUT
from core.ids import new_id

DAY: Final = "day"
YEAR: Final = "year"
SPANS: Final = [(DAY, "日"), (YEAR, "年")]
DIRECTIONS: Final = [(IN, "非绑定账户转入及存现"), (OUT, "非绑定账户转出")]


class QuotaUse(models.Model):
    """How much an account has moved in one direction in one day or calendar year, of what counts against its quota.

    One row per account, direction, span and its first day; moved by a guarded upsert, so that no number of movements at
    once exceeds the quota. Days are business dates.

    PII: none by itself; reached through the account.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="quota_uses"
    )
    direction = models.CharField("方向", max_length=3, choices=DIRECTIONS)
    span = models.CharField("周期", max_length=4, choices=SPANS)
    starts_date = models.DateField("周期首日")
    used_fen = models.BigIntegerField("已用（分）")

    class Meta:
        db_table = "accounts_quota_use"
        verbose_name = verbose_name_plural = "限额使用"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "direction", "span", "starts_date"], name="accounts_quota_use_once"
            ),
            models.CheckConstraint(condition=Q(used_fen__gte=0), name="accounts_quota_use_not_negative"),
        ]

    def __str__(self) -> str:
        """Show span and direction."""
        return f"{self.span} {self.direction}"


class QuotaCharge(models.Model):
    """One movement that counted against an account's quotas, and when it was given back.

    What is charged and not returned adds up to `QuotaUse`, day by day and year by year. A return goes to the day of the
    charge, whenever it comes (ACC-05).

    PII: none by itself; reached through the account.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="quota_charges"
    )
    direction = models.CharField("方向", max_length=3, choices=DIRECTIONS)
    amount_fen = models.BigIntegerField("金额（分）")
    charged_date = models.DateField("占用营业日")
    business_ref = models.CharField("业务参考号", max_length=80)
    created_at = models.DateTimeField("占用时间", default=timezone.now)
    returned_at = models.DateTimeField("退还时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_quota_charge"
        verbose_name = verbose_name_plural = "限额占用"
        constraints = [
            models.UniqueConstraint(fields=["business_ref", "direction"], name="accounts_quota_charge_once"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_quota_charge_positive"),
        ]
        indexes = [models.Index(fields=["account", "charged_date"], name="accounts_quota_charge_of_day")]

    def __str__(self) -> str:
        """Show the business reference."""
        return self.business_ref
