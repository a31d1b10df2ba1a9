"""Why an account takes no new business, and the proofs that lift it."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.customer import Customer
from accounts.models.deposit_account import DepositAccount
from core.actors import ACTOR_LENGTH
from core.ids import new_id

DORMANT: Final = "dormant"
ID_EXPIRED: Final = "id_expired"
NO_DOCUMENT: Final = "no_document"
REASONS: Final = [
    (DORMANT, "长期未使用"),
    (ID_EXPIRED, "身份证过期未更新"),
    (NO_DOCUMENT, "Ⅲ类户累计收付达到限额未出示身份证件"),
]
READING: Final = "reading"
VERIFIED: Final = "verified"
REJECTED: Final = "rejected"
REVERIFICATION_STATUSES: Final = [(READING, "证件识别中"), (VERIFIED, "已核验"), (REJECTED, "未通过")]


class Suspension(models.Model):
    """One reason for which an account takes no new non-counter business, from a day on (ACC-07, ACC-08, ACC-13).

    States by its days: in force while `until_date` is empty, lifted on `until_date`. Reasons coexist as rows and lift one
    by one; the account's own state stays `active`, so that what is owed can be repaid and money can come in.

    PII: none; kept as the account is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="suspensions"
    )
    reason = models.CharField("原因", max_length=12, choices=REASONS)
    from_date = models.DateField("暂停日")
    until_date = models.DateField("恢复日", null=True, blank=True)
    lifted_by = models.CharField("恢复操作人", max_length=ACTOR_LENGTH, blank=True, default="")
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "accounts_suspension"
        verbose_name = verbose_name_plural = "业务暂停"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "reason"], condition=Q(until_date=None), name="accounts_suspension_once"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=[reason for reason, _ in REASONS]), name="accounts_suspension_reason"
            ),
            models.CheckConstraint(
                condition=Q(until_date=None, lifted_by="")
                | (Q(until_date__isnull=False, until_date__gte=F("from_date")) & ~Q(lifted_by="")),
                name="accounts_suspension_days",
            ),
        ]
        indexes = [models.Index(fields=["account", "reason"], name="accounts_suspension_of")]

    def __str__(self) -> str:
        """Show the reason."""
        return f"{self.reason} {self.id.hex}"


class DocumentDemand(models.Model):
    """One demand that a customer show their ID card, since all their Class III accounts have moved so much (ACC-07).

    In force while `met_date` is empty; past `due_date` the Class III accounts are suspended. A customer is asked once.

    PII: none by itself; kept as the customer is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.OneToOneField(
        Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="document_demand"
    )
    turnover_fen = models.BigIntegerField("Ⅲ类户累计收付（分）")
    demanded_date = models.DateField("要求日")
    due_date = models.DateField("期限")
    met_date = models.DateField("出示日", null=True, blank=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "accounts_document_demand"
        verbose_name = verbose_name_plural = "Ⅲ类户补充身份证件"
        constraints = [
            models.CheckConstraint(condition=Q(turnover_fen__gt=0), name="accounts_document_demand_turnover"),
            models.CheckConstraint(
                condition=Q(due_date__gte=F("demanded_date"))
                & (Q(met_date=None) | Q(met_date__gte=F("demanded_date"))),
                name="accounts_document_demand_days",
            ),
        ]
        indexes = [models.Index(fields=["due_date"], condition=Q(met_date=None), name="accounts_document_owed")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class Reverification(models.Model):
    """One time that a customer proved again, by face, to be the person an account belongs to.

    States in `accounts.states.REVERIFICATION`: with a new ID card: reading → verified or rejected; without one it is
    verified at once. What it lifts is in the suspensions.

    PII: none by itself; the reading and the face check are evidence of identification, kept as that is (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="reverifications"
    )
    status = models.CharField("状态", max_length=8, choices=REVERIFICATION_STATUSES, default=READING)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    retryable = models.BooleanField("可重试", default=False)
    face_check_id = models.UUIDField("人脸核验")
    reading_id = models.UUIDField("证件识别", null=True, blank=True)
    created_at = models.DateTimeField("提交时间", default=timezone.now)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_reverification"
        verbose_name = verbose_name_plural = "重新核验"
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(status=READING), name="accounts_reverification_one_reading"
            ),
            models.CheckConstraint(
                condition=Q(status=READING, ended_at__isnull=True, reading_id__isnull=False)
                | Q(status=VERIFIED, ended_at__isnull=False, reason_code="")
                | (Q(status=REJECTED, ended_at__isnull=False) & ~Q(reason_code="")),
                name="accounts_reverification_status",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
