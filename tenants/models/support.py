"""Who of the province may look at this bank's customers, how long, and who allowed it."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Final

from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id

MOST_HOURS: Final = 8


class SupportSession(models.Model):
    """One grant to one named person of the province: a login here that only reads, for eight hours at most (PU-01).

    It has ended when `until_at` has passed or `revoked_at` is set. Every page that is opened under the login is in this
    bank's audit log. The login stays, without a use, because histories name it.

    PII: the visitor's staff name; kept with the audit log.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(User, models.PROTECT, related_name="support_session", verbose_name="登录名")
    visitor = models.CharField("省级人员", max_length=60, help_text="姓名和工号")
    reason = models.CharField("事由", max_length=200)
    granted_by = models.CharField("批准人", max_length=150)
    granted_at = models.DateTimeField("批准时间", default=timezone.now)
    until_at = models.DateTimeField("有效至")
    revoked_by = models.CharField("收回人", max_length=150, blank=True, default="")
    revoked_at = models.DateTimeField("收回时间", null=True, blank=True)

    class Meta:
        db_table = "tenants_support_session"
        verbose_name = verbose_name_plural = "省级支持会话"
        ordering: ClassVar[list[str]] = ["-granted_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_at__gt=F("granted_at"))
                & Q(until_at__lte=F("granted_at") + timedelta(hours=MOST_HOURS)),
                name="tenants_support_session_hours",
            )
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
