"""Face checks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.crypto.fields import SealedTextField
from verification.models.act_check import ACTIONS, STATUS_AND_END, ActCheck
from verification.models.subject import Subject


class FaceCheck(ActCheck):
    """One face check of one customer for one act on one business object.

    States: starting → started (the phone may open the vendor's page) → checking → passed | failed. `expected`
    is whose face it must be: the customer's own, or, where a known person moves to another WeChat account,
    the known one's. `base_photo` says what it is compared with: the portrait that the national system
    returned, else the ID card's picture.

    PII: the best frame is an object in the vault, class C3: kept as evidence of identification after a pass,
    for `face.failed_picture_days` (60) after a failure (DATA-07); never a template. The vendor's start token is sealed.
    """

    expected = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name="应到之人")
    base_photo = models.CharField(
        "比对照片",
        max_length=10,
        blank=True,
        default="",
        choices=[("id_check", "联网核查照片"), ("id_card", "身份证影像")],
    )
    start_token = SealedTextField("核验令牌", null=True)
    start_url = SealedTextField("核验地址", null=True)
    frame_id = models.UUIDField("最佳帧", null=True, blank=True)

    class Meta:
        db_table = "verification_face_check"
        verbose_name = verbose_name_plural = "人脸核验"
        constraints = [
            models.CheckConstraint(condition=STATUS_AND_END, name="verification_face_check_status"),
            models.CheckConstraint(
                condition=Q(action__in=[action for action, _ in ACTIONS]),
                name="verification_face_check_action",
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "-created_at"], name="verification_face_newest"),
            models.Index(fields=["business_id"], name="verification_face_business"),
        ]
