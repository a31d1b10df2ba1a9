"""What a customer is asked to agree to, and what they have agreed to."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id
from verification.models.subject import Subject

PRIVACY: Final = "privacy"
FACE: Final = "face"
VOICE: Final = "voice"
CREDIT_QUERY: Final = "credit_query"
DATA_QUERY: Final = "data_query"
THIRD_PARTY: Final = "third_party"
AUTO_DEBIT: Final = "auto_debit"
E_SIGN: Final = "e_sign"
MARKETING: Final = "marketing"
BUREAU_REPORTING: Final = "bureau_reporting"
PURPOSES: Final = [
    (PRIVACY, "个人信息处理"),
    (FACE, "人脸信息处理"),
    (VOICE, "声纹信息处理"),
    (CREDIT_QUERY, "征信查询授权"),
    (DATA_QUERY, "其他信息查询授权"),
    (THIRD_PARTY, "向第三方提供个人信息"),
    (AUTO_DEBIT, "自动扣款授权"),
    (E_SIGN, "电子签名与数字证书"),
    (MARKETING, "营销信息"),
    (BUREAU_REPORTING, "征信报送"),
]
# Given for one business only, whose name stands in the text (LN-06, LN-07); the others hold for the person at
# this bank.
FOR_ONE_BUSINESS: Final = frozenset({CREDIT_QUERY, DATA_QUERY, THIRD_PARTY, AUTO_DEBIT, E_SIGN, BUREAU_REPORTING})


class AgreementText(models.Model):
    """One version of the text for one purpose at this bank; never changed once it exists (by trigger).

    The latest version of a purpose is the one in force. `text` has places for the bank, the person and the
    business.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    purpose = models.CharField("用途", max_length=20, choices=PURPOSES)
    version = models.PositiveIntegerField("版本")
    title = models.CharField("标题", max_length=60)
    text = models.TextField("正文")
    created_at = models.DateTimeField("发布时间", default=timezone.now)

    class Meta:
        db_table = "verification_agreement_text"
        verbose_name = verbose_name_plural = "协议文本"
        ordering: ClassVar[list[str]] = ["purpose", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["purpose", "version"], name="verification_agreement_text_once"),
            models.CheckConstraint(
                condition=Q(purpose__in=[purpose for purpose, _ in PURPOSES]),
                name="verification_agreement_text_purpose",
            ),
        ]

    def __str__(self) -> str:
        """Show title and version."""
        return f"{self.title} v{self.version}"


class Consent(models.Model):
    """One consent of one customer: to which text (version and SHA-256 of what was shown), when, and for which business.

    States by its times: in force since `granted_at`, withdrawn at `withdrawn_at`; nothing else of a row ever
    changes (by trigger). `read_seconds` is what the phone reported, for the record only.

    PII: none in the row beside the opaque ids; the text shown is made again from the version, the person and
    the business. Kept as proof of the authorisation until ten years after the relationship ends (AML-04,
    LN-06).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="consents", verbose_name="主体")
    purpose = models.CharField("用途", max_length=20, choices=PURPOSES)
    agreement = models.ForeignKey(AgreementText, models.PROTECT, related_name="+", verbose_name="协议")
    business_id = models.CharField("业务编号", max_length=64, blank=True, default="")
    sha256 = models.BinaryField("文本摘要", max_length=32)
    read_seconds = models.PositiveIntegerField("阅读秒数")
    granted_at = models.DateTimeField("同意时间", default=timezone.now)
    withdrawn_at = models.DateTimeField("撤回时间", null=True, blank=True)
    evidence_leaf = models.UUIDField("存证")
    withdrawal_leaf = models.UUIDField("撤回存证", null=True, blank=True)

    class Meta:
        db_table = "verification_consent"
        verbose_name = verbose_name_plural = "授权同意"
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "agreement", "business_id", "sha256"],
                condition=Q(withdrawn_at__isnull=True),
                name="verification_consent_once_in_force",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=models.F("granted_at")),
                name="verification_consent_withdrawn_after",
            ),
        ]
        indexes = [models.Index(fields=["subject", "purpose"], name="verification_consent_purpose")]

    def __str__(self) -> str:
        """Show the purpose."""
        return f"{self.purpose} {self.id.hex}"
