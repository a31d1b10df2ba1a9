"""Readings of ID cards."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedJSONField
from core.ids import new_id
from verification.models.subject import Subject
from verification.models.upload import Upload

READING: Final = "reading"
READ: Final = "read"
REFUSED: Final = "refused"
STATUSES: Final = [(READING, "识别中"), (READ, "已识别"), (REFUSED, "未通过")]


class IdCardReading(models.Model):
    """One reading of both sides of an ID card.

    States: reading → read (`fields` hold the card) | refused (`reason_code` says why). `front` is the
    portrait side as it was read while the other side is still outstanding, so that a second attempt does not
    pay for it again.

    PII: the card's fields, sealed; what the customer is asked to confirm, and evidence of what was read. Kept
    until ten years after the relationship ends (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="readings", verbose_name="主体")
    front_upload = models.ForeignKey(Upload, models.PROTECT, related_name="+", verbose_name="人像面")
    back_upload = models.ForeignKey(Upload, models.PROTECT, related_name="+", verbose_name="国徽面")
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=READING)
    provider = models.CharField("识别方", max_length=20)
    front = SealedJSONField("人像面内容", null=True)
    fields = SealedJSONField("证件内容", null=True)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    warnings = models.JSONField("影像告警", default=list)
    paid_calls = models.PositiveSmallIntegerField("外部调用次数", default=0)
    created_at = models.DateTimeField("开始时间", default=timezone.now)
    finished_at = models.DateTimeField("结束时间", null=True, blank=True)
    evidence_leaf = models.UUIDField("存证", null=True, blank=True)

    class Meta:
        db_table = "verification_id_card_reading"
        verbose_name = verbose_name_plural = "身份证识别"
        constraints = [
            models.CheckConstraint(
                condition=Q(status=READING, finished_at__isnull=True)
                | Q(status=READ, fields__isnull=False, finished_at__isnull=False, reason_code="")
                | (Q(status=REFUSED, finished_at__isnull=False) & ~Q(reason_code="")),
                name="verification_id_card_reading_status",
            )
        ]
        indexes = [models.Index(fields=["subject", "-created_at"], name="verification_reading_newest")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
