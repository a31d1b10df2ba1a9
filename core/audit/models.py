"""The audit log's table."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.ids import new_id


class AuditEntry(models.Model):
    """One act of one actor on one subject; append-only by trigger.

    PII: the actor's login or the customer's opaque id, never a value of class C2/C3; kept three years (SEC-01).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField("时间", default=timezone.now)
    actor = models.CharField("操作人", max_length=ACTOR_LENGTH)
    action = models.CharField("操作", max_length=100)
    subject = models.CharField("对象", max_length=100)
    detail = models.JSONField("说明", default=dict)

    class Meta:
        app_label = "core"
        db_table = "core_audit"
        verbose_name = verbose_name_plural = "审计日志"
        indexes = [
            models.Index(fields=["subject", "at"], name="core_audit_subject"),
            models.Index(fields=["-at"], name="core_audit_newest"),
        ]

    def __str__(self) -> str:
        """Show action and subject."""
        return f"{self.action} {self.subject}"
