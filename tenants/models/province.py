"""What all banks read and what the banks have pushed: the province's own tables."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.db.scope import PublicModel
from core.ids import new_id


class LprQuote(PublicModel):
    """The loan prime rate as published on one day (INT-01); unlisted months are unchanged.

    PII: none.
    """

    published_date = models.DateField("公布日期", primary_key=True)
    one_year_rate = models.DecimalField("一年期（%）", max_digits=8, decimal_places=4)
    five_year_rate = models.DecimalField("五年期以上（%）", max_digits=8, decimal_places=4)

    class Meta:
        db_table = "tenants_lpr_quote"
        verbose_name = verbose_name_plural = "贷款市场报价利率"
        ordering: ClassVar[list[str]] = ["-published_date"]

    def __str__(self) -> str:
        """Show the date."""
        return str(self.published_date)


class Holiday(PublicModel):
    """One day that differs from its weekday: a holiday on a weekday or a working day at a weekend.

    PII: none.
    """

    date = models.DateField("日期", primary_key=True)
    is_working_day = models.BooleanField("是否工作日")
    name = models.CharField("名称", max_length=30, blank=True, default="")

    class Meta:
        db_table = "tenants_holiday"
        verbose_name = verbose_name_plural = "节假日"

    def __str__(self) -> str:
        """Show the date."""
        return str(self.date)


class PushedFigure(PublicModel):
    """One figure of one bank on one business date, as the bank pushed it; the province only adds up.

    PII: none; sums only.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    bank = models.CharField("机构代码", max_length=12)
    kind = models.CharField("指标", max_length=40)
    date = models.DateField("营业日期")
    value = models.BigIntegerField("数值", help_text="金额单位为分，人数单位为人")
    pushed_at = models.DateTimeField("上报时间", default=timezone.now)

    class Meta:
        db_table = "tenants_pushed_figure"
        verbose_name = verbose_name_plural = "上报指标"
        constraints = [models.UniqueConstraint(fields=["bank", "kind", "date"], name="tenants_pushed_figure_once")]

    def __str__(self) -> str:
        """Show bank, kind and date."""
        return f"{self.bank} {self.kind} {self.date}"


class BankDossier(PublicModel):
    """The dossier of a bank's identification mechanism that the province has asked for (A1-3, A3-3).

    The bank makes it, as its own staff would, and delivers the file once; until then file and hash are empty.

    PII: none; the file holds configuration only.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    bank = models.CharField("机构代码", max_length=12)
    asked_by = models.CharField("申请人", max_length=150)
    asked_at = models.DateTimeField("申请时间", default=timezone.now)
    delivered_at = models.DateTimeField("送达时间", null=True)
    file = models.BinaryField("文件", null=True)
    sha256 = models.BinaryField("文件摘要", null=True)

    class Meta:
        db_table = "tenants_bank_dossier"
        verbose_name = verbose_name_plural = "身份识别机制档案"

    def __str__(self) -> str:
        """Show bank and moment."""
        return f"{self.bank} {self.asked_at:%Y-%m-%d %H:%M}"


class EvidenceHeadCopy(PublicModel):
    """A signed head of a bank's evidence log, as the bank pushed it: what the bank can no longer deny.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    bank = models.CharField("机构代码", max_length=12)
    number = models.PositiveBigIntegerField("编号")
    head_date = models.DateField("营业日期")
    previous_size = models.BigIntegerField("上次存证数量")
    tree_size = models.BigIntegerField("存证数量")
    root = models.BinaryField("根摘要", max_length=32)
    signed_at = models.DateTimeField("签名时间")
    signature = models.BinaryField("签名")
    pushed_at = models.DateTimeField("上报时间", default=timezone.now)

    class Meta:
        db_table = "tenants_evidence_head"
        verbose_name = verbose_name_plural = "存证根"
        constraints = [models.UniqueConstraint(fields=["bank", "tree_size"], name="tenants_evidence_head_once")]

    def __str__(self) -> str:
        """Show bank and size."""
        return f"{self.bank} {self.tree_size}"
