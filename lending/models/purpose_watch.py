"""The watch over what borrowed money is used for: words, findings, and which days were looked at (LN-12)."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.crypto.fields import SealedTextField
from core.ids import new_id
from lending.models.loan import Loan
from lending.purposes import BUSINESS, CONSUMER

WORD: Final = "word"
MCC: Final = "mcc"
SORTS: Final = [(WORD, "文字"), (MCC, "商户类别码")]
ALL_LOANS: Final = "all"
APPLIES_TO: Final = [(ALL_LOANS, "全部贷款"), (CONSUMER, "个人消费贷款"), (BUSINESS, "个人经营贷款")]

FOUND: Final = "found"
MISUSED: Final = "misused"
CLOSED: Final = "closed"
STATUSES: Final = [(FOUND, "待核查"), (MISUSED, "已认定挪用"), (CLOSED, "已排除")]


class WatchTerm(models.Model):
    """One word (or merchant category code) of this bank by which an outflow of borrowed money is found, beside our own.

    In force until `removed_at`. The words of the platform (`lending.purpose_words`) always count: a bank adds to them.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    sort = models.CharField("种类", max_length=4, choices=SORTS)
    text = models.CharField("文字或类别码", max_length=30)
    applies_to = models.CharField("适用贷款", max_length=10, choices=APPLIES_TO, default=ALL_LOANS)
    note = models.CharField("说明", max_length=200, blank=True, default="")
    created_by = models.CharField("录入人", max_length=150)
    created_at = models.DateTimeField("录入时间", default=timezone.now)
    removed_by = models.CharField("停用人", max_length=150, blank=True, default="")
    removed_at = models.DateTimeField("停用时间", null=True, blank=True)

    class Meta:
        db_table = "lending_watch_term"
        verbose_name = verbose_name_plural = "资金用途监测词"
        constraints = [
            models.UniqueConstraint(
                fields=["sort", "text", "applies_to"], condition=Q(removed_at=None), name="lending_watch_term_once"
            )
        ]

    def __str__(self) -> str:
        """Show the word."""
        return self.text


class PurposeFinding(models.Model):
    """One outflow from a borrower's account, within the watch after disbursement, that may be a misuse; in fen.

    States in `lending.states.FINDING`: found → misused, when two persons hold it for that (`lending.approvals`; that they
    are two is a constraint here, too) | closed, with a reason. `posting_id` is the line of the ledger; the same outflow is
    found once for a loan.

    PII: `counterparty`, sealed: who received the money, as the statement names them; kept as the loan is.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="findings", verbose_name="贷款")
    posting_id = models.UUIDField("账户明细")
    booking_date = models.DateField("记账日")
    amount_fen = models.BigIntegerField("金额（分）")
    counterparty = SealedTextField("对方与摘要")
    sort = models.CharField("命中种类", max_length=4, choices=SORTS)
    term = models.CharField("命中内容", max_length=30)
    status = models.CharField("状态", max_length=8, choices=STATUSES, default=FOUND)
    proposed_by = models.CharField("认定发起人", max_length=150, blank=True, default="")
    decided_by = models.CharField("复核人", max_length=150, blank=True, default="")
    opinion = models.CharField("意见", max_length=200, blank=True, default="")
    created_at = models.DateTimeField("发现时间", default=timezone.now)
    decided_at = models.DateTimeField("结论时间", null=True, blank=True)

    class Meta:
        db_table = "lending_purpose_finding"
        verbose_name = verbose_name_plural = "资金用途预警"
        permissions = [("judge_purposefinding", "核查资金用途预警")]
        constraints = [
            models.UniqueConstraint(fields=["loan", "posting_id"], name="lending_purpose_finding_once"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="lending_purpose_finding_amount_positive"),
            models.CheckConstraint(
                condition=~Q(status=MISUSED)
                | (~Q(proposed_by="") & ~Q(decided_by="") & ~Q(proposed_by=F("decided_by"))),
                name="lending_purpose_finding_two_persons",
            ),
            models.CheckConstraint(
                condition=~Q(status=CLOSED) | (~Q(decided_by="") & ~Q(opinion="")),
                name="lending_purpose_finding_closed_with_reason",
            ),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="lending_finding_by_status")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class PurposeScan(models.Model):
    """One booking date whose outflows were looked at: how many, and how many were found. Append-only.

    PII: none.
    """

    scanned_date = models.DateField("记账日", primary_key=True)
    outflows = models.PositiveIntegerField("核查笔数")
    found = models.PositiveIntegerField("预警笔数")
    scanned_at = models.DateTimeField("核查时间", default=timezone.now)

    class Meta:
        db_table = "lending_purpose_scan"
        verbose_name = verbose_name_plural = "用途核查记录"

    def __str__(self) -> str:
        """Show the day."""
        return str(self.scanned_date)
