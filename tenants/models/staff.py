"""What a staff login has beside Django's row of it: the second factor, and the count of failed tries."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models

from core.crypto.fields import SealedTextField


class StaffAccess(models.Model):
    """The second factor of one login, and how often a login with its name has failed since the last that succeeded.

    `secret` is the shared secret of RFC 6238 (base 32), `confirmed_at` when a first code proved that the person has it; a
    login without it has no second factor yet. `last_step` is the time step of the last code that was taken, which is taken
    once. `recovery_hashes` are keyed hashes of the recovery codes that are left. `aml_until_at` is when the named grant
    to read AML cases ends; without it the role of that name gives nothing (`tenants.staff.held_roles`).

    PII: none beside the login that it belongs to; the secret is sealed, kept while the login has this factor.
    """

    user = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="access", verbose_name="员工账号")
    secret = SealedTextField("动态码密钥", null=True, blank=True)
    confirmed_at = models.DateTimeField("启用时间", null=True, blank=True)
    last_step = models.BigIntegerField("最后使用的时间步", default=0)
    recovery_hashes = models.JSONField("剩余恢复码摘要", default=list, blank=True)
    failed_tries = models.PositiveIntegerField("连续失败次数", default=0)
    aml_until_at = models.DateTimeField("反洗钱查阅有效至", null=True, blank=True)
    locked_until = models.DateTimeField("锁定至", null=True, blank=True)

    class Meta:
        db_table = "tenants_staff_access"
        verbose_name = verbose_name_plural = "员工登录验证"
        permissions = [("decide_staffaccess", "复核员工角色和登录验证")]

    def __str__(self) -> str:
        """Show whose it is."""
        return str(self.pk)
