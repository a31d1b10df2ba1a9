"""Deposit accounts: those opened here and the bank's own cards that customers have shown."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.customer import Customer
from core.crypto.fields import BlindIndexField, SealedTextField
from core.ids import new_id

CLASS_ONE: Final = "I"
CLASS_TWO: Final = "II"
CLASS_THREE: Final = "III"
CLASSES: Final = [(CLASS_ONE, "Ⅰ类户"), (CLASS_TWO, "Ⅱ类户"), (CLASS_THREE, "Ⅲ类户")]

OWN: Final = "own"
CORE: Final = "core"
KEEPERS: Final = [(OWN, "本系统"), (CORE, "核心系统")]

CHECKING: Final = "checking"
REVIEW: Final = "review"
FACE: Final = "face"
OPENING: Final = "opening"
ACTIVE: Final = "active"
REJECTED: Final = "rejected"
CLOSED: Final = "closed"
STATUSES: Final = [
    (CHECKING, "核验中"),
    (REVIEW, "待人工审核"),
    (FACE, "待人脸核验"),
    (OPENING, "开户中"),
    (ACTIVE, "正常"),
    (REJECTED, "未通过"),
    (CLOSED, "已销户"),
]


class DepositAccount(models.Model):
    """One deposit account of one customer at this bank, or an application for one.

    States: checking → face → opening → active → closed; rejected from the first three; review, where staff judge, may come
    between checking and going on (ACC-10; see `accounts.states`). A Class I account is kept by the core system and is active
    at once: it was opened at the counter. `balance_fen` is the customer's money where the keeper is this system; where the
    core keeps it, what the core said last, as of `balance_at`. Of it `held_fen` is on its way out (`Hold`), and orders keep
    `frozen_fen`, or with `debits_stopped` all of it, from leaving (`Restriction`); both may only be changed with the rows
    that they add up. `balance_cap_fen` is what a Class III account kept here may have at most (ACC-07).

    PII: number and phone sealed; the device's opaque id, to bound how many accounts one device opens (ACC-10). Kept ten
    years after closing (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="accounts")
    account_class = models.CharField("类别", max_length=3, choices=CLASSES)
    keeper = models.CharField("记账方", max_length=4, choices=KEEPERS, default=OWN)
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=CHECKING)
    number = SealedTextField("账号", null=True, blank=True)
    number_index = BlindIndexField("账号摘要", null=True, unique=True)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    retryable = models.BooleanField("可重试", default=False)
    balance_fen = models.BigIntegerField("余额（分）", default=0)
    balance_at = models.DateTimeField("核心告知时点", null=True, blank=True)
    held_fen = models.BigIntegerField("在途占用金额（分）", default=0)
    frozen_fen = models.BigIntegerField("冻结金额（分）", default=0)
    debits_stopped = models.BooleanField("只收不付", default=False)
    balance_cap_fen = models.BigIntegerField("余额上限（分）", null=True, blank=True)
    open_channel = models.CharField("开户渠道", max_length=12, default="MINIPROGRAM")
    face_to_face = models.BooleanField("是否面签", default=False)
    purpose = models.CharField("用途", max_length=60, blank=True, default="")
    intention = models.JSONField("开户意愿", default=dict)
    core_request_id = models.UUIDField("核心请求号", null=True, blank=True)
    created_at = models.DateTimeField("申请时间", default=timezone.now)
    opened_at = models.DateTimeField("开户时间", null=True, blank=True)
    opened_date = models.DateField("开户营业日", null=True, blank=True)
    closed_at = models.DateTimeField("销户时间", null=True, blank=True)
    closed_date = models.DateField("销户营业日", null=True, blank=True)
    applied_date = models.DateField("申请营业日", null=True, blank=True)
    device_id = models.CharField("申请设备", max_length=128, blank=True, default="")
    phone_shared = models.CharField(
        "手机号共用声明", max_length=10, blank=True, default="",
        choices=[("guardian", "监护人代用"), ("family", "家人共用")],
    )  # fmt: skip

    class Meta:
        db_table = "accounts_deposit_account"
        verbose_name = verbose_name_plural = "存款账户"
        permissions = [("review_opening", "可以审核开户申请")]
        constraints = [
            models.CheckConstraint(condition=Q(balance_fen__gte=0), name="accounts_balance_not_negative"),
            models.CheckConstraint(
                condition=Q(held_fen__gte=0, held_fen__lte=F("balance_fen")), name="accounts_held_within_balance"
            ),
            models.CheckConstraint(condition=Q(frozen_fen__gte=0), name="accounts_frozen_not_negative"),
            models.CheckConstraint(
                condition=Q(balance_cap_fen=None) | Q(balance_fen__lte=F("balance_cap_fen")),
                name="accounts_balance_within_cap",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]),
                name="accounts_deposit_account_status",
            ),
            models.CheckConstraint(
                condition=~Q(status=ACTIVE) | Q(number__isnull=False), name="accounts_active_has_number"
            ),
            models.CheckConstraint(
                condition=~Q(account_class=CLASS_ONE) | Q(keeper=CORE), name="accounts_class_one_in_core"
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(account_class=CLASS_ONE, status=ACTIVE), name="accounts_class_one_once"
            ),
            models.CheckConstraint(condition=~Q(status=CLOSED) | Q(balance_fen=0), name="accounts_closed_is_empty"),
        ]
        indexes = [
            models.Index(fields=["customer", "status"], name="accounts_of_customer"),
            models.Index(
                fields=["device_id", "applied_date"], condition=~Q(device_id=""), name="accounts_by_device_and_day"
            ),
        ]

    def __str__(self) -> str:
        """Show class and opaque id only."""
        return f"{self.account_class} {self.id.hex}"


class Claim(models.Model):
    """Something that rests on an account, such as a loan: while it stands the account and its last card must stay.

    PII: none; the claimant is an opaque reference.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="claims")
    claimant = models.CharField("占用方", max_length=64)
    placed_at = models.DateTimeField("占用时间", default=timezone.now)
    released_at = models.DateTimeField("解除时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_claim"
        verbose_name = verbose_name_plural = "账户占用"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "claimant"], condition=Q(released_at=None), name="accounts_claim_once"
            )
        ]

    def __str__(self) -> str:
        """Show the claimant."""
        return self.claimant
