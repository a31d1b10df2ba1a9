"""The table of durable steps."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id

LIVE: Final = "live"
DONE: Final = "done"
FAILED: Final = "failed"
PARKED: Final = "parked"
UNFINISHED: Final = (LIVE, PARKED)


class Step(models.Model):
    """One piece of work that this bank owes, inserted in the transaction of the fact that caused it.

    States: live (due at `run_at`; leased while `lease_until` lies ahead) → done | failed | parked; parked (`crashes`
    attempts in a row ended without an outcome: a defect, an operator looks) → live. At most one unfinished step exists
    per (kind, subject).

    PII: none; `subject` is an opaque id and `result` holds codes only.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    kind = models.CharField("种类", max_length=60)
    lane = models.CharField("通道", max_length=20)
    subject = models.CharField("对象", max_length=64)
    state = models.CharField(
        "状态",
        max_length=10,
        default=LIVE,
        choices=[(LIVE, "进行中"), (DONE, "完成"), (FAILED, "失败"), (PARKED, "待人工处理")],
    )
    attempt = models.PositiveIntegerField("次数", default=0)
    crashes = models.PositiveSmallIntegerField("异常次数", default=0)
    run_at = models.DateTimeField("执行时间", default=timezone.now)
    lease_seconds = models.PositiveSmallIntegerField("租约秒数", default=30)
    lease_until = models.DateTimeField("租约到期", null=True, blank=True)
    deadline_at = models.DateTimeField("截止时间", null=True, blank=True)
    reason = models.CharField("原因", max_length=200, blank=True, default="")
    result = models.JSONField("结果", default=dict)
    then_kind = models.CharField("后续种类", max_length=60, blank=True, default="")
    then_subject = models.CharField("后续对象", max_length=64, blank=True, default="")
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    finished_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        app_label = "core"
        db_table = "core_step"
        verbose_name = verbose_name_plural = "任务步骤"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(state__in=UNFINISHED), name="core_step_one_unfinished"
            ),
            models.CheckConstraint(condition=Q(state__in=[LIVE, DONE, FAILED, PARKED]), name="core_step_state"),
        ]
        indexes = [
            models.Index(fields=["lane", "run_at"], condition=Q(state=LIVE), name="core_step_due"),
            models.Index(fields=["id"], condition=Q(state=PARKED), name="core_step_parked"),
            models.Index(fields=["subject"], name="core_step_subject"),
            models.Index(fields=["-created_at"], name="core_step_newest"),
        ]

    def __str__(self) -> str:
        """Show kind and subject."""
        return f"{self.kind} {self.subject}"
