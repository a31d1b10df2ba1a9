"""Compare what the product says of loans, lines and books with what the rules say, figure by figure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from core.db.rows import Shape
from lending import queries
from lending.loan_records import all_rows
from lending.loans.buckets import bucket_of
from lending.loans.standing import Owed
from lending.models import Instalment, Repayment
from lending.models import Loan as LoanRow
from tests.lending.audit import books
from tests.lending.audit.days import counted, half_up
from tests.lending.audit.loan import KINDS, Amounts, Loan, MoneyIn, Row, total_of
from tests.lending.audit.risk import CATEGORIES, bucket
from tests.lending.whole_loans import whole_loans

if TYPE_CHECKING:
    from tests.lending.audit.lent import Lent

RATE_ONE = 10**12
REPAYMENT = Shape(Repayment)
REPAYMENTS = f"SELECT {REPAYMENT.columns('r')} FROM lending_repayment r WHERE r.loan_id = ANY(%s)"
SHARES = (
    "SELECT r.loan_id, r.id, coalesce(i.number, 0), "
    + ", ".join(f"sum(s.{kind}_fen)" for kind in KINDS)
    + " FROM lending_repayment_share s LEFT JOIN lending_instalment i ON i.id = s.instalment_id"
    " JOIN lending_repayment r ON r.id = s.repayment_id WHERE r.loan_id = ANY(%s) GROUP BY 1, 2, 3"
)
ON_ROWS = ("principal", "interest", "penalty", "compound")


def as_owed(amounts: Amounts) -> Owed:
    """Say amounts in the product's words."""
    return Owed(**{f"{kind}_fen": amounts[kind] for kind in KINDS})


Told = dict[uuid.UUID, tuple[Repayment, dict[int, Owed]]]
Read = tuple[LoanRow, Told]


def read_loans(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Read]:
    """Read loans and their repayments, by the loans' ids."""
    if not ids:
        return {}
    told = _repayments(ids)
    return {row.pk: (row, told[row.pk]) for row in whole_loans(ids)}


def compare_lent(lent: Lent, read: Read, *, is_touched: bool) -> None:
    """Compare a loan as it stands; where it was touched, also its repayments and what its row repeats for the day end."""
    row, told = read
    compare_loan(row, lent.loan, is_given_up=lent.is_given_up)
    _compare_risk(row, lent)
    if is_touched:
        _compare_repayments(lent, told)
        compare_day_end_columns(row, lent.loan)


def compare_standing(lent: Lent, read: Read) -> None:
    """Compare a loan and its repayments as they stand, whatever it was called meanwhile."""
    row, told = read
    compare_loan(row, lent.loan, is_given_up=lent.is_given_up)
    _compare_repayments(lent, told)


def compare_loan(row: LoanRow, loan: Loan, *, is_given_up: bool = False) -> None:
    """Compare one loan: what it owes, its plan and what is paid on it."""
    told = queries.loan_standing(row, on=loan.today)
    standing = told.standing
    assert {each.number: each.owed for each in standing.due} == {n: as_owed(owed) for n, owed in loan.due().items()}
    assert standing.overdue == as_owed(loan.overdue())
    assert standing.overdue_days == loan.overdue_days
    assert (standing.running_interest_fen, standing.not_due_principal_fen) == (loan.running_interest, loan.not_due)
    assert row.outstanding_fen == loan.outstanding
    assert row.status == ("settled" if loan.is_over else "written_off" if is_given_up else "active")
    assert row.misused_from_date == loan.misused_from
    assert _next_due(told) == next_due(loan)
    _compare_plan(row, loan)


def _compare_risk(row: LoanRow, lent: Lent) -> None:
    """Compare what a loan is called now, and as what it was judged when its day began (RISK-01 to RISK-04)."""
    loan, risk = lent.loan, lent.risk
    assert queries.loan_standing(row, on=loan.today).category == risk.name(loan)
    assert bucket_of(loan.overdue_days) == bucket(loan.overdue_days)
    told = (row.category, row.stage, row.is_non_accrual, row.observed_until_date, row.restructured_until_date)
    ours = (CATEGORIES[risk.place], risk.stage, risk.is_non_accrual, risk.observed_until, risk.watched_until)
    assert told == ours


def _compare_plan(row: LoanRow, loan: Loan) -> None:
    told = sorted((item for item in all_rows(row) if item.replaced_by_version is None), key=lambda i: i.number)
    ours = [*loan.fallen, *loan.ended, *loan.ahead]
    assert [(i.number, i.due_date, i.principal_fen, i.interest_fen) for i in told] == [
        (r.number, r.due_date, r.principal, r.interest) for r in ours
    ]
    assert [tuple(getattr(i, f"paid_{kind}_fen") for kind in ON_ROWS) for i in told] == [
        tuple(r.paid[kind] for kind in ON_ROWS) for r in ours
    ]
    asking = [i for i in told if i.principal_fen or i.interest_fen]  # one that asks for nothing is closed in passing
    closed = [i.number for i in asking if i.closed_date is not None]
    assert closed == [r.number for r in ours if (r.principal or r.interest) and (loan.is_over or _is_paid(r, loan))]


def _is_paid(row: Row, loan: Loan) -> bool:
    return row in loan.fallen and not any(row.owed().values())


def next_due(loan: Loan) -> tuple[int, date, int] | None:
    """Return what is to be paid next: the oldest that is due, or the first that will be."""
    due = loan.due()
    for row in loan.fallen:
        if row.number in due:
            return row.number, row.due_date, total_of(due[row.number])
    if not loan.ahead:
        return None
    row = loan.ahead[0]
    return row.number, row.due_date, row.unpaid_principal + row.unpaid_interest


def _next_due(told: queries.LoanStanding) -> tuple[int, date, int] | None:
    return None if told.next_due is None else (told.next_due.number, told.next_due.due_date, told.next_due.amount_fen)


def _repayments(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Told]:
    """Return the repayments of loans and what each pays now, by instalment."""
    told: dict[uuid.UUID, Told] = {loan_id: {} for loan_id in ids}
    for row in map(REPAYMENT.read, books.rows(REPAYMENTS, list(ids))):
        told[row.loan_id][row.pk] = (row, {})
    for loan_id, pk, number, *amounts in books.rows(SHARES, list(ids)):
        owed = Owed(**{f"{kind}_fen": int(fen) for kind, fen in zip(KINDS, amounts, strict=True)})
        if owed != Owed():
            told[loan_id][pk][1][number] = owed
    return told


def _compare_repayments(lent: Lent, told: Told) -> None:
    """Compare what each repayment pays now, in all and row by row."""
    counts = [each for each in lent.happened if isinstance(each, MoneyIn)]
    assert {pk for pk, (row, _) in told.items() if row.status == "posted"} == {each.key for each in counts}
    for money in counts:
        paid, (row, shares) = lent.loan.paid[money.key], told[money.key]  # type: ignore[index]
        assert shares == {number: as_owed(amounts) for number, amounts in paid.shares.items()}
        assert Owed(**{name: getattr(row, name) for name in Owed.__dataclass_fields__}) == as_owed(paid.amounts)
        assert (row.total_fen, row.excess_fen, row.value_date) == (money.total, paid.excess, money.day)
    assert all(not told[pk][1] for pk in lent.reversed)


def compare_day_end_columns(row: LoanRow, loan: Loan) -> None:
    """Compare what a loan's row repeats for the day end, and the formulas in which it is used."""
    late = [each.due_date for each in loan.fallen if loan._is_late(each) and any(each.owed().values())]
    assert (row.running_fen, row.due_interest_fen) == (loan.not_due, sum(each.unpaid_interest for each in loan.fallen))
    assert row.next_due_date == (loan.ahead[0].due_date if loan.ahead else None)
    assert row.overdue_since_date == min(late, default=None)
    base = 365 if loan.contract.day_count == "act/365" else 360
    if loan.ahead and row.running_from_date is not None:
        contract, since = loan.contract, row.running_from_date
        days = counted(contract.day_count, since, loan.today, contract.anchor) - row.prior_days
        numerator = row.running_fen * (int(row.prior_numerator) + row.running_numerator * days)
        assert row.carried_interest_fen + _rounded(numerator, base) == loan.running_interest
    rows = {i.number: i for i in all_rows(row) if i.replaced_by_version is None and i.closed_date is None}
    for each in loan.fallen:
        item = rows.get(each.number)
        if item is not None and loan._is_late(each):
            assert item.charged_to_date is not None
            nights = row.overdue_numerator * (loan.today - item.charged_to_date).days
            penalty = int(item.penalty_numerator) + each.unpaid_principal * nights
            assert _rounded(penalty, base) == half_up(each.penalty_cost)
            compound = int(item.compound_numerator) + (each.unpaid_interest * nights if row.compound_penalty else 0)
            one = base * RATE_ONE
            exact = Fraction(compound, one) + Fraction(_on_penalty(row, item, each, one, loan.today), one**2)
            assert half_up(exact) == half_up(each.compound_cost)


def _rounded(numerator: int, base: int) -> int:
    return (2 * numerator + RATE_ONE * base) // (2 * RATE_ONE * base)


def compare_lines(found: Iterable[tuple[Any, ...]], lines: Mapping[uuid.UUID, tuple[int, int]]) -> None:
    """Compare what is drawn and held on lines; above the limit only as far as is on record."""
    told = {line_id: figures for line_id, _, _, *figures in found}
    for line_id, (drawn, held) in lines.items():
        drawn_fen, held_fen, limit_fen, over_limit_fen = told[str(line_id)]
        assert (drawn_fen, held_fen) == (drawn, held)
        assert drawn + held <= limit_fen + over_limit_fen


def compare_books(
    posted: Iterable[tuple[Any, ...]], deposits: Mapping[uuid.UUID, int], expected: Mapping[str, int]
) -> None:
    """Compare the books: they balance, they say what the rules say, and so does every account as its postings add up."""
    ledger, added = books.booked(posted)
    assert sum(ledger.values()) == 0
    assert ledger == {code: fen for code, fen in expected.items() if fen}
    assert added == {str(pk): fen for pk, fen in deposits.items() if fen or str(pk) in added}


def _on_penalty(row: LoanRow, item: Instalment, each: Row, one: int, today: date) -> int:
    """Add up night by night what an unpaid penalty costs, from the columns, where the contract compounds it."""
    if not (row.compound_penalty and row.compound_on_penalty and item.charged_to_date is not None):
        return 0
    cost, penalty, paid = int(item.penalty_compound_numerator), int(item.penalty_numerator), each.paid["penalty"] * one
    for _ in range((today - item.charged_to_date).days):
        owed = penalty if each.unpaid_principal else half_up(Fraction(penalty, one)) * one
        cost += row.overdue_numerator * (owed - paid)
        penalty += each.unpaid_principal * row.overdue_numerator
    return cost
