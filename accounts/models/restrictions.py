"""Orders that stop money on an account: judicial freezes and stop-pay (ACC-15)."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.deposit_account import DepositAccount
from core.ids import new_id

FREEZE: Final = "freeze"
STOP_PAY: Final = "stop_pay"
KINDS: Final = [(FREEZE, "司法冻结"), (STOP_PAY, "止付")]

IN_FORCE: Final = "in_force"
LIFTED: Final = "lifted"
EXPIRED: Final = "expired"
STATUSES: Final = [(IN_FORCE, "生效中"), (LIFTED, "已解除"), (EXPIRED, "已到期")]


class Restriction(models.Model):
    """One order on one account, kept beside others: accounts have a list of orders, not a state "frozen" (ACC-15).

    A freeze names an amount, or the whole account where `amount_fen` is empty; a stop-pay is always on the whole
    account. Money comes in as before. Several freezes rank by the moment from which they are in force.

    States (see `accounts.states.RESTRICTION`): in_force → lifted | expired (by date). Placing and lifting take two people
    each (`core.approvals`); `placed_by` and `lifted_by` name both. What is in force adds up in the account's
    `frozen_fen` and `debits_stopped`, which triggers hold against every debit.

    PII: an authority's order against a person: staff with the right see it, the customer sees only what is available.
    Kept ten years after the account is closed (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="restrictions"
    )
    kind = models.CharField("种类", max_length=8, choices=KINDS)
    amount_fen = models.BigIntegerField("冻结金额（分）", null=True, blank=True, help_text="留空为全额")
    order_number = models.CharField("文书编号", max_length=60)
    authority = models.CharField("有权机关", max_length=100)
    reason = models.CharField("事由", max_length=200, blank=True, default="")
    expires_date = models.DateField("到期日", null=True, blank=True, help_text="当日日终后失效")
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=IN_FORCE)
    placed_by = models.CharField("经办与复核", max_length=301)
    lifted_by = models.CharField("解除经办与复核", max_length=301, blank=True, default="")
    lift_reason = models.CharField("解除依据", max_length=200, blank=True, default="")
    placed_at = models.DateTimeField("生效时间", default=timezone.now)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_restriction"
        verbose_name = verbose_name_plural = "账户限制令"
        permissions = [("propose_restriction", "经办账户限制令"), ("decide_restriction", "复核账户限制令")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="accounts_restriction_status"
            ),
            models.CheckConstraint(
                condition=Q(kind=FREEZE, expires_date__isnull=False) | Q(kind=STOP_PAY, amount_fen=None),
                name="accounts_restriction_kind",
            ),
            models.CheckConstraint(
                condition=Q(amount_fen=None) | Q(amount_fen__gt=0), name="accounts_restriction_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(status=IN_FORCE), name="accounts_restriction_in_force"),
        ]

    def __str__(self) -> str:
        """Show kind and opaque id."""
        return f"{self.kind} {self.id.hex}"
