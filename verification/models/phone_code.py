"""One-time codes sent to a phone."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils import timezone

from core.crypto.fields import BlindIndexField, SealedTextField
from core.ids import new_id
from verification.models.subject import Subject

REGISTER: Final = "register"
RELINK: Final = "relink"
OPEN_ACCOUNT: Final = "open_account"
BIND_CARD: Final = "bind_card"
SIGN: Final = "sign"
TOP_UP: Final = "top_up"
TRANSFER: Final = "transfer"
ACTIONS: Final = [
    (REGISTER, "注册"),
    (RELINK, "更换微信"),
    (OPEN_ACCOUNT, "开立账户"),
    (BIND_CARD, "绑定银行卡"),
    (SIGN, "签署合同"),
    (TOP_UP, "转入资金"),
    (TRANSFER, "转账"),
]


class PhoneCode(models.Model):
    """One code of six digits, sent to one phone for one action (SEC-02).

    States by its times: live until `expires_at`, used at `used_at`. The code itself is nowhere: it is
    computed from `id` and `salt` by the bank's key, so that the step that sends it and the check that
    compares it find the same digits and a reader of the table finds none. How often it was tried is in
    `PhoneCodeTries`, which survives a refused request.

    PII: the phone, sealed and found by keyed hash, to bound how many codes it gets; removed after
    `phone_code.kept_days` (180), by housekeeping.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="phone_codes", verbose_name="主体")
    phone = SealedTextField("手机号")
    phone_index = BlindIndexField("手机号摘要")
    action = models.CharField("用途", max_length=16, choices=ACTIONS)
    business_id = models.CharField("业务编号", max_length=64, blank=True, default="")
    amount_fen = models.BigIntegerField("金额（分）", null=True, blank=True)
    salt = models.BinaryField("盐", max_length=16)
    created_at = models.DateTimeField("申请时间", default=timezone.now)
    expires_at = models.DateTimeField("到期时间")
    sent_at = models.DateTimeField("发送时间", null=True, blank=True)
    used_at = models.DateTimeField("使用时间", null=True, blank=True)

    class Meta:
        db_table = "verification_phone_code"
        verbose_name = verbose_name_plural = "短信验证码"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=[action for action, _ in ACTIONS]),
                name="verification_phone_code_action",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_fen__isnull=True) | models.Q(amount_fen__gt=0),
                name="verification_phone_code_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["phone_index", "-created_at"], name="verification_code_by_phone"),
            models.Index(fields=["subject", "-created_at"], name="verification_code_by_subject"),
        ]

    def __str__(self) -> str:
        """Show the action."""
        return f"{self.action} {self.id.hex}"


class PhoneCodeTries(models.Model):
    """How often one code was tried, counted on a connection of its own before the digits are compared.

    Without a foreign key, and never written by the caller's transaction: nobody can wait for anybody here,
    and a request that is refused leaves its try behind.

    PII: none.
    """

    code_id = models.UUIDField("验证码", primary_key=True)
    tries = models.PositiveSmallIntegerField("尝试次数", default=0)

    class Meta:
        db_table = "verification_phone_code_tries"
        verbose_name = verbose_name_plural = "验证码尝试次数"

    def __str__(self) -> str:
        """Show the count."""
        return f"{self.code_id.hex} {self.tries}"
