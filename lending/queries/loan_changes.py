"""Changes of a loan other than by repaying it: which loans a late entry of the province changes, and which acts are refused.

A refusal is asked for when an act is proposed, and again when it is made.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any, Final

from django.db import connection

from accounts import queries as accounts
from core.clock import business_date
from core.errors import Problem, StateConflict
from lending import parameters
from lending.decision.policy import SHORT_TERM_MONTHS
from lending.loan_records import record_of
from lending.loans.due_dates import MONTHS_PER_YEAR, months_after
from lending.loans.standing import standing_on
from lending.models import Loan, ProductVersion, Repayment
from lending.models.loan import ACTIVE, OWED
from lending.models.product import NEXT_WORKING_DAY
from lending.models.repayment import POSTED
from tenants import queries as tenants

KEPT_HERE: Final = "own"
LOOKS_AHEAD: Final = timedelta(days=366)
PRICED_TOO_EARLY: Final = """
SELECT l.id FROM lending_loan l
JOIN lending_credit_line c ON c.id = l.line_id JOIN lending_product_version v ON v.id = c.product_version_id
WHERE l.status <> 'settled' AND l.next_reprice_date BETWEEN %(first)s AND %(last)s
  AND l.next_reprice_date - interval '1 year' > l.start_date
  AND l.annual_rate <> greatest(v.floor_rate, least(v.ceiling_rate,
          CASE l.lpr_tenor WHEN '1Y' THEN %(1Y)s ELSE %(5Y)s END + l.spread_bp / 100.0))
ORDER BY l.id
"""
"""The price is `lending.pricing.rate_by`; a year before its next price a loan took its last."""


class ExtensionTooLong(Problem):
    """A loan up to a year is extended by its own term at most, a longer one up to its product's longest term (EXT-01)."""

    code = "extension_too_long"
    status = 422
    title = "展期期限超过规定上限，请缩短展期"


def loans_due_on_holidays() -> list[uuid.UUID]:
    """Return the loans whose next due date the calendar has off, though their contracts say that it moves (INT-07)."""
    if not ProductVersion.objects.filter(holiday_rule=NEXT_WORKING_DAY).exists():
        return []
    today = business_date()
    off = tenants.non_working_days(today + timedelta(days=1), today + LOOKS_AHEAD)
    rows = Loan.objects.filter(OWED, next_due_date__in=off, line__product_version__holiday_rule=NEXT_WORKING_DAY)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def loans_priced_too_early() -> list[uuid.UUID]:
    """Return the floating loans that took their last price on or after the day of the latest LPR, but not by it (INT-01)."""
    today = business_date()
    try:
        lpr = tenants.lpr_on(today)
    except tenants.LprUnknown:
        return []
    first, last = (months_after(day, MONTHS_PER_YEAR, anchor_day=day.day) for day in (lpr.published_date, today))
    asked: dict[str, Any] = {"first": first, "last": last, "1Y": lpr.one_year_rate, "5Y": lpr.five_year_rate}
    with connection.cursor() as cursor:
        cursor.execute(PRICED_TOO_EARLY, asked)
        return [row[0] for row in cursor.fetchall()]


def refuse_misuse(loan: Loan, *, from_date: date) -> None:
    """Refuse to charge the misuse rate from a day on (PEN-01).

    Raises:
        StateConflict: the loan is settled or written off, is marked already, or the day lies before its start or in the
            future.
    """
    if loan.status != ACTIVE or loan.misused_from_date is not None:
        raise StateConflict("该笔贷款已结清、已核销或已认定挪用，不能再认定")
    if not loan.start_date <= from_date <= business_date():
        raise StateConflict(f"挪用起始日应在放款日 {loan.start_date} 与当前营业日 {business_date()} 之间，请重新填写")


def refuse_extension(loan: Loan, *, months: int) -> None:
    """Refuse to extend a loan by months (EXT-01).

    Raises:
        StateConflict: it is not active, something of it is overdue, or nothing of it is still to fall due.
        ExtensionTooLong: see there.
    """
    standing = standing_on(record_of(loan), on_date=business_date())
    if loan.status != ACTIVE or standing.overdue_days or not standing.not_due_principal_fen:
        raise StateConflict("只有未逾期、未到期的贷款可以展期；已逾期的请先还清逾期款项")
    if loan.term_months <= SHORT_TERM_MONTHS:
        allowed, limit = loan.term_months, f"期限一年以内的贷款，累计展期不得超过原期限（{loan.term_months} 个月）"
    else:
        longest = max(loan.line.product_version.terms_months)
        allowed, limit = longest - loan.term_months, f"原期限与累计展期之和不得超过本产品最长期限（{longest} 个月）"
    left = max(allowed - loan.extended_months, 0)
    if not 1 <= months <= left:
        raise ExtensionTooLong(f"{limit}，{f'还可展期 1 至 {left} 个月' if left else '该贷款不能再展期'}")


def refuse_returning_excess(repayment: Repayment) -> None:
    """Refuse to give back what of a repayment is more than the debt (ALLOC-02).

    What was more in all is taken back as a whole. So is what came as a receipt, which then pays what it should, as of its own
    day; and what the core has debited, for its answer could not be waited for.

    Raises:
        StateConflict: nothing of it is more than the debt, it does not stand, or it is to be taken back instead.
    """
    if repayment.status != POSTED or repayment.reversal_payment_id is not None or not repayment.excess_fen:
        raise StateConflict("只有已入账、未冲正且有多还款项的还款可以退回多还款项")
    if repayment.account_id is None or repayment.excess_fen == repayment.total_fen:
        raise StateConflict("该笔还款全部多还，或以来款归还，请申请冲正；来款可再按应还金额还款")
    if accounts.account_view(repayment.account_id).keeper != KEPT_HERE:
        raise StateConflict("还款账户由核心系统管理，不能只退回多还款项，请申请冲正")


def refuse_calling_in(loan: Loan, *, due_date: date) -> None:
    """Refuse to have all that is not yet due of a loan fall due on a day (LN-12).

    Raises:
        StateConflict: it is not active, nothing of it is still to fall due, or the day leaves the borrower too little time or
            lies behind the next instalment.
    """
    today = business_date()
    ahead = record_of(loan).ahead_of(today)
    if loan.status != ACTIVE or not ahead:
        raise StateConflict("该笔贷款已结清、已核销或已全部到期，不需要宣布提前到期")
    earliest, next_due = today + timedelta(days=parameters.call_in_days()), ahead[0].due_date
    if next_due < earliest:
        raise StateConflict(f"下一还款日 {next_due} 在借款人的准备期内，请在该日之后再办理")
    if not earliest <= due_date <= next_due:
        raise StateConflict(f"提前到期日应在 {earliest} 至下一还款日 {next_due} 之间，请重新填写")
