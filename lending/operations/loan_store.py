"""Write what the arithmetic says of a loan back to its rows: the plan, what is paid, and what the day end asks for.

One place for every change of a loan, so that rows, plan and the columns that one statement can ask a million loans by
never disagree.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Final

from core.db.rows import insert, update
from core.ids import new_id
from core.operations import within_transaction
from lending.loan_columns import running_of
from lending.loan_records import all_rows, rows_in_force
from lending.loans.overdue import InstalmentRecord, default_numerator, is_unpaid, on_penalty_numerator
from lending.loans.standing import LoanRecord
from lending.models import Instalment, Loan

PAID: Final = ("principal", "interest", "penalty", "compound")
COLUMNS: Final = (
    *(f"paid_{part}_fen" for part in PAID), "closed_date", "charged_to_date", "penalty_numerator", "compound_numerator",
    "penalty_compound_numerator",
)  # fmt: skip
"""What of an instalment changes while its plan stays."""


@within_transaction
def store_loan(*, loan: Loan, record: LoanRecord, on_date: date, settled: bool = False) -> dict[int, Instalment]:
    """Write a record to its loan: new rows where the plan changed, what is paid, and the day end's columns.

    Returns the instalments in force by their numbers. `settled` closes all of them.
    """
    rows = _store_plan(loan, record)
    former = {number: _columns(row) for number, row in rows.items()}
    for item in record.instalments:
        _store_row(rows[item.number], item, record, on_date, settled=settled)
    changed = [row for number, row in rows.items() if _columns(row) != former[number]]
    update(changed, COLUMNS)
    running = running_of(record, on_date=on_date)
    for name in running.__slots__:
        setattr(loan, name, getattr(running, name))
    loan.outstanding_fen = 0 if settled else record.outstanding_principal_fen
    if settled:
        loan.running_fen, loan.due_interest_fen, loan.next_due_date, loan.overdue_since_date = 0, 0, None, None
    loan.settled_to_date, loan.carried_interest_fen = record.settled_to_date, record.carried_on(on_date)
    if record.instalments:
        loan.maturity_date = record.instalments[-1].due_date
    fields = (*running.__slots__, "outstanding_fen", "settled_to_date", "carried_interest_fen", "maturity_date")
    loan.save(update_fields=fields)
    return rows


def _store_plan(loan: Loan, record: LoanRecord) -> dict[int, Instalment]:
    """Replace the rows that the record has otherwise by rows of the next version; return the rows in force."""
    former = {row.number: row for row in rows_in_force(loan)}
    wanted = {row.number: row for row in record.instalments}
    kept = {number: row for number, row in former.items() if _same(row, wanted.get(number))}
    replaced = [row for number, row in former.items() if number not in kept]
    missing = [row for number, row in wanted.items() if number not in kept]
    if not replaced and not missing:
        return kept
    version = max(row.version for row in all_rows(loan)) + 1
    Instalment.objects.filter(pk__in=[row.pk for row in replaced]).update(replaced_by_version=version)
    balances = _balances(record)
    made = [
        Instalment(
            id=new_id(), loan=loan, number=row.number, due_date=row.due_date, principal_fen=row.principal_fen,
            interest_fen=row.interest_fen, balance_fen=balances[row.number], version=version,
        )
        for row in missing
    ]  # fmt: skip
    insert(*made)
    return kept | {row.number: row for row in made}


def _same(row: Instalment, wanted: InstalmentRecord | None) -> bool:
    return wanted is not None and (row.due_date, row.principal_fen, row.interest_fen) == (
        wanted.due_date,
        wanted.principal_fen,
        wanted.interest_fen,
    )


def _balances(record: LoanRecord) -> dict[int, int]:
    """Return the principal left after each row by the plan."""
    left_fen = sum(row.principal_fen for row in record.instalments)
    balances = {}
    for row in record.instalments:
        left_fen -= row.principal_fen
        balances[row.number] = left_fen
    return balances


def _paid_on(item: InstalmentRecord) -> date | None:
    """Return the day of the last payment that stands; what was taken back, or pays otherwise now, adds up to nothing."""
    paid: Counter[date] = Counter()
    for payment in item.payments:
        paid[payment.value_date] += (
            payment.compound_fen + payment.penalty_fen + payment.interest_fen + payment.principal_fen
        )  # fmt: skip
    return max((day for day, fen in paid.items() if fen), default=None)


def _columns(row: Instalment) -> list[object]:
    return [getattr(row, name) for name in COLUMNS]


def _store_row(row: Instalment, item: InstalmentRecord, record: LoanRecord, on_date: date, *, settled: bool) -> None:
    for part in PAID:
        setattr(row, f"paid_{part}_fen", item.paid_fen(part))
    terms, has_fallen, was_closed = record.terms, item.due_date <= on_date, row.closed_date is not None
    if not (settled or (has_fallen and not is_unpaid(item, terms, on_date=on_date))):
        row.closed_date = None
    else:
        row.closed_date = _paid_on(item) or row.closed_date or on_date
    if not (was_closed and row.closed_date is not None and row.charged_to_date is not None):  # else nothing is charged
        row.charged_to_date = on_date if has_fallen else None
    row.penalty_numerator = row.compound_numerator = row.penalty_compound_numerator = Decimal(0)
    if has_fallen:
        row.penalty_numerator = Decimal(
            default_numerator(item, terms, "principal", item.principal_fen, on_date=on_date)
        )
    if has_fallen and terms.compound:
        row.compound_numerator = Decimal(default_numerator(item, terms, "interest", item.interest_fen, on_date=on_date))
    if has_fallen and terms.compound and terms.compound_on_penalty:
        row.penalty_compound_numerator = Decimal(on_penalty_numerator(item, terms, on_date=on_date))
