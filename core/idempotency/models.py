"""Answered requests, so that the same request gets the same answer."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from core.ids import new_id


class IdempotencyRecord(models.Model):
    """One request of one caller under one key, with the answer that it got.

    Written first in the request's transaction and answered last; a row without an answer is therefore never seen by
    anybody else. Lives 30 days.

    PII: the answer, with values of class C2 masked as they are on the wire; removed after 30 days, by housekeeping.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    caller = models.CharField("调用方", max_length=64)
    key = models.CharField("幂等键", max_length=128)
    request_sha256 = models.BinaryField("请求摘要", max_length=32)
    status = models.PositiveSmallIntegerField("应答状态", null=True)
    headers = models.JSONField("应答头", default=dict)
    body = models.TextField("应答内容", default="null")  # JSON as it went out: jsonb would forget the members' order
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_idempotency"
        verbose_name = verbose_name_plural = "幂等记录"
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="core_idempotency_once")]
        indexes = [models.Index(fields=["created_at"], name="core_idempotency_age")]

    def __str__(self) -> str:
        """Show the key."""
        return self.key
