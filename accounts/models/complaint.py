"""Complaints: what a customer is dissatisfied with, what was said both ways, and until when the bank must answer (CUST-01)."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.customer import Customer
from core.actors import ACTOR_LENGTH
from core.crypto.fields import SealedTextField
from core.ids import new_id

OPENING: Final = "account_opening"
APPLICATION: Final = "application"
LOAN: Final = "loan"
COLLECTION: Final = "collection"
STAFF: Final = "staff"
OTHER: Final = "other"
CATEGORIES: Final = [
    (OPENING, "开户"),
    (APPLICATION, "授信申请"),
    (LOAN, "贷款与还款"),
    (COLLECTION, "催收"),
    (STAFF, "员工服务"),
    (OTHER, "其他"),
]

MINI_PROGRAM: Final = "mini_program"
CHANNELS: Final = [
    (MINI_PROGRAM, "小程序"),
    ("phone", "投诉电话"),
    ("counter", "网点"),
    ("letter", "信函"),
    ("regulator", "监管转办"),
]

RECEIVED: Final = "received"
EXTENDED: Final = "extended"
ANSWERED: Final = "answered"
CLOSED: Final = "closed"
STATUSES: Final = [(RECEIVED, "待答复"), (EXTENDED, "已延期"), (ANSWERED, "已答复"), (CLOSED, "已办结")]
OWED: Final = (RECEIVED, EXTENDED)
"""In these the bank owes an answer."""

UPHELD: Final = "upheld"
OVERTURNED: Final = "overturned"
RECHECKS: Final = [(UPHELD, "复核后维持原结果"), (OVERTURNED, "复核后更正，可重新办理")]

WORDS: Final = "words"
ANSWER: Final = "answer"
EXTENSION: Final = "extension"
RECHECK: Final = "recheck"
CLOSING: Final = "closing"
NOTE: Final = "note"
ENTRY_KINDS: Final = [
    (WORDS, "客户陈述"),
    (ANSWER, "答复"),
    (EXTENSION, "延期告知"),
    (RECHECK, "复核结果"),
    (CLOSING, "办结说明"),
    (NOTE, "内部备注"),
]
BY_CUSTOMER: Final = "customer"
MOST_EXTENSIONS: Final = 2
WORST: Final = 1
BEST: Final = 5


class Complaint(models.Model):
    """One complaint of one customer: what it is about, how far it is, and by which business date it is to be answered.

    States in `accounts.states.COMPLAINT`: received → answered, perhaps extended before; answered → closed by the
    customer's score or by staff, or received again when the customer adds words. `subject_kind` and `subject_id` name the
    customer's own thing that it is about, by a kind that its room has registered (`accounts.complaint_subjects`); where
    that is a rejected opening or application, `recheck` says what looking at it again came to (A1-12). `term_from_date` is
    the day from which `due_date` is counted: that of the complaint, or of the words that came after an answer.
    `first_answered_date` stays; `answered_date` is that of the latest answer. `overdue_date` is the first business date
    on which it was found late in its latest term; it stays when it is answered after all.

    PII: none beside opaque ids; who said what stands sealed in the entries. Kept as the relationship's records are.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="complaints")
    category = models.CharField("类别", max_length=16, choices=CATEGORIES)
    channel = models.CharField("渠道", max_length=12, choices=CHANNELS, default=MINI_PROGRAM)
    subject_kind = models.CharField("所涉业务类型", max_length=30, blank=True, default="")
    subject_id = models.UUIDField("所涉业务", null=True, blank=True)
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=RECEIVED)
    received_date = models.DateField("收到日期")
    term_from_date = models.DateField("期限起算日")
    due_date = models.DateField("答复期限")
    extensions = models.PositiveSmallIntegerField("延期次数", default=0)
    overdue_date = models.DateField("发现逾期日", null=True, blank=True)
    first_answered_date = models.DateField("首次答复日", null=True, blank=True)
    answered_date = models.DateField("最近答复日", null=True, blank=True)
    closed_date = models.DateField("办结日", null=True, blank=True)
    score = models.PositiveSmallIntegerField("满意度评分", null=True, blank=True)
    recheck = models.CharField("复核结果", max_length=10, choices=RECHECKS, blank=True, default="")
    recorded_by = models.CharField("登记人", max_length=150, blank=True, default="")
    created_at = models.DateTimeField("收到时间", default=timezone.now)

    class Meta:
        db_table = "accounts_complaint"
        verbose_name = verbose_name_plural = "客户投诉"
        permissions = [("decide_complaint", "复核投诉再次延期")]
        constraints = [
            models.CheckConstraint(
                condition=Q(subject_kind="", subject_id=None) | (~Q(subject_kind="") & Q(subject_id__isnull=False)),
                name="accounts_complaint_subject_whole",
            ),
            models.CheckConstraint(
                condition=Q(extensions__lte=MOST_EXTENSIONS), name="accounts_complaint_extended_twice_at_most"
            ),
            models.CheckConstraint(
                condition=(Q(status=CLOSED) & Q(closed_date__isnull=False))
                | (~Q(status=CLOSED) & Q(closed_date=None, score=None)),
                name="accounts_complaint_closed_has_day",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[ANSWERED, CLOSED])
                | Q(answered_date__isnull=False, first_answered_date__isnull=False),
                name="accounts_complaint_answered_before_closed",
            ),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__range=(WORST, BEST)), name="accounts_complaint_score"
            ),
            models.CheckConstraint(
                condition=Q(recheck="") | Q(subject_id__isnull=False), name="accounts_complaint_recheck_of_subject"
            ),
        ]
        indexes = [
            models.Index(fields=["due_date"], condition=Q(status__in=OWED), name="accounts_complaint_owed"),
            models.Index(fields=["customer", "-id"], name="accounts_complaint_of"),
            models.Index(fields=["received_date"], name="accounts_complaint_by_day"),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class ComplaintEntry(models.Model):
    """One thing that was said of a complaint: by the customer, by the bank to the customer, or a note among staff.

    Append-only by trigger; notes are never shown to the customer. Of `words` the author is `customer`, of
    everything else a login of the bank (two, where two decided).

    PII: `said`, sealed: the customer's own words and the answers to them; kept as the complaint is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    complaint = models.ForeignKey(Complaint, verbose_name="投诉", on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField("类型", max_length=9, choices=ENTRY_KINDS)
    author = models.CharField("提交人", max_length=ACTOR_LENGTH)
    said = SealedTextField("内容")
    created_at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        db_table = "accounts_complaint_entry"
        verbose_name = verbose_name_plural = "投诉记录"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _ in ENTRY_KINDS]), name="accounts_complaint_entry_kind"
            ),
        ]
        indexes = [models.Index(fields=["complaint", "id"], name="accounts_complaint_said")]

    def __str__(self) -> str:
        """Show the kind only."""
        return f"{self.kind} {self.id.hex}"
