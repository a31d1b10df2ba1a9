"""GL-01: books of each bank that balance by voucher and by day, and hold what its loans owe; the province has none."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest
from django.db import connection

from accounts.ledger.chart import ENTRY_KINDS
from accounts.models import JournalEntry, Posting
from accounts.operations import receipts, refunds, top_ups, transfer_outcomes, transfers
from accounts.operations.books import REVERSAL
from core.tenancy import PROVINCE
from lending import books
from lending.closing import income, provisions
from lending.queries.figures import loan_book_agrees
from tests.lending.borrowers import give_money, lend, make_borrower, repay, set_day

BOOKS = ("accounts_journal_entry", "accounts_posting", "accounts_deposit_account", "lending_loan", "lending_instalment")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGl01Books:
    def test_balance_by_voucher_and_by_day_and_hold_what_the_loans_owe(self) -> None:
        set_day(date(2024, 1, 15))
        who = make_borrower()
        give_money(who, 50_000_00)
        loan = lend(who, 100_000_00)
        assert loan_book_agrees()
        for day, kind in ((date(2024, 2, 15), "due"), (date(2024, 3, 25), "due"), (date(2024, 4, 1), "early_full")):
            set_day(day)
            repay(who, loan, kind)
            assert loan_book_agrees(), day
        by_entry, by_day = defaultdict[object, int](int), defaultdict[date, int](int)
        for line in Posting.objects.select_related("entry"):
            by_entry[line.entry_id] += line.amount_fen
            by_day[line.entry.booking_date] += line.amount_fen
        assert len(by_entry) == JournalEntry.objects.count() == 5
        assert set(by_entry.values()) == set(by_day.values()) == {0}

    def test_are_kept_by_banks_and_by_no_province(self) -> None:
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = %s AND table_name = ANY(%s)"
        with connection.cursor() as cursor:
            for schema, tables in ((PROVINCE.schema_name, 0), ("public", 0), ("bank_125", len(BOOKS))):
                cursor.execute(query, [schema, list(BOOKS)])
                assert cursor.fetchone() == (tables,), schema


def test_every_kind_of_entry_has_a_name_that_staff_can_read() -> None:
    booked = {
        books.DISBURSEMENT, books.REPAYMENT, books.REVERSAL, books.REALLOCATION, books.WRITE_OFF, books.RECOVERY,
        income.KIND, provisions.KIND, top_ups.KIND, transfers.KIND, transfer_outcomes.REFUND, receipts.KIND, refunds.KIND,
        REVERSAL,
    }  # fmt: skip
    assert booked == dict(ENTRY_KINDS).keys()
