"""The directory of banks."""

from __future__ import annotations

from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django_tenants.models import TenantMixin

from core.db.scope import PublicModel
from core.ids import new_id

DRAFT: Final = "draft"
TEST: Final = "test"
PILOT: Final = "pilot"
LIVE: Final = "live"
SUSPENDED: Final = "suspended"
STAGES: Final = [(DRAFT, "筹备"), (TEST, "测试"), (PILOT, "试点"), (LIVE, "上线"), (SUSPENDED, "暂停")]
SERVING: Final = (PILOT, LIVE)
CITY_DIGITS: Final = 4


class Bank(PublicModel, TenantMixin):
    """One rural bank: a legal entity of its own, and one schema.

    Stages (PU-07): draft → test → pilot → live; suspended from any and back. Only pilot and live serve customers. The
    code, three digits, never changes: it begins every QR scene and contract number and names the schema and the database
    role.

    `licensed_regions` are the GB/T 2260 codes or prefixes where the bank may lend online (LN-04), set by the province; empty
    means the city of its seat.

    `core_account` is the bank's settlement account in its core. The evaluation report on its way of identifying people
    (A1-4, A3-3) is valid through `evaluation_expires_date`; without one that is, no account is opened remotely. Its false
    acceptance and false rejection rates are per cent.

    PII: none.
    """

    auto_create_schema = False
    auto_drop_schema = False

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    code = models.CharField("机构代码", max_length=12, unique=True)
    name = models.CharField("法人全称", max_length=100, help_text="合同上的贷款人名称")
    display_name = models.CharField("展示名称", max_length=60)
    city = models.CharField("城市", max_length=30)
    region_code = models.CharField("注册地区划代码", max_length=6)
    licensed_regions = ArrayField(
        models.CharField(max_length=6), verbose_name="经营区域（行政区划代码或前缀）", default=list, blank=True
    )
    stage = models.CharField("阶段", max_length=10, choices=STAGES, default=DRAFT)
    phone = models.CharField("客服电话", max_length=20, default="96008")
    complaint_phone = models.CharField("投诉电话", max_length=20, default="96008")
    address = models.CharField("住所", max_length=120, blank=True, default="")
    core_account = models.CharField("核心清算账户", max_length=40, blank=True, default="", db_default="")
    evaluation_number = models.CharField("评估报告编号", max_length=60, blank=True, default="", db_default="")
    evaluation_by = models.CharField("评估机构", max_length=100, blank=True, default="", db_default="")
    evaluation_expires_date = models.DateField("评估报告有效期至", null=True, blank=True)
    false_accept_percent = models.DecimalField("误识率（%）", max_digits=9, decimal_places=6, null=True, blank=True)
    false_reject_percent = models.DecimalField("拒真率（%）", max_digits=9, decimal_places=6, null=True, blank=True)
    opened_at = models.DateTimeField("开通时间", default=timezone.now)

    class Meta:
        db_table = "tenants_bank"
        verbose_name = verbose_name_plural = "银行"
        ordering: ClassVar[list[str]] = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=[stage for stage, _ in STAGES]), name="tenants_bank_stage"
            )
        ]

    def __str__(self) -> str:
        """Show code and display name."""
        return f"{self.code} {self.display_name}"

    @property
    def lends_in(self) -> tuple[str, ...]:
        """Return the prefixes of the regions where it may lend."""
        return tuple(self.licensed_regions) or (self.region_code[:CITY_DIGITS],)

    @property
    def serves_customers(self) -> bool:
        """Tell whether new business is accepted from customers."""
        return self.stage in SERVING


class SchemaTemplate(PublicModel):
    """The SQL text that makes a bank's schema, dumped once from the migrated template schema.

    Keyed by the hash of the migrations, so that a changed schema makes a new text.

    PII: none.
    """

    migrations_sha256 = models.CharField("迁移摘要", max_length=64, primary_key=True)
    sql = models.TextField("建库脚本")
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "tenants_schema_template"
        verbose_name = verbose_name_plural = "模板"

    def __str__(self) -> str:
        """Show the hash."""
        return self.migrations_sha256[:12]
