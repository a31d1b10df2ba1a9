"""Change a loan other than by repaying it: new price, misuse, extension, calling in, write-off.

INT-01, PEN-01, EXT-01, LN-12, RISK-02. Each is a fact of the loan's fold, recorded as an event; the rows to come are made
anew from it.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from accounts import operations as accounts
from core.audit.log import record
from core.clock import business_date
from core.errors import Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from lending import books, parameters
from lending.loan_records import judged_of, record_of
from lending.loan_terms import later_due_dates, quarters_to, settlement_of
from lending.loans.classification import Category
from lending.loans.judging import restructured
from lending.loans.repricing import next_repricing, price
from lending.loans.standing import standing_on
from lending.loans.terms import ALL_AT_MATURITY, Settlement
from lending.models import Loan, LoanEvent
from lending.models.loan import ACTIVE, SETTLED
from lending.models.loan_event import EVENT_WRITTEN_OFF, MISUSED, REPRICED, RESCHEDULED
from lending.operations.judging import judge_anew, keep_judged
from lending.operations.lines import stop_line
from lending.operations.loan_locks import lock_line, lock_loan
from lending.operations.repayment_posting import next_sequence, rebuild_loan
from lending.operations.settling import follow_settlement
from lending.states import LOAN
from tenants import queries as tenants

MISUSE: Final = "资金挪用"
SHORT_LOAN_MONTHS: Final = 12
LONGEST_EXTENDED_MONTHS: Final = {"consumer": 60, "business": 60}


class ExtensionTooLong(Problem):
    """A loan up to a year is extended by its own term at most, a longer one within what its kind allows (EXT-01)."""

    code = "extension_too_long"
    status = 422
    title = "展期期限超过规定上限"


@opens_transaction
def reprice_loan(*, loan_id: uuid.UUID) -> Decimal:
    """Give a floating loan the price of its repricing day, and note the next one; return its rate in per cent.

    A day that is not reached yet, or a loan that is fixed, changes nothing. One that was written off is owed as before, at
    the price that its contract says.

    Raises:
        NotFound: there is no such loan.
        LprUnknown: no LPR is on record for the day.
    """
    loan = lock_loan(loan_id=loan_id)
    day = loan.next_reprice_date
    if loan.status == SETTLED or day is None or day > business_date():
        return loan.annual_rate
    lpr = tenants.lpr_on(day)
    version = loan.line.product_version
    asked = price(lpr.one_year_rate if loan.lpr_tenor == "1Y" else lpr.five_year_rate, loan.spread_bp)
    rate = max(version.floor_rate, min(version.ceiling_rate, asked))
    loan.next_reprice_date = next_repricing(loan.repricing, loan.start_date, after=day)
    loan.save(update_fields=["next_reprice_date"])
    if rate != loan.annual_rate:
        loan.rate_changes = [*loan.rate_changes, [day.isoformat(), str(rate)]]
        loan.annual_rate = rate
        loan.save(update_fields=["rate_changes", "annual_rate"])
        detail = {"annual_rate": str(rate), "lpr_date": lpr.published_date.isoformat()}
        _change(loan, REPRICED, day, detail)
        if day < business_date():
            judge_anew(loan=loan)
    return rate


@within_transaction
def mark_misused(*, loan_id: uuid.UUID, from_date: date, actor: str, reason: str) -> None:
    """Charge the misuse rate on a loan's principal from a day on (PEN-01), as two members of staff have found.

    Nothing more is drawn from its line (LN-12).

    Raises:
        NotFound: there is no such loan.
        StateConflict: it is settled or written off, is marked already, or the day lies before its start or in the future.
    """
    loan = lock_loan(loan_id=loan_id)
    if loan.status != ACTIVE or loan.misused_from_date is not None:
        raise StateConflict("该笔贷款已结清或已认定挪用")
    if not loan.start_date <= from_date <= business_date():
        raise StateConflict("挪用起始日应在放款日与当前营业日之间")
    loan.misused_from_date = from_date
    loan.save(update_fields=["misused_from_date"])
    _change(loan, MISUSED, business_date(), {"from_date": from_date.isoformat(), "actor": actor, "reason": reason})
    if from_date < business_date():
        judge_anew(loan=loan)
    stop_line(line_id=loan.line_id, actor=actor, reason=MISUSE)
    record("loan.misused", actor=actor, subject=loan_id.hex, detail={"from_date": from_date.isoformat()})


@within_transaction
def extend_loan(*, loan_id: uuid.UUID, months: int, actor: str, reason: str) -> Loan:
    """Extend a loan by months: its last due date moves, or it gets more instalments; it counts as restructured.

    Nothing may be overdue. All extensions together are at most the original term of a loan up to a year, and keep a
    longer one within five years (EXT-01, 个人贷款管理办法). It is watched for a year, special mention at best (RISK-02).

    Raises:
        NotFound: there is no such loan.
        StateConflict: it is not active, or something of it is overdue.
        ExtensionTooLong: see there.
    """
    loan = lock_loan(loan_id=loan_id)
    today = business_date()
    standing = standing_on(record_of(loan), on_date=today)
    if loan.status != ACTIVE or standing.overdue_days or not standing.not_due_principal_fen:
        raise StateConflict("只有未逾期、未到期的贷款可以展期")
    extended = loan.extended_months + months
    longest = SHORT_LOAN_MONTHS if loan.term_months <= SHORT_LOAN_MONTHS else LONGEST_EXTENDED_MONTHS[loan.line.kind]
    allowed = loan.term_months if loan.term_months <= SHORT_LOAN_MONTHS else longest - loan.term_months
    if months < 1 or extended > allowed:
        raise ExtensionTooLong(f"累计展期最长 {max(allowed, 0)} 个月")
    loan.extended_months = extended
    loan.save(update_fields=["extended_months"])
    keep_judged(
        loan=loan,
        judged=restructured(judged_of(loan), parameters.classification_rules(today), on=today),
        overdue_days=0,
    )
    dates = _extended_dates(loan, months)
    _change(loan, RESCHEDULED, today, {"due_dates": [day.isoformat() for day in dates], "months": months, "by": actor})
    record("loan.extended", actor=actor, subject=loan_id.hex, detail={"months": months, "reason": reason})
    return Loan.objects.get(pk=loan_id)


def _extended_dates(loan: Loan, months: int) -> list[date]:
    version = loan.line.product_version
    if settlement_of(version, loan.method) == Settlement.QUARTERLY:
        dates = quarters_to(version, start_date=loan.start_date, months=loan.term_months + loan.extended_months)
        return [day for day in dates if day > business_date()]
    ahead = [row.due_date for row in record_of(loan).ahead_of(business_date())]
    more = later_due_dates(
        version, maturity_date=loan.maturity_date, anchor_day=loan.anchor_day, months=months
    )  # fmt: skip
    return more[-1:] if loan.method in ALL_AT_MATURITY else list(dict.fromkeys([*ahead, *more]))


@within_transaction
def call_in_loan(*, loan_id: uuid.UUID, due_date: date, actor: str, reason: str) -> None:
    """Have all that is not yet due of a loan fall due on a day (宣布提前到期), for a breach of its contract (LN-12).

    The borrower gets the days of `loan.call_in_days` to make ready, as the contract promises; instalments that fall due
    before that are waited for. Nothing more is drawn from the line. It is no restructuring.

    Raises:
        NotFound: there is no such loan.
        StateConflict: it is not active, nothing of it is still to fall due, or the day leaves the borrower too little time or
            lies behind the next instalment.
    """
    loan = lock_loan(loan_id=loan_id)
    today = business_date()
    ahead = record_of(loan).ahead_of(today)
    if loan.status != ACTIVE or not ahead:
        raise StateConflict("该笔贷款已结清、已核销或已全部到期，不需要宣布提前到期")
    earliest, next_due = today + timedelta(days=parameters.call_in_days()), ahead[0].due_date
    if next_due < earliest:
        raise StateConflict(f"下一还款日 {next_due} 在借款人的准备期内，请在该日之后再办理")
    if not earliest <= due_date <= next_due:
        raise StateConflict(f"提前到期日应在 {earliest} 至下一还款日 {next_due} 之间，请重新填写")
    detail = {"due_dates": [due_date.isoformat()], "called_in": True, "by": actor, "reason": reason}
    _change(loan, RESCHEDULED, today, detail)
    stop_line(line_id=loan.line_id, actor=actor, reason="宣布提前到期")
    record("loan.called_in", actor=actor, subject=loan_id.hex, detail={"due_date": due_date.isoformat()})


@within_transaction
def write_off_loan(*, loan_id: uuid.UUID, actor: str, reason: str) -> Loan:
    """Take a loan of the category loss off the balance sheet, against the allowance; the debt and its collection go on.

    One that owes no principal any more has nothing on the balance sheet: there is no entry.

    Raises:
        NotFound: there is no such loan.
        StateConflict: it is not active, or not of the category loss.
    """
    loan = lock_loan(loan_id=loan_id)
    if loan.category != Category.LOSS:
        raise StateConflict("只有损失类贷款可以核销")
    written = transition(LOAN, loan_id, "write_off", actor=actor, reason=reason, written_off_date=business_date())
    fen = loan.outstanding_fen
    if fen:
        lines = [
            accounts.Line(gl_code=books.LOAN_LOSS_ALLOWANCE, amount_fen=fen),
            accounts.Line(gl_code=books.LOAN_PRINCIPAL, amount_fen=-fen),
            accounts.Line(gl_code=books.MEMO_WRITTEN_OFF, amount_fen=fen),
            accounts.Line(gl_code=books.MEMO_WRITTEN_OFF_CONTRA, amount_fen=-fen),
        ]
        accounts.post_entry(
            business_ref=f"{books.WRITE_OFF}:{loan_id.hex}", kind=books.WRITE_OFF, lines=lines, memo="贷款核销"
        )  # fmt: skip
    LoanEvent.objects.create(
        loan=loan, kind=EVENT_WRITTEN_OFF, business_date=business_date(), amount_fen=fen,
        outstanding_fen=fen, detail={"by": actor, "reason": reason},
    )  # fmt: skip
    record("loan.written_off", actor=actor, subject=loan_id.hex, detail={"reason": reason})
    return written


@within_transaction
def _change(loan: Loan, kind: str, day: date, detail: dict[str, Any]) -> None:
    """Record a fact and fold the loan with it; one that then owes nothing any more is settled."""
    lock_line(line_id=loan.line_id)
    LoanEvent.objects.create(
        loan=loan, kind=kind, business_date=day, amount_fen=0, outstanding_fen=loan.outstanding_fen, detail=detail,
        sequence=next_sequence(loan=loan),
    )  # fmt: skip
    rebuild_loan(loan=loan)
    follow_settlement(loan=loan)
