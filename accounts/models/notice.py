"""What customers are told by text message."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.customer import Customer
from core.ids import new_id

ID_FIRST: Final = "id_ends_first"
ID_SECOND: Final = "id_ends_second"
ID_LAST: Final = "id_ends_last"
ID_SUSPENDED: Final = "id_suspended"
DORMANT: Final = "dormant"
DOCUMENT_DEMANDED: Final = "three_document"
DOCUMENT_MISSING: Final = "three_suspended"
COMPLAINT_ANSWERED: Final = "complaint_reply"
COMPLAINT_EXTENDED: Final = "complaint_delay"
KINDS: Final = [
    (ID_FIRST, "证件到期首次提醒"),
    (ID_SECOND, "证件到期再次提醒"),
    (ID_LAST, "证件到期末次提醒"),
    (ID_SUSPENDED, "证件过期暂停业务"),
    (DORMANT, "长期未用暂停业务"),
    (DOCUMENT_DEMANDED, "Ⅲ类户要求出示证件"),
    (DOCUMENT_MISSING, "Ⅲ类户未出示证件暂停业务"),
    (COMPLAINT_ANSWERED, "投诉已答复"),
    (COMPLAINT_EXTENDED, "投诉答复延期"),
]


class Notice(models.Model):
    """One text message to one customer about one thing and day: sent once, however often the day's work runs.

    States by its times: owed → sent at `sent_at`, or given up with a `code`. The text is made when it is sent.

    PII: none; the phone is read when it is sent.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField("种类", max_length=16, choices=KINDS)
    about_date = models.DateField("所涉日期")
    code = models.CharField("未送达原因", max_length=40, blank=True, default="")
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    sent_at = models.DateTimeField("发送时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_notice"
        verbose_name = verbose_name_plural = "短信通知"
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "about_date"], name="accounts_notice_once"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(code=""), name="accounts_notice_sent_or_given_up"
            ),
        ]

    def __str__(self) -> str:
        """Show the kind."""
        return f"{self.kind} {self.id.hex}"
