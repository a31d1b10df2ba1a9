"""How a day is captured: once, wholly, by either way to the same record (LN-17)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core.clock import business_date
from core.errors import StateConflict
from lending.models import BureauDay, BureauRecord, Loan
from lending.operations import bureau_sql
from lending.operations.bureau import capture_bureau_records
from lending.queries.bureau import contents_of, is_month_end, uncaptured_days
from lending.servicing_day import follow_servicing
from tests.lending.borrowers import Borrower, lend, make_borrower
from tests.lending.bureau.reporting import DUE, START, catch_up, pay, records, to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


class TestTwoWaysOneRecord:
    def test_the_statement_over_all_plain_loans_says_what_the_arithmetic_says(
        self, lent: tuple[Borrower, Loan]
    ) -> None:
        who, paying = lent
        unpaid = lend(who, 7_000_00)
        other = make_borrower(valid_until_date=date(2028, 1, 1))
        bullet = make_borrower(product="XF03", valid_until_date=date(2028, 1, 1))
        third = lend(other, 12_345_67, term_months=3)
        fourth = lend(bullet, 30_000_00, method="bullet", term_months=6)
        to(DUE)
        pay(who, paying)
        to(date(2026, 3, 5))
        pay(other, third, "early_full")
        day = date(2026, 2, 28)
        capture_bureau_records(day=date(2026, 1, 31))
        asked = {"day": day, "first": day.replace(day=1), "today": business_date()}
        with connection.cursor() as cursor:
            cursor.execute(bureau_sql.NOT_PLAIN, asked)
            not_plain = {row[0] for row in cursor.fetchall()}
            cursor.execute(bureau_sql.PLAIN_MONTH, asked)
        assert not_plain == {unpaid.pk, third.pk}  # as of that day, though the third was paid off since
        rows = {row.loan_id: row.content for row in BureauRecord.objects.filter(kind="month_end", business_date=day)}
        assert set(rows) == {paying.pk, fourth.pk}
        assert contents_of(rows, moment="month_end", day=day, moved_fen={}) == rows
        (third_then,) = contents_of([third.pk], moment="month_end", day=day, moved_fen={}).values()
        assert (third_then["state"], third_then["balance_fen"], third_then["overdue_days"]) == ("overdue", 12_345_67, 6)

    def test_what_happens_after_the_day_is_not_seen(self, lent: tuple[Borrower, Loan]) -> None:
        who, loan = lent
        to(date(2026, 3, 1))
        late = contents_of([loan.pk], moment="month_end", day=date(2026, 2, 28), moved_fen={})[loan.pk]
        pay(who, loan)
        assert contents_of([loan.pk], moment="month_end", day=date(2026, 2, 28), moved_fen={})[loan.pk] == late
        assert late["overdue_days"] == 6


class TestCapturing:
    def test_twice_is_once_and_missed_days_are_caught_up(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        catch_up(date(2026, 3, 2))
        before = list(BureauRecord.objects.order_by("pk").values_list("pk", "content"))
        assert uncaptured_days() == []
        assert capture_bureau_records(day=date(2026, 1, 31)) == 0
        follow_servicing()
        assert list(BureauRecord.objects.order_by("pk").values_list("pk", "content")) == before
        assert BureauDay.objects.count() == (date(2026, 3, 2) - START).days
        assert len(records(loan, "month_end")) == 2

    def test_a_run_that_died_half_way_is_taken_up_without_a_double(self, lent: tuple[Borrower, Loan]) -> None:
        _, loan = lent
        to(date(2026, 2, 1))
        monkey = {"day": date(2026, 1, 31), "first": date(2026, 1, 1), "today": business_date()}
        with connection.cursor() as cursor:
            cursor.execute(bureau_sql.PLAIN_MONTH, monkey)
        follow_servicing()
        assert len(records(loan, "month_end")) == 1

    def test_a_day_that_is_not_over_is_not_captured(self, lent: tuple[Borrower, Loan]) -> None:
        with pytest.raises(StateConflict):
            capture_bureau_records(day=business_date())
        assert not BureauDay.objects.exists()
        assert not BureauRecord.objects.exists()

    @pytest.mark.parametrize(
        ("day", "expected"),
        [(date(2026, 1, 31), True), (date(2026, 2, 28), True), (date(2024, 2, 28), False), (date(2024, 2, 29), True)],
    )
    def test_a_months_end_is_its_last_day(self, day: date, *, expected: bool) -> None:
        assert is_month_end(day) is expected

    def test_what_was_captured_never_changes(self, lent: tuple[Borrower, Loan]) -> None:
        catch_up(START + timedelta(days=1))
        changes: list[dict[str, Any]] = [
            {"content": {}}, {"negative": True}, {"released_date": None}, {"business_date": DUE},
        ]  # fmt: skip
        for change in changes:
            with pytest.raises(IntegrityError), transaction.atomic():
                BureauRecord.objects.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM lending_bureau_record")
