"""What has happened to loans."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id
from lending.models.loan import Loan

OPENED: Final = "opened"
REPAID: Final = "repaid"
REVERSED: Final = "reversed"
EVENT_SETTLED: Final = "settled"
REOPENED: Final = "reopened"
REPRICED: Final = "repriced"
MISUSED: Final = "misused"
RESCHEDULED: Final = "rescheduled"
CLASSIFIED: Final = "classified"
EVENT_WRITTEN_OFF: Final = "written_off"
RECOVERED: Final = "recovered"
FACTS: Final = (REPRICED, MISUSED, RESCHEDULED)
"""The events that change how a loan is worked out, as its repayments do (`lending.loans.replay`)."""
EVENTS: Final = [
    (OPENED, "放款"),
    (REPAID, "还款"),
    (REVERSED, "还款冲正"),
    (EVENT_SETTLED, "结清"),
    (REOPENED, "结清撤销"),
    (REPRICED, "重定价"),
    (MISUSED, "挪用认定"),
    (RESCHEDULED, "展期或调整计划"),
    (CLASSIFIED, "分类变动"),
    (EVENT_WRITTEN_OFF, "核销"),
    (RECOVERED, "核销后收回"),
]


class LoanEvent(models.Model):
    """One thing that happened to a loan, in the transaction in which it did; append-only by trigger.

    `outstanding_fen` is the principal after it, `amount_fen` what moved, both in fen. It is what credit reporting
    takes up on the following day (LN-17, 二代征信), each kind with its figures in `detail`. Repricings, misuse and
    reschedulings are facts of the loan's fold (`lending.loans.replay`), as its repayments are: each has the next
    `sequence` of its loan, others have none.

    PII: none beside the loan's opaque id; kept as the loan is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="events", verbose_name="贷款")
    kind = models.CharField("事件", max_length=12, choices=EVENTS)
    business_date = models.DateField("营业日期")
    amount_fen = models.BigIntegerField("金额（分）")
    outstanding_fen = models.BigIntegerField("剩余本金（分）")
    detail = models.JSONField("明细", default=dict)
    sequence = models.PositiveIntegerField("入账序号", null=True, blank=True)
    created_at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        db_table = "lending_loan_event"
        verbose_name = verbose_name_plural = "贷款事件"
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "kind"],
                condition=Q(kind=OPENED),
                name="lending_loan_event_opens_once",
            ),
            models.UniqueConstraint(fields=["loan", "sequence"], name="lending_loan_event_sequence_once"),
            models.CheckConstraint(
                condition=Q(kind__in=FACTS, sequence__isnull=False) | (~Q(kind__in=FACTS) & Q(sequence=None)),
                name="lending_loan_event_facts_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["business_date", "kind"], name="lending_loan_event_of_day"),
        ]

    def __str__(self) -> str:
        """Show kind and date."""
        return f"{self.kind} {self.business_date}"
