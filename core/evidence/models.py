"""The tables of the evidence log of one bank."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id


class EvidenceLeaf(models.Model):
    """One fact on record: `kind`, `subject` and the SHA-256 of its content; append-only by trigger.

    States: pending (`index` is NULL; in the transaction of the fact itself) → sequenced (has its place in the
    tree). The random salt keeps a leaf hash in a published proof from telling the content to somebody who
    guesses it.

    PII: none; `subject` is an opaque id, the content is elsewhere. Kept for ever.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    kind = models.CharField("种类", max_length=60)
    subject = models.CharField("对象", max_length=64)
    content_sha256 = models.BinaryField("内容摘要", max_length=32)
    salt = models.BinaryField("盐", max_length=16)
    leaf_hash = models.BinaryField("叶散列", max_length=32)
    index = models.BigIntegerField("序号", null=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_evidence_leaf"
        verbose_name = verbose_name_plural = "存证"
        constraints = [
            models.UniqueConstraint(fields=["index"], name="core_evidence_leaf_index_once"),
            models.CheckConstraint(condition=Q(index__isnull=True) | Q(index__gte=0), name="core_evidence_leaf_index"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(index__isnull=True), name="core_evidence_leaf_pending"),
            models.Index(fields=["subject", "kind"], name="core_evidence_leaf_subject"),
        ]

    def __str__(self) -> str:
        """Show kind and subject."""
        return f"{self.kind} {self.subject}"


class EvidenceNode(models.Model):
    """The hash of one full subtree, over the leaves [index << level, (index + 1) << level).

    Written once, when the last of these leaves is sequenced; append-only by trigger. Level 0 is the leaves'
    own table.

    PII: none.
    """

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField("层")
    index = models.BigIntegerField("位置")
    hash = models.BinaryField("散列", max_length=32)

    class Meta:
        app_label = "core"
        db_table = "core_evidence_node"
        verbose_name = verbose_name_plural = "存证节点"
        constraints = [
            models.CheckConstraint(condition=Q(level__gte=1) & Q(index__gte=0), name="core_evidence_node_place"),
        ]

    def __str__(self) -> str:
        """Show the place."""
        return f"{self.level}/{self.index}"


class EvidenceHead(models.Model):
    """One signed state of the log: `tree_size` leaves under `root` on a date; append-only by trigger.

    Heads are numbered from 1 without a gap, and each names the size of the one before it, which it extends.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    number = models.PositiveBigIntegerField("编号")
    head_date = models.DateField("营业日期")
    tree_size = models.BigIntegerField("存证数")
    root = models.BinaryField("根散列", max_length=32)
    previous_size = models.BigIntegerField("上次存证数")
    signed_at = models.DateTimeField("签名时间")
    signature = models.BinaryField("签名")

    class Meta:
        app_label = "core"
        db_table = "core_evidence_head"
        verbose_name = verbose_name_plural = "存证签名"
        constraints = [
            models.UniqueConstraint(fields=["number"], name="core_evidence_head_number_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1) & Q(previous_size__gte=0) & Q(tree_size__gte=models.F("previous_size")),
                name="core_evidence_head_extends",
            ),
        ]

    def __str__(self) -> str:
        """Show date and size."""
        return f"{self.head_date} {self.tree_size}"
