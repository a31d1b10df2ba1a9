"""Signed contracts, agreements of lines, and the counter of their numbers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.ids import new_id
from lending.models.certificate import BankCertificate
from lending.models.credit_line import CreditLine
from lending.models.drawdown import Drawdown


class ContractCounter(models.Model):
    """How many contract numbers this bank has given out in one year (SIGN-02); only ever counted up.

    PII: none.
    """

    year = models.PositiveSmallIntegerField("年份", primary_key=True)
    last = models.PositiveIntegerField("已用序号", default=0)

    class Meta:
        db_table = "lending_contract_counter"
        verbose_name = verbose_name_plural = "合同编号序列"

    def __str__(self) -> str:
        """Show year and count."""
        return f"{self.year} {self.last}"


class LineAgreement(models.Model):
    """One agreement for a whole line (循环借款合同), signed once; its drawdowns are then evidenced by vouchers (借据).

    The row exists if and only if the signed file is in the vault; it is written once, with the first drawdown that is
    drawn under it (`drawdown`), and never changed (by trigger). What it bounds: `limit_fen`, the `annual_rate` at which a
    drawdown may be priced at most, `valid_until_date`; `terms` is all else that it states of the product, `template` its
    text. Whether it serves a line's next drawdown: `lending.agreements`. File, bundle and leaves are as a `Contract`'s.

    PII: the file holds the parties' data, sealed in the vault; kept as contracts are (SIGN-03, AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey(CreditLine, models.PROTECT, related_name="agreements", verbose_name="授信额度")
    drawdown = models.OneToOneField(
        Drawdown, models.PROTECT, related_name="signed_agreement", verbose_name="签订时用信"
    )
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="+", verbose_name="客户")
    certificate = models.ForeignKey(BankCertificate, models.PROTECT, related_name="+", verbose_name="签名证书")
    number = models.CharField("合同编号", max_length=30, unique=True)
    contract_date = models.DateField("签订日期")
    valid_until_date = models.DateField("额度期限止")
    limit_fen = models.BigIntegerField("最高借款余额（分）")
    annual_rate = models.DecimalField("最高年利率（%）", max_digits=8, decimal_places=4)
    terms = models.JSONField("约定条款")
    template = models.CharField("文本", max_length=20)
    template_version = models.CharField("文本版本", max_length=60)
    object_id = models.UUIDField("保管对象")
    sha256 = models.BinaryField("文件摘要", max_length=32, unique=True)
    bundle = models.JSONField("签署凭据")
    evidence_leaf = models.UUIDField("存证")
    bundle_leaf = models.UUIDField("签署凭据存证")
    signed_at = models.DateTimeField("签署时间", help_text="时间戳所载时间")
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "lending_line_agreement"
        verbose_name = verbose_name_plural = "循环借款合同"
        constraints = [
            models.CheckConstraint(condition=~Q(number=""), name="lending_line_agreement_has_number"),
            models.CheckConstraint(condition=Q(limit_fen__gt=0), name="lending_line_agreement_limit_positive"),
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="lending_line_agreement_of")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex


class Contract(models.Model):
    """One contract that the bank has signed: the row exists if and only if the signed file is in the vault.

    Where `agreement` is named, it is a voucher (借据): one drawdown under the agreement of its line.

    Written once, with its place in the evidence log, in the transaction that makes its drawdown signed; never
    changed (by trigger). `sha256` is that of the signed file. `bundle` says how the customer signed (SIGN-01): face
    check, one-time code, device, reading time, disclosure, consents; all as ids and hashes. `evidence_leaf` proves
    the file, `bundle_leaf` the bundle.

    PII: the file holds the parties' data, sealed in the vault; kept five years after the certificate's end and ten
    after settlement (SIGN-03, AML-04).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    drawdown = models.OneToOneField(Drawdown, models.PROTECT, related_name="contract", verbose_name="用信")
    agreement = models.ForeignKey(
        LineAgreement, models.PROTECT, null=True, blank=True, related_name="vouchers", verbose_name="循环借款合同"
    )
    customer = models.ForeignKey("accounts.Customer", models.PROTECT, related_name="contracts", verbose_name="客户")
    certificate = models.ForeignKey(BankCertificate, models.PROTECT, related_name="contracts", verbose_name="签名证书")
    number = models.CharField("合同编号", max_length=30, unique=True)
    contract_date = models.DateField("签订日期")
    template_version = models.CharField("文本版本", max_length=60)
    object_id = models.UUIDField("保管对象")
    sha256 = models.BinaryField("文件摘要", max_length=32, unique=True)
    bundle = models.JSONField("签署凭据")
    evidence_leaf = models.UUIDField("存证")
    bundle_leaf = models.UUIDField("签署凭据存证")
    signed_at = models.DateTimeField("签署时间", help_text="时间戳所载时间")
    created_at = models.DateTimeField("创建时间", default=timezone.now)

    class Meta:
        db_table = "lending_contract"
        verbose_name = verbose_name_plural = "借款合同"
        constraints = [models.CheckConstraint(condition=~Q(number=""), name="lending_contract_has_number")]
        indexes = [models.Index(fields=["customer", "-id"], name="lending_contract_of")]

    def __str__(self) -> str:
        """Show the opaque id only."""
        return self.id.hex
