"""The instalments of a loan, in every version of its plan."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from lending.models.loan import Loan


class Instalment(models.Model):
    """One instalment of a loan as it was agreed, and what has been paid on it. Amounts in fen.

    `balance_fen` is the principal left after it by the schedule. A change of the plan (prepayment, repricing, extension,
    a repayment taken back) never changes a row: it replaces rows by those of the next `version`, so every former plan
    can be shown. When and how the paid amounts came together is in `RepaymentShare`; they are repeated here for the
    schedule. Closed on `closed_date`: paid in full, or ended by a repayment of the whole loan before it fell due.

    For the day end: what default has cost up to `charged_to_date` is `penalty_numerator` (on principal) and
    `compound_numerator` (on interest), fen × days × rate over 10¹² × base; from then on it grows with what is unpaid.
    Where the contract compounds penalties, that is `penalty_compound_numerator`, over the square of 10¹² × base.

    PII: none.
    """

    id = models.UUIDField("编号", primary_key=True, default=new_id, editable=False)
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="instalments", verbose_name="贷款")
    number = models.PositiveSmallIntegerField("期数")
    due_date = models.DateField("还款日")
    principal_fen = models.BigIntegerField("本金（分）")
    interest_fen = models.BigIntegerField("利息（分）")
    balance_fen = models.BigIntegerField("剩余本金（分）")
    paid_principal_fen = models.BigIntegerField("已还本金（分）", default=0)
    paid_interest_fen = models.BigIntegerField("已还利息（分）", default=0)
    paid_penalty_fen = models.BigIntegerField("已还罚息（分）", default=0)
    paid_compound_fen = models.BigIntegerField("已还复利（分）", default=0)
    closed_date = models.DateField("结清日", null=True, blank=True)
    version = models.PositiveSmallIntegerField("计划版本", default=1)
    replaced_by_version = models.PositiveSmallIntegerField("被替换的版本", null=True, blank=True)
    charged_to_date = models.DateField("逾期费用计至", null=True, blank=True)
    penalty_numerator = models.DecimalField("罚息积数", max_digits=40, decimal_places=0, default=Decimal(0))
    compound_numerator = models.DecimalField("复利积数", max_digits=40, decimal_places=0, default=Decimal(0))
    penalty_compound_numerator = models.DecimalField(
        "罚息复利积数", max_digits=60, decimal_places=0, default=Decimal(0), db_default=Decimal(0)
    )

    class Meta:
        db_table = "lending_instalment"
        verbose_name = verbose_name_plural = "还款计划"
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "number"],
                condition=Q(replaced_by_version=None),
                name="lending_instalment_number_once",
            ),
            models.UniqueConstraint(
                fields=["loan", "due_date"],
                condition=Q(replaced_by_version=None),
                name="lending_instalment_due_date_once",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by_version=None) | Q(replaced_by_version__gt=F("version")),
                name="lending_instalment_replaced_later",
            ),
            models.CheckConstraint(
                condition=Q(principal_fen__gte=0, interest_fen__gte=0, balance_fen__gte=0),
                name="lending_instalment_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    paid_principal_fen__gte=0,
                    paid_interest_fen__gte=0,
                    paid_penalty_fen__gte=0,
                    paid_compound_fen__gte=0,
                    paid_principal_fen__lte=F("principal_fen"),
                    paid_interest_fen__lte=F("interest_fen"),
                ),
                name="lending_instalment_paid_within_owed",
            ),
        ]

        indexes = [
            models.Index(
                fields=["due_date"],
                condition=Q(closed_date=None, replaced_by_version=None),
                name="lending_instalment_open",
            )
        ]

    def __str__(self) -> str:
        """Show number and due date."""
        return f"{self.number} {self.due_date}"
