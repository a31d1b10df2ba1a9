"""Ask for drawdowns, contracts, loans and repayments; and how a loan stands."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import QuerySet

from core.clock import business_date
from core.db.asks import Ask
from core.errors import NotFound
from core.ids import parse_id
from lending.loan_records import present_record, present_rows, record_of
from lending.loans.classification import Category, worse
from lending.loans.standing import LoanRecord, Standing, standing_on
from lending.models import Contract, Drawdown, LineAgreement, Loan, Repayment
from lending.models.loan import SETTLED
from lending.queries.products import related_index

BARS: Final = """
SELECT EXISTS (
           SELECT 1 FROM lending_loan l JOIN lending_instalment i ON i.loan_id = l.id
           WHERE l.customer_id = %s AND l.status <> 'settled' AND i.closed_date IS NULL
             AND i.replaced_by_version IS NULL AND i.due_date < %s
       ),
       EXISTS (SELECT 1 FROM lending_related_party r WHERE r.id_number_index = %s AND r.removed_at IS NULL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDue:
    """What is to be paid next: an instalment of `number`, in fen with whatever its lateness costs."""

    number: int
    due_date: date
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanStanding:
    """How a loan stands on a business date: a pure function of its rows and that date."""

    standing: Standing
    category: Category
    next_due: NextDue | None


def drawdowns_of(customer_id: uuid.UUID) -> QuerySet[Drawdown]:
    """Return a customer's drawdowns, with what is shown of them."""
    unread = ("agreed", "contract__bundle", "contract__agreement__bundle", "contract__agreement__terms")
    rows = Drawdown.objects.filter(customer_id=customer_id).defer(*unread)
    shown = ("line__product", "line__product_version", "contract__agreement", "loan", "entrusted")
    return rows.select_related(*shown).prefetch_related("disclosures", "proofs")


def access_drawdown(customer_id: uuid.UUID, drawdown_id: str) -> Drawdown:
    """Return the customer's own drawdown.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    found = parse_id(drawdown_id)
    row = None if found is None else drawdowns_of(customer_id).filter(pk=found).first()
    if row is None:
        raise NotFound
    return row


def access_contract(customer_id: uuid.UUID, contract_id: str) -> Contract | LineAgreement:
    """Return the customer's own contract, voucher, or agreement of a line.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    found = parse_id(contract_id)
    if found is None:
        raise NotFound
    own = {"pk": found, "customer_id": customer_id}
    row = Contract.objects.filter(**own).first() or LineAgreement.objects.filter(**own).first()
    if row is None:
        raise NotFound
    return row


def loans_of(customer_id: uuid.UUID) -> QuerySet[Loan]:
    """Return a customer's loans, with what their present standing is made of."""
    return _loans(customer_id).prefetch_related(present_rows())


def _loans(customer_id: uuid.UUID) -> QuerySet[Loan]:
    return Loan.objects.filter(customer_id=customer_id).select_related("line__product")


def access_loan(customer_id: uuid.UUID, loan_id: str) -> Loan:
    """Return the customer's own loan, with all its instalments and what was paid on them.

    Raises:
        NotFound: there is none with this id, or it is another's.
    """
    return _one(_loans(customer_id).prefetch_related("instalments__shares"), loan_id)


def _one(rows: QuerySet[Loan], loan_id: str) -> Loan:
    found = parse_id(loan_id)
    row = None if found is None else rows.filter(pk=found).first()
    if row is None:
        raise NotFound
    return row


def repayments_of(loan: Loan) -> QuerySet[Repayment]:
    """Return the repayments on a loan."""
    return Repayment.objects.filter(loan=loan)


def access_repayment(loan: Loan, repayment_id: str) -> Repayment:
    """Return a repayment on a loan that the caller may see.

    Raises:
        NotFound: the loan has none with this id.
    """
    found = parse_id(repayment_id)
    row = None if found is None else repayments_of(loan).filter(pk=found).first()
    if row is None:
        raise NotFound
    return row


def loan_standing(loan: Loan, *, on: date | None = None) -> LoanStanding:
    """Return how a loan stands on a business date (default: the present one); a settled one owes nothing.

    The present standing reads no more of a loan that has gone through more: see `present_record`.
    """
    return _standing(loan, on or business_date(), present_record(loan) if on is None else record_of(loan))


def loan_standings(loans: Iterable[Loan]) -> dict[uuid.UUID, LoanStanding]:
    """Return by their ids how loans stand on the present business date, which is read once."""
    day = business_date()
    return {loan.pk: _standing(loan, day, present_record(loan)) for loan in loans}


def _standing(loan: Loan, day: date, record: LoanRecord) -> LoanStanding:
    if loan.status == SETTLED:
        record = dataclasses.replace(record, instalments=(), carried_interest_fen=0)
    standing = standing_on(record, on_date=day)
    category = Category.NORMAL if loan.status == SETTLED else worse(Category(loan.category), standing.overdue_days)
    return LoanStanding(standing=standing, category=category, next_due=_next_due(record, standing, day))


def _next_due(record: LoanRecord, standing: Standing, day: date) -> NextDue | None:
    dates = {row.number: row.due_date for row in record.instalments}
    if standing.due:
        oldest = standing.due[0]
        return NextDue(number=oldest.number, due_date=dates[oldest.number], amount_fen=oldest.owed.total_fen)
    ahead = next((row for row in record.instalments if row.due_date > day), None)
    if ahead is None:
        return None
    owed_fen = ahead.unpaid_principal_fen + ahead.unpaid_interest_fen
    return NextDue(number=ahead.number, due_date=ahead.due_date, amount_fen=owed_fen)


def overdue_days_of(customer_id: uuid.UUID) -> int:
    """Return for how many days a customer is overdue at this bank: the most of any loan."""
    owing = loans_of(customer_id).exclude(status=SETTLED)
    return max((loan_standing(loan).standing.overdue_days for loan in owing), default=0)


@dataclass(frozen=True, slots=True)
class Bars:
    """What may stand against paying a customer: something open from a former day, or a tie to the bank (LN-18).

    What is open may still be within its days of grace: `overdue_days_of` tells.
    """

    open_from_before: bool
    is_related: bool


def asking_bars(*, customer_id: uuid.UUID, id_number: str) -> Ask[Bars]:
    """Ask what may stand against paying a customer, together with other things."""
    values = [customer_id, business_date(), related_index(id_number)]
    return Ask(BARS, values, lambda rows: Bars(*rows.found[0]))
