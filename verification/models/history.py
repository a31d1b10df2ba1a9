"""Who moved what from one state to another, when and why."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from core.ids import new_id


class StateChange(models.Model):
    """One move of one of the room's state machines; append-only by trigger.

    PII: none; `actor` is a step, a customer's opaque id or a staff login. Kept with its object.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    machine = models.CharField("对象类别", max_length=20)
    object_id = models.UUIDField("对象")
    event = models.CharField("事件", max_length=20)
    from_state = models.CharField("原状态", max_length=16)
    to_state = models.CharField("新状态", max_length=16)
    actor = models.CharField("操作方", max_length=100)
    reason = models.CharField("原因", max_length=100, blank=True, default="")
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        db_table = "verification_state_change"
        verbose_name = verbose_name_plural = "状态变更"
        indexes = [models.Index(fields=["object_id", "at"], name="verification_state_change_obj")]

    def __str__(self) -> str:
        """Show the move."""
        return f"{self.machine} {self.from_state} → {self.to_state}"
