"""A bank's own decision models and their versions; what a product version names stands here."""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.ids import new_id

CODE: Final = r"^[a-z][a-z0-9-]{1,29}$"
RESERVED: Final = "standard"
MODEL_STAGES: Final = [("early", "准入初筛"), ("full", "授信审批")]


class BankModel(models.Model):
    """One decision model of this bank, for one stage. What it decides by stands in its versions.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    code = models.CharField(
        "模型代码", max_length=30, unique=True,
        validators=[RegexValidator(CODE, "应为小写字母开头的 2 至 30 位字母、数字或连字符")],
    )  # fmt: skip
    title = models.CharField("模型名称", max_length=40)
    stage = models.CharField("阶段", max_length=5, choices=MODEL_STAGES)
    created_by = models.CharField("创建人", max_length=150, blank=True, default="")
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "lending_bank_model"
        verbose_name = verbose_name_plural = "本行决策模型"
        permissions = [("publish_bankmodel", "可以复核发布决策模型")]
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=CODE) & ~Q(code=RESERVED) & ~Q(code__startswith=f"{RESERVED}-"),
                name="lending_bank_model_code",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=[stage for stage, _ in MODEL_STAGES]), name="lending_bank_model_stage"
            ),
        ]

    def __str__(self) -> str:
        """Show title and code."""
        return f"{self.title}（{self.code}）"


class BankModelVersion(models.Model):
    """What a bank's model says, as it was saved or published.

    States by `published_at`: draft (at most one a model, no number, may be changed) → published (numbered, never changed
    again, by trigger). `content` is canonical JSON and has passed the lint whenever it was saved. `edited_by` are the logins
    that had a hand in it: none of them may publish it.

    PII: none beside logins.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(BankModel, models.PROTECT, related_name="versions", verbose_name="决策模型")
    number = models.PositiveIntegerField("版本号", null=True, blank=True)
    content = models.TextField("模型内容（JSON）")
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="依据版本"
    )
    change_note = models.CharField("变更说明", max_length=200, blank=True, default="")
    created_by = models.CharField("创建人", max_length=150)
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    edited_by = ArrayField(models.CharField(max_length=150), verbose_name="修改人", default=list, blank=True)
    edited_at = models.DateTimeField("最近修改", default=timezone.now)
    published_by = models.CharField("发布人", max_length=ACTOR_LENGTH, blank=True, default="")
    published_at = models.DateTimeField("发布时间", null=True, blank=True)

    class Meta:
        db_table = "lending_bank_model_version"
        verbose_name = verbose_name_plural = "决策模型版本"
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="lending_bank_model_version_number_once"),
            models.UniqueConstraint(
                fields=["model"], condition=Q(published_at=None), name="lending_bank_model_version_one_draft"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, number=None) | Q(published_at__isnull=False, number__gte=1),
                name="lending_bank_model_version_published_has_number",
            ),
        ]

    def __str__(self) -> str:
        """Show model and number."""
        return f"{self.model} {f'第 {self.number} 版' if self.number else '草稿'}"
