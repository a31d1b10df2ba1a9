"""Watchlists, which all banks read, and what a bank's screening found in them."""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.actors import ACTOR_LENGTH
from core.db.scope import PublicModel
from core.ids import new_id
from verification.models.check import Check
from verification.models.subject import Subject

OPEN: Final = "open"
CLEARED: Final = "cleared"
CONFIRMED: Final = "confirmed"
ALERT_STATUSES: Final = [(OPEN, "待处理"), (CLEARED, "已排除"), (CONFIRMED, "已确认")]
TELECOM_FRAUD: Final = "telecom_fraud"
"""The list of persons under joint discipline for telecom fraud (ACC-09): it limits, and is no anti-money-laundering list."""
CONVICTED: Final = "convicted"
POLICE: Final = "police"
GROUNDS: Final = [(CONVICTED, "受过刑事处罚"), (POLICE, "设区的市级以上公安机关认定")]


class WatchlistVersion(PublicModel):
    """One version of one list, as it was imported as a whole; the one marked `current` is screened against.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    list_code = models.CharField("名单", max_length=40)
    number = models.PositiveIntegerField("版本")
    current = models.BooleanField("现行", default=True)
    source_sha256 = models.BinaryField("来源文件摘要", max_length=32)
    salt = models.BinaryField("盐", max_length=16)
    entries = models.PositiveIntegerField("条目数")
    names = models.PositiveIntegerField("名称数")
    imported_at = models.DateTimeField("导入时间", default=timezone.now)

    class Meta:
        db_table = "verification_watchlist_version"
        verbose_name = verbose_name_plural = "名单版本"
        constraints = [
            models.UniqueConstraint(fields=["list_code", "number"], name="verification_watchlist_version_once"),
            models.UniqueConstraint(
                fields=["list_code"],
                condition=Q(current=True),
                name="verification_watchlist_version_one_current",
            ),
        ]

    def __str__(self) -> str:
        """Show list and number."""
        return f"{self.list_code} {self.number}"


class WatchlistName(PublicModel):
    """One name of one entry of a list version: a primary name or an alias, with the keys that it is found by.

    `keys` are the folded spellings: simplified characters without blanks, and the Latin spelling in either
    order of surname and given name, in every reading of the surname. `births` are pairs of ISO dates, each a
    range in which the entry's birth date lies as far as the list knows it. ID numbers are kept as hashes
    under the version's salt. `ground` and `listed_date` say why and since when a person is under joint discipline
    (ACC-09); other lists have neither.

    PII: names and birth dates of persons whom public authorities have listed; none of a customer. Kept with
    its version.
    """

    id = models.BigAutoField("编号", primary_key=True)
    # No index of its own: whoever looks here comes with keys, and must not be led to read whole versions.
    version = models.ForeignKey(
        WatchlistVersion, models.CASCADE, related_name="listed", verbose_name="名单版本", db_index=False
    )
    entry = models.CharField("条目", max_length=40)
    name = models.CharField("名称", max_length=400)
    person = models.BooleanField("自然人", default=True)
    keys = ArrayField(models.CharField(max_length=200), verbose_name="检索键")
    births = models.JSONField("出生日期范围", default=list)
    id_hashes = ArrayField(models.CharField(max_length=64), verbose_name="证件号摘要", default=list)
    ground = models.CharField("惩戒事由", max_length=10, choices=GROUNDS, blank=True, default="")
    listed_date = models.DateField("惩戒起始日", null=True, blank=True)

    class Meta:
        db_table = "verification_watchlist_name"
        verbose_name = verbose_name_plural = "名单名称"
        # Lists are written once and read at every act: no pending list, which every reader would have to go through.
        indexes = [
            GinIndex(fields=["keys"], name="verification_watchlist_keys", fastupdate=False),
            GinIndex(fields=["id_hashes"], name="verification_watchlist_ids", fastupdate=False),
        ]

    def __str__(self) -> str:
        """Show the entry."""
        return self.entry


class ScreeningMatch(models.Model):
    """One listed entry that a screening of a customer came upon, and how.

    PII: the fact itself is confidential (AML-08): only staff who may change alerts see it. Kept until
    ten years after the relationship ends (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    check_row = models.ForeignKey(Check, models.PROTECT, related_name="matches", verbose_name="核验记录")
    list_code = models.CharField("名单", max_length=40)
    list_version = models.PositiveIntegerField("名单版本")
    entry = models.CharField("条目", max_length=40)
    score = models.PositiveSmallIntegerField("匹配度")
    matched_by = models.CharField(
        "匹配方式",
        max_length=12,
        choices=[("id_number", "证件号"), ("name_birth", "姓名与出生日期"), ("name", "姓名")],
    )

    class Meta:
        db_table = "verification_screening_match"
        verbose_name = verbose_name_plural = "名单匹配"
        constraints = [
            models.UniqueConstraint(
                fields=["check_row", "list_code", "entry"], name="verification_screening_match_once"
            )
        ]

    def __str__(self) -> str:
        """Show list and entry."""
        return f"{self.list_code} {self.entry}"


class ScreeningAlert(models.Model):
    """One finding that the bank's anti-money-laundering staff must look at: a hit, or a likeness to be judged (AML-05).

    States in `verification.states.ALERT`: open → cleared (two people: it is somebody else) | confirmed (one: it is that
    person); a confirmed one that was an error, or whose ground is gone, is cleared by two. What was screened may go on
    once all its alerts are cleared. `opinion` says why, and names nobody.

    PII: the fact itself is confidential (AML-08); as `ScreeningMatch`.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    check_row = models.OneToOneField(Check, models.PROTECT, related_name="alert", verbose_name="核验记录")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name="主体", null=True, blank=True)
    outcome = models.CharField("结果", max_length=10, choices=[("hit", "命中"), ("review", "待甄别")])
    status = models.CharField("状态", max_length=10, choices=ALERT_STATUSES, default=OPEN)
    created_at = models.DateTimeField("发现时间", default=timezone.now)
    judged_by = models.CharField("甄别人", max_length=ACTOR_LENGTH, blank=True, default="")
    judged_at = models.DateTimeField("甄别时间", null=True, blank=True)
    opinion = models.CharField("甄别意见", max_length=200, blank=True, default="")

    class Meta:
        db_table = "verification_screening_alert"
        verbose_name = verbose_name_plural = "名单预警"
        constraints = [
            models.CheckConstraint(
                condition=Q(status=OPEN, judged_at=None, judged_by="")
                | (Q(status__in=[CLEARED, CONFIRMED], judged_at__isnull=False) & ~Q(judged_by="") & ~Q(opinion="")),
                name="verification_alert_judged",
            )
        ]
        indexes = [models.Index(fields=["status", "-created_at"], name="verification_alert_open")]

    def __str__(self) -> str:
        """Show the outcome."""
        return f"{self.outcome} {self.id.hex}"
