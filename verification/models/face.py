"""Face checks and the single-use tokens that a passed one gives."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id
from verification.models.check import Check
from verification.models.subject import Subject

APPLY: Final = "apply"
OPEN_ACCOUNT: Final = "open_account"
SIGN: Final = "sign"
DRAWDOWN: Final = "drawdown"
BIND_CARD: Final = "bind_card"
RELINK: Final = "relink"
REVERIFY: Final = "reverify"
CLOSE_ACCOUNT: Final = "close_account"
ACTIONS: Final = [
    (APPLY, "申请额度"),
    (OPEN_ACCOUNT, "开立账户"),
    (SIGN, "签署合同"),
    (DRAWDOWN, "提款"),
    (BIND_CARD, "绑定银行卡"),
    (RELINK, "更换微信"),
    (REVERIFY, "重新核验身份"),
    (CLOSE_ACCOUNT, "注销账户"),
]
STARTING: Final = "starting"
STARTED: Final = "started"
CHECKING: Final = "checking"
PASSED: Final = "passed"
FAILED: Final = "failed"
STATUSES: Final = [
    (STARTING, "准备中"),
    (STARTED, "待完成"),
    (CHECKING, "核验中"),
    (PASSED, "通过"),
    (FAILED, "未通过"),
]


class FaceCheck(models.Model):
    """One face check of one customer for one act on one business object.

    States: starting → started (the phone may open the vendor's page) → checking → passed | failed. `expected`
    is whose face it must be: the customer's own, or, where a known person moves to another WeChat account,
    the known one's. `base_photo` says what it is compared with: the portrait that the national system
    returned, else the ID card's picture.

    PII: the best frame is an object in the vault, class C3: kept as evidence of identification after a pass,
    for a short time after a failure (DATA-07); never a template. The vendor's start token is sealed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="face_checks", verbose_name="主体")
    expected = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name="应到之人")
    action = models.CharField("用途", max_length=16, choices=ACTIONS)
    business_id = models.CharField("业务编号", max_length=64)
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=STARTING)
    provider = models.CharField("核验方", max_length=20)
    base_photo = models.CharField(
        "比对照片",
        max_length=10,
        blank=True,
        default="",
        choices=[("id_check", "联网核查照片"), ("id_card", "身份证影像")],
    )
    start_token = SealedTextField("核验令牌", null=True)
    start_url = SealedTextField("核验地址", null=True)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    similarity = models.DecimalField("相似度", max_digits=5, decimal_places=2, null=True, blank=True)
    frame_id = models.UUIDField("最佳帧", null=True, blank=True)
    check_row = models.OneToOneField(
        Check, models.PROTECT, related_name="+", verbose_name="核验记录", null=True, blank=True
    )
    created_at = models.DateTimeField("发起时间", default=timezone.now)
    completed_at = models.DateTimeField("完成时间", null=True, blank=True)
    finished_at = models.DateTimeField("结果时间", null=True, blank=True)

    class Meta:
        db_table = "verification_face_check"
        verbose_name = verbose_name_plural = "人脸核验"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[STARTING, STARTED, CHECKING], finished_at__isnull=True)
                | Q(status=PASSED, finished_at__isnull=False, reason_code="")
                | (Q(status=FAILED, finished_at__isnull=False) & ~Q(reason_code="")),
                name="verification_face_check_status",
            ),
            models.CheckConstraint(
                condition=Q(action__in=[action for action, _ in ACTIONS]),
                name="verification_face_check_action",
            ),
        ]
        indexes = [
            models.Index(fields=["subject", "-created_at"], name="verification_face_newest"),
            models.Index(fields=["business_id"], name="verification_face_business"),
        ]

    def __str__(self) -> str:
        """Show the action."""
        return f"{self.action} {self.id.hex}"


class FaceToken(models.Model):
    """The proof that a customer's face was checked for one act on one business object; works once.

    States by its times: live until `expires_at` (wall time), used at `used_at`. Found by the token's hash;
    the token itself is sealed, so that a phone that lost the answer can read it again until it is used or has
    expired.

    PII: none beside the opaque ids.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    face_check = models.OneToOneField(FaceCheck, models.PROTECT, related_name="token", verbose_name="人脸核验")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name="主体")
    action = models.CharField("用途", max_length=16, choices=ACTIONS)
    business_id = models.CharField("业务编号", max_length=64)
    token_sha256 = models.BinaryField("令牌摘要", max_length=32, unique=True)
    token = SealedTextField("令牌")
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    expires_at = models.DateTimeField("到期时间")
    used_at = models.DateTimeField("使用时间", null=True, blank=True)

    class Meta:
        db_table = "verification_face_token"
        verbose_name = verbose_name_plural = "人脸令牌"
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(used_at__lt=models.F("expires_at")),
                name="verification_face_token_used_in_time",
            )
        ]

    def __str__(self) -> str:
        """Show the action."""
        return f"{self.action} {self.id.hex}"
