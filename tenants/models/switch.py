"""The province's kill switches: what is stopped for everybody from the next request on."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.db.scope import PublicModel
from core.ids import new_id

PROVINCE: Final = "province"
PRODUCT: Final = "product"
ENTRY: Final = "entry"
CHECK: Final = "check"
SCOPES: Final = [(PROVINCE, "全省"), (PRODUCT, "产品"), (ENTRY, "推广码"), (CHECK, "核验手段")]


class Switch(PublicModel):
    """One switch: off stops new business of its target, and nothing else (PU-07a).

    A whole bank is stopped by its stage. `bank` is empty where a product or a check is stopped at every bank. `target` is a
    product's code, an entry's scene, or the name of a check (`tenants.switches.CHECKS`); empty for the whole province. The
    row stays when it is on again; who did what when is in the province's audit log.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    scope = models.CharField("范围", max_length=10, choices=SCOPES)
    bank = models.CharField("机构代码", max_length=12, blank=True, default="", help_text="留空为全省各行")
    target = models.CharField("对象", max_length=40, blank=True, default="")
    is_off = models.BooleanField("已停用", default=True)
    reason = models.CharField("原因", max_length=200)
    changed_by = models.CharField("操作人", max_length=ACTOR_LENGTH)
    changed_at = models.DateTimeField("操作时间", default=timezone.now)

    class Meta:
        db_table = "tenants_switch"
        verbose_name = verbose_name_plural = "停用开关"
        ordering: ClassVar[list[str]] = ["-is_off", "-changed_at"]
        permissions = [("decide_switch", "复核恢复业务")]
        constraints = [
            models.UniqueConstraint(fields=["scope", "bank", "target"], name="tenants_switch_once"),
            models.CheckConstraint(
                condition=models.Q(scope__in=[scope for scope, _ in SCOPES]), name="tenants_switch_scope"
            ),
        ]

    def __str__(self) -> str:
        """Show what it stops."""
        return " ".join(part for part in (self.get_scope_display(), self.bank, self.target) if part)
