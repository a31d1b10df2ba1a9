"""Collections: who works on an overdue loan, and every contact with its borrower (LN-15)."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id
from lending.models.loan import Loan

PHONE: Final = "phone"
SMS: Final = "sms"
LETTER: Final = "letter"
VISIT: Final = "visit"
CHANNELS: Final = [(PHONE, "电话"), (SMS, "短信"), (LETTER, "信函"), (VISIT, "上门")]

BORROWER: Final = "borrower"
SOMEBODY_ELSE: Final = "other"
PERSONS: Final = [(BORROWER, "借款人本人"), (SOMEBODY_ELSE, "其他人")]

RESULTS: Final = [
    ("promised", "承诺还款"),
    ("reached", "已联系，未承诺"),
    ("disputed", "对欠款有异议"),
    ("hardship", "反映还款困难"),
    ("refused", "拒绝还款"),
    ("no_answer", "无人接听或未送达"),
    ("invalid", "号码或地址无效"),
]


class OverdueLoan(Loan):
    """A loan as the collectors' work list shows it: the same row as `Loan`, of those that are overdue.

    PII: as `Loan`.
    """

    class Meta:
        proxy = True
        verbose_name = verbose_name_plural = "逾期催收"
        permissions = [("collect_overdueloan", "联系逾期借款人"), ("assign_overdueloan", "分派逾期贷款")]


class CollectionAgency(models.Model):
    """One agency that this bank has commissioned and published; only such a one may contact a borrower for the bank.

    In force from `since_date` until `removed_at`.

    PII: none; a company and its business phone.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    name = models.CharField("机构名称", max_length=100)
    credit_code = models.CharField("统一社会信用代码", max_length=18)
    phone = models.CharField("联系电话", max_length=30)
    since_date = models.DateField("合作起始日")
    created_by = models.CharField("录入人", max_length=150)
    created_at = models.DateTimeField("录入时间", default=timezone.now)
    removed_by = models.CharField("终止人", max_length=150, blank=True, default="")
    removed_at = models.DateTimeField("终止时间", null=True, blank=True)

    class Meta:
        db_table = "lending_collection_agency"
        verbose_name = verbose_name_plural = "催收合作机构"
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code"], condition=Q(removed_at=None), name="lending_collection_agency_once"
            )
        ]

    def __str__(self) -> str:
        """Show the name."""
        return self.name


class CollectionAssignment(models.Model):
    """Who works on an overdue loan from a moment on: a login of the bank, perhaps with an agency. Append-only.

    The latest row of a loan counts.

    PII: none beside opaque ids and a staff login.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="assignments", verbose_name="贷款")
    collector = models.CharField("催收员", max_length=150)
    agency = models.ForeignKey(
        CollectionAgency, models.PROTECT, related_name="assignments", verbose_name="委托机构", null=True, blank=True
    )
    assigned_by = models.CharField("分派人", max_length=150)
    assigned_at = models.DateTimeField("分派时间", default=timezone.now)

    class Meta:
        db_table = "lending_collection_assignment"
        verbose_name = verbose_name_plural = "催收分派"
        indexes = [models.Index(fields=["loan", "-id"], name="lending_assignment_of")]

    def __str__(self) -> str:
        """Show the collector."""
        return self.collector


class CollectionContact(models.Model):
    """One contact with the borrower of an overdue loan, entered before it is made: entering it is what permits it.

    The borrower alone, by constraint; within the hours of the day, by the operation. `contact_date` is the day in
    Shanghai, by which contacts are counted. Append-only; how it went is a `CollectionOutcome`.

    PII: none beside opaque ids; kept as the loan is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="contacts", verbose_name="贷款")
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="+", verbose_name="借款人")
    channel = models.CharField("方式", max_length=6, choices=CHANNELS)
    person = models.CharField("联系对象", max_length=8, choices=PERSONS)
    agency = models.ForeignKey(
        CollectionAgency, models.PROTECT, related_name="contacts", verbose_name="委托机构", null=True, blank=True
    )
    overdue_days = models.PositiveIntegerField("逾期天数")
    overdue_fen = models.BigIntegerField("逾期金额（分）")
    actor = models.CharField("催收员", max_length=150)
    contact_date = models.DateField("联系日期")
    started_at = models.DateTimeField("联系时间", default=timezone.now)

    class Meta:
        db_table = "lending_collection_contact"
        verbose_name = verbose_name_plural = "催收记录"
        constraints = [
            models.CheckConstraint(condition=Q(person=BORROWER), name="lending_collection_contact_borrower_only"),
            models.CheckConstraint(
                condition=Q(channel__in=[channel for channel, _ in CHANNELS]), name="lending_collection_contact_channel"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "contact_date"], name="lending_contact_of_day"),
            models.Index(fields=["loan", "-id"], name="lending_contact_of_loan"),
        ]

    def __str__(self) -> str:
        """Show channel and time."""
        return f"{self.channel} {timezone.localtime(self.started_at):%Y-%m-%d %H:%M}"


class CollectionOutcome(models.Model):
    """How one contact went, as who made it tells; once, append-only. A promised amount is in fen.

    PII: `note`, sealed: what the borrower said; kept as the loan is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    contact = models.OneToOneField(CollectionContact, models.PROTECT, related_name="outcome", verbose_name="联系")
    result = models.CharField("结果", max_length=10, choices=RESULTS)
    promised_date = models.DateField("承诺还款日", null=True, blank=True)
    promised_fen = models.BigIntegerField("承诺金额（分）", null=True, blank=True)
    note = SealedTextField("备注", null=True, blank=True)
    actor = models.CharField("登记人", max_length=150)
    created_at = models.DateTimeField("登记时间", default=timezone.now)

    class Meta:
        db_table = "lending_collection_outcome"
        verbose_name = verbose_name_plural = "联系结果"
        constraints = [
            models.CheckConstraint(
                condition=Q(result__in=[result for result, _ in RESULTS]), name="lending_collection_outcome_result"
            ),
            models.CheckConstraint(
                condition=Q(result="promised", promised_date__isnull=False)
                | (~Q(result="promised") & Q(promised_date=None, promised_fen=None)),
                name="lending_collection_outcome_promise_has_day",
            ),
        ]

    def __str__(self) -> str:
        """Show the result."""
        return self.result
