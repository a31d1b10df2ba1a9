"""The double-entry ledger of one bank: entries whose postings balance, append-only; and payments on their way."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.ledger.chart import ENTRY_KINDS
from accounts.models.deposit_account import DepositAccount
from core.ids import new_id

PENDING: Final = "pending"
ARRIVED: Final = "arrived"
POSTED: Final = "posted"
FAILED: Final = "failed"
PAYMENT_STATUSES: Final = [(PENDING, "处理中"), (ARRIVED, "核心已入账"), (POSTED, "已记账"), (FAILED, "失败")]
IN: Final = "in"
OUT: Final = "out"


class JournalEntry(models.Model):
    """One voucher. Its postings sum to zero (a deferred constraint) and neither it nor they ever change (triggers).

    Corrections are new entries that name the entry they reverse. `business_ref` is unique: the same business fact is
    never booked twice.

    PII: none; the memo names the business, not the person.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    business_ref = models.CharField("业务参考号", max_length=80, unique=True)
    kind = models.CharField("业务种类", max_length=30, choices=ENTRY_KINDS)
    booking_date = models.DateField("记账日")
    value_date = models.DateField("起息日")
    memo = models.CharField("摘要", max_length=100, blank=True, default="")
    reverses = models.OneToOneField(
        "self",
        verbose_name="冲正分录",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reversed_by",
    )
    created_at = models.DateTimeField("记账时间", default=timezone.now)

    class Meta:
        db_table = "accounts_journal_entry"
        verbose_name = verbose_name_plural = "会计分录"
        permissions = [("propose_correction", "可以申请错扣退回"), ("decide_correction", "可以复核错扣退回")]
        indexes = [
            models.Index(fields=["booking_date"], name="accounts_entry_by_day"),
            models.Index(
                fields=["booking_date", "value_date"], condition=Q(value_date__lt=F("booking_date")),
                name="accounts_entry_late",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Show the business reference."""
        return self.business_ref


class Posting(models.Model):
    """One line of an entry: a debit (positive) or a credit (negative) in fen on one GL account.

    A line on customers' deposits names the deposit account and the balance that the account had after it.

    PII: none by itself; reached through the account. Kept as the books are.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    entry = models.ForeignKey(JournalEntry, verbose_name="分录", on_delete=models.PROTECT, related_name="postings")
    gl_code = models.CharField("科目", max_length=8)
    account = models.ForeignKey(
        DepositAccount,
        verbose_name="存款账户",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="postings",
    )
    amount_fen = models.BigIntegerField("金额（分，借正贷负）")
    balance_after_fen = models.BigIntegerField("账户余额（分）", null=True, blank=True)

    class Meta:
        db_table = "accounts_posting"
        verbose_name = verbose_name_plural = "分录明细"
        constraints = [
            models.CheckConstraint(condition=~Q(amount_fen=0), name="accounts_posting_not_zero"),
            models.CheckConstraint(
                condition=Q(account=None, balance_after_fen=None)
                | Q(account__isnull=False, balance_after_fen__isnull=False),
                name="accounts_posting_account_has_balance",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], condition=Q(account__isnull=False), name="accounts_statement"),
            models.Index(fields=["gl_code"], include=["amount_fen"], name="accounts_posting_by_gl"),
        ]

    def __str__(self) -> str:
        """Show account and amount."""
        return f"{self.gl_code} {self.amount_fen}"


class Payment(models.Model):
    """One movement between the bank and a customer's account, on its way.

    States: an account kept here: posted at once. Kept by the core: pending (the step asks the core under `request_id`, and
    the core lists the order on its statement of `order_date`) → arrived (the core has booked; ours follows in the
    caller's transaction) → posted; failed from pending.

    PII: none; amounts hang on the account.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="payments")
    direction = models.CharField("方向", max_length=3, choices=[(IN, "入账"), (OUT, "扣款")])
    amount_fen = models.BigIntegerField("金额（分）")
    legs = models.JSONField("对方科目")
    business_ref = models.CharField("业务参考号", max_length=80, unique=True)
    kind = models.CharField("业务种类", max_length=30, choices=ENTRY_KINDS)
    memo = models.CharField("摘要", max_length=100, blank=True, default="")
    status = models.CharField("状态", max_length=8, choices=PAYMENT_STATUSES, default=PENDING)
    code = models.CharField("失败原因", max_length=40, blank=True, default="")
    core_reference = models.CharField("核心流水", max_length=64, blank=True, default="")
    order_date = models.DateField("业务日")
    request_id = models.UUIDField("核心请求号", null=True, blank=True, unique=True)
    entry = models.OneToOneField(JournalEntry, verbose_name="分录", null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "accounts_payment"
        verbose_name = verbose_name_plural = "资金收付"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_payment_positive"),
            models.CheckConstraint(
                condition=~Q(status=POSTED) | Q(entry__isnull=False), name="accounts_posted_payment_has_entry"
            ),
        ]
        indexes = [
            models.Index(fields=["order_date"], condition=Q(request_id__isnull=False), name="accounts_order_by_day")
        ]

    def __str__(self) -> str:
        """Show the business reference."""
        return self.business_ref
