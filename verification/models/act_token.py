"""The single-use tokens that a passed check of a face or a voice gives."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id
from verification.models.act_check import ACTIONS
from verification.models.check import FACE, VOICE
from verification.models.face import FaceCheck
from verification.models.subject import Subject
from verification.models.voice import VoiceCheck

FACTORS: Final = [(FACE, "人脸"), (VOICE, "声纹")]


class ActToken(models.Model):
    """The proof that one factor of a customer was checked for one act on one business object; works once.

    States by its times: live until `expires_at` (wall time), used at `used_at`. It stands on exactly one check, of
    its `factor`. Found by the token's hash; the token itself is sealed, so that a phone that lost the answer can
    read it again until it is used or has expired.

    PII: none beside the opaque ids.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    factor = models.CharField("要素", max_length=10, choices=FACTORS)
    face_check = models.OneToOneField(
        FaceCheck, models.PROTECT, related_name="token", verbose_name="人脸核验", null=True, blank=True
    )
    voice_check = models.OneToOneField(
        VoiceCheck, models.PROTECT, related_name="token", verbose_name="声纹核验", null=True, blank=True
    )
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name="主体")
    action = models.CharField("用途", max_length=16, choices=ACTIONS)
    business_id = models.CharField("业务编号", max_length=64)
    token_sha256 = models.BinaryField("令牌摘要", max_length=32, unique=True)
    token = SealedTextField("令牌")
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    expires_at = models.DateTimeField("到期时间")
    used_at = models.DateTimeField("使用时间", null=True, blank=True)

    class Meta:
        db_table = "verification_act_token"
        verbose_name = verbose_name_plural = "核验令牌"
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(used_at__lt=models.F("expires_at")),
                name="verification_act_token_used_in_time",
            ),
            models.CheckConstraint(
                condition=Q(factor=FACE, face_check__isnull=False, voice_check__isnull=True)
                | Q(factor=VOICE, voice_check__isnull=False, face_check__isnull=True),
                name="verification_act_token_one_check",
            ),
        ]

    def __str__(self) -> str:
        """Show factor and action."""
        return f"{self.factor} {self.action} {self.id.hex}"
