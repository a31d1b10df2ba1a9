"""Disburse a signed drawdown: re-checked, paid, booked and turned into a loan (GL-01, LN-20).

Where this system keeps the account, the money, the loan and the state change are one transaction: the customer's own
request. Where the core keeps it, the request commits the intent; the core books under our id; and when it has answered,
the entry, the loan and the state change are one transaction. A drawdown has one payment and a payment one entry, by
unique references, whatever dies in between; money of unknown fate keeps its hold until the core has told.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from accounts import operations as accounts
from accounts import queries as account_queries
from accounts.operations import AccountNotActive
from core.actors import customer_actor
from core.audit.log import record
from core.clock import asking_business_date, business_date
from core.db.asks import alone, owe, together
from core.errors import Absent, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.registry import Then
from lending import books, parameters
from lending.actors import SYSTEM
from lending.models import Drawdown
from lending.models.drawdown import DISBURSING, REVIEW, SIGNED, WAITING
from lending.operations.drawdowns import refuse_closed, refuse_expired, refuse_line
from lending.operations.entrusting import owe_passing_on, payee_is_clear
from lending.operations.lines import release_hold
from lending.operations.loan_locks import lock_drawdown, locking_drawdown_and_line
from lending.operations.loan_opening import open_loan, opening_loan
from lending.queries.loans import Bars, asking_bars, overdue_days_of
from lending.states import DRAWDOWN
from tenants.switches import asking_standing
from verification import operations as verification

KEPT_HERE: Final = "own"
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
        NotFound: there is no such drawdown of this customer.
        StateConflict: the drawdown is not signed, or its last day is over, or its contract is not on record.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the token is not good for this.
        ProductClosed, LineFrozen, LineExpired, LineReviewDue, LoanOverdue, AccountNotActive, IdExpired: see there.
    """
    today = asking_business_date()
    locking = locking_drawdown_and_line(drawdown_id=drawdown_id)
    face = verification.consuming_face_token(
        token=face_token, subject_id=customer_id, action=ACT, business_id=drawdown_id.hex
    )
    screening = verification.Screening(subject_id=customer_id, purpose=SCREENED_FOR, business_id=drawdown_id.hex)
    lending_now = asking_standing()
    together(today, locking, lending_now, face, screening.identity, screening.lists)
    drawdown, _, _ = locking.answer(), today.answer(), lending_now.answer()  # the latter two are remembered
    if drawdown.customer_id != customer_id:
        raise Absent
    DRAWDOWN.target(drawdown.status, "disburse")
    drawdown.disburse_face_check_id = face.answer()
    receiving, ended_by = _judge(drawdown, screening)
    if ended_by:
        return _fail(_begin(drawdown), ended_by)
    if screening.may_be_disciplined and verification.is_disciplined(
        subject_id=customer_id, purpose=SCREENED_FOR, business_id=drawdown_id.hex
    ):
        return transition(DRAWDOWN, _begin(drawdown).pk, "refer", actor=SYSTEM, reason=MANUAL)
    return _pay(drawdown, receiving)


@within_transaction
def grant(*, drawdown_id: uuid.UUID, actor: str, reason: str) -> Drawdown:
    """Pay a drawdown that waits for staff, as a member of staff has judged (ACC-09); everything is checked once more.

    Raises:
        NotFound: there is no such drawdown.
        StateConflict: it does not wait for staff, or its last day is over.
        ProductClosed, LineFrozen, LineExpired, LineReviewDue, LoanOverdue, AccountNotActive, IdExpired: see there.
    """
    drawdown = alone(locking_drawdown_and_line(drawdown_id=drawdown_id))
    _refuse_unreviewed(drawdown)
    screening = verification.Screening(
        subject_id=drawdown.customer_id, purpose=SCREENED_FOR, business_id=drawdown_id.hex
    )  # fmt: skip
    together(screening.identity, screening.lists)
    receiving, ended_by = _judge(drawdown, screening)
    record("drawdown.granted", actor=actor, subject=drawdown_id.hex, detail={"reason": reason})
    drawdown.status = transition(DRAWDOWN, drawdown_id, "grant", actor=actor, reason=reason).status
    return _fail(drawdown, ended_by) if ended_by else _pay(drawdown, receiving)


@within_transaction
def refuse(*, drawdown_id: uuid.UUID, actor: str, reason: str) -> Drawdown:
    """End a drawdown that waits for staff and give its hold back; the customer reads the neutral text (ACC-09).

    Raises:
        NotFound: there is no such drawdown.
        StateConflict: it does not wait for staff.
    """
    drawdown = lock_drawdown(drawdown_id=drawdown_id)
    _refuse_unreviewed(drawdown)
    record("drawdown.refused", actor=actor, subject=drawdown_id.hex, detail={"reason": reason})
    return _fail(drawdown, REFUSED, actor=actor)


def _refuse_unreviewed(drawdown: Drawdown) -> None:
    if drawdown.status != REVIEW:
        raise StateConflict("该笔用信不在人工审核中")


def _judge(drawdown: Drawdown, screening: verification.Screening) -> tuple[account_queries.Receiving, str]:
    """Refuse what the customer, or time, can put right; return how the account takes money, and what ends it for good."""
    _refuse_late(drawdown)
    refuse_closed(line=drawdown.line)
    found = _look_around(drawdown, screening)
    refuse_line(line=drawdown.line)
    if found.receiving is None:
        raise AccountNotActive
    accounts.refuse_suspended_for(reason=found.receiving.suspended_for)
    if found.receiving.is_kept_from:
        accounts.refuse_kept(customer_id=drawdown.customer_id, account_id=drawdown.account_id)
    refuse_expired(identity=screening.known)
    if found.bars.open_from_before and overdue_days_of(drawdown.customer_id):
        raise LoanOverdue
    if found.bars.is_related:
        return found.receiving, RELATED_PARTY
    outcome, on_record = screening.conclude()
    owe(*on_record)
    is_clear = outcome == "clear" and payee_is_clear(drawdown=drawdown)
    return found.receiving, "" if is_clear else REFUSED


def _refuse_late(drawdown: Drawdown) -> None:
    """Refuse a drawdown whose last day is over, or whose contract is not on record (A4-26)."""
    if drawdown.disburse_by_date is None or business_date() > drawdown.disburse_by_date:
        raise StateConflict("该笔用信已超过放款期限，请重新发起")
    if getattr(drawdown, "contract", None) is None:
        raise StateConflict("合同尚未存证，请稍后再试")


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found around a drawdown that is to be paid: how its account takes the money, what stands against it."""

    receiving: account_queries.Receiving | None
    bars: Bars


def _look_around(drawdown: Drawdown, screening: verification.Screening) -> _Found:
    """Ask in one message for everything that the checks look at, and what the answer to the customer states."""
    receiving = account_queries.asking_receiving(customer_id=drawdown.customer_id, account_id=drawdown.account_id)
    bars = asking_bars(customer_id=drawdown.customer_id, id_number=screening.known.id_number)
    numbers = (parameters.asking_line_review_days(), parameters.asking_min_read_seconds())
    together(screening.search(), receiving, bars, *numbers)
    for number in numbers:
        number.answer()  # remembered until the operation ends
    return _Found(receiving.answer(), bars.answer())


def _pay(drawdown: Drawdown, receiving: account_queries.Receiving) -> Drawdown:
    """Pay; where this system keeps the account, money and loan go in one message, and both moves in its statement."""
    payment: dict[str, Any] = {
        "account_id": drawdown.account_id,
        "amount_fen": drawdown.amount_fen,
        "legs": [accounts.Leg(gl_code=books.LOAN_PRINCIPAL, amount_fen=drawdown.amount_fen)],
        "business_ref": f"{books.DISBURSEMENT}:{drawdown.pk.hex}",
        "kind": books.DISBURSEMENT,
        "memo": "贷款发放",
    }
    if receiving.keeper != KEPT_HERE:
        drawdown.payment_id = accounts.pay_into(**payment, then=Then(PAID, drawdown.pk.hex)).id
        accounts.place_claim(account_id=drawdown.account_id, claimant=_on_its_way(drawdown))
        if drawdown.status == SIGNED:
            return _begin(drawdown)
        drawdown.save(update_fields=["payment_id"])
        return drawdown
    loan_id, drawdown.payment_id = new_id(), new_id()
    owe(
        accounts.paying_into_own(
            receiving=receiving, payment_id=drawdown.payment_id, claimant=books.claimant(loan_id), **payment
        ),
        opening_loan(drawdown=drawdown, loan_id=loan_id),
    )
    owe_passing_on(drawdown=drawdown)
    return drawdown


def _begin(drawdown: Drawdown) -> Drawdown:
    """Note that the customer has had the drawdown paid out, by which face, and, where it is on its way, the payment."""
    return transition(
        DRAWDOWN, drawdown.pk, "disburse", actor=customer_actor(drawdown.customer_id),
        disburse_face_check_id=drawdown.disburse_face_check_id, payment_id=drawdown.payment_id,
    )  # fmt: skip


@within_transaction
def payment_ended(*, drawdown_id: uuid.UUID) -> None:
    """Conclude when the core has answered: the entry and the loan, or the failure and the hold given back."""
    drawdown = alone(locking_drawdown_and_line(drawdown_id=drawdown_id))
    if drawdown.status != DISBURSING or drawdown.payment_id is None:
        return
    payment = account_queries.payment(drawdown.payment_id)
    if payment.status == "failed":
        accounts.release_claim(account_id=drawdown.account_id, claimant=_on_its_way(drawdown))
        _fail(drawdown, books.reason_of(payment.code))
        return
    if accounts.book_payment(payment_id=payment.id).status == "posted":
        open_loan(drawdown=drawdown)
        accounts.release_claim(account_id=drawdown.account_id, claimant=_on_its_way(drawdown))
        owe_passing_on(drawdown=drawdown)


def _on_its_way(drawdown: Drawdown) -> str:
    """Name what rests on an account in the core from the payment on until its loan does (ACC-14)."""
    return f"drawdown:{drawdown.pk.hex}"


def _fail(drawdown: Drawdown, code: str, *, actor: str = SYSTEM) -> Drawdown:
    release_hold(line_id=drawdown.line_id, amount_fen=drawdown.amount_fen)
    return transition(DRAWDOWN, drawdown.pk, "fail", actor=actor, reason=code, reason_code=code)


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
