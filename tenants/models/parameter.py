"""Values of parameters: the platform's in public, a bank's in its own schema."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from core.db.scope import PublicModel
from core.ids import new_id


class PlatformParameter(PublicModel):
    """The platform's value of one parameter from one date on. A later row supersedes; what has been in force stays.

    PII: none beside logins.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    name = models.CharField("参数", max_length=60)
    value = models.JSONField("取值")
    effective_date = models.DateField("生效日期")
    created_by = models.CharField("申请人", max_length=150, blank=True, default="")
    approved_by = models.CharField("复核人", max_length=150, blank=True, default="", db_default="")
    created_at = models.DateTimeField("登记时间", default=timezone.now)

    class Meta:
        db_table = "tenants_platform_parameter"
        verbose_name = verbose_name_plural = "平台参数"
        permissions = [("decide_platformparameter", "复核平台参数、报价利率和日历")]
        constraints = [
            models.UniqueConstraint(fields=["name", "effective_date"], name="tenants_platform_parameter_once")
        ]

    def __str__(self) -> str:
        """Show name and date."""
        return f"{self.name} {self.effective_date}"


class BankParameter(models.Model):
    """This bank's value of one parameter from one date on, for all its products or one; never looser than the wider scope's.

    PII: none beside logins.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    name = models.CharField("参数", max_length=60)
    product = models.CharField("产品代码", max_length=20, blank=True, default="", db_default="")
    value = models.JSONField("取值")
    effective_date = models.DateField("生效日期")
    created_by = models.CharField("申请人", max_length=150, blank=True, default="")
    approved_by = models.CharField("复核人", max_length=150, blank=True, default="", db_default="")
    created_at = models.DateTimeField("登记时间", default=timezone.now)

    class Meta:
        db_table = "tenants_bank_parameter"
        verbose_name = verbose_name_plural = "本行参数"
        permissions = [("decide_bankparameter", "复核本行参数")]
        constraints = [
            models.UniqueConstraint(fields=["name", "product", "effective_date"], name="tenants_bank_parameter_once")
        ]

    def __str__(self) -> str:
        """Show name and date."""
        return f"{self.name} {self.effective_date}"
