"""Decisions, and the models by which they were made."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id
from lending.models.application import Application
from lending.models.product import ProductVersion

EARLY: Final = "early"
FULL: Final = "full"
STAGES: Final = [(EARLY, "准入初筛"), (FULL, "授信审批")]
OUTCOMES: Final = [("passed", "通过初筛"), ("offered", "授信"), ("rejected", "拒绝"), ("review", "转人工")]


class DecisionModelText(models.Model):
    """The content of one version of a decision model, kept once it has decided anything; append-only by trigger.

    PII: none.
    """

    version = models.CharField("模型版本", max_length=80, primary_key=True)
    bank = models.CharField("所属", max_length=20)
    name = models.CharField("模型名称", max_length=60)
    content = models.TextField("模型内容")
    created_at = models.DateTimeField("首次使用时间", default=timezone.now)

    class Meta:
        db_table = "lending_decision_model"
        verbose_name = verbose_name_plural = "决策模型"

    def __str__(self) -> str:
        """Show the version."""
        return self.version


class Decision(models.Model):
    """One automated decision on one application: the early one, or the full one; append-only by trigger.

    `snapshot` is everything that it depended on and `result` everything that came out of it, the path through the model
    included, both as canonical JSON (`lending.decision.snapshots`): the one makes the other again, bit for bit. The
    columns repeat what people look for. `content_sha256` is what the evidence log holds: see `lending.queries`.

    PII: `snapshot` and `result`, the customer's figures, sealed; the explanation that a refused person may ask for
    (DATA-05 article 24, LN-14), kept until ten years after the relationship ends (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="decisions", verbose_name="授信申请")
    stage = models.CharField("阶段", max_length=5, choices=STAGES)
    product_version = models.ForeignKey(ProductVersion, models.PROTECT, related_name="+", verbose_name="产品版本")
    model = models.ForeignKey(DecisionModelText, models.PROTECT, related_name="+", verbose_name="决策模型")
    business_date = models.DateField("营业日期")
    outcome = models.CharField("结论", max_length=8, choices=OUTCOMES)
    reason_codes = models.JSONField("原因", default=list)
    score = models.IntegerField("评分", null=True, blank=True)
    grade = models.CharField("等级", max_length=4, blank=True, default="")
    limit_fen = models.BigIntegerField("额度（分）", null=True, blank=True)
    annual_rate = models.DecimalField("年利率（%）", max_digits=8, decimal_places=4, null=True, blank=True)
    term_months = models.PositiveSmallIntegerField("额度期限（月）", null=True, blank=True)
    lpr_rate = models.DecimalField("LPR（%）", max_digits=8, decimal_places=4, null=True, blank=True)
    lpr_tenor = models.CharField("LPR 期限", max_length=2, blank=True, default="")
    lpr_date = models.DateField("LPR 公布日", null=True, blank=True)
    snapshot = SealedTextField("决策输入")
    result = SealedTextField("决策结果")
    content_sha256 = models.BinaryField("内容摘要", max_length=32)
    evidence_leaf = models.UUIDField("存证")
    decided_at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        db_table = "lending_decision"
        verbose_name = verbose_name_plural = "决策记录"
        constraints = [
            models.UniqueConstraint(fields=["application", "stage"], name="lending_decision_once"),
            models.CheckConstraint(
                condition=Q(stage=EARLY, outcome__in=["passed", "rejected"])
                | Q(stage=FULL, outcome__in=["offered", "rejected", "review"]),
                name="lending_decision_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="offered")
                | Q(limit_fen__gt=0, annual_rate__isnull=False, term_months__isnull=False),
                name="lending_decision_offer_has_terms",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
