"""The province's library of product templates, from which banks make the first drafts of their products."""

from __future__ import annotations

from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.db.scope import PublicModel
from core.ids import new_id

CODE: Final = r"^[A-Z][A-Z0-9]{1,7}$"


class ProductTemplate(PublicModel):
    """One version of one template: what a product of this sort begins with at a bank; each bank changes it as it likes.

    States by `published_at`: draft (at most one a code, no number) → published (numbered, by two people, changed by no
    operation). The published one with the highest number is what banks see. `fields` are columns of a product by their
    names, read by the room that knows them and opaque here; `edited_by` are the logins that had a hand in the draft.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    code = models.CharField(
        "模板代码", max_length=8, validators=[RegexValidator(CODE, "应为大写字母开头的 2 至 8 位字母或数字")]
    )
    number = models.PositiveIntegerField("版本号", null=True, blank=True)
    name = models.CharField("名称", max_length=40)
    target = models.CharField("适用人群", max_length=100, blank=True, default="")
    fields = models.JSONField("产品要素", default=dict)
    edited_by = ArrayField(models.CharField(max_length=150), verbose_name="修改人", default=list, blank=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    published_by = models.CharField("发布人", max_length=ACTOR_LENGTH, blank=True, default="")
    published_at = models.DateTimeField("发布时间", null=True, blank=True)

    class Meta:
        db_table = "tenants_product_template"
        verbose_name = verbose_name_plural = "产品模板"
        ordering: ClassVar[list[str]] = ["code", "-number"]
        permissions = [("publish_producttemplate", "可以复核发布产品模板")]
        constraints = [
            models.UniqueConstraint(fields=["code", "number"], name="tenants_product_template_number_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(published_at=None), name="tenants_product_template_one_draft"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, number=None) | Q(published_at__isnull=False, number__gte=1),
                name="tenants_product_template_published_has_number",
            ),
            models.CheckConstraint(condition=Q(code__regex=CODE), name="tenants_product_template_code"),
        ]

    def __str__(self) -> str:
        """Show code and number."""
        return f"{self.code} v{self.number or '草稿'}"
