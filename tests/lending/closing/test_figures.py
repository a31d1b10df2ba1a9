"""What the day end says of a loan in SQL is what the loan's own arithmetic says, to the fen, whatever has happened to it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import pytest
from django.db import transaction

from core.clock import business_date
from lending import parameters
from lending.closing import owed
from lending.closing.income import owed_by_product
from lending.closing.rows import fetch_all
from lending.loan_columns import running_of
from lending.loan_records import all_rows, judged_of, record_of
from lending.loans.judging import Arrears, judged_by
from lending.loans.standing import standing_on
from lending.models import Instalment, Loan, LoanEvent
from lending.models.loan import ACTIVE, SETTLED
from tenants.parameters import set_for_bank
from tests.depth import is_deep
from tests.lending.closing.random_loans import DAY, LoanBook, begin

START: Final = date(2025, 9, 28)
LOANS: Final = 15
TURNS: Final = 6
ACTS: Final = 8
PER_LOAN: Final = f"SELECT l.id, ({owed.INTEREST})::bigint FROM lending_loan l"
PER_DEFAULT: Final = f"""
SELECT l.id, sum({owed.PENALTY})::bigint, sum({owed.COMPOUND})::bigint
FROM lending_instalment i JOIN lending_loan l ON l.id = i.loan_id WHERE {owed.UNPAID} GROUP BY l.id
"""


def seeds() -> Sequence[int]:
    """Return the seeds of this run: one, or six with `--hypothesis-profile=deep`."""
    return range(1, 7) if is_deep() else (1,)


def by_sql(day: date) -> dict[uuid.UUID, tuple[int, int, int]]:
    """Return interest, penalty and compound interest of every loan, as the day end computes them."""
    default = {pk: (penalty, compound) for pk, penalty, compound in fetch_all(PER_DEFAULT, {"day": day})}
    return {pk: (interest, *default.get(pk, (0, 0))) for pk, interest in fetch_all(PER_LOAN, {"day": day})}


def by_arithmetic(loan: Loan, day: date) -> tuple[int, int, int]:
    """Return the same by the loan's record."""
    if loan.status == SETTLED:
        return 0, 0, 0
    standing = standing_on(record_of(loan), on_date=day)
    return (standing.accrued_interest_fen, standing.due_in_all.penalty_fen, standing.due_in_all.compound_fen)


def columns_of(loan: Loan) -> dict[str, Any]:
    """Return what the loan's row repeats of its record."""
    names = (*running_of(record_of(loan), on_date=loan.start_date).__slots__, "carried_interest_fen")
    return {name: getattr(loan, name) for name in names}


def expected_columns(loan: Loan, day: date) -> dict[str, Any]:
    """Return what the row has to repeat of the record on a day."""
    record = record_of(loan)
    running = running_of(record, on_date=day)
    values = {name: getattr(running, name) for name in running.__slots__}
    return {**values, "carried_interest_fen": record.carried_on(day)}


def expected_class(before: Loan, day: date) -> tuple[str, int, bool, date | None]:
    """Return category, stage, accrual and observation that a morning makes of a loan, by its own arithmetic."""
    record = record_of(before)
    standing = standing_on(record, on_date=day)
    closed = [
        row.closed_date
        for row in all_rows(before)
        if row.closed_date and not row.replaced_by_version and row.principal_fen + row.interest_fen
    ]
    found = Arrears(
        since_date=day - standing.overdue_days * DAY if standing.overdue_days else None,
        is_due=bool(standing.due),
        cleared_date=max(closed, default=None),
        due_dates=[row.due_date for row in record.instalments],
    )
    now = judged_by(judged_of(before), found, parameters.classification_rules(day), on=day)
    return now.category.value, now.stage, now.is_non_accrual, now.observed_until_date


def compare(book: LoanBook, day: date) -> None:
    """Compare every loan's figures, and their sums by product."""
    loans = book.again()
    in_sql = by_sql(day)
    assert {loan.pk: in_sql[loan.pk] for loan in loans} == {loan.pk: by_arithmetic(loan, day) for loan in loans}
    found = owed_by_product(day)["XF01"]
    accruing = [by_arithmetic(loan, day) for loan in loans if loan.status == ACTIVE and not loan.is_non_accrual]
    others = [by_arithmetic(loan, day) for loan in loans if loan.is_non_accrual or loan.status != ACTIVE]
    assert found["interest_fen"] == sum(interest for interest, _, _ in accruing)
    assert found["default_fen"] == sum(penalty + compound for _, penalty, compound in accruing)
    assert found["memo_fen"] == sum(map(sum, others))


@pytest.mark.deep
@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
@pytest.mark.parametrize("seed", seeds())
class TestRandomLoans:
    def test_every_figure_and_every_column_is_the_arithmetics(self, seed: int) -> None:
        book = LoanBook(seed)
        book.open(LOANS, start=START)
        begin(business_date())
        compare(book, business_date())
        for _ in range(TURNS):
            before = {loan.pk: loan for loan in book.again()}
            day = book.jump(most_days=55)
            for loan in book.again():
                if loan.status == SETTLED:
                    continue
                if not loan.events.filter(kind="repriced", business_date__gt=day - DAY * 55).exists():
                    kept = before[loan.pk]
                    told = (loan.category, loan.stage, loan.is_non_accrual, loan.observed_until_date)
                    assert told == expected_class(kept, day), (seed, day, loan.pk)
                assert columns_of(loan) == expected_columns(loan, day), (seed, day, loan.pk)
            compare(book, day)
            book.act(ACTS)
            compare(book, day)

    def test_a_day_writes_only_what_it_changes_and_twice_it_writes_nothing(self, seed: int) -> None:
        book = LoanBook(seed)
        book.open(8, start=START)
        for _ in range(6):
            book.act(3)
            values, versions = rows_now()
            day = book.jump(most_days=12)
            values_after, versions_after = rows_now()
            written = {pk for pk, version in versions_after.items() if versions.get(pk) != version}
            assert written == {pk for pk, row in values_after.items() if values.get(pk) != row}
            events = LoanEvent.objects.count()
            begin(day)
            assert rows_now() == (values_after, versions_after)
            assert LoanEvent.objects.count() == events


def rows_now() -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the values of every loan's and instalment's row, and its version: any write or lock changes that."""
    values = {row["id"]: row for model in (Loan, Instalment) for row in model.objects.values()}
    versions = fetch_all(
        "SELECT id, ctid::text, xmin::text, xmax::text FROM lending_loan"
        " UNION ALL SELECT id, ctid::text, xmin::text, xmax::text FROM lending_instalment",
        {},
    )
    return values, {pk: version for pk, *version in versions}


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_numbers_read_for_many_days_are_those_in_force_on_each() -> None:
    today = business_date()
    with transaction.atomic():
        for name, value, days in (
            ("loan.stage_two_days", 20, 2),
            ("loan.stage_two_days", 10, 5),
            ("loan.watch_months", 18, 3),
        ):
            set_for_bank(name=name, value=value, effective_date=today + timedelta(days=days), actor="test")
    by_day = parameters.classification_rules_by_day()
    through = [today + timedelta(days=number) for number in range(-400, 9)]
    assert [by_day(day) for day in through] == [parameters.classification_rules(day) for day in through]
    assert {by_day(day).stage_two_days for day in through} == {30, 20, 10}
