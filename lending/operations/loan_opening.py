"""Make the loan of a drawdown whose money is booked: with its schedule, in one statement (GL-01, LN-20)."""

from __future__ import annotations

import uuid
from typing import Final

from accounts import operations as accounts
from core.actors import customer_actor
from core.clock import business_date, now
from core.db.asks import Ask, together
from core.db.rows import Row, Shape, as_json, new_row, relate
from core.errors import StateConflict
from core.ids import new_id
from core.operations import within_transaction
from core.states import moves
from core.steps.queue import owed_step
from lending import books
from lending.actors import SYSTEM
from lending.hot.sql import NOT_IN_STATE, NOT_SO_MUCH_HELD
from lending.loan_terms import early_fee_percent_of, version_terms
from lending.loans.day_count import DayCount
from lending.loans.rate_history import PenaltyTerms
from lending.loans.repricing import next_repricing
from lending.loans.schedule import plan_instalments
from lending.models import Drawdown, Instalment, Loan, LoanEvent
from lending.models.drawdown import SIGNED
from lending.models.loan_event import OPENED
from lending.operations.lines import LineAmountWrong
from lending.pricing import signed_price
from lending.reporting import PUSH_FIGURES
from lending.states import DRAWDOWN

OPEN: Final = "SELECT lending_open_loan(%s, %s, %s, %s, %s, %s)"
OPENED_LOAN: Final = Shape(Loan, only=["id"])  # the row asks for any other column by itself


@within_transaction
def open_loan(*, drawdown: Drawdown) -> None:
    """Make the loan of a drawdown, locked with its line, whose money is booked in this transaction; it starts today.

    Raises: see `opening_loan`.
    """
    loan_id = new_id()
    together(opening_loan(drawdown=drawdown, loan_id=loan_id))
    accounts.place_claim(account_id=drawdown.account_id, claimant=books.claimant(loan_id))


@within_transaction
def opening_loan(*, drawdown: Drawdown, loan_id: uuid.UUID) -> Ask[None]:
    """Make the loan of a drawdown together with other statements, after the one that books its money.

    The held amount is drawn whatever became of the line meanwhile. A drawdown that is still `signed` goes through
    `disbursing` in the same statement: its history has both moves.

    Raises:
        StateConflict: the drawdown is not one that is being paid out, or is not in the state that was read.
        LineAmountWrong: so much is not held.
    """
    expected, payments = drawdown.status, [("pay", SYSTEM)]
    if expected == SIGNED:
        payments.insert(0, ("disburse", customer_actor(drawdown.customer_id)))
    drawdown.status, history = moves(DRAWDOWN, drawdown.pk, expected, *payments)
    drawdown.disbursed_at = now()
    loan, instalments = _new_loan(drawdown, loan_id)
    relate(drawdown, loan=OPENED_LOAN.read([loan_id]))
    opened = new_row(
        LoanEvent, loan_id=loan_id, kind=OPENED, business_date=loan["start_date"], amount_fen=drawdown.amount_fen,
        outstanding_fen=drawdown.amount_fen,
        detail={"maturity_date": loan["maturity_date"], "months": drawdown.term_months, "method": drawdown.method},
    )  # fmt: skip
    new = {
        "loan": loan,
        "each_instalment": new_row(Instalment, loan_id=loan_id),
        "instalments": instalments,
        "event": opened,
        "history": history,
        "steps": [owed_step(PUSH_FIGURES, f"opened:{loan_id.hex}")],
    }
    values = [
        expected, drawdown.pk, drawdown.payment_id, drawdown.disburse_face_check_id, drawdown.disbursed_at, as_json(new),
    ]  # fmt: skip
    return Ask(OPEN, values, lambda _: None, {NOT_IN_STATE: StateConflict, NOT_SO_MUCH_HELD: _not_so_much_held})


def _not_so_much_held() -> LineAmountWrong:
    return LineAmountWrong("the line of the drawdown has not so much to draw")


def _new_loan(drawdown: Drawdown, loan_id: uuid.UUID) -> tuple[Row, list[Row]]:
    """Make the loan's row, and of its instalments what each has of its own."""
    line, version, price = drawdown.line, drawdown.line.product_version, signed_price(drawdown)
    terms = version_terms(
        version, annual_rate=price.annual_rate, amount_fen=drawdown.amount_fen, term_months=drawdown.term_months,
        method=drawdown.method, start_date=business_date(),
    )  # fmt: skip
    plan = plan_instalments(terms)
    costs = PenaltyTerms(
        annual_rate=terms.annual_rate, markup_percent=version.overdue_markup_percent,
        day_count=DayCount(terms.day_count),
    )  # fmt: skip
    rates = costs.rates()[0]
    loan = new_row(
        Loan, id=loan_id, customer_id=drawdown.customer_id, drawdown_id=drawdown.pk,
        contract_id=drawdown.contract.pk, line_id=line.pk,
        account_id=drawdown.account_id, principal_fen=drawdown.amount_fen, outstanding_fen=drawdown.amount_fen,
        annual_rate=terms.annual_rate, method=drawdown.method, day_count=terms.day_count,
        term_months=drawdown.term_months, start_date=terms.start_date, maturity_date=plan[-1].due_date,
        anchor_day=terms.due_dates().anchor_day, overdue_markup_percent=version.overdue_markup_percent,
        compound_penalty=version.compound_penalty, compound_on_penalty=version.compound_on_penalty,
        grace_days=version.grace_days,
        early_repayment_fee_percent=early_fee_percent_of(version, drawdown.method), opening_rate=terms.annual_rate,
        misuse_markup_percent=version.misuse_markup_percent, min_days=version.min_days,
        prepayment_keeps=version.prepayment_keeps, repricing=version.repricing, lpr_tenor=price.lpr_tenor,
        spread_bp=price.spread_bp, category_date=terms.start_date, running_fen=drawdown.amount_fen,
        running_from_date=terms.start_date, running_numerator=rates.running, overdue_numerator=rates.overdue,
        next_due_date=plan[0].due_date,
        next_reprice_date=next_repricing(version.repricing, terms.start_date, after=terms.start_date),
    )  # fmt: skip
    return loan, [
        {
            "id": new_id(), "number": row.number, "due_date": row.due_date, "principal_fen": row.principal_fen,
            "interest_fen": row.interest_fen, "balance_fen": row.balance_fen,
        }
        for row in plan
    ]  # fmt: skip
