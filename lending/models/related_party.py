"""Whom this bank may not lend to: its register of related parties."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import BlindIndexField, SealedTextField
from core.ids import new_id

RELATIONS: Final = [
    ("director", "董事"),
    ("supervisor", "监事"),
    ("manager", "管理人员"),
    ("credit_staff", "信贷业务人员"),
    ("relative", "上述人员的近亲属"),
]


class RelatedParty(models.Model):
    """One person in this bank's register of related parties: no credit loan, no override (LN-18, 商业银行法第四十条).

    In force while `removed_at` is empty.

    PII: name and ID number, sealed, the number found by keyed hash; kept while the law asks for the register.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    name = SealedTextField("姓名")
    id_number = SealedTextField("身份证号")
    id_number_index = BlindIndexField("身份证号摘要")
    relation = models.CharField("关系", max_length=12, choices=RELATIONS)
    note = models.CharField("说明", max_length=200, blank=True, default="")
    created_by = models.CharField("登记人", max_length=150, blank=True, default="", editable=False)
    created_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)
    removed_by = models.CharField("注销人", max_length=150, blank=True, default="", editable=False)
    removed_at = models.DateTimeField("注销时间", null=True, blank=True, editable=False)

    class Meta:
        db_table = "lending_related_party"
        verbose_name = verbose_name_plural = "关系人"
        constraints = [
            models.UniqueConstraint(
                fields=["id_number_index"], condition=Q(removed_at=None), name="lending_related_party_once"
            ),
            models.CheckConstraint(
                condition=Q(relation__in=[relation for relation, _ in RELATIONS]), name="lending_related_party_relation"
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
