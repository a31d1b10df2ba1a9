"""The closed days of the general ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id


class GlDay(models.Model):
    """One GL account on one closed business day: what was debited and credited on it, and where it stood at its end.

    Written once for every account of the chart when the day is closed, and never changed (trigger); an entry with a
    booking date that is closed is refused (trigger). So no internal account has a row that every posting updates, and
    its balance at any date is the last closed day plus the postings after it. Fen; the closing balance is debit
    positive, and those of a day sum to zero.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    booking_date = models.DateField("营业日")
    gl_code = models.CharField("科目", max_length=8)
    debit_fen = models.BigIntegerField("借方发生额（分）")
    credit_fen = models.BigIntegerField("贷方发生额（分）")
    closing_fen = models.BigIntegerField("日终余额（分，借正贷负）")
    closed_at = models.DateTimeField("关账时间", default=timezone.now)

    class Meta:
        db_table = "accounts_gl_day"
        verbose_name = verbose_name_plural = "科目日结"
        constraints = [
            models.UniqueConstraint(fields=["booking_date", "gl_code"], name="accounts_gl_day_once"),
            models.CheckConstraint(
                condition=Q(debit_fen__gte=0, credit_fen__gte=0), name="accounts_gl_day_not_negative"
            ),
        ]

    def __str__(self) -> str:
        """Show day and account."""
        return f"{self.booking_date} {self.gl_code}"
