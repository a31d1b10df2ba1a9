"""Registrations and cards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.customer import Customer
from accounts.models.deposit_account import DepositAccount
from core.crypto.fields import BlindIndexField, SealedJSONField, SealedTextField
from core.ids import new_id

REGISTRATION_STATUSES = [
    ("reading", "识别中"),
    ("confirm", "待确认"),
    ("retake", "需重拍"),
    ("phone", "待验证手机号"),
    ("checking", "核验中"),
    ("registered", "已注册"),
    ("rejected", "未通过"),
    ("relink", "需换绑微信"),
]
CARD_STATUSES = [
    ("checking", "核验中"),
    ("step_up", "待加强核验"),
    ("active", "已绑定"),
    ("rejected", "未通过"),
    ("unbound", "已解绑"),
]


class Registration(models.Model):
    """One attempt of a customer to become known: ID card read and confirmed, phone proved, carrier asked.

    States in `accounts.states.REGISTRATION`: reading → confirm → phone → checking → registered, with retake and
    rejected as ends and relink where the ID number belongs to another WeChat account already.

    PII: what was read and confirmed, and the phone, all sealed; evidence of due diligence, kept ten years (AML-04), an
    attempt that ended without a registration 90 days.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="registrations")
    status = models.CharField("状态", max_length=12, choices=REGISTRATION_STATUSES, default="reading")
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    retryable = models.BooleanField("可重试", default=False)
    reading_id = models.UUIDField("证件识别", null=True, blank=True)
    identity = SealedJSONField("身份信息", null=True, blank=True)
    name_changed = models.BooleanField("姓名经客户更正", default=False)
    address_changed = models.BooleanField("住址经客户更正", default=False)
    occupation = models.CharField("职业", max_length=60, blank=True, default="")
    residence_address = SealedTextField("居住地址", null=True, blank=True)
    tax_residency = models.CharField("税收居民身份", max_length=20, blank=True, default="")
    phone = SealedTextField("手机号", null=True, blank=True)
    wechat_phone_code = SealedTextField("微信手机号凭证", null=True, blank=True)
    carrier_check_id = models.UUIDField("运营商核验", null=True, blank=True)
    relink_customer = models.ForeignKey(
        Customer, verbose_name="原客户", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_registration"
        verbose_name = verbose_name_plural = "注册申请"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in REGISTRATION_STATUSES]),
                name="accounts_registration_status",
            )
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="accounts_registration_of")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class Card(models.Model):
    """One bank card that a customer has shown, and what its bank said of it (five elements, ACC-03).

    States in `accounts.states.CARD`: checking → active (the first) or step_up (from the second on) or rejected;
    step_up → active by face and voice (A2-15), or rejected; active → unbound. `further` says that it was the second
    or a later one, counting those that were removed: from `bound_at` on no money goes out to such a card for the
    bank's cooling period (A2-18). A card of this bank's own Class I account stands for that account.

    PII: number and phone sealed; kept ten years after unbinding (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="cards")
    status = models.CharField("状态", max_length=10, choices=CARD_STATUSES, default="checking")
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    retryable = models.BooleanField("可重试", default=False)
    number = SealedTextField("卡号")
    number_index = BlindIndexField("卡号摘要")
    last_four = models.CharField("卡号后四位", max_length=4)
    phone = SealedTextField("预留手机号")
    issuer_bank = models.CharField("发卡行机构代码", max_length=12, blank=True, default="")
    issuer_name = models.CharField("发卡行", max_length=60, blank=True, default="")
    account_class = models.CharField("账户类别", max_length=8, blank=True, default="")
    account = models.ForeignKey(
        DepositAccount, verbose_name="账户", null=True, blank=True, on_delete=models.PROTECT, related_name="cards",
        help_text="该卡绑定的账户，或本行卡所代表的账户",
    )  # fmt: skip
    further = models.BooleanField("第二张及以后", default=False)
    step_up_face_id = models.UUIDField("加强核验人脸", null=True, blank=True)
    step_up_voice_id = models.UUIDField("加强核验声纹", null=True, blank=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    checked_at = models.DateTimeField("核验时间", null=True, blank=True)
    bound_at = models.DateTimeField("绑定时间", null=True, blank=True)
    unbound_at = models.DateTimeField("解绑时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_card"
        verbose_name = verbose_name_plural = "银行卡"
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "number_index"],
                condition=Q(status__in=["checking", "step_up", "active"]),
                name="accounts_card_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in CARD_STATUSES]), name="accounts_card_status"
            ),
            models.CheckConstraint(
                condition=Q(further=False)
                | ~Q(status__in=["active", "unbound"])
                | Q(bound_at__isnull=False, step_up_face_id__isnull=False, step_up_voice_id__isnull=False),
                name="accounts_card_further_stepped_up",
            ),
            models.CheckConstraint(
                condition=~Q(status="step_up") | Q(further=True, checked_at__isnull=False),
                name="accounts_card_step_up_is_further",
            ),
        ]

    def __str__(self) -> str:
        """Show the last four digits."""
        return f"****{self.last_four}"
