"""Where customers come from: the codes that staff make, and the scans of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id


class Entry(models.Model):
    """One code of this bank: which branch, staff member, product and campaign it speaks for.

    A code with a `sharer_id` is what a customer hands on (an opaque id of a room above), one each; it speaks for what brought
    that customer here, and has no image.

    The scene begins with the bank's code so that it routes without a public row. Branch, staff, product and campaign
    are named by code, not by key.

    PII: the staff code and the sharer's opaque id, kept while the scans are.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    scene = models.CharField("场景值", max_length=32, unique=True, editable=False)
    branch = models.CharField("网点", max_length=60, blank=True, default="")
    staff = models.CharField("客户经理工号", max_length=30, blank=True, default="")
    product = models.CharField("产品代码", max_length=20, blank=True, default="")
    campaign = models.CharField("活动", max_length=60, blank=True, default="")
    sharer_id = models.UUIDField("分享客户", null=True, blank=True, editable=False)
    is_open = models.BooleanField("启用", default=True)
    image = models.BinaryField("小程序码", null=True, editable=False)
    image_type = models.CharField("图片格式", max_length=30, blank=True, default="", editable=False)
    created_by = models.CharField("创建人", max_length=150, blank=True, default="", editable=False)
    created_at = models.DateTimeField("创建时间", default=timezone.now, editable=False)

    class Meta:
        db_table = "tenants_entry"
        verbose_name = verbose_name_plural = "推广码"
        constraints = [models.UniqueConstraint(fields=["sharer_id"], name="tenants_entry_one_of_a_sharer")]

    def __str__(self) -> str:
        """Show the scene."""
        return self.scene


class Scan(models.Model):
    """One scan of a code; it stays with the customer who logs in with it, to the last repayment.

    `visitor_id` is who logged in with it, an opaque id of a room above; without one nobody has.

    PII: none beside the visitor's opaque id; the customer's row points here (first touch), kept as long as the customer.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    entry = models.ForeignKey(Entry, verbose_name="推广码", on_delete=models.PROTECT, related_name="scans")
    at = models.DateTimeField("时间", default=timezone.now)
    visitor_id = models.UUIDField("登录客户", null=True, blank=True)

    class Meta:
        db_table = "tenants_scan"
        verbose_name = verbose_name_plural = "扫码记录"
        indexes = [
            models.Index(fields=["entry", "at"], name="tenants_scan_of_entry"),
            models.Index(fields=["at"], name="tenants_scan_at"),
        ]

    def __str__(self) -> str:
        """Show the id."""
        return self.id.hex


class CampaignCost(models.Model):
    """One sum that this bank has spent on a campaign, or on a channel, on one day; in fen.

    A mistake is not changed: it is taken back by a row of the negative amount. Campaign and channel (the entry's branch) are
    named as on the entries, so that what was spent stands beside what it brought (D10).

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    campaign = models.CharField("活动", max_length=60, blank=True, default="")
    branch = models.CharField("渠道（网点）", max_length=60, blank=True, default="")
    spent_date = models.DateField("发生日期")
    amount_fen = models.BigIntegerField("金额（分）")
    note = models.CharField("说明", max_length=200, blank=True, default="")
    created_by = models.CharField("登记人", max_length=150)
    created_at = models.DateTimeField("登记时间", default=timezone.now)

    class Meta:
        db_table = "tenants_campaign_cost"
        verbose_name = verbose_name_plural = "活动费用"
        constraints = [
            models.CheckConstraint(condition=~Q(amount_fen=0), name="tenants_campaign_cost_not_zero"),
            models.CheckConstraint(condition=~Q(campaign="", branch=""), name="tenants_campaign_cost_of_something"),
        ]
        indexes = [models.Index(fields=["spent_date"], name="tenants_campaign_cost_of_day")]

    def __str__(self) -> str:
        """Show campaign, channel and day."""
        return f"{self.campaign or self.branch} {self.spent_date}"
