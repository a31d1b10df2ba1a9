"""What a check of a face and a check of a voice have in common: for whom, for which act, how far, with which end."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id
from verification.models.check import Check
from verification.models.subject import Subject

APPLY: Final = "apply"
OPEN_ACCOUNT: Final = "open_account"
SIGN: Final = "sign"
DRAWDOWN: Final = "drawdown"
BIND_CARD: Final = "bind_card"
RELINK: Final = "relink"
REVERIFY: Final = "reverify"
CLOSE_ACCOUNT: Final = "close_account"
ACTIONS: Final = [
    (APPLY, "申请额度"),
    (OPEN_ACCOUNT, "开立账户"),
    (SIGN, "签署合同"),
    (DRAWDOWN, "提款"),
    (BIND_CARD, "绑定银行卡"),
    (RELINK, "更换微信"),
    (REVERIFY, "重新核验身份"),
    (CLOSE_ACCOUNT, "注销账户"),
]
STARTING: Final = "starting"
STARTED: Final = "started"
CHECKING: Final = "checking"
PASSED: Final = "passed"
FAILED: Final = "failed"
STATUSES: Final = [
    (STARTING, "准备中"),
    (STARTED, "待完成"),
    (CHECKING, "核验中"),
    (PASSED, "通过"),
    (FAILED, "未通过"),
]
STATUS_AND_END: Final = (
    Q(status__in=[STARTING, STARTED, CHECKING], finished_at__isnull=True)
    | Q(status=PASSED, finished_at__isnull=False, reason_code="")
    | (Q(status=FAILED, finished_at__isnull=False) & ~Q(reason_code=""))
)


class ActCheck(models.Model):
    """One check of one factor (a face, a voice) of one customer for one act on one business object; no table.

    States: starting → started (the phone may do its part) → checking → passed | failed. A pass gives a token
    (`ActToken`), and both ends leave a `Check` on record.

    PII: see the factor's own model.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name="主体")
    action = models.CharField("用途", max_length=16, choices=ACTIONS)
    business_id = models.CharField("业务编号", max_length=64)
    status = models.CharField("状态", max_length=10, choices=STATUSES, default=STARTING)
    provider = models.CharField("核验方", max_length=20)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    similarity = models.DecimalField("相似度", max_digits=5, decimal_places=2, null=True, blank=True)
    check_row = models.OneToOneField(
        Check, models.PROTECT, related_name="+", verbose_name="核验记录", null=True, blank=True
    )
    created_at = models.DateTimeField("发起时间", default=timezone.now)
    completed_at = models.DateTimeField("完成时间", null=True, blank=True)
    finished_at = models.DateTimeField("结果时间", null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """Show the action."""
        return f"{self.action} {self.id.hex}"
