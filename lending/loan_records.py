"""From rows to what the arithmetic reads: a loan's record, the terms of a schedule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from core.money import round_half_up
from lending.loans.day_count import DayCount
from lending.loans.overdue import InstalmentRecord, Payment, PenaltyTerms
from lending.loans.standing import LoanRecord
from lending.loans.terms import ScheduleTerms
from lending.models import CreditLine, Instalment, Loan, RepaymentShare


def schedule_terms(
    line: CreditLine, *, amount_fen: int, term_months: int, method: str, start_date: date
) -> ScheduleTerms:
    """Return the terms by which a drawdown on a line is repaid: the line's price, its product's day count.

    Raises:
        InvalidTermError: no schedule can be made of the values.
    """
    return ScheduleTerms(
        principal_fen=amount_fen,
        annual_rate=line.annual_rate,
        method=method,
        periods=term_months,
        start_date=start_date,
        day_count=line.product_version.day_count,
    )


def penalty_terms(loan: Loan) -> PenaltyTerms:
    """Return what default costs by a loan's contract."""
    return PenaltyTerms(
        annual_rate=loan.annual_rate,
        markup_percent=loan.overdue_markup_percent,
        day_count=DayCount(loan.day_count),
        compound=loan.compound_penalty,
        grace_days=loan.grace_days,
    )


def record_of(loan: Loan) -> LoanRecord:
    """Read a loan as the arithmetic sees it: two statements, or none where `instalments__shares` is prefetched."""
    rows = sorted(loan.instalments.all(), key=lambda row: row.number)
    return LoanRecord(
        start_date=loan.start_date,
        anchor_day=loan.anchor_day,
        terms=penalty_terms(loan),
        instalments=tuple(_instalment(row) for row in rows),
    )


def _instalment(row: Instalment) -> InstalmentRecord:
    shares = sorted(row.shares.all(), key=lambda share: (share.value_date, share.pk))
    return InstalmentRecord(
        number=row.number,
        due_date=row.due_date,
        principal_fen=row.principal_fen,
        interest_fen=row.interest_fen,
        payments=tuple(_payment(share) for share in shares),
    )


def _payment(share: RepaymentShare) -> Payment:
    return Payment(
        value_date=share.value_date,
        compound_fen=share.compound_fen,
        penalty_fen=share.penalty_fen,
        interest_fen=share.interest_fen,
        principal_fen=share.principal_fen,
    )


def early_fee_fen(loan: Loan, *, not_due_fen: int) -> int:
    """Return what a loan's contract charges for principal that is repaid before it is due, in fen (EARLY-01)."""
    if not loan.early_repayment_fee_percent:
        return 0
    return round_half_up(Decimal(not_due_fen) * loan.early_repayment_fee_percent / 100)
