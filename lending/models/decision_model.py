"""A bank's own decision models: their versions, the cases they must pass, replays over past decisions, the shadow."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id
from lending.models.application import Application
from lending.models.bank_model import BankModel, BankModelVersion
from lending.models.decision import OUTCOMES, STAGES, Decision
from lending.models.product import Product

RUNNING: Final = "running"
DONE: Final = "done"
STOPPED: Final = "stopped"
BACK_TEST_STATUSES: Final = [(RUNNING, "进行中"), (DONE, "已完成"), (STOPPED, "已停止")]
ERROR: Final = "error"
NEW_OUTCOMES: Final = [*OUTCOMES, (ERROR, "无法得出结论")]


class ModelCase(models.Model):
    """One saved case of a bank's model: synthetic facts and policy, and what must come out of them.

    A version is published only while every case of its model passes. A case that is wrong is withdrawn (`removed_at`), and
    that counts as a change of what is to be published.

    PII: none; the facts are made up by staff.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(BankModel, models.PROTECT, related_name="cases", verbose_name="决策模型")
    name = models.CharField("用例名称", max_length=60)
    snapshot = models.TextField("输入（模拟数据）")
    expected_outcome = models.CharField("应得结论", max_length=8, choices=OUTCOMES)
    expected_reasons = models.JSONField("应得原因", default=list)
    expected_limit_fen = models.BigIntegerField("应得额度（分）", null=True, blank=True)
    created_by = models.CharField("创建人", max_length=150)
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    removed_by = models.CharField("停用人", max_length=150, blank=True, default="")
    removed_at = models.DateTimeField("停用时间", null=True, blank=True)

    class Meta:
        db_table = "lending_model_case"
        verbose_name = verbose_name_plural = "模型用例"
        constraints = [
            models.UniqueConstraint(
                fields=["model", "name"], condition=Q(removed_at=None), name="lending_model_case_name_once"
            ),
        ]

    def __str__(self) -> str:
        """Show the name."""
        return self.name


class BackTest(models.Model):
    """One replay of a candidate over past decisions of this bank: a model, changed numbers of the policy, or both.

    `content` is the candidate as it was when the replay began; a draft may be changed meanwhile.
    States: running (a step takes a chunk at a time, from `cursor` downwards; `done` of `total`) → done | stopped (by
    staff). `counts` has the number of decisions by `old>new`; sums are of limits granted, in fen, and of rates, in parts
    of 0.0001 per cent, over what was and what would be offered.

    PII: none; figures of many.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    stage = models.CharField("阶段", max_length=5, choices=STAGES)
    candidate = models.ForeignKey(
        BankModelVersion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="候选模型"
    )
    content = models.TextField("候选模型内容", blank=True, default="")
    policy_changes = models.JSONField("改变的取值", default=dict)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="产品")
    from_date = models.DateField("营业日期起")
    to_date = models.DateField("营业日期止")
    status = models.CharField("状态", max_length=8, choices=BACK_TEST_STATUSES, default=RUNNING)
    total = models.PositiveIntegerField("应回放", default=0)
    done = models.PositiveIntegerField("已回放", default=0)
    changed = models.PositiveIntegerField("结论改变", default=0)
    cursor = models.UUIDField("位置", null=True, blank=True)
    counts = models.JSONField("原结论与新结论", default=dict)
    old_limits_fen = models.BigIntegerField("原授信合计（分）", default=0)
    new_limits_fen = models.BigIntegerField("新授信合计（分）", default=0)
    old_rates_sum = models.BigIntegerField("原利率合计（万分之一个百分点）", default=0)
    new_rates_sum = models.BigIntegerField("新利率合计（万分之一个百分点）", default=0)
    created_by = models.CharField("发起人", max_length=150)
    created_at = models.DateTimeField("发起时间", default=timezone.now)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)

    class Meta:
        db_table = "lending_back_test"
        verbose_name = verbose_name_plural = "历史回放"
        constraints = [
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="lending_back_test_done"),
            models.CheckConstraint(condition=Q(from_date__lte=F("to_date")), name="lending_back_test_window"),
        ]

    def __str__(self) -> str:
        """Show the window."""
        return f"{self.from_date} 至 {self.to_date}"


class BackTestChange(models.Model):
    """One past decision whose outcome, limit or rate a replay would change; append-only.

    PII: limit and rate of one application, as its decision has them; the report on a model's change, kept as long as that.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    back_test = models.ForeignKey(BackTest, models.PROTECT, related_name="changes", verbose_name="历史回放")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="+", verbose_name="决策")
    application = models.ForeignKey(Application, models.PROTECT, related_name="+", verbose_name="授信申请")
    old_outcome = models.CharField("原结论", max_length=8, choices=OUTCOMES)
    new_outcome = models.CharField("新结论", max_length=8, choices=NEW_OUTCOMES)
    old_reasons = models.JSONField("原原因", default=list)
    new_reasons = models.JSONField("新原因", default=list)
    old_limit_fen = models.BigIntegerField("原额度（分）", null=True, blank=True)
    new_limit_fen = models.BigIntegerField("新额度（分）", null=True, blank=True)
    old_rate = models.DecimalField("原年利率（%）", max_digits=8, decimal_places=4, null=True, blank=True)
    new_rate = models.DecimalField("新年利率（%）", max_digits=8, decimal_places=4, null=True, blank=True)

    class Meta:
        db_table = "lending_back_test_change"
        verbose_name = verbose_name_plural = "回放差异"
        constraints = [
            models.UniqueConstraint(fields=["back_test", "decision"], name="lending_back_test_change_once"),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class ShadowDecision(models.Model):
    """What a challenger would have decided of an application, beside the decision that counted; append-only by trigger.

    It never influences the customer. `outcome` is `error` where the challenger failed; `failure` names the node.

    PII: score, limit and rate of one application, as its decision has them; kept as that is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    decision = models.OneToOneField(Decision, models.PROTECT, related_name="shadow", verbose_name="决策")
    application = models.ForeignKey(Application, models.PROTECT, related_name="+", verbose_name="授信申请")
    challenger = models.ForeignKey(BankModelVersion, models.PROTECT, related_name="+", verbose_name="挑战者")
    model_version = models.CharField("模型版本", max_length=80, blank=True, default="")
    outcome = models.CharField("结论", max_length=8, choices=NEW_OUTCOMES)
    reason_codes = models.JSONField("原因", default=list)
    score = models.IntegerField("评分", null=True, blank=True)
    grade = models.CharField("等级", max_length=4, blank=True, default="")
    limit_fen = models.BigIntegerField("额度（分）", null=True, blank=True)
    annual_rate = models.DecimalField("年利率（%）", max_digits=8, decimal_places=4, null=True, blank=True)
    failure = models.CharField("失败原因", max_length=200, blank=True, default="")
    decided_at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        db_table = "lending_shadow_decision"
        verbose_name = verbose_name_plural = "挑战者决策"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
