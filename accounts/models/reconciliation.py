"""Daily comparison of our orders with the core system's statement."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.ledger import Payment
from core.actors import ACTOR_LENGTH
from core.ids import new_id

MISSING_HERE: Final = "missing_here"
MISSING_THERE: Final = "missing_there"
AMOUNT_DIFFERS: Final = "amount_differs"
BREAKS: Final = [(MISSING_HERE, "核心有我方无"), (MISSING_THERE, "我方有核心无"), (AMOUNT_DIFFERS, "金额不符")]


class CoreReconciliation(models.Model):
    """One business day's orders to the core system, compared with the core's statement of that day.

    Compared again as long as something of it is on its way or unexplained; the last comparison counts.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    order_date = models.DateField("业务日", unique=True)
    ours = models.PositiveIntegerField("我方笔数", default=0)
    theirs = models.PositiveIntegerField("核心笔数", default=0)
    in_flight = models.PositiveIntegerField("在途笔数", default=0)
    compared_at = models.DateTimeField("比对时间", default=timezone.now)

    class Meta:
        db_table = "accounts_core_reconciliation"
        verbose_name = verbose_name_plural = "核心对账"

    def __str__(self) -> str:
        """Show the day."""
        return str(self.order_date)


class ReconciliationBreak(models.Model):
    """One order on which our books and the core's do not agree; amounts signed, money into the account positive.

    States by its times: open → closed at `closed_at`, by staff with a reason, or by a later comparison that agrees.

    PII: none; amounts hang on an opaque request id.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    reconciliation = models.ForeignKey(
        CoreReconciliation, verbose_name="对账", on_delete=models.PROTECT, related_name="breaks"
    )
    kind = models.CharField("差异", max_length=14, choices=BREAKS)
    request_id = models.UUIDField("请求号")
    payment = models.ForeignKey(
        Payment, verbose_name="收付", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    our_fen = models.BigIntegerField("我方金额（分）", null=True, blank=True)
    their_fen = models.BigIntegerField("核心金额（分）", null=True, blank=True)
    core_reference = models.CharField("核心流水", max_length=64, blank=True, default="")
    found_at = models.DateTimeField("发现时间", default=timezone.now)
    closed_at = models.DateTimeField("核销时间", null=True, blank=True)
    closed_by = models.CharField("核销人", max_length=ACTOR_LENGTH, blank=True, default="")
    reason = models.CharField("核销原因", max_length=200, blank=True, default="")

    class Meta:
        db_table = "accounts_reconciliation_break"
        verbose_name = verbose_name_plural = "对账差异"
        constraints = [
            models.UniqueConstraint(
                fields=["reconciliation", "request_id", "kind"], name="accounts_reconciliation_break_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by="", reason="")
                | (Q(closed_at__isnull=False) & ~Q(closed_by="") & ~Q(reason="")),
                name="accounts_reconciliation_break_closed",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(closed_at=None), name="accounts_reconciliation_open")]

    def __str__(self) -> str:
        """Show kind and request."""
        return f"{self.kind} {self.request_id.hex}"
