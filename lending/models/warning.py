"""Early warning (RISK-05): what is observed of borrowers from outside, and the warnings that rules raise."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id

BUREAU_OVERDUE: Final = "bureau_overdue"
BUREAU_QUERIES: Final = "bureau_queries"
COURT_LIST: Final = "court_list"
LICENCE_REVOKED: Final = "licence_revoked"
MERCHANT_FLOW: Final = "merchant_flow"
FACTS: Final = [
    (BUREAU_OVERDUE, "他行逾期笔数"),
    (BUREAU_QUERIES, "近一月征信查询次数"),
    (COURT_LIST, "失信被执行"),
    (LICENCE_REVOKED, "营业执照吊销或注销"),
    (MERCHANT_FLOW, "商户月流水"),
]
"""What may be observed; the value is a number of accounts or queries, 1 or 0 for a list and a licence, fen for a flow."""

LIST_HIT: Final = "list_hit"
RULES: Final = [
    ("overdue_elsewhere", "他行新增逾期"),
    ("many_lenders", "多头查询"),
    (LIST_HIT, "名单命中"),
    ("court_list", "失信被执行"),
    ("licence_revoked", "营业执照吊销"),
    ("flow_drop", "经营流水下降"),
    ("contact_lost", "失联"),
    ("purpose_breach", "资金用途异常"),
]

FREEZE: Final = "freeze"
REDUCE: Final = "reduce"
QUEUE: Final = "queue"
ACTIONS: Final = [(FREEZE, "冻结额度"), (REDUCE, "压降额度"), (QUEUE, "仅列入待处理")]

OPEN: Final = "open"
CLOSED: Final = "closed"
STATUSES: Final = [(OPEN, "待处理"), (CLOSED, "已关闭")]
REASONS: Final = [
    ("false_alarm", "误报或信息有误"),
    ("risk_gone", "风险已消除"),
    ("measures_taken", "已采取管控措施"),
    ("handed_on", "已转催收或法律程序"),
]


class ObservedFact(models.Model):
    """One fact that an outside source tells of a customer as of one day; append-only by trigger.

    Of a customer, a kind and a day there is one. A month's flow bears the month's last day. `value` is counted as its
    kind says (`FACTS`).

    PII: what a person owes elsewhere or earns, beside the customer's opaque id; why we acted as we did, kept as the loan is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="+", verbose_name="客户")
    kind = models.CharField("事项", max_length=16, choices=FACTS)
    observed_date = models.DateField("观察日期")
    value = models.BigIntegerField("数值")
    source = models.CharField("来源", max_length=60)
    created_by = models.CharField("导入人", max_length=150)
    created_at = models.DateTimeField("导入时间", default=timezone.now)

    class Meta:
        db_table = "lending_observed_fact"
        verbose_name = verbose_name_plural = "外部风险信息"
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "observed_date"], name="lending_observed_fact_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _ in FACTS]), name="lending_observed_fact_kind"
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="lending_observed_fact_not_negative"),
        ]
        indexes = [
            models.Index(fields=["kind", "observed_date"], name="lending_observed_fact_of_day"),
            models.Index(fields=["-observed_date", "-id"], name="lending_observed_fact_newest"),
        ]

    def __str__(self) -> str:
        """Show kind and day."""
        return f"{self.get_kind_display()} {self.observed_date}"


class EarlyWarning(models.Model):
    """One warning that one rule has raised of one borrower (RISK-05).

    States in `lending.states.WARNING`: open → closed, by a person with a reason. Of a rule and a borrower at most one is
    open, and what has raised a warning once (`evidence`: the fact's day, the finding, the contact) raises none again.
    `measured` is what was found and `threshold` what the rule allows; `action` is what the bank's parameter said on that day,
    done once by a step (`acted_at`), `lines` of the borrower being touched by it.

    PII: what is known against a person, beside the customer's opaque id; kept as the loan is. That a list was hit is
    confidential (AML-08): such warnings are shown only to whoever may see the list's own alerts.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    rule = models.CharField("规则", max_length=20, choices=RULES)
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="+", verbose_name="客户")
    status = models.CharField("状态", max_length=6, choices=STATUSES, default=OPEN)
    action = models.CharField("措施", max_length=6, choices=ACTIONS)
    evidence = models.CharField("依据", max_length=60)
    measured = models.BigIntegerField("实际值")
    threshold = models.BigIntegerField("阈值")
    raised_date = models.DateField("预警日期")
    lines = models.PositiveSmallIntegerField("涉及额度数", default=0)
    acted_at = models.DateTimeField("措施执行时间", null=True, blank=True)
    closed_reason = models.CharField("关闭原因", max_length=16, choices=REASONS, blank=True, default="")
    note = models.CharField("处理说明", max_length=200, blank=True, default="")
    closed_by = models.CharField("关闭人", max_length=150, blank=True, default="")
    closed_at = models.DateTimeField("关闭时间", null=True, blank=True)
    created_at = models.DateTimeField("生成时间", default=timezone.now)

    class Meta:
        db_table = "lending_early_warning"
        verbose_name = verbose_name_plural = "早期预警"
        permissions = [("close_earlywarning", "处理早期预警")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "customer"], condition=Q(status=OPEN), name="lending_early_warning_one_open"
            ),
            models.UniqueConstraint(fields=["rule", "customer", "evidence"], name="lending_early_warning_once"),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES], rule__in=[rule for rule, _ in RULES]),
                name="lending_early_warning_words",
            ),
            models.CheckConstraint(
                condition=Q(status=OPEN)
                | (~Q(closed_by="") & ~Q(closed_reason="") & ~Q(note="") & Q(closed_at__isnull=False)),
                name="lending_early_warning_closed_with_reason",
            ),
        ]
        indexes = [models.Index(fields=["-status", "-id"], name="lending_warning_open_first")]

    def __str__(self) -> str:
        """Show rule and day."""
        return f"{self.get_rule_display()} {self.raised_date}"
