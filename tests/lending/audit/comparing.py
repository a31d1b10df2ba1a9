"""Compare what the product says of loans, lines and books with what the rules say, figure by figure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from lending import queries
from lending.loans.standing import Owed
from lending.models import CreditLine, Repayment
from lending.models import Loan as LoanRow
from tests.lending.audit import books
from tests.lending.audit.days import counted, half_up
from tests.lending.audit.loan import KINDS, Amounts, Loan, MoneyIn, Row, total_of

if TYPE_CHECKING:
    from tests.lending.audit.bank import Lent

RATE_ONE = 10**12
ON_ROWS = ("principal", "interest", "penalty", "compound")


def as_owed(amounts: Amounts) -> Owed:
    """Say amounts in the product's words."""
    return Owed(**{f"{kind}_fen": amounts[kind] for kind in KINDS})


def compare_loans(lent: Sequence[Lent], today: date) -> None:
    """Compare loans as they stand."""
    found = LoanRow.objects.filter(pk__in=[each.id for each in lent]).prefetch_related("instalments__shares")
    rows = {row.pk: row for row in found}
    for each in lent:
        compare_loan(rows[each.id], each.loan)
        _compare_repayments(each)
        assert rows[each.id].misused_from_date == each.loan.misused_from
    del today


def compare_loan(row: LoanRow, loan: Loan) -> None:
    """Compare one loan: what it owes, what it is called, its plan and what is paid on it."""
    told = queries.loan_standing(row, on=loan.today)
    standing = told.standing
    assert {each.number: each.owed for each in standing.due} == {n: as_owed(owed) for n, owed in loan.due().items()}
    assert standing.overdue == as_owed(loan.overdue())
    assert standing.overdue_days == loan.overdue_days
    assert (standing.running_interest_fen, standing.not_due_principal_fen) == (loan.running_interest, loan.not_due)
    assert row.outstanding_fen == loan.outstanding
    assert row.status == ("settled" if loan.is_over else "active")
    assert told.category == category(loan.overdue_days, is_restructured=row.extended_months > 0, is_over=loan.is_over)
    assert _next_due(told) == next_due(loan)
    _compare_plan(row, loan)


def _compare_plan(row: LoanRow, loan: Loan) -> None:
    told = sorted((item for item in row.instalments.all() if item.replaced_by_version is None), key=lambda i: i.number)
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


def category(overdue_days: int, *, is_restructured: bool, is_over: bool) -> str:
    """Classify by days overdue (RISK-01); a loan that was restructured is special mention at best (RISK-02)."""
    if is_over:
        return "normal"
    for days, name in ((360, "loss"), (270, "doubtful"), (90, "substandard"), (0, "special_mention")):
        if overdue_days > days:
            return name
    return "special_mention" if is_restructured else "normal"


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


def _compare_repayments(lent: Lent) -> None:
    """Compare what each repayment pays now, in all and row by row."""
    if not lent.repayments:
        return
    told = {row.pk: row for row in Repayment.objects.filter(loan_id=lent.id)}
    rows: dict[uuid.UUID, dict[int, Owed]] = {pk: {} for pk in told}
    shares = books.rows(
        "SELECT s.repayment_id, coalesce(i.number, 0), "
        + ", ".join(f"sum(s.{kind}_fen)" for kind in KINDS)
        + " FROM lending_repayment_share s LEFT JOIN lending_instalment i ON i.id = s.instalment_id"
        " JOIN lending_repayment r ON r.id = s.repayment_id WHERE r.loan_id = %s GROUP BY 1, 2",
        [lent.id],
    )
    for pk, number, *amounts in shares:
        owed = Owed(**{f"{kind}_fen": int(fen) for kind, fen in zip(KINDS, amounts, strict=True)})
        if owed != Owed():
            rows[pk][number] = owed
    counts = [each for each in lent.happened if isinstance(each, MoneyIn)]
    assert {row.pk for row in told.values() if row.status == "posted"} == {each.key for each in counts}
    for money in counts:
        paid, row = lent.loan.paid[money.key], told[money.key]  # type: ignore[index]
        assert rows[row.pk] == {number: as_owed(amounts) for number, amounts in paid.shares.items()}
        assert Owed(**{name: getattr(row, name) for name in Owed.__dataclass_fields__}) == as_owed(paid.amounts)
        assert (row.total_fen, row.excess_fen, row.value_date) == (money.total, paid.excess, money.day)
    assert all(not rows[pk] for pk in lent.reversed)


def compare_day_end_columns(lent: Lent) -> None:
    """Compare what a loan's row repeats for the day end, and the two formulas in which it is used, a while ahead."""
    row = LoanRow.objects.get(pk=lent.id)
    loan = lent.loan
    late = [each.due_date for each in loan.fallen if loan._is_late(each) and any(each.owed().values())]
    assert (row.running_fen, row.due_interest_fen) == (loan.not_due, sum(each.unpaid_interest for each in loan.fallen))
    assert row.next_due_date == (loan.ahead[0].due_date if loan.ahead else None)
    assert row.overdue_since_date == min(late, default=None)
    if loan.ahead and row.running_from_date is not None:
        contract, since = loan.contract, row.running_from_date
        days = counted(contract.day_count, since, loan.today, contract.anchor) - row.prior_days
        base = 365 if contract.day_count == "act/365" else 360
        numerator = row.running_fen * (int(row.prior_numerator) + row.running_numerator * days)
        assert row.carried_interest_fen + _rounded(numerator, base) == loan.running_interest
    items = row.instalments.filter(replaced_by_version=None, due_date__lte=loan.today, closed_date=None)
    rows: dict[int, Any] = {item.number: item for item in items}
    for each in loan.fallen:
        item = rows.get(each.number)
        if item is not None and loan._is_late(each):
            base = 365 if loan.contract.day_count == "act/365" else 360
            assert item.charged_to_date == loan.today
            assert _rounded(int(item.penalty_numerator), base) == half_up(each.penalty_cost)
            assert _rounded(int(item.compound_numerator), base) == half_up(each.compound_cost)


def _rounded(numerator: int, base: int) -> int:
    return (2 * numerator + RATE_ONE * base) // (2 * RATE_ONE * base)


def compare_lines(lines: Mapping[uuid.UUID, tuple[int, int]]) -> None:
    """Compare what is drawn and held on lines; above the limit only as far as is on record."""
    for row in CreditLine.objects.filter(pk__in=lines):
        assert (row.drawn_fen, row.held_fen) == lines[row.pk]
        assert row.drawn_fen + row.held_fen <= row.limit_fen + row.over_limit_fen


def compare_books(deposits: Mapping[uuid.UUID, int], expected: Mapping[str, int]) -> None:
    """Compare the books: they balance, they say what the rules say, and so does every account, as added up and as kept."""
    ledger, added = books.booked()
    assert sum(ledger.values()) == 0
    assert ledger == expected
    assert added == {account_id: fen for account_id, fen in deposits.items() if fen or account_id in added}
    kept = books.rows("SELECT id, balance_fen FROM accounts_deposit_account WHERE id = ANY(%s)", [list(deposits)])
    assert dict(kept) == dict(deposits)
