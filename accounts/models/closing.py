"""Requests to close an account."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.deposit_account import DepositAccount
from core.ids import new_id

CLOSING: Final = "closing"
CLOSED: Final = "closed"
REFUSED: Final = "refused"
STATUSES: Final = [(CLOSING, "销户中"), (CLOSED, "已销户"), (REFUSED, "未销户")]


class AccountClosing(models.Model):
    """One request of a customer to close an account (ACC-14).

    States in `accounts.states.CLOSING`: closing → closed, or refused by the core system. An account kept here is closed in
    the request's own transaction. While one is `closing` no payment and no claim begins on the account (a trigger): its
    own state stays `active` until the core has answered, so that no state ever goes backwards.

    PII: none; kept as the account is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="closings")
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=CLOSING)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    face_check_id = models.UUIDField("人脸核验")
    requested_at = models.DateTimeField("申请时间", default=timezone.now)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_account_closing"
        verbose_name = verbose_name_plural = "销户申请"
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(status__in=[CLOSING, CLOSED]), name="accounts_closing_once"
            ),
            models.CheckConstraint(
                condition=Q(status=CLOSING, ended_at__isnull=True, reason_code="")
                | Q(status=CLOSED, ended_at__isnull=False, reason_code="")
                | (Q(status=REFUSED, ended_at__isnull=False) & ~Q(reason_code="")),
                name="accounts_closing_status",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
