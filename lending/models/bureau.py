"""What the credit bureau is told: records by day, files, notices before bad news, objections (LN-15, LN-17)."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id
from lending.models.loan import Loan

OPEN: Final = "open"
REPAYMENT: Final = "repayment"
MONTH_END: Final = "month_end"
CLASSIFICATION: Final = "classification"
EXTENSION: Final = "extension"
WRITE_OFF: Final = "write_off"
CLOSE: Final = "close"
KINDS: Final = [
    (OPEN, "开立"),
    (REPAYMENT, "还款"),
    (MONTH_END, "月结"),
    (CLASSIFICATION, "五级分类变动"),
    (EXTENSION, "展期"),
    (WRITE_OFF, "核销"),
    (CLOSE, "结清"),
]

WAITING: Final = "waiting"
SENT: Final = "sent"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
NOTICE_STATUSES: Final = [(WAITING, "待告知"), (SENT, "已告知"), (FAILED, "未送达"), (CANCELLED, "无需告知")]
SMS: Final = "sms"
LETTER: Final = "letter"
NOTICE_CHANNELS: Final = [(SMS, "短信"), (LETTER, "书面信函")]

RAISED: Final = "raised"
CORRECTED: Final = "corrected"
REJECTED: Final = "rejected"
OBJECTION_STATUSES: Final = [(RAISED, "核查中"), (CORRECTED, "已更正"), (REJECTED, "不予更正")]


class CreditNotice(models.Model):
    """One notice to a borrower that bad information is going to be reported (征信业管理条例 第十五条). Amounts in fen.

    States in `lending.states.NOTICE`: waiting → sent | failed; failed → sent when a letter was posted; cancelled where the
    loan was put right before the notice went out and nothing bad waits to be reported. `sent_date` is the business date;
    `ended_date` the first at whose end the loan was overdue no more: what happens after needs a notice of its own.

    PII: none beside opaque ids; kept as the loan is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="notices", verbose_name="贷款")
    status = models.CharField("状态", max_length=9, choices=NOTICE_STATUSES, default=WAITING)
    overdue_since_date = models.DateField("逾期起始日")
    channel = models.CharField("告知方式", max_length=6, choices=NOTICE_CHANNELS, default=SMS)
    tracking = models.CharField("挂号或快递单号", max_length=40, blank=True, default="")
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    created_date = models.DateField("生成日期")
    sent_date = models.DateField("告知日期", null=True, blank=True)
    sent_at = models.DateTimeField("告知时间", null=True, blank=True)
    ended_date = models.DateField("逾期终止日", null=True, blank=True)
    created_at = models.DateTimeField("生成时间", default=timezone.now)

    class Meta:
        db_table = "lending_credit_notice"
        verbose_name = verbose_name_plural = "不良信息报送告知"
        constraints = [
            models.UniqueConstraint(
                fields=["loan"],
                condition=Q(ended_date=None) & ~Q(status=CANCELLED),
                name="lending_credit_notice_one_in_force",
            ),
            models.CheckConstraint(
                condition=Q(status=SENT, sent_date__isnull=False, sent_at__isnull=False)
                | (~Q(status=SENT) & Q(sent_date=None, sent_at=None)),
                name="lending_credit_notice_sent_has_day",
            ),
            models.CheckConstraint(
                condition=~Q(status=SENT, channel=LETTER) | ~Q(tracking=""),
                name="lending_credit_notice_letter_is_traced",
            ),
        ]
        indexes = [
            models.Index(fields=["loan", "-id"], name="lending_notice_of"),
            models.Index(fields=["status"], name="lending_notice_by_status"),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class BureauDay(models.Model):
    """One business date whose records were captured, and how many of them; of a day there is one row.

    PII: none.
    """

    captured_date = models.DateField("营业日期", primary_key=True)
    records = models.PositiveIntegerField("记录数")
    captured_at = models.DateTimeField("采集时间", default=timezone.now)

    class Meta:
        db_table = "lending_bureau_day"
        verbose_name = verbose_name_plural = "征信采集日"

    def __str__(self) -> str:
        """Show the day."""
        return str(self.captured_date)


class BureauExport(models.Model):
    """One file of records for the credit bureau, in the vault; its hash is in the evidence log. Append-only.

    PII: the file names borrowers by name and ID number, with their debts, sealed in the vault; kept five years (LN-15).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    until_date = models.DateField("截止营业日")
    records = models.PositiveIntegerField("记录数")
    object_id = models.UUIDField("保管对象")
    sha256 = models.BinaryField("文件摘要", max_length=32)
    evidence_leaf = models.UUIDField("存证")
    made_by = models.CharField("生成人", max_length=150)
    created_at = models.DateTimeField("生成时间", default=timezone.now)

    class Meta:
        db_table = "lending_bureau_export"
        verbose_name = verbose_name_plural = "征信报送文件"

    def __str__(self) -> str:
        """Show day and count."""
        return f"{self.until_date} {self.records}"


class BureauRecord(models.Model):
    """One thing that the credit bureau is to be told of one loan as it was on one business date (D+1). Amounts in fen.

    What it says is `content` (docs/bureau-record.schema.json) and never changes (by trigger); two columns are filled in
    later, once each: `released_date`, from which it may be reported, and the file that it went into. A `negative` one is
    released only after the borrower was told (征信业管理条例 第十五条). A record that turns out wrong is corrected by another
    that names it (`corrects`); of a loan, a moment and a day there is one that corrects nothing.

    PII: what a person owes, beside the loan's opaque id; a bad record is kept five years after the bad behaviour has ended
    (征信业管理条例 第十六条), which the bureau observes for its own copy.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="bureau_records", verbose_name="贷款")
    kind = models.CharField("报告时点", max_length=14, choices=KINDS)
    business_date = models.DateField("营业日期")
    content = models.JSONField("内容")
    negative = models.BooleanField("不良信息")
    corrects = models.OneToOneField(
        "self", models.PROTECT, related_name="corrected_by", verbose_name="更正的记录", null=True, blank=True
    )
    released_date = models.DateField("可报送日期", null=True, blank=True)
    export = models.ForeignKey(
        BureauExport, models.PROTECT, related_name="rows", verbose_name="报送文件", null=True, blank=True
    )
    created_at = models.DateTimeField("采集时间", default=timezone.now)

    class Meta:
        db_table = "lending_bureau_record"
        verbose_name = verbose_name_plural = "征信报送记录"
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "kind", "business_date"],
                condition=Q(corrects=None),
                name="lending_bureau_record_once",
            ),
            models.CheckConstraint(
                condition=Q(negative=True) | Q(released_date__isnull=False),
                name="lending_bureau_record_good_is_released",
            ),
            models.CheckConstraint(
                condition=Q(export=None) | Q(released_date__isnull=False),
                name="lending_bureau_record_exported_released",
            ),
        ]
        indexes = [
            models.Index(fields=["business_date", "kind"], name="lending_bureau_of_day"),
            models.Index(fields=["loan", "kind", "-business_date"], name="lending_bureau_of_loan"),
            models.Index(fields=["released_date"], condition=Q(export=None), name="lending_bureau_to_export"),
            models.Index(fields=["loan"], condition=Q(released_date=None), name="lending_bureau_withheld"),
        ]

    def __str__(self) -> str:
        """Show moment and day."""
        return f"{self.kind} {self.business_date}"


class BureauObjection(models.Model):
    """One objection of a borrower to a record, to be answered within twenty days (征信业管理条例 第二十五条).

    States in `lending.states.OBJECTION`: raised → corrected (a correcting record was made, by two persons:
    `lending.approvals`) | rejected (with the answer).

    PII: `said`, sealed: the borrower's own words; kept as the record is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    record = models.ForeignKey(BureauRecord, models.PROTECT, related_name="objections", verbose_name="报送记录")
    status = models.CharField("状态", max_length=9, choices=OBJECTION_STATUSES, default=RAISED)
    said = SealedTextField("异议内容")
    raised_date = models.DateField("提出日期")
    answer_by_date = models.DateField("答复期限")
    raised_by = models.CharField("登记人", max_length=150)
    decided_by = models.CharField("处理人", max_length=150, blank=True, default="")
    answer = models.CharField("答复", max_length=200, blank=True, default="")
    created_at = models.DateTimeField("登记时间", default=timezone.now)
    decided_at = models.DateTimeField("处理时间", null=True, blank=True)

    class Meta:
        db_table = "lending_bureau_objection"
        verbose_name = verbose_name_plural = "征信异议"
        permissions = [("decide_bureauobjection", "处理征信异议")]
        constraints = [
            models.UniqueConstraint(
                fields=["record"], condition=Q(status=RAISED), name="lending_bureau_objection_one_open"
            ),
            models.CheckConstraint(
                condition=Q(status=RAISED) | (~Q(decided_by="") & ~Q(answer="")),
                name="lending_bureau_objection_decided_with_answer",
            ),
        ]
        indexes = [models.Index(fields=["status", "answer_by_date"], name="lending_objection_by_day")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
