"""The business date of a bank."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class BusinessDay(models.Model):
    """The one row of a bank that says which day its books are at.

    PII: none.
    """

    id = models.PositiveSmallIntegerField("编号", primary_key=True, default=1)
    date = models.DateField("营业日期")
    moved_at = models.DateTimeField("切换时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_business_day"
        verbose_name = verbose_name_plural = "营业日"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="core_business_day_one_row")]

    def __str__(self) -> str:
        """Show the date."""
        return str(self.date)
