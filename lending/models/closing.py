"""The day end of a bank: how far each has come, and the queue of automatic debits."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id
from lending.models.loan import Loan
from lending.models.repayment import Repayment

QUEUED: Final = "queued"
COLLECTING: Final = "collecting"
COLLECTED: Final = "collected"
SHORT: Final = "short"
SKIPPED: Final = "skipped"
DEBIT_STATUSES: Final = [
    (QUEUED, "待扣款"),
    (COLLECTING, "扣款中"),
    (COLLECTED, "已扣款"),
    (SHORT, "余额不足"),
    (SKIPPED, "无需扣款"),
]


INCOME: Final = "income"
PROVISIONS: Final = "provisions"
MOVE: Final = "move"
BOOKS: Final = "books"
DUES: Final = "dues"
OVERDUE: Final = "overdue"
REPRICING: Final = "repricing"
FOLLOW: Final = "follow"
STAGES: Final = [
    (INCOME, "计提利息"),
    (PROVISIONS, "计提减值准备"),
    (MOVE, "切换营业日"),
    (BOOKS, "总账日结"),
    (DUES, "到期处理与扣款清单"),
    (OVERDUE, "逾期与五级分类"),
    (REPRICING, "利率重定价"),
    (FOLLOW, "期限到期、上报与存证"),
]


class DayEndStage(models.Model):
    """One stage of the day end of one business date that has been done; written in the transaction that did it.

    A stage that is recorded is never done again, so a day end that died goes on where it stopped. Stages after `move`
    concern the day that begins. `figures` says what the stage has found and booked, amounts in fen, by the product's
    code where it concerns loans.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    closed_date = models.DateField("营业日期")
    stage = models.CharField("阶段", max_length=20, choices=STAGES)
    figures = models.JSONField("结果", default=dict)
    finished_at = models.DateTimeField("完成时间", default=timezone.now)

    class Meta:
        db_table = "lending_day_end_stage"
        verbose_name = verbose_name_plural = "日终阶段"
        constraints = [
            models.UniqueConstraint(fields=["closed_date", "stage"], name="lending_day_end_stage_once"),
            models.CheckConstraint(
                condition=Q(stage__in=[stage for stage, _ in STAGES]), name="lending_day_end_stage_known"
            ),
        ]

    def __str__(self) -> str:
        """Show the date and the stage."""
        return f"{self.closed_date} {self.stage}"


class AutoDebit(models.Model):
    """One loan from whose account what is due is to be collected on one business date, under its auto-debit consent.

    States: queued → collecting (a repayment is on its way) → collected; short where the account had too little, was
    frozen or closed, until the next round of that date; skipped where nothing was due any more or the customer has
    withdrawn the consent. `rounds` is the last round that has tried. Rows are a work list, not a record: the repayments
    are, and a row goes after `auto_debit.kept_days`.

    PII: none beside the loan's opaque id.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    # No foreign key in the database: it would lock every overdue loan once a day, which is a write, to guard a list that
    # goes after a month. Loans are never deleted.
    loan = models.ForeignKey(
        Loan, models.PROTECT, related_name="auto_debits", verbose_name="贷款", db_index=False, db_constraint=False
    )
    debit_date = models.DateField("扣款营业日")
    status = models.CharField("状态", max_length=10, choices=DEBIT_STATUSES, default=QUEUED)
    rounds = models.PositiveSmallIntegerField("已扣款轮次", default=0)
    repayment = models.ForeignKey(
        Repayment,
        models.PROTECT,
        related_name="auto_debits",
        verbose_name="还款",
        null=True,
        blank=True,
        db_index=False,
    )
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "lending_auto_debit"
        verbose_name = verbose_name_plural = "自动扣款"
        constraints = [
            models.UniqueConstraint(fields=["debit_date", "loan"], name="lending_auto_debit_once_a_day"),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in DEBIT_STATUSES]), name="lending_auto_debit_status"
            ),
        ]
        indexes = [
            models.Index(
                fields=["debit_date", "rounds"],
                condition=Q(status__in=[QUEUED, SHORT]),
                name="lending_auto_debit_waiting",
            )
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
