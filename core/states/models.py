"""The history of every state machine."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.ids import new_id


class StateChange(models.Model):
    """One move of one row of one machine: who, why, when; append-only by trigger.

    PII: the actor's login or the customer's opaque id; kept as long as the row that moved.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    machine = models.CharField("对象类型", max_length=30)
    subject_id = models.UUIDField("对象")
    event = models.CharField("事件", max_length=40)
    from_state = models.CharField("原状态", max_length=20)
    to_state = models.CharField("新状态", max_length=20)
    actor = models.CharField("操作人", max_length=ACTOR_LENGTH)
    reason = models.CharField("原因", max_length=200, blank=True, default="")
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_state_change"
        verbose_name = verbose_name_plural = "状态变更"
        indexes = [models.Index(fields=["subject_id", "id"], name="core_state_change_subject")]

    def __str__(self) -> str:
        """Show the move."""
        return f"{self.machine} {self.from_state} → {self.to_state}"
