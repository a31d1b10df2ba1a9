"""Pictures (and sounds) that a customer has sent."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils import timezone

from core.ids import new_id
from verification.models.subject import Subject

ID_CARD_FRONT: Final = "id_card_front"
ID_CARD_BACK: Final = "id_card_back"
FACE: Final = "face"
VOICE: Final = "voice"
LICENCE: Final = "licence"
PROOF: Final = "proof"
KINDS: Final = [
    (ID_CARD_FRONT, "身份证人像面"),
    (ID_CARD_BACK, "身份证国徽面"),
    (FACE, "人脸照片"),
    (VOICE, "语音"),
    (LICENCE, "营业执照"),
    (PROOF, "用途凭证"),
]


class Upload(models.Model):
    """One file of one customer; its bytes are an object in the vault, one copy per content and bank.

    PII: the object is class C2/C3 (a picture of an ID card, a face, a voice); kept as evidence of who the customer
    is while the relationship lasts and ten years after (AML-04, DATA-07). A recording that no passed check stands on
    goes after `attempt.failed_days`; this row stays and then names an object that is no more.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="uploads", verbose_name="主体")
    kind = models.CharField("种类", max_length=16, choices=KINDS)
    object_id = models.UUIDField("保管对象")
    size = models.PositiveIntegerField("字节数")
    created_at = models.DateTimeField("上传时间", default=timezone.now)

    class Meta:
        db_table = "verification_upload"
        verbose_name = verbose_name_plural = "上传文件"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind for kind, _ in KINDS]), name="verification_upload_kind"
            )
        ]
        indexes = [models.Index(fields=["subject", "-created_at"], name="verification_upload_newest")]

    def __str__(self) -> str:
        """Show the kind."""
        return f"{self.kind} {self.id.hex}"
