"""The review queue: what waits for a person's judgement, and what a person has checked for it."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.ids import new_id

APPLICATION: Final = "application"
OPENING: Final = "opening"
DRAWDOWN: Final = "drawdown"
WARNING: Final = "warning"
KINDS: Final = [(APPLICATION, "授信审核"), (OPENING, "开户审核"), (DRAWDOWN, "用信审核"), (WARNING, "早期预警")]

GRANTED: Final = "granted"
REFUSED: Final = "refused"
OUTCOMES: Final = [(GRANTED, "通过"), (REFUSED, "拒绝")]

CALLBACK: Final = "callback"
COURIER: Final = "courier"
COUNTER: Final = "counter"
TASKS: Final = [(CALLBACK, "电话回访"), (COURIER, "上门核验"), (COUNTER, "网点面核")]

CONFIRMED: Final = "confirmed"
REFUTED: Final = "refuted"
UNREACHED: Final = "unreached"
CANCELLED: Final = "cancelled"
TASK_OUTCOMES: Final = [
    (CONFIRMED, "核实属实"), (REFUTED, "核实不属实"), (UNREACHED, "未能联系或未到场"), (CANCELLED, "已取消"),
]  # fmt: skip


class ReviewCase(models.Model):
    """One time that one thing waits for a person: an application, an opening, a drawdown or an early warning that queues.

    Rows come and end by triggers on the tables of those things (`lending.models.review_sql`), so that no way into a review
    and none out of it, a lapse or a cancellation included, is missing here. Of a thing there is at most one open case. A case
    is open while it has no `closed_at`; closed it never changes. `closed_status` is what the thing became. Who decided, how
    and why stands here as well where a person did it on the case's own page. `is_secret` marks what only those may learn of
    who see list hits (AML-08).

    PII: the reviewer's own words, which are not to name the customer; kept as long as the thing under review.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    kind = models.CharField("事项", max_length=11, choices=KINDS)
    subject_id = models.UUIDField("对象")
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="+", verbose_name="客户")
    product = models.CharField("产品", max_length=60, blank=True, default="")
    amount_fen = models.BigIntegerField("金额（分）", null=True, blank=True)
    is_secret = models.BooleanField("名单类", default=False)
    opened_at = models.DateTimeField("进入时间", default=timezone.now)
    taken_by = models.CharField("审核人", max_length=150, blank=True, default="")
    taken_at = models.DateTimeField("领取时间", null=True, blank=True)
    outcome = models.CharField("审核结论", max_length=7, choices=OUTCOMES, blank=True, default="")
    reason_codes = models.JSONField("审核理由", default=list)
    note = models.CharField("审核说明", max_length=200, blank=True, default="")
    decided_by = models.CharField("决定人", max_length=ACTOR_LENGTH, blank=True, default="")
    closed_status = models.CharField("结束后的状态", max_length=20, blank=True, default="")
    closed_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "lending_review_case"
        verbose_name = verbose_name_plural = "审核队列"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(closed_at=None), name="lending_review_case_one_open"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _ in KINDS], outcome__in=["", GRANTED, REFUSED]),
                name="lending_review_case_words",
            ),
            models.CheckConstraint(
                condition=Q(taken_by="", taken_at=None) | (~Q(taken_by="") & Q(taken_at__isnull=False)),
                name="lending_review_case_taken",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_by="") | (~Q(outcome="") & ~Q(decided_by="") & ~Q(reason_codes=[])),
                name="lending_review_case_decided_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at", "id"], condition=Q(closed_at=None), name="lending_review_case_open"),
            models.Index(
                fields=["taken_by", "opened_at"], condition=Q(closed_at=None), name="lending_review_case_taker"
            ),
            models.Index(fields=["subject_id"], name="lending_review_case_subject"),
        ]

    def __str__(self) -> str:
        """Show the kind and the opaque id."""
        return f"{self.kind} {self.subject_id.hex}"


class ReviewTask(models.Model):
    """One supplementary check for a case: a call back, a courier's visit, or an appointment at the counter (A1-10, A1-18).

    Open while it has no `finished_at`; then `outcome` says how it came out, `operator` who did it. An appointment bears a
    code by which the counter finds it. A case is not granted while one of its checks is open.

    PII: staff's own words, which are not to name the customer; kept as long as the case.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(ReviewCase, models.PROTECT, related_name="tasks", verbose_name="审核事项")
    kind = models.CharField("方式", max_length=8, choices=TASKS)
    question = models.CharField("核实内容", max_length=200)
    code = models.CharField("预约码", max_length=8, null=True, blank=True, unique=True)
    due_date = models.DateField("完成期限")
    created_by = models.CharField("发起人", max_length=150)
    created_at = models.DateTimeField("发起时间", default=timezone.now)
    outcome = models.CharField("核实结果", max_length=9, choices=TASK_OUTCOMES, blank=True, default="")
    note = models.CharField("结果说明", max_length=200, blank=True, default="")
    operator = models.CharField("经办人", max_length=150, blank=True, default="")
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)

    class Meta:
        db_table = "lending_review_task"
        verbose_name = verbose_name_plural = "补充核查"
        permissions = [("work_reviewtask", "可以办理补充核查")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=COUNTER, code__isnull=False) | Q(kind__in=[CALLBACK, COURIER], code__isnull=True),
                name="lending_review_task_kind",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None, outcome="", operator="")
                | (Q(finished_at__isnull=False, outcome__in=[word for word, _ in TASK_OUTCOMES]) & ~Q(operator="")),
                name="lending_review_task_finished",
            ),
        ]
        indexes = [
            models.Index(fields=["due_date"], condition=Q(finished_at=None), name="lending_review_task_open"),
            models.Index(fields=["due_date", "id"], name="lending_review_task_first"),
        ]

    def __str__(self) -> str:
        """Show the kind and the opaque id."""
        return f"{self.kind} {self.id.hex}"
