"""Corrections of the books that staff propose and others approve."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.ledger import JournalEntry
from core.ids import new_id

PROPOSED: Final = "proposed"
BOOKED: Final = "booked"
REJECTED: Final = "rejected"
STATUSES: Final = [(PROPOSED, "待复核"), (BOOKED, "已冲正"), (REJECTED, "已驳回")]


class Correction(models.Model):
    """One proposal to give back what an entry took wrongly from a customer's account, by an entry that reverses it.

    States in `accounts.states.CORRECTION`: proposed → booked or rejected, by another person than the one who proposed.

    PII: none beside the staff's logins.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    entry = models.ForeignKey(JournalEntry, verbose_name="原分录", on_delete=models.PROTECT, related_name="corrections")
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=PROPOSED)
    reason = models.CharField("原因", max_length=100)
    proposed_by = models.CharField("提出人", max_length=100)
    decided_by = models.CharField("复核人", max_length=100, blank=True, default="")
    decision_note = models.CharField("复核意见", max_length=100, blank=True, default="")
    correcting = models.OneToOneField(
        JournalEntry, verbose_name="冲正分录", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField("提出时间", default=timezone.now)
    decided_at = models.DateTimeField("复核时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_correction"
        verbose_name = verbose_name_plural = "错账更正"
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(status__in=[PROPOSED, BOOKED]), name="accounts_correction_once"
            ),
            models.CheckConstraint(condition=~Q(proposed_by=F("decided_by")), name="accounts_correction_four_eyes"),
            models.CheckConstraint(
                condition=Q(status=PROPOSED, decided_by="", correcting__isnull=True)
                | (Q(status=BOOKED, correcting__isnull=False) & ~Q(decided_by=""))
                | (Q(status=REJECTED, correcting__isnull=True) & ~Q(decided_by="")),
                name="accounts_correction_status",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
