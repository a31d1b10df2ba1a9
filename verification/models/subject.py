"""One human at one bank, as the checks have found them."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import BlindIndexField, SealedTextField
from core.ids import new_id

SEXES: Final = [("male", "男"), ("female", "女")]


class Subject(models.Model):
    """One human at this bank; shares its primary key with the customer.

    States by its times: enrolled (nobody is known behind it) → identified (`identified_at`: the ID card was
    read and the carrier confirmed name, number and phone). One ID number is one identified subject: who comes
    back with another WeChat account is linked to the former one (`relink`). No face check starts before
    `face_locked_until`, no voice check before `voice_locked_until`.

    PII: all of it; who the customer is, as the law demands to know (AML-02). Name, ID number, address and
    phone are sealed; number and phone are found by keyed hash. Kept until ten years after the relationship
    ends (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    name = SealedTextField("姓名", null=True)
    id_number = SealedTextField("身份证号", null=True)
    id_number_index = BlindIndexField("身份证号摘要", null=True)
    sex = models.CharField("性别", max_length=6, blank=True, default="", choices=SEXES)
    ethnicity = models.CharField("民族", max_length=12, blank=True, default="")
    birth_date = models.DateField("出生日期", null=True, blank=True)
    address = SealedTextField("住址", null=True)
    authority = models.CharField("签发机关", max_length=60, blank=True, default="")
    valid_from_date = models.DateField("证件有效期起", null=True, blank=True)
    valid_until_date = models.DateField("证件有效期止", null=True, blank=True, help_text="长期有效为空")
    phone = SealedTextField("手机号", null=True)
    phone_index = BlindIndexField("手机号摘要", null=True)
    identified_at = models.DateTimeField("识别时间", null=True, blank=True)
    face_locked_until = models.DateTimeField("人脸锁定至", null=True, blank=True)
    voice_locked_until = models.DateTimeField("声纹锁定至", null=True, blank=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "verification_subject"
        verbose_name = verbose_name_plural = "核验主体"
        constraints = [
            models.UniqueConstraint(fields=["id_number_index"], name="verification_subject_id_number_once"),
            models.CheckConstraint(
                condition=Q(identified_at__isnull=True)
                | Q(
                    name__isnull=False,
                    id_number__isnull=False,
                    id_number_index__isnull=False,
                    birth_date__isnull=False,
                    phone__isnull=False,
                    phone_index__isnull=False,
                ),
                name="verification_subject_identified_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["phone_index"], name="verification_subject_phone"),
            models.Index(fields=["valid_until_date"], name="verification_subject_id_ends"),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
