"""Judge one loan: again from its first day where its past has changed, at once where it is extended (RISK-02, ALLOC-03)."""

from __future__ import annotations

from typing import Final

from core.clock import business_date
from core.operations import within_transaction
from lending.loan_records import judged_of, judged_on, record_of
from lending.loans.judging import Judged
from lending.loans.standing import standing_on
from lending.models import Loan, LoanEvent
from lending.models.loan_event import CLASSIFIED

COLUMNS: Final = (
    "category", "category_date", "stage", "is_non_accrual", "observed_until_date", "restructured_until_date",
)  # fmt: skip


@within_transaction
def judge_anew(*, loan: Loan) -> None:
    """Judge a loan again by all that has happened to it, up to the morning of the present business date.

    To be called after a change of its past: money that was entered late or taken back. One that was written off stays what
    it was called then.
    """
    if loan.written_off_date is not None:
        return
    today = business_date()
    keep_judged(
        loan=loan, judged=judged_on(loan, today), overdue_days=standing_on(record_of(loan), on_date=today).overdue_days
    )


@within_transaction
def keep_judged(*, loan: Loan, judged: Judged, overdue_days: int) -> None:
    """Write what a loan is called; a change of category, stage or accrual is an event of the loan, as the day end tells it."""
    former = judged_of(loan)
    if judged == former:
        return
    for name in COLUMNS:
        setattr(loan, name, getattr(judged, name))
    loan.save(update_fields=COLUMNS)
    if (judged.category, judged.stage, judged.is_non_accrual) == (
        former.category,
        former.stage,
        former.is_non_accrual,
    ):
        return
    LoanEvent.objects.create(
        loan=loan, kind=CLASSIFIED, business_date=business_date(), amount_fen=0, outstanding_fen=loan.outstanding_fen,
        detail={
            "from": former.category.value, "to": judged.category.value, "overdue_days": overdue_days,
            "from_stage": former.stage, "stage": judged.stage,
            "from_non_accrual": former.is_non_accrual, "non_accrual": judged.is_non_accrual,
        },
    )  # fmt: skip
