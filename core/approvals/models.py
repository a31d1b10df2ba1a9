"""The table of proposals."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.approvals.registry import KINDS
from core.ids import new_id

PROPOSED: Final = "proposed"
APPROVED: Final = "approved"
REFUSED: Final = "refused"
WITHDRAWN: Final = "withdrawn"
STATUSES: Final = [(PROPOSED, "待复核"), (APPROVED, "已通过"), (REFUSED, "已驳回"), (WITHDRAWN, "已撤回")]


class Proposal(models.Model):
    """One act of staff that takes two: proposed by one, decided by another.

    States: proposed → approved (the act happened in the same transaction) | refused | withdrawn (by who proposed it). At
    most one proposal of a kind waits for a subject. That the two are different people is a constraint.

    PII: none beside logins; `values` holds amounts, dates and codes, never a customer's data.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    kind = models.CharField("事项", max_length=60)
    subject = models.CharField("对象", max_length=64)
    values = models.JSONField("内容", default=dict)
    reason = models.CharField("申请理由", max_length=200)
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=PROPOSED)
    proposed_by = models.CharField("申请人", max_length=150)
    proposed_at = models.DateTimeField("申请时间", default=timezone.now)
    decided_by = models.CharField("复核人", max_length=150, blank=True, default="")
    decided_at = models.DateTimeField("复核时间", null=True, blank=True)
    decision_reason = models.CharField("复核意见", max_length=200, blank=True, default="")

    class Meta:
        app_label = "core"
        db_table = "core_proposal"
        verbose_name = verbose_name_plural = "复核事项"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(status=PROPOSED), name="core_proposal_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="core_proposal_status"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[APPROVED, REFUSED]) | (~Q(decided_by=F("proposed_by")) & ~Q(decided_by="")),
                name="core_proposal_takes_two",
            ),
        ]
        indexes = [models.Index(fields=["status", "-proposed_at"], name="core_proposal_waiting")]

    def __str__(self) -> str:
        """Show what is proposed, in Chinese where its kind is known."""
        kind = KINDS.get(self.kind)
        return self.kind if kind is None else kind.title
