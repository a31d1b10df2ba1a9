"""Change a loan other than by repaying it: new price, misuse, extension, calling in, write-off.

INT-01, PEN-01, EXT-01, LN-12, RISK-02. Each is a fact of the loan's fold, recorded as an event; the rows to come are made
anew from it.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any, Final

from accounts import operations as accounts
from core.audit.log import record
from core.clock import business_date
from core.errors import StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from lending import books, parameters
from lending.loan_records import judged_of, record_of
from lending.loan_terms import LONGEST_MOVE, fixed_days_to, later_due_dates, quarters_to, settlement_of
from lending.loans.classification import Category
from lending.loans.due_dates import working_day_from
from lending.loans.judging import restructured
from lending.loans.repricing import last_repricing, next_repricing
from lending.loans.terms import ALL_AT_MATURITY, Settlement
from lending.models import Loan, LoanEvent
from lending.models.loan import SETTLED
from lending.models.loan_event import EVENT_WRITTEN_OFF, MISUSED, REPRICED, RESCHEDULED
from lending.models.product import NEXT_WORKING_DAY
from lending.operations.judging import judge_anew, keep_judged
from lending.operations.lines import stop_line
from lending.operations.loan_locks import lock_line, lock_loan
from lending.operations.repayment_posting import next_sequence, rebuild_loan
from lending.operations.settling import follow_settlement
from lending.pricing import rate_by
from lending.queries.loan_changes import refuse_calling_in, refuse_extension, refuse_misuse
from lending.states import LOAN
from tenants import queries as tenants

MISUSE: Final = "资金挪用"


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
    if loan.status != SETTLED:
        _reprice(loan)
    return loan.annual_rate


@within_transaction
def _reprice(loan: Loan) -> bool:
    """Give a loan the price of its next repricing day, if it is reached; tell whether it was."""
    day = loan.next_reprice_date
    if day is None or day > business_date():
        return False
    loan.next_reprice_date = next_repricing(loan.repricing, loan.start_date, after=day)
    loan.save(update_fields=["next_reprice_date"])
    _take_price(loan, day)
    return True


@opens_transaction
def reprice_again(*, loan_id: uuid.UUID) -> Decimal:
    """Give a floating loan the price of its last repricing day anew, by what is known of that day's LPR now; return its rate.

    A quote is published in the morning of its day, and entered then or later: the day had begun with the one before (INT-01).

    Raises:
        NotFound: there is no such loan.
        LprUnknown: no LPR is on record for the day.
    """
    loan = lock_loan(loan_id=loan_id)
    day = last_repricing(loan.repricing, loan.start_date, before=loan.next_reprice_date)
    if loan.status != SETTLED and day is not None:
        _take_price(loan, day)
    return loan.annual_rate


@within_transaction
def _take_price(loan: Loan, day: date) -> None:
    """Charge the price of a repricing day from that day on; the loan is folded anew where it is another."""
    lpr, version = tenants.lpr_on(day), loan.line.product_version
    rate = rate_by(lpr, version, tenor=loan.lpr_tenor, spread_bp=loan.spread_bp)
    if rate == loan.annual_rate:
        return
    loan.rate_changes = [*loan.rate_changes, [day.isoformat(), str(rate)]]
    loan.annual_rate = rate
    loan.save(update_fields=["rate_changes", "annual_rate"])
    _change(loan, REPRICED, day, {"annual_rate": str(rate), "lpr_date": lpr.published_date.isoformat()})
    if day < business_date():
        judge_anew(loan=loan)


@opens_transaction
def move_off_holidays(*, loan_id: uuid.UUID) -> None:
    """Move the due dates to come that the calendar has off by now, where the contract says that they move (INT-07).

    A loan is made before anybody knows the holidays of its last year, so its plan moves off weekends only at first. That
    is no extension: nothing of the loan is restructured, and no report says so.

    Raises:
        NotFound: there is no such loan.
    """
    loan = lock_loan(loan_id=loan_id)
    if loan.status != SETTLED:
        _move_off_holidays(loan, business_date())


@within_transaction
def _move_off_holidays(loan: Loan, since: date) -> None:
    ahead = record_of(loan).ahead_of(since)
    if not ahead or loan.line.product_version.holiday_rule != NEXT_WORKING_DAY:
        return
    off = tenants.non_working_days(since, ahead[-1].due_date + LONGEST_MOVE)
    moved = {row.due_date.isoformat(): working_day_from(row.due_date, off).isoformat() for row in ahead}
    moved = {day: to for day, to in moved.items() if day != to}
    if moved:
        _change(loan, RESCHEDULED, since, {"moved": moved})


@within_transaction
def catch_up(*, loan: Loan, settled_date: date) -> None:
    """Give a loan that is open again what it has missed since it was settled: new prices, due dates off late holidays.

    It then stands as if it had never been settled (ALLOC-03); what follows from that for its category is the caller's.
    """
    while _reprice(loan):
        pass
    _move_off_holidays(loan, settled_date)


@within_transaction
def mark_misused(*, loan_id: uuid.UUID, from_date: date, actor: str, reason: str) -> None:
    """Charge the misuse rate on a loan's principal from a day on (PEN-01), as two members of staff have found.

    Nothing more is drawn from its line (LN-12).

    Raises:
        NotFound: there is no such loan.
        StateConflict: see `refuse_misuse`.
    """
    loan = lock_loan(loan_id=loan_id)
    refuse_misuse(loan, from_date=from_date)
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

    Nothing may be overdue. All extensions together are at most the original term of a loan up to a year, and with it the
    longest term of its product where it is longer (EXT-01, 个人贷款管理办法). It is watched for a year, special mention at
    best (RISK-02).

    Raises:
        NotFound: there is no such loan.
        StateConflict, ExtensionTooLong: see `refuse_extension`.
    """
    loan = lock_loan(loan_id=loan_id)
    today = business_date()
    refuse_extension(loan, months=months)
    loan.extended_months += months
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
    """Return when what is not yet due falls due: as of a loan of the longer term, or, of a shortened plan, so much later."""
    version, start_date, today = loan.line.product_version, loan.start_date, business_date()
    term = loan.term_months + loan.extended_months
    if settlement_of(version, loan.method) == Settlement.QUARTERLY:
        return [day for day in quarters_to(version, start_date=start_date, months=term) if day > today]
    is_as_made = version.due_day is not None and (
        loan.maturity_date == fixed_days_to(version, start_date=start_date, months=term - months)[-1]
    )
    if is_as_made:
        dates = [day for day in fixed_days_to(version, start_date=start_date, months=term) if day > today]
    else:
        ahead = [row.due_date for row in record_of(loan).ahead_of(today)]
        more = later_due_dates(
            version, maturity_date=loan.maturity_date, anchor_day=loan.anchor_day, months=months
        )  # fmt: skip
        dates = list(dict.fromkeys([*ahead, *more]))
    return dates[-1:] if loan.method in ALL_AT_MATURITY else dates


@within_transaction
def call_in_loan(*, loan_id: uuid.UUID, due_date: date, actor: str, reason: str) -> None:
    """Have all that is not yet due of a loan fall due on a day (宣布提前到期), for a breach of its contract (LN-12).

    The borrower gets the days of `loan.call_in_days` to make ready, as the contract promises; instalments that fall due
    before that are waited for. Nothing more is drawn from the line. It is no restructuring.

    Raises:
        NotFound: there is no such loan.
        StateConflict: see `refuse_calling_in`.
    """
    loan = lock_loan(loan_id=loan_id)
    refuse_calling_in(loan, due_date=due_date)
    detail = {"due_dates": [due_date.isoformat()], "called_in": True, "by": actor, "reason": reason}
    _change(loan, RESCHEDULED, business_date(), detail)
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
