"""Disburse a signed drawdown: re-checked, paid, booked and turned into a loan (GL-01, LN-20).

Where this system keeps the account, the money, the loan and the state change are one transaction: the customer's own
request. Where the core keeps it, the request commits the intent; the core books under our id; and when it has answered,
the entry, the loan and the state change are one transaction. A drawdown has one payment and a payment one entry, by
unique references, whatever dies in between; money of unknown fate keeps its hold until the core has told.
"""

from __future__ import annotations

import uuid
from typing import Final

from accounts import operations as accounts
from accounts import queries as account_queries
from core.audit.log import record
from core.clock import business_date, now
from core.errors import Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then
from lending import books
from lending.loan_terms import early_fee_percent_of, schedule_terms
from lending.loans.day_count import DayCount
from lending.loans.rate_history import PenaltyTerms
from lending.loans.repricing import next_repricing
from lending.loans.schedule import build_schedule
from lending.models import Contract, Drawdown, Instalment, Loan, LoanEvent
from lending.models.drawdown import DISBURSING, REVIEW, WAITING
from lending.models.loan_event import OPENED
from lending.operations.drawdowns import (
    SYSTEM,
    refuse_account,
    refuse_closed,
    refuse_expired_id,
    refuse_line,
)
from lending.operations.entrusting import owe_passing_on, payee_is_clear
from lending.operations.lines import draw_held, release_hold
from lending.operations.loan_locks import lock_drawdown, lock_line
from lending.queries.loans import overdue_days_of
from lending.queries.products import is_related_party
from lending.reporting import PUSH_FIGURES
from lending.states import DRAWDOWN
from verification import operations as verification

ACT: Final = "drawdown"
SCREENED_FOR: Final = "disburse"
PAID: Final = "drawdown.paid"
RELATED_PARTY: Final = "related_party"
REFUSED: Final = "refused"
MANUAL: Final = "manual_review"
NOT_DISBURSED: Final = "not_disbursed_in_time"


class LoanOverdue(Problem):
    """The customer is overdue on a loan of this bank: nothing new is paid out before that is put right."""

    code = "loan_overdue"
    status = 422
    title = "您有逾期贷款，请先归还后再用款"


@opens_transaction
def disburse_drawdown(*, drawdown_id: uuid.UUID, customer_id: uuid.UUID, face_token: str) -> Drawdown:
    """Take the face, check everything once more in this very transaction, and pay.

    What the customer can put right is refused with its code and leaves the drawdown signed. A hit on a watchlist, of the
    customer or of the payee (told neutrally, AML-05, AML-08), or in the register of related parties (LN-18) ends it and
    gives the hold back. Staff judge first where the customer is under joint discipline (ACC-09).

    Raises:
        StateConflict: the drawdown is not signed, or its last day is over, or its contract is not on record.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the token is not good for this.
        ProductClosed, LineFrozen, LineExpired, LineReviewDue, LoanOverdue, AccountNotActive, IdExpired: see there.
    """
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    DRAWDOWN.target(drawdown.status, "disburse")
    face_check_id = verification.consume_face_token(
        token=face_token, subject_id=customer_id, action=ACT, business_id=drawdown_id.hex
    )
    _refuse_unfit(drawdown)
    drawdown = transition(
        DRAWDOWN, drawdown_id, "disburse", actor=f"customer:{customer_id.hex}", disburse_face_check_id=face_check_id
    )
    if code := _ended_by(drawdown):
        return _fail(drawdown, code)
    if verification.is_disciplined(subject_id=customer_id, purpose=SCREENED_FOR, business_id=drawdown_id.hex):
        return transition(DRAWDOWN, drawdown_id, "refer", actor=SYSTEM, reason=MANUAL)
    return _pay(drawdown)


@opens_transaction
def grant_drawdown(*, drawdown_id: uuid.UUID, actor: str, reason: str) -> Drawdown:
    """Pay a drawdown that waits for staff, as a member of staff has judged (ACC-09); everything is checked once more.

    Raises:
        StateConflict: it does not wait for staff, or its last day is over.
        ProductClosed, LineFrozen, LineExpired, LineReviewDue, LoanOverdue, AccountNotActive, IdExpired: see there.
    """
    drawdown = _under_review(drawdown_id)
    _refuse_unfit(drawdown)
    drawdown = transition(DRAWDOWN, drawdown_id, "grant", actor=actor, reason=reason)
    record("drawdown.granted", actor=actor, subject=drawdown_id.hex, detail={"reason": reason})
    code = _ended_by(drawdown)
    return _fail(drawdown, code) if code else _pay(drawdown)


@opens_transaction
def refuse_drawdown(*, drawdown_id: uuid.UUID, actor: str, reason: str) -> Drawdown:
    """End a drawdown that waits for staff and give its hold back; the customer reads the neutral text (ACC-09).

    Raises:
        StateConflict: it does not wait for staff.
    """
    drawdown = _under_review(drawdown_id)
    record("drawdown.refused", actor=actor, subject=drawdown_id.hex, detail={"reason": reason})
    return _fail(drawdown, REFUSED, actor=actor)


def _under_review(drawdown_id: uuid.UUID) -> Drawdown:
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    if drawdown.status != REVIEW:
        raise StateConflict("该笔用信不在人工审核中")
    return drawdown


def _refuse_unfit(drawdown: Drawdown) -> None:
    """Refuse what the customer, or time, can put right; the line stays locked."""
    _refuse_late(drawdown)
    refuse_closed(line=drawdown.line)
    refuse_line(line=lock_line(line_id=drawdown.line_id))
    refuse_account(customer_id=drawdown.customer_id, account_id=drawdown.account_id)
    refuse_expired_id(customer_id=drawdown.customer_id)
    if overdue_days_of(drawdown.customer_id):
        raise LoanOverdue


def _ended_by(drawdown: Drawdown) -> str:
    """Return the reason that ends a drawdown for good, or nothing: a related party, a watchlist."""
    if is_related_party(drawdown.customer_id):
        return RELATED_PARTY
    outcome = verification.screen_subject(
        subject_id=drawdown.customer_id, purpose=SCREENED_FOR, business_id=drawdown.pk.hex
    )  # fmt: skip
    return "" if outcome == "clear" and payee_is_clear(drawdown=drawdown) else REFUSED


def _refuse_late(drawdown: Drawdown) -> None:
    """Refuse a drawdown whose last day is over, or whose contract is not on record (A4-26)."""
    if drawdown.disburse_by_date is None or business_date() > drawdown.disburse_by_date:
        raise StateConflict("该笔用信已超过放款期限，请重新发起")
    if not Contract.objects.filter(drawdown=drawdown).exists():
        raise StateConflict("合同尚未存证，请稍后再试")


def _pay(drawdown: Drawdown) -> Drawdown:
    payment = accounts.pay_into(
        account_id=drawdown.account_id,
        amount_fen=drawdown.amount_fen,
        legs=[accounts.Leg(gl_code=books.LOAN_PRINCIPAL, amount_fen=drawdown.amount_fen)],
        business_ref=f"{books.DISBURSEMENT}:{drawdown.pk.hex}",
        kind=books.DISBURSEMENT,
        memo="贷款发放",
        then=Then(PAID, drawdown.pk.hex),
    )
    drawdown.payment_id = payment.id
    drawdown.save(update_fields=["payment_id"])
    return _open_loan(drawdown) if payment.status == "posted" else drawdown


@within_transaction
def payment_ended(*, drawdown_id: uuid.UUID) -> None:
    """Conclude when the core has answered: the entry and the loan, or the failure and the hold given back."""
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    if drawdown.status != DISBURSING or drawdown.payment_id is None:
        return
    lock_line(line_id=drawdown.line_id)
    payment = account_queries.payment(drawdown.payment_id)
    if payment.status == "failed":
        _fail(drawdown, books.reason_of(payment.code))
        return
    if accounts.book_payment(payment_id=payment.id).status == "posted":
        _open_loan(drawdown)


def _fail(drawdown: Drawdown, code: str, *, actor: str = SYSTEM) -> Drawdown:
    release_hold(line_id=drawdown.line_id, amount_fen=drawdown.amount_fen)
    return transition(DRAWDOWN, drawdown.pk, "fail", actor=actor, reason=code, reason_code=code)


def _open_loan(drawdown: Drawdown) -> Drawdown:
    """Make the loan of a drawdown whose money is booked in this transaction; its schedule starts today."""
    draw_held(line_id=drawdown.line_id, amount_fen=drawdown.amount_fen)
    loan = _new_loan(drawdown)
    accounts.place_claim(account_id=drawdown.account_id, claimant=books.claimant(loan.pk))
    LoanEvent.objects.create(
        loan=loan, kind=OPENED, business_date=loan.start_date, amount_fen=loan.principal_fen,
        outstanding_fen=loan.principal_fen,
        detail={"maturity_date": loan.maturity_date.isoformat(), "months": loan.term_months, "method": loan.method},
    )  # fmt: skip
    enqueue(PUSH_FIGURES, f"opened:{loan.pk.hex}")
    owe_passing_on(drawdown=drawdown)
    return transition(DRAWDOWN, drawdown.pk, "pay", actor=SYSTEM, disbursed_at=now())


def _new_loan(drawdown: Drawdown) -> Loan:
    line, version = drawdown.line, drawdown.line.product_version
    terms = schedule_terms(
        line, amount_fen=drawdown.amount_fen, term_months=drawdown.term_months, method=drawdown.method,
        start_date=business_date(),
    )  # fmt: skip
    schedule = build_schedule(terms)
    costs = PenaltyTerms(
        annual_rate=terms.annual_rate, markup_percent=version.overdue_markup_percent,
        day_count=DayCount(terms.day_count),
    )  # fmt: skip
    rates = costs.rates()[0]
    loan = Loan.objects.create(
        customer_id=drawdown.customer_id, drawdown=drawdown, contract=Contract.objects.get(drawdown=drawdown),
        line=line, account_id=drawdown.account_id, principal_fen=drawdown.amount_fen, outstanding_fen=drawdown.amount_fen,
        annual_rate=terms.annual_rate, method=drawdown.method, day_count=terms.day_count,
        term_months=drawdown.term_months, start_date=terms.start_date, maturity_date=schedule.maturity_date,
        anchor_day=terms.due_dates().anchor_day, overdue_markup_percent=version.overdue_markup_percent,
        compound_penalty=version.compound_penalty, compound_on_penalty=version.compound_on_penalty,
        grace_days=version.grace_days,
        early_repayment_fee_percent=early_fee_percent_of(version, drawdown.method), opening_rate=terms.annual_rate,
        misuse_markup_percent=version.misuse_markup_percent, min_days=version.min_days,
        prepayment_keeps=version.prepayment_keeps, repricing=version.repricing, lpr_tenor=line.lpr_tenor,
        spread_bp=line.spread_bp, category_date=terms.start_date, running_fen=drawdown.amount_fen,
        running_from_date=terms.start_date, running_numerator=rates.running, overdue_numerator=rates.overdue,
        next_due_date=schedule.instalments[0].due_date,
        next_reprice_date=next_repricing(version.repricing, terms.start_date, after=terms.start_date),
    )  # fmt: skip
    Instalment.objects.bulk_create(
        Instalment(
            id=new_id(), loan=loan, number=row.number, due_date=row.due_date, principal_fen=row.principal_fen,
            interest_fen=row.interest_fen, balance_fen=row.balance_fen,
        )
        for row in schedule.instalments
    )  # fmt: skip
    return loan


@within_transaction
def lapse_signed(*, drawdown_id: uuid.UUID) -> None:
    """Cancel a drawdown that is signed or in review and whose last day has ended; any other stays as it is."""
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    last_day = drawdown.disburse_by_date
    if drawdown.status not in WAITING or last_day is None or business_date() <= last_day:
        return
    release_hold(line_id=drawdown.line_id, amount_fen=drawdown.amount_fen)
    transition(
        DRAWDOWN, drawdown_id, "lapse", actor=SYSTEM, reason=NOT_DISBURSED, reason_code=NOT_DISBURSED, retryable=True
    )
