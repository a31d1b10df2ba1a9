"""One human as a customer of this bank."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils import timezone

from core.crypto.fields import BlindIndexField, SealedTextField
from core.ids import new_id

NEW: Final = "new"
REGISTERED: Final = "registered"
STAGES: Final = [(NEW, "未注册"), (REGISTERED, "已注册")]


class Customer(models.Model):
    """One human at this bank, from the first login on; shares its primary key with `verification.Subject`.

    Stages: new (a WeChat account, nobody known behind it) → registered (identity and phone checked). The scan that
    brought the customer stays here to the last repayment.

    PII: the WeChat openid (sealed, found by keyed hash) ties the phone to the person; occupation, residence and tax
    residency are due diligence (AML-02). Kept until ten years after the relationship ends (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    stage = models.CharField("阶段", max_length=12, choices=STAGES, default=NEW)
    openid = SealedTextField("微信标识")
    openid_index = BlindIndexField("微信标识摘要", unique=True)
    occupation = models.CharField("职业", max_length=60, blank=True, default="")
    residence_address = SealedTextField("居住地址", null=True, blank=True)
    tax_residency = models.CharField("税收居民身份", max_length=20, blank=True, default="")
    first_scan_id = models.UUIDField("首次扫码", null=True, blank=True)
    last_scan_id = models.UUIDField("最近扫码", null=True, blank=True)
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    registered_at = models.DateTimeField("注册时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_customer"
        verbose_name = verbose_name_plural = "客户"
        permissions = [("view_any_customer", "查看全行客户"), ("look_at_customer", "查看客户完整信息")]
        constraints = [
            models.CheckConstraint(condition=models.Q(stage__in=[NEW, REGISTERED]), name="accounts_customer_stage")
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
