"""Money that customers bring in and send out themselves: top-ups and transfers."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.customer import Customer
from accounts.models.deposit_account import DepositAccount
from accounts.models.holds import Hold
from accounts.models.ledger import Payment
from accounts.models.registration import Card
from core.crypto.fields import SealedTextField
from core.ids import new_id

COLLECTING: Final = "collecting"
CREDITING: Final = "crediting"
CHECKING: Final = "checking"
DEBITING: Final = "debiting"
SENDING: Final = "sending"
REFUNDING: Final = "refunding"
POSTED: Final = "posted"
FAILED: Final = "failed"
STRANDED: Final = "stranded"
TOP_UP_STATUSES: Final = [
    (COLLECTING, "代收中"),
    (CREDITING, "核心入账中"),
    (POSTED, "已入账"),
    (FAILED, "失败"),
    (STRANDED, "已挂账"),
]
TRANSFER_STATUSES: Final = [
    (CHECKING, "检查中"),
    (DEBITING, "核心扣款中"),
    (SENDING, "汇出中"),
    (REFUNDING, "核心退回中"),
    (POSTED, "已完成"),
    (FAILED, "失败"),
    (STRANDED, "已挂账"),
]
ON_THEIR_WAY: Final = ("top_up:", "transfer:")  # how what rests on an account while it moves names itself
BOUND: Final = "bound"
HERE: Final = "here"
ELSEWHERE: Final = "elsewhere"
PAYEES: Final = [(BOUND, "本人绑定卡"), (HERE, "本行账户"), (ELSEWHERE, "他行账户")]


class TopUp(models.Model):
    """One amount that a customer draws from a bound card of their own onto an account at this bank.

    States (see `accounts.states.TOP_UP`): collecting (the card's bank is asked under our id) → posted, where the account
    is kept here; by way of crediting, where the core keeps it; failed, where the card's bank refuses. stranded: the
    money came, and the account could no longer take it: it stands in suspense for staff to give back.

    PII: none by itself; reached through account and card.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="top_ups")
    account = models.ForeignKey(DepositAccount, verbose_name="账户", on_delete=models.PROTECT, related_name="top_ups")
    card = models.ForeignKey(Card, verbose_name="银行卡", on_delete=models.PROTECT, related_name="top_ups")
    amount_fen = models.BigIntegerField("金额（分）")
    status = models.CharField("状态", max_length=10, choices=TOP_UP_STATUSES, default=COLLECTING)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    reference = models.CharField("清算流水", max_length=64, blank=True, default="")
    payment = models.OneToOneField(Payment, verbose_name="资金收付", null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_top_up"
        verbose_name = verbose_name_plural = "资金转入"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_top_up_positive"),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in TOP_UP_STATUSES]), name="accounts_top_up_status"
            ),
            models.CheckConstraint(
                condition=~Q(status=POSTED) | Q(payment__isnull=False), name="accounts_posted_top_up_has_payment"
            ),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="accounts_top_up_of_account")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class Transfer(models.Model):
    """One amount that a customer sends from an account at this bank to a bound card or to somebody else's account.

    States (see `accounts.states.TRANSFER`): checking → posted at once between two accounts kept here; → sending under a
    hold, where this system keeps the account, → posted or failed; → debiting → sending, where the core keeps it, and
    back by refunding. A counterparty on a watchlist ends it as failed. stranded: the money was taken and could go
    neither on nor back; it stands in suspense for staff.

    PII: the payee's name and number, sealed: what anti-money-laundering rules want kept of a transaction, ten years
    after it (AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, verbose_name="客户", on_delete=models.PROTECT, related_name="transfers")
    account = models.ForeignKey(
        DepositAccount, verbose_name="付款账户", on_delete=models.PROTECT, related_name="transfers"
    )
    payee_kind = models.CharField("收款方", max_length=9, choices=PAYEES)
    payee_name = SealedTextField("收款人姓名")
    payee_number = SealedTextField("收款账号")
    card = models.ForeignKey(
        Card, verbose_name="收款卡", null=True, blank=True, on_delete=models.PROTECT, related_name="transfers"
    )
    payee_account = models.ForeignKey(
        DepositAccount, verbose_name="收款账户", null=True, blank=True, on_delete=models.PROTECT,
        related_name="transfers_in",
    )  # fmt: skip
    amount_fen = models.BigIntegerField("金额（分）")
    status = models.CharField("状态", max_length=10, choices=TRANSFER_STATUSES, default=CHECKING)
    reason_code = models.CharField("原因", max_length=40, blank=True, default="")
    hold = models.OneToOneField(Hold, verbose_name="占用", null=True, blank=True, on_delete=models.PROTECT)
    payment = models.OneToOneField(
        Payment, verbose_name="核心扣款", null=True, blank=True, on_delete=models.PROTECT, related_name="transfer"
    )
    refund = models.OneToOneField(
        Payment, verbose_name="核心退回", null=True, blank=True, on_delete=models.PROTECT, related_name="refund_of"
    )
    reference = models.CharField("清算流水", max_length=64, blank=True, default="")
    created_at = models.DateTimeField("创建时间", default=timezone.now)
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_transfer"
        verbose_name = verbose_name_plural = "转账"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_transfer_positive"),
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in TRANSFER_STATUSES]), name="accounts_transfer_status"
            ),
            models.CheckConstraint(
                condition=Q(payee_kind=BOUND, card__isnull=False, payee_account=None)
                | Q(payee_kind=HERE, card=None, payee_account__isnull=False)
                | Q(payee_kind=ELSEWHERE, card=None, payee_account=None),
                name="accounts_transfer_payee",
            ),
            models.CheckConstraint(condition=Q(hold=None) | Q(payment=None), name="accounts_transfer_hold_or_payment"),
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="accounts_transfer_of_customer")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
