"""A login of one customer on one device."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.customer import Customer
from core.ids import new_id


class Session(models.Model):
    """One login: a token (kept as its SHA-256 only) of one customer on one device at this bank.

    States by its times: live until `expires_at`, ended at `ended_at` (logout, relink).

    PII: the device's opaque id; removed `session.kept_days` (180) after the end, by housekeeping.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="sessions")
    token_sha256 = models.BinaryField("令牌摘要", max_length=32, unique=True)
    device_id = models.CharField("设备", max_length=128)
    created_at = models.DateTimeField("登录时间", default=timezone.now)
    expires_at = models.DateTimeField("到期时间")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_session"
        verbose_name = verbose_name_plural = "登录会话"

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
