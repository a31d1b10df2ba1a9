"""The table of a bank's own keys, wrapped."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id

DATA: Final = "data"
INDEX: Final = "index"
ACTIVE: Final = "active"
RETIRED: Final = "retired"


class BankKey(models.Model):
    """One version of one of this bank's keys, wrapped by the master key; the bare key is never stored.

    Purposes: data (seals by AES-256-GCM), index (keyed hashes by HMAC-SHA256; it has one version only,
    because a new one would hide every row that is found by the old). States: active (seals and unseals; one a
    purpose) → retired (unseals only). Deleting the rows makes all that the bank sealed unreadable for ever
    (DATA-04, crypto-erase).

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    purpose = models.CharField("用途", max_length=10, choices=[(DATA, "数据加密"), (INDEX, "检索摘要")])
    version = models.PositiveIntegerField("版本")
    wrapped = models.BinaryField("密文密钥", max_length=128)
    state = models.CharField("状态", max_length=10, default=ACTIVE, choices=[(ACTIVE, "使用中"), (RETIRED, "已停用")])
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        app_label = "core"
        db_table = "core_bank_key"
        verbose_name = verbose_name_plural = "密钥"
        constraints = [
            models.UniqueConstraint(fields=["purpose", "version"], name="core_bank_key_version_once"),
            models.UniqueConstraint(fields=["purpose"], condition=Q(state=ACTIVE), name="core_bank_key_one_active"),
            models.CheckConstraint(condition=Q(purpose__in=[DATA, INDEX]), name="core_bank_key_purpose"),
            models.CheckConstraint(condition=Q(state__in=[ACTIVE, RETIRED]), name="core_bank_key_state"),
            models.CheckConstraint(condition=Q(version__gte=1), name="core_bank_key_version_positive"),
        ]

    def __str__(self) -> str:
        """Show purpose and version."""
        return f"{self.purpose} {self.version}"
