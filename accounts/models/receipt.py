"""Money that came in from outside the app, what became of it, and money that goes back."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.deposit_account import DepositAccount
from accounts.models.ledger import JournalEntry, Payment
from accounts.models.movements import TopUp, Transfer
from core.actors import ACTOR_LENGTH
from core.crypto.fields import SealedTextField
from core.ids import new_id

COUNTER_CASH: Final = "counter_cash"
TRANSFER_IN: Final = "transfer_in"
THIRD_PARTY: Final = "third_party"
CHANNELS: Final = [(COUNTER_CASH, "柜面现金"), (TRANSFER_IN, "转账汇入"), (THIRD_PARTY, "第三方代付")]
TO_ACCOUNT: Final = "to_account"
TAKEN: Final = "taken"
REFUND: Final = "refund"
USES: Final = [(TO_ACCOUNT, "入账户"), (TAKEN, "用于还款等业务"), (REFUND, "退款")]
OWED: Final = "owed"
SENDING: Final = "sending"
PAID: Final = "paid"
REFUND_STATUSES: Final = [(OWED, "待付"), (SENDING, "汇出中"), (PAID, "已付")]


class Receipt(models.Model):
    """One sum that came in from outside the app, held in suspense (3101) until a second person says whose it is.

    `left_fen` is what nobody has been given yet. One voucher of the outside, by channel and reference, is one receipt, but for
    what was recorded by mistake and is voided, by another person and as a whole: its entry is reversed, nothing of it is left.

    PII: the payer's name and account number, sealed: who paid must be known (AML); kept as the books are.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    channel = models.CharField("来源", max_length=12, choices=CHANNELS)
    reference = models.CharField("外部凭证号", max_length=64)
    amount_fen = models.BigIntegerField("金额（分）")
    left_fen = models.BigIntegerField("未处理金额（分）")
    payer_name = SealedTextField("付款人", null=True, blank=True)
    payer_account = SealedTextField("付款账号", null=True, blank=True)
    memo = models.CharField("附言", max_length=100, blank=True, default="")
    received_date = models.DateField("收款日")
    recorded_by = models.CharField("登记人", max_length=ACTOR_LENGTH)
    entry = models.OneToOneField(JournalEntry, verbose_name="分录", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("登记时间", default=timezone.now)
    voided_date = models.DateField("作废日", null=True, blank=True)
    voided_by = models.CharField("作废人", max_length=ACTOR_LENGTH, blank=True, default="")

    class Meta:
        db_table = "accounts_receipt"
        verbose_name = verbose_name_plural = "外部来款"
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "reference"], condition=Q(voided_date=None), name="accounts_receipt_once"
            ),
            models.CheckConstraint(
                condition=Q(voided_date=None, voided_by="")
                | (Q(voided_date__isnull=False, left_fen=0) & ~Q(voided_by="") & ~Q(voided_by=F("recorded_by"))),
                name="accounts_receipt_voided",
            ),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_receipt_positive"),
            models.CheckConstraint(
                condition=Q(left_fen__gte=0, left_fen__lte=F("amount_fen")), name="accounts_receipt_left"
            ),
        ]
        indexes = [models.Index(fields=["received_date"], condition=Q(left_fen__gt=0), name="accounts_receipt_open")]

    def __str__(self) -> str:
        """Show the reference."""
        return self.reference


class ReceiptUse(models.Model):
    """What a second person decided about a receipt, or a part of it: into an account, taken by another room, or back.

    The maker recorded the receipt, the checker decided: never the same person. Booked by `entry`; money on its way to
    an account in the core has a `payment` first. One with a `code` gave its part back: the core refused it, or it was
    reversed (`returned`).

    PII: none beside the staff's logins.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    receipt = models.ForeignKey(Receipt, verbose_name="来款", on_delete=models.PROTECT, related_name="uses")
    use = models.CharField("处理", max_length=10, choices=USES)
    amount_fen = models.BigIntegerField("金额（分）")
    account = models.ForeignKey(
        DepositAccount, verbose_name="账户", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    payment = models.OneToOneField(
        Payment, verbose_name="收付", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    entry = models.OneToOneField(
        JournalEntry, verbose_name="分录", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField("失败原因", max_length=40, blank=True, default="")
    maker = models.CharField("登记人", max_length=ACTOR_LENGTH)
    checker = models.CharField("处理人", max_length=ACTOR_LENGTH)
    created_at = models.DateTimeField("处理时间", default=timezone.now)

    class Meta:
        db_table = "accounts_receipt_use"
        verbose_name = verbose_name_plural = "来款处理"
        constraints = [
            models.CheckConstraint(condition=~Q(maker=F("checker")), name="accounts_receipt_use_four_eyes"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_receipt_use_positive"),
            models.CheckConstraint(
                condition=Q(use=TO_ACCOUNT, account__isnull=False, payment__isnull=False)
                | Q(use__in=[TAKEN, REFUND], account__isnull=True, payment__isnull=True, entry__isnull=False),
                name="accounts_receipt_use_booked",
            ),
        ]

    def __str__(self) -> str:
        """Show the use."""
        return f"{self.use} {self.id.hex}"


class Refund(models.Model):
    """Money that goes back: of a receipt, a top-up, a transfer, a wrong debit; owed by the bank (2241) until it left.

    A wrong debit is owed where its account was closed since: `correction` is the entry that has reversed it.

    States in `accounts.states.REFUND`: owed → sending → paid; back to owed where the transfer failed. `account` is the one
    on whose behalf it is sent through the payment network, to a card bound to it; without one staff pay it by hand.

    PII: the payee's name and account number, sealed; kept as the books are.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    use = models.OneToOneField(
        ReceiptUse, verbose_name="来款处理", null=True, blank=True, on_delete=models.PROTECT, related_name="refund"
    )
    top_up = models.OneToOneField(
        TopUp, verbose_name="资金转入", null=True, blank=True, on_delete=models.PROTECT, related_name="given_back"
    )
    transfer = models.OneToOneField(
        Transfer, verbose_name="转账", null=True, blank=True, on_delete=models.PROTECT, related_name="given_back"
    )
    correction = models.OneToOneField(
        JournalEntry,
        verbose_name="错扣冲正分录",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="given_back",
    )
    account = models.ForeignKey(
        DepositAccount, verbose_name="代付账户", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    amount_fen = models.BigIntegerField("金额（分）")
    payee_name = SealedTextField("收款人")
    payee_account = SealedTextField("收款账号", null=True, blank=True)
    status = models.CharField("状态", max_length=8, choices=REFUND_STATUSES, default=OWED)
    reason = models.CharField("退款原因", max_length=100)
    approved_by = models.CharField("批准人", max_length=ACTOR_LENGTH)
    paid_by = models.CharField("付款登记人", max_length=ACTOR_LENGTH, blank=True, default="")
    outside_reference = models.CharField("付款凭证号", max_length=64, blank=True, default="")
    entry = models.OneToOneField(
        JournalEntry, verbose_name="付款分录", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField("批准时间", default=timezone.now)
    paid_at = models.DateTimeField("付款时间", null=True, blank=True)

    class Meta:
        db_table = "accounts_refund"
        verbose_name = verbose_name_plural = "退款"
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="accounts_refund_positive"),
            models.CheckConstraint(condition=~Q(approved_by=F("paid_by")), name="accounts_refund_four_eyes"),
            models.CheckConstraint(
                condition=Q(use__isnull=False, top_up=None, transfer=None, correction=None)
                | Q(use=None, top_up__isnull=False, transfer=None, correction=None)
                | Q(use=None, top_up=None, transfer__isnull=False, correction=None)
                | Q(use=None, top_up=None, transfer=None, correction__isnull=False),
                name="accounts_refund_has_one_source",
            ),
            models.CheckConstraint(
                condition=~Q(status=PAID)
                | (Q(entry__isnull=False, paid_at__isnull=False) & ~Q(outside_reference="") & ~Q(paid_by="")),
                name="accounts_refund_paid",
            ),
        ]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
