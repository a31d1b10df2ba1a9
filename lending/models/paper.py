"""Papers of a loan beside its contract: receipts, statements, certificates, notices; and the counter of their numbers."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.ids import new_id
from lending.models.certificate import BankCertificate
from lending.models.loan import Loan
from lending.models.repayment import Repayment

RECEIPT: Final = "receipt"
STATEMENT: Final = "statement"
SETTLEMENT: Final = "settlement"
NOTICE: Final = "notice"
KINDS: Final = [
    (RECEIPT, "还款凭证"),
    (STATEMENT, "贷款对账单"),
    (SETTLEMENT, "结清证明"),
    (NOTICE, "不良信息报送告知书"),
]
PREFIXES: Final = {RECEIPT: "HK", STATEMENT: "DZ", SETTLEMENT: "JQ", NOTICE: "GZ"}


class PaperCounter(models.Model):
    """How many numbers this bank has given out in one series (kind of paper and year); only ever counted up.

    PII: none.
    """

    series = models.CharField("编号系列", primary_key=True, max_length=8)
    last = models.PositiveIntegerField("已用序号", default=0)

    class Meta:
        db_table = "lending_paper_counter"
        verbose_name = verbose_name_plural = "文书编号序列"

    def __str__(self) -> str:
        """Show series and count."""
        return f"{self.series} {self.last}"


class LoanPaper(models.Model):
    """One paper of one loan, signed by the bank: a receipt, a statement, a settlement certificate, a notice.

    The row is made first, with its number and the keyed hash of all that the paper states; the file follows and fills the
    columns from `object_id` on, together and once (by trigger). Whoever asks for a paper that states the same gets this
    one: so a paper exists once while nothing changed, and its number says which words it had. A row without a file is a
    paper whose making was interrupted; the next request makes it under the same number.

    PII: the file names the borrower and the debt, sealed in the vault; kept as the loan file is, ten years after
    settlement (AML-04, SIGN-03).
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="papers", verbose_name="贷款")
    repayment = models.ForeignKey(
        Repayment, models.PROTECT, related_name="papers", verbose_name="还款", null=True, blank=True
    )
    kind = models.CharField("种类", max_length=10, choices=KINDS)
    number = models.CharField("编号", max_length=20, unique=True)
    from_date = models.DateField("期间起", null=True, blank=True)
    to_date = models.DateField("期间止", null=True, blank=True)
    issued_date = models.DateField("出具日期")
    asked_by = models.CharField("申请人", max_length=100)
    content_keyed_hash = models.BinaryField("内容摘要（加密）", max_length=32)
    created_at = models.DateTimeField("编号时间", default=timezone.now)
    object_id = models.UUIDField("保管对象", null=True, blank=True)
    sha256 = models.BinaryField("文件摘要", max_length=32, null=True, unique=True)
    certificate = models.ForeignKey(
        BankCertificate, models.PROTECT, related_name="papers", verbose_name="签名证书", null=True, blank=True
    )
    evidence_leaf = models.UUIDField("存证", null=True, blank=True)
    signed_at = models.DateTimeField("签署时间", null=True, blank=True, help_text="时间戳所载时间")

    class Meta:
        db_table = "lending_loan_paper"
        verbose_name = verbose_name_plural = "贷款文书"
        permissions = [("download_loanpaper", "下载贷款文书")]
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "kind", "content_keyed_hash"], name="lending_loan_paper_states_once"
            ),
            models.CheckConstraint(
                condition=Q(object_id=None, sha256=None, certificate=None, evidence_leaf=None, signed_at=None)
                | Q(
                    object_id__isnull=False,
                    sha256__isnull=False,
                    certificate__isnull=False,
                    evidence_leaf__isnull=False,
                    signed_at__isnull=False,
                ),
                name="lending_loan_paper_made_as_a_whole",
            ),
            models.CheckConstraint(
                condition=Q(kind=RECEIPT, repayment__isnull=False) | (~Q(kind=RECEIPT) & Q(repayment=None)),
                name="lending_loan_paper_receipt_of_repayment",
            ),
            models.CheckConstraint(
                condition=Q(kind=STATEMENT, from_date__lte=F("to_date"))
                | (~Q(kind=STATEMENT) & Q(from_date=None, to_date=None)),
                name="lending_loan_paper_statement_of_period",
            ),
            models.CheckConstraint(condition=Q(kind__in=[kind for kind, _ in KINDS]), name="lending_loan_paper_kind"),
        ]
        indexes = [models.Index(fields=["loan", "-id"], name="lending_loan_paper_of")]

    def __str__(self) -> str:
        """Show the number."""
        return self.number

    @property
    def is_made(self) -> bool:
        """Tell whether the file is in the vault."""
        return self.object_id is not None
