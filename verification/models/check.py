"""Checks on a human: what was asked of whom, and what was answered."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedJSONField
from core.ids import new_id
from verification.models.subject import Subject

CARRIER: Final = "carrier"
ID_CHECK: Final = "id_check"
WATCHLIST: Final = "watchlist"
FACE: Final = "face"
VOICE: Final = "voice"
KINDS: Final = [
    (CARRIER, "运营商实名"),
    (ID_CHECK, "联网核查"),
    (WATCHLIST, "名单监测"),
    (FACE, "人脸核验"),
    (VOICE, "声纹核验"),
]

ASKED: Final = "asked"
ANSWERED: Final = "answered"
UNANSWERED: Final = "unanswered"
STATUSES: Final = [(ASKED, "核验中"), (ANSWERED, "已有结果"), (UNANSWERED, "无应答")]

MATCH: Final = "match"
MISMATCH: Final = "mismatch"
NAME_MISMATCH: Final = "name_mismatch"
NOT_FOUND: Final = "not_found"
CLEAR: Final = "clear"
REVIEW: Final = "review"
HIT: Final = "hit"
PASSED: Final = "passed"
FAILED: Final = "failed"
OUTCOMES: Final = [
    (MATCH, "一致"),
    (MISMATCH, "不一致"),
    (NAME_MISMATCH, "姓名不一致"),
    (NOT_FOUND, "无记录"),
    (CLEAR, "未命中"),
    (REVIEW, "待甄别"),
    (HIT, "命中"),
    (PASSED, "通过"),
    (FAILED, "未通过"),
]


class Check(models.Model):
    """One check of one human for one purpose: by the carriers, the national system, the watchlists, a face or a voice.

    States: asked → answered (`outcome`) | unanswered (the deadline passed). Local checks are born answered. A
    result is never reused for another purpose: each step of the business asks anew (ACC-03). `purpose` and
    `business_id` are words of the rooms above and opaque here. `paid_calls` counts the calls that may have
    been charged, before each is made.

    PII: `asked` holds what was asked about (name, ID number, phone), sealed; `photo_id` names the portrait
    that the national system returned, in the vault. Evidence of identification, kept until ten years after
    the relationship ends (AML-04). A watchlist row must not become known to the customer (AML-08). One of somebody with
    whom the bank deals and who is nobody's business here, as the payer of a receipt, has no subject.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    subject = models.ForeignKey(
        Subject, models.PROTECT, related_name="checks", verbose_name="主体", null=True, blank=True
    )
    kind = models.CharField("种类", max_length=10, choices=KINDS)
    purpose = models.CharField("环节", max_length=20)
    business_id = models.CharField("业务编号", max_length=64, blank=True, default="")
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=ASKED)
    outcome = models.CharField("结果", max_length=16, choices=OUTCOMES, blank=True, default="")
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    provider = models.CharField("核验方", max_length=20, blank=True, default="")
    asked = SealedJSONField("核验要素", null=True)
    detail = models.JSONField("附加信息", default=dict)
    photo_id = models.UUIDField("返回照片", null=True, blank=True)
    paid_calls = models.PositiveSmallIntegerField("外部调用次数", default=0)
    asked_at = models.DateTimeField("发起时间", default=timezone.now)
    answered_at = models.DateTimeField("结果时间", null=True, blank=True)
    evidence_leaf = models.UUIDField("存证", null=True, blank=True)

    class Meta:
        db_table = "verification_check"
        verbose_name = verbose_name_plural = "核验记录"
        constraints = [
            models.CheckConstraint(
                condition=Q(status=ASKED, outcome="", answered_at__isnull=True)
                | Q(status=UNANSWERED, outcome="", answered_at__isnull=False)
                | (Q(status=ANSWERED, answered_at__isnull=False) & ~Q(outcome="")),
                name="verification_check_status",
            ),
            models.CheckConstraint(
                condition=Q(subject__isnull=False) | Q(kind=WATCHLIST), name="verification_check_has_subject"
            ),
            models.CheckConstraint(condition=Q(kind__in=[kind for kind, _ in KINDS]), name="verification_check_kind"),
        ]
        indexes = [
            models.Index(fields=["subject", "kind", "-asked_at"], name="verification_check_newest"),
            models.Index(fields=["business_id"], name="verification_check_business"),
        ]

    def __str__(self) -> str:
        """Show kind and purpose."""
        return f"{self.kind} {self.purpose} {self.id.hex}"
