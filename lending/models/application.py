"""Applications for a line, and what was learnt from outside to decide them."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedJSONField
from core.ids import new_id
from lending.models.product import ProductVersion
from lending.purposes import PURPOSES

CHECKING: Final = "checking"
FACE: Final = "face"
DECIDING: Final = "deciding"
OFFERED: Final = "offered"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
REVIEW: Final = "review"
EXPIRED: Final = "expired"
STATUSES: Final = [
    (CHECKING, "核验中"),
    (FACE, "待人脸核验"),
    (DECIDING, "审批中"),
    (OFFERED, "待确认额度"),
    (ACCEPTED, "已生效"),
    (REJECTED, "未通过"),
    (REVIEW, "人工审核"),
    (EXPIRED, "已失效"),
]


class Application(models.Model):
    """One application of one customer for a line of one product, under the version in force when it began.

    States in `lending.states.APPLICATION`: checking (rules that need no bureau, national ID check) → face → deciding
    (watchlist, bureau, government data, rating, limit, price) → offered → accepted, with rejected, review and expired.
    An offer can be accepted until `offer_expires_date`, a business date. `needs_review` sends the case to a person, for
    a reason that is kept elsewhere. `granted_limit_fen` is what a reviewer offers instead of the decision's limit, never more
    than that. `retryable` says that nothing spoke against the customer.

    PII: `facts`, what the customer stated, sealed; why we decided as we did, kept until ten years after the
    relationship ends (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="applications", verbose_name="客户")
    product_version = models.ForeignKey(
        ProductVersion, models.PROTECT, related_name="applications", verbose_name="产品版本"
    )
    purpose = models.CharField("用途", max_length=20, choices=list(PURPOSES.items()))
    facts = SealedJSONField("申请资料")
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=CHECKING)
    reason_codes = models.JSONField("原因", default=list)
    retryable = models.BooleanField("可重试", default=False)
    id_check_id = models.UUIDField("联网核查", null=True, blank=True)
    face_check_id = models.UUIDField("人脸核验", null=True, blank=True)
    credit_query_consent_id = models.UUIDField("征信查询授权", null=True, blank=True)
    data_query_consent_id = models.UUIDField("信息查询授权", null=True, blank=True)
    needs_review = models.BooleanField("须人工审核", default=False)
    granted_limit_fen = models.BigIntegerField("审核核定额度（分）", null=True, blank=True)
    offer_expires_date = models.DateField("额度确认截止日", null=True, blank=True)
    created_at = models.DateTimeField("申请时间", default=timezone.now)
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    accepted_at = models.DateTimeField("确认时间", null=True, blank=True)

    class Meta:
        db_table = "lending_application"
        verbose_name = verbose_name_plural = "授信申请"
        permissions = [("review_application", "可以审核授信申请")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]), name="lending_application_status"
            ),
            models.CheckConstraint(condition=Q(purpose__in=list(PURPOSES)), name="lending_application_purpose"),
            models.CheckConstraint(
                condition=~Q(status__in=[OFFERED, ACCEPTED]) | Q(offer_expires_date__isnull=False),
                name="lending_application_offer_expires",
            ),
            models.CheckConstraint(
                condition=Q(granted_limit_fen=None) | Q(granted_limit_fen__gt=0), name="lending_application_granted"
            ),
            # LN-06: nothing is asked outside before the customer has authorised it for this application.
            models.CheckConstraint(
                condition=~Q(status__in=[DECIDING, OFFERED, ACCEPTED, REVIEW])
                | Q(credit_query_consent_id__isnull=False, data_query_consent_id__isnull=False),
                name="lending_application_authorised",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="lending_application_of"),
            models.Index(fields=["offer_expires_date"], condition=Q(status=OFFERED), name="lending_application_offers"),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class BureauReport(models.Model):
    """One credit report, asked for one application under one authorisation (LN-07, LN-16).

    The row is written before the bureau is asked; `queries` counts the calls that may have been answered, and paid, and
    put on the person's record. Answered once `answered_at` is there.

    PII: `content`, the report, sealed; the query log that the bureau's rules demand, kept until ten years after the
    relationship ends. Never used for another application.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    application = models.OneToOneField(
        Application, models.PROTECT, related_name="bureau_report", verbose_name="授信申请"
    )
    authorisation_id = models.UUIDField("授权编号")
    reason = models.CharField("查询原因", max_length=2, default="02", help_text="02 贷款审批")
    queries = models.PositiveSmallIntegerField("查询次数", default=0)
    report_number = models.CharField("报告编号", max_length=64, blank=True, default="")
    content = SealedJSONField("报告内容", null=True)
    content_sha256 = models.BinaryField("内容摘要", max_length=32, null=True)
    asked_at = models.DateTimeField("查询时间", default=timezone.now)
    answered_at = models.DateTimeField("返回时间", null=True, blank=True)

    class Meta:
        db_table = "lending_bureau_report"
        verbose_name = verbose_name_plural = "征信查询"
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, content__isnull=True)
                | Q(answered_at__isnull=False, content__isnull=False),
                name="lending_bureau_report_answered",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class GovernmentData(models.Model):
    """What government offices know of an applicant, asked for one application under one authorisation.

    The row is written before they are asked. It ends answered (`content`), or without an answer (`gave_up`): the
    product says what that means (`missing_source`).

    PII: `content`, sealed; why we decided as we did, kept until ten years after the relationship ends (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    application = models.OneToOneField(
        Application, models.PROTECT, related_name="government_data", verbose_name="授信申请"
    )
    authorisation_id = models.UUIDField("授权编号")
    queries = models.PositiveSmallIntegerField("查询次数", default=0)
    content = SealedJSONField("数据内容", null=True)
    content_sha256 = models.BinaryField("内容摘要", max_length=32, null=True)
    gave_up = models.BooleanField("未取得", default=False)
    asked_at = models.DateTimeField("查询时间", default=timezone.now)
    answered_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "lending_government_data"
        verbose_name = verbose_name_plural = "政务数据查询"
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, content__isnull=True, gave_up=False)
                | Q(answered_at__isnull=False, content__isnull=False, gave_up=False)
                | Q(answered_at__isnull=False, content__isnull=True, gave_up=True),
                name="lending_government_data_answered",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
