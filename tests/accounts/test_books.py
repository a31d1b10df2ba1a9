"""The books as a whole: closed days, balances at any past date, statements, reversals, true-ups."""

from __future__ import annotations

import random
import threading
import uuid
from datetime import date, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.ledger.chart import (
    CHART,
    CUSTOMER_DEPOSITS,
    IMPAIRMENT_LOSS,
    INTEREST_INCOME,
    INTEREST_RECEIVABLE,
    LOAN_LOSS_ALLOWANCE,
    LOAN_PRINCIPAL,
    PAYMENT_CLEARING,
)
from accounts.models import GlDay, JournalEntry, Posting
from accounts.operations import (
    DayNotOver,
    InsufficientFunds,
    Line,
    NotALedgerAccount,
    charge_quota,
    close_books,
    post_entry,
    reverse_entry,
    true_up,
)
from accounts.operations.ledger import DayChanging
from accounts.queries import (
    balance_at,
    deposits_equal_ledger,
    gl_balance,
    quota_used_fen,
    statement_of_account,
    trial_balance,
)
from core.clock import move_business_date
from core.db.constraints import violated
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.tenancy import in_bank
from tests.accounts.holders import TODAY, Holder, give, make_holder, set_day
from tests.at_once import at_once

D = [TODAY + timedelta(days=number) for number in range(40)]
bank = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def close(day: date) -> int:
    with transaction.atomic():
        return close_books(day=day)


def book(who: Holder, amount_fen: int, gl_code: str = LOAN_PRINCIPAL, **more: object) -> uuid.UUID:
    """Move money onto an account, or off it where the amount is negative."""
    with transaction.atomic():
        return post_entry(
            business_ref=f"t:{new_id().hex}",
            kind="test",
            lines=[
                Line(gl_code=gl_code, amount_fen=amount_fen),
                Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-amount_fen, account_id=who.account_id),
            ],
            **more,  # type: ignore[arg-type]
        )


def summed(on: date) -> dict[str, int]:
    """Add up all postings up to a date, one by one: what any cleverer way must agree with."""
    totals: dict[str, int] = {}
    for code, fen in Posting.objects.filter(entry__booking_date__lte=on).values_list("gl_code", "amount_fen"):
        totals[code] = totals.get(code, 0) + fen
    return totals


def without_zeros(balances: dict[str, int]) -> dict[str, int]:
    return {code: fen for code, fen in balances.items() if fen}


class TestClosing:
    pytestmark = bank

    def test_writes_one_row_for_each_account_of_the_chart(self) -> None:
        set_day(D[0])
        who = make_holder()
        book(who, 10_000)
        book(who, -3_000)
        set_day(D[1])
        assert close(D[0]) == 1
        rows = {row.gl_code: (row.debit_fen, row.credit_fen, row.closing_fen) for row in GlDay.objects.all()}
        assert set(rows) == set(CHART)
        assert rows[LOAN_PRINCIPAL] == (10_000, 3_000, 7_000)
        assert rows[CUSTOMER_DEPOSITS] == (3_000, 10_000, -7_000)
        assert rows[INTEREST_INCOME] == (0, 0, 0)

    def test_twice_is_once(self) -> None:
        set_day(D[0])
        book(make_holder(), 10_000)
        set_day(D[1])
        assert (close(D[0]), close(D[0])) == (1, 0)
        assert GlDay.objects.count() == len(CHART)

    def test_catches_up_every_day_since_the_last(self) -> None:
        set_day(D[0])
        who = make_holder()
        book(who, 100)
        set_day(D[1])
        close(D[0])
        set_day(D[3])
        book(who, 50)
        set_day(D[6])
        assert close(D[5]) == 5
        closing = dict(GlDay.objects.filter(gl_code=LOAN_PRINCIPAL).values_list("booking_date", "closing_fen"))
        assert closing == {D[0]: 100, D[1]: 100, D[2]: 100, D[3]: 150, D[4]: 150, D[5]: 150}

    def test_of_a_bank_without_an_entry_begins_with_that_day(self) -> None:
        set_day(D[1])
        assert close(D[0]) == 1
        assert not GlDay.objects.exclude(closing_fen=0).exists()

    def test_is_refused_for_a_day_that_is_not_over(self) -> None:
        set_day(D[0])
        with pytest.raises(DayNotOver):
            close(D[0])
        assert not GlDay.objects.exists()

    def test_costs_the_same_number_of_queries_whatever_was_booked(self) -> None:
        counts = []
        set_day(D[0])
        who = make_holder()
        for number, entries in enumerate((1, 12)):
            for _ in range(entries):
                book(who, 100)
            set_day(D[number + 1])
            with CaptureQueriesContext(
                connection,
            ) as queries:
                close(D[number])
            counts.append(len(queries))
        assert counts[1] <= counts[0]
        assert max(counts) <= 12

    def test_what_is_closed_never_changes(self) -> None:
        set_day(D[1])
        close(D[0])
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            GlDay.objects.update(closing_fen=1)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            GlDay.objects.all().delete()

    def test_a_late_entry_is_refused_by_the_database(self) -> None:
        set_day(D[0])
        who = make_holder()
        book(who, 100)
        set_day(D[1])
        close(D[0])
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            JournalEntry.objects.create(business_ref="late", kind="t", booking_date=D[0], value_date=D[0])
        assert violated(raised.value) == "accounts_day_is_open"
        book(who, 1)  # and today's goes on

    def test_whoever_books_on_a_day_that_was_closed_meanwhile_is_told_to_come_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_day(D[0])
        who = make_holder(100)
        set_day(D[1])
        close(D[0])
        monkeypatch.setattr("accounts.operations.ledger.business_date", lambda: D[0])
        with pytest.raises(DayChanging):
            book(who, 1)
        assert not DayChanging.replayable
        assert who.balance == 100

    def test_a_value_date_may_lie_in_a_closed_day(self) -> None:
        set_day(D[0])
        who = make_holder(100)
        set_day(D[1])
        close(D[0])
        entry = JournalEntry.objects.get(pk=book(who, 1, value_date=D[0]))
        assert (entry.booking_date, entry.value_date) == (D[1], D[0])


class TestBalances:
    pytestmark = bank

    @pytest.mark.parametrize("closed", [[], [3], [0, 5, 9], list(range(11))])
    def test_at_every_date_are_the_sum_of_the_postings_whichever_days_are_closed(self, closed: list[int]) -> None:
        lots = random.Random(20261123)
        set_day(D[0])
        people = [make_holder() for _ in range(2)]
        for number in range(12):
            set_day(D[number])
            if number - 1 in closed:
                close(D[number - 1])
            for _ in range(lots.randrange(4)):
                who, amount = lots.choice(people), lots.randrange(1, 10_000)
                book(who, amount if lots.random() < 0.6 or who.balance < amount else -amount, lots.choice(
                    [LOAN_PRINCIPAL, PAYMENT_CLEARING, INTEREST_INCOME]
                ))  # fmt: skip
        for day in [D[0] - timedelta(days=1), *D[:12]]:
            expected = summed(day)
            assert without_zeros(trial_balance(on=day)) == without_zeros(expected)
            assert sum(trial_balance(on=day).values()) == 0
            for code in CHART:
                assert gl_balance(code, on=day) == expected.get(code, 0)
        assert without_zeros(trial_balance()) == without_zeros(summed(D[11]))
        assert gl_balance(LOAN_PRINCIPAL) == summed(D[11]).get(LOAN_PRINCIPAL, 0)
        assert deposits_equal_ledger()

    def test_now_take_one_query_and_read_no_posting_of_a_closed_day(self) -> None:
        set_day(D[0])
        who = make_holder()
        book(who, 100)
        set_day(D[1])
        close(D[0])
        with CaptureQueriesContext(connection) as queries:
            assert gl_balance(LOAN_PRINCIPAL) == 100
        assert len(queries) == 1
        # A closed day that says something else than its postings is believed: they are not read.
        book(who, 20)
        GlDay.objects.create(booking_date=D[1], gl_code=LOAN_PRINCIPAL, debit_fen=7, credit_fen=0, closing_fen=107)
        assert gl_balance(LOAN_PRINCIPAL) == 107
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, "accounts_journal_entry")
        assert found["accounts_entry_by_day"]["columns"] == ["booking_date"]

    def test_of_a_customer_at_a_past_date_take_one_query_by_the_index(self) -> None:
        set_day(D[0])
        who, other = make_holder(), make_holder()
        for number in (0, 2, 4):
            set_day(D[number])
            book(who, 1_000)
            book(other, 77)
        book(who, -500)
        assert [balance_at(who.account_id, on=D[number]) for number in range(6)] == [
            1_000,
            1_000,
            2_000,
            2_000,
            2_500,
            2_500,
        ]
        assert balance_at(who.account_id, on=D[0] - timedelta(days=1)) == 0
        with CaptureQueriesContext(connection) as queries:
            balance_at(who.account_id, on=D[3])
        assert len(queries) == 1
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, "accounts_posting")
        assert found["accounts_statement"]["columns"] == ["account_id", "id"]


class TestStatement:
    pytestmark = bank

    def test_adds_up_over_any_period(self) -> None:
        lots = random.Random(7)
        set_day(D[0])
        who = make_holder()
        for number in range(10):
            set_day(D[number])
            for _ in range(lots.randrange(3)):
                amount = lots.randrange(1, 5_000)
                book(who, amount if who.balance < amount else lots.choice([amount, -amount]))
        for first in range(10):
            for last in range(first, 10):
                found = statement_of_account(who.account_id, from_date=D[first], to_date=D[last])
                assert found.opening_fen == balance_at(who.account_id, on=D[first] - timedelta(days=1))
                assert found.closing_fen == balance_at(who.account_id, on=D[last])
                assert found.opening_fen + found.credited_fen - found.debited_fen == found.closing_fen
                running = found.opening_fen
                for line in found.lines:
                    running += line.amount_fen
                    assert line.balance_after_fen == running == line.posting.balance_after_fen
                    assert D[first] <= line.posting.entry.booking_date <= D[last]

    def test_takes_two_queries_however_many_lines_there_are(self) -> None:
        set_day(D[0])
        who = make_holder()
        for _ in range(5):
            book(who, 100)
        with CaptureQueriesContext(connection) as queries:
            found = statement_of_account(who.account_id, from_date=D[0], to_date=D[0])
            assert [line.posting.entry.kind for line in found.lines] == ["test"] * 5
        assert len(queries) == 2

    def test_of_one_day_and_of_the_first_days_of_the_calendar(self) -> None:
        who = make_holder()
        found = statement_of_account(who.account_id, from_date=date.min, to_date=date.min)
        assert (found.opening_fen, found.lines, found.closing_fen) == (0, [], 0)
        with pytest.raises(ValueError, match="forward"):
            statement_of_account(who.account_id, from_date=D[1], to_date=D[0])


def reverse(entry_id: uuid.UUID, reference: str = "") -> uuid.UUID:
    with transaction.atomic():
        return reverse_entry(
            entry_id=entry_id, business_ref=reference or f"rev:{entry_id.hex}", memo="冲正", value_date=D[0]
        )


class TestReversal:
    pytestmark = bank

    def test_is_a_new_entry_with_every_line_negated(self) -> None:
        set_day(D[0])
        who = make_holder()
        entry = book(who, 500)
        set_day(D[2])
        reversal = JournalEntry.objects.get(pk=reverse(entry))
        assert (reversal.reverses_id, reversal.kind, reversal.booking_date, reversal.value_date) == (
            entry, "reversal", D[2], D[0],
        )  # fmt: skip
        lines = dict(reversal.postings.values_list("gl_code", "amount_fen"))
        assert lines == {LOAN_PRINCIPAL: -500, CUSTOMER_DEPOSITS: 500}
        assert who.balance == 0
        assert Posting.objects.filter(entry=entry).count() == 2

    def test_happens_once(self) -> None:
        entry = book(make_holder(), 500)
        reverse(entry)
        with pytest.raises(StateConflict):
            reverse(entry, "another")
        with pytest.raises(IntegrityError), transaction.atomic():
            post_entry(
                business_ref="by hand", kind="t", reverses_id=entry,
                lines=[Line(gl_code=LOAN_PRINCIPAL, amount_fen=1), Line(gl_code=INTEREST_INCOME, amount_fen=-1)],
            )  # fmt: skip

    def test_is_not_itself_reversed(self) -> None:
        reversal = reverse(book(make_holder(), 500))
        with pytest.raises(StateConflict):
            reverse(reversal)

    def test_takes_no_money_that_is_not_there(self) -> None:
        who = make_holder()
        entry = book(who, 500)
        book(who, -1)
        with pytest.raises(InsufficientFunds):
            reverse(entry)
        assert who.balance == 499

    def test_needs_an_entry(self) -> None:
        with pytest.raises(NotFound):
            reverse(new_id())

    def test_gives_the_quota_back_on_the_original_day(self) -> None:
        set_day(date(2026, 12, 31))
        who = make_holder(500)
        entry_ref = f"transfer:{new_id().hex}"
        with transaction.atomic():
            charge_quota(
                account_id=who.account_id, account_class="II", direction="out", amount_fen=300, business_ref=entry_ref
            )
            entry = post_entry(
                business_ref=entry_ref, kind="transfer",
                lines=[
                    Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=300, account_id=who.account_id),
                    Line(gl_code=PAYMENT_CLEARING, amount_fen=-300),
                ],
            )  # fmt: skip
        assert used(who, date(2026, 12, 31)) == (300, 300)
        set_day(date(2027, 1, 1))
        reverse(entry)
        assert used(who, date(2026, 12, 31)) == (0, 0)
        assert used(who, date(2027, 1, 1)) == (0, 0)


def used(who: Holder, day: date) -> tuple[int, int]:
    spans = (("day", day), ("year", day.replace(month=1, day=1)))
    of_day, of_year = (
        quota_used_fen(who.account_id, direction="out", span=span, starts_date=first) for span, first in spans
    )
    return of_day, of_year


def bring(code: str, target_fen: int, reference: str, contra: str = IMPAIRMENT_LOSS) -> uuid.UUID | None:
    with transaction.atomic():
        return true_up(
            gl_code=code, contra_code=contra, target_fen=target_fen, business_ref=reference, kind="day_end", memo="计提"
        )


class TestTrueUp:
    pytestmark = bank

    def test_books_the_difference_up_and_down(self) -> None:
        assert bring(LOAN_LOSS_ALLOWANCE, -10_000, "a:1") is not None
        assert (gl_balance(LOAN_LOSS_ALLOWANCE), gl_balance(IMPAIRMENT_LOSS)) == (-10_000, 10_000)
        assert bring(LOAN_LOSS_ALLOWANCE, -4_000, "a:2") is not None
        assert (gl_balance(LOAN_LOSS_ALLOWANCE), gl_balance(IMPAIRMENT_LOSS)) == (-4_000, 4_000)

    def test_books_nothing_where_it_stands_right(self) -> None:
        bring(INTEREST_RECEIVABLE, 5_000, "i:1", INTEREST_INCOME)
        assert bring(INTEREST_RECEIVABLE, 5_000, "i:2", INTEREST_INCOME) is None
        assert JournalEntry.objects.count() == 1

    def test_books_a_reference_once(self) -> None:
        bring(INTEREST_RECEIVABLE, 5_000, "same", INTEREST_INCOME)
        assert bring(INTEREST_RECEIVABLE, 9_000, "same", INTEREST_INCOME) is None
        assert gl_balance(INTEREST_RECEIVABLE) == 5_000

    def test_starts_from_closed_days_too(self) -> None:
        set_day(D[0])
        bring(INTEREST_RECEIVABLE, 5_000, "i:1", INTEREST_INCOME)
        set_day(D[1])
        close(D[0])
        bring(INTEREST_RECEIVABLE, 7_000, "i:2", INTEREST_INCOME)
        assert gl_balance(INTEREST_RECEIVABLE) == 7_000

    @pytest.mark.parametrize(
        ("code", "contra"), [("1302", "1302"), ("9999", "6011"), ("1302", "0000"), ("2011", "6011"), ("1302", "2011")]
    )
    def test_is_refused_on_what_is_no_pair_of_ledger_accounts(self, code: str, contra: str) -> None:
        with pytest.raises(NotALedgerAccount):
            bring(code, 1, "x", contra)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_closing_waits_for_an_entry_on_its_way_and_counts_it(self) -> None:
        with in_bank("125"):
            set_day(D[0])
            who = make_holder()
        booked, may_commit, closed = threading.Event(), threading.Event(), threading.Event()

        def post() -> None:
            with transaction.atomic():
                book(who, 500)
                booked.set()
                assert may_commit.wait(10)

        def end_day() -> None:
            assert booked.wait(10)
            with transaction.atomic():
                move_business_date(to_date=D[1])
            close(D[0])
            closed.set()

        def watch() -> bool:
            assert booked.wait(10)
            waited = not closed.wait(0.5)
            may_commit.set()
            return waited

        assert at_once("125", [post, end_day, watch])[2] is True
        with in_bank("125"):
            assert GlDay.objects.get(gl_code=LOAN_PRINCIPAL, booking_date=D[0]).closing_fen == 500
            assert trial_balance(on=D[0])[LOAN_PRINCIPAL] == 500

    def test_two_true_ups_at_once_book_one_difference(self) -> None:
        entries = at_once("125", [partial(bring, LOAN_LOSS_ALLOWANCE, -10_000, f"a:{number}") for number in range(6)])
        assert sum(isinstance(entry, uuid.UUID) for entry in entries) == 1
        with in_bank("125"):
            assert gl_balance(LOAN_LOSS_ALLOWANCE) == -10_000
            assert JournalEntry.objects.count() == 1


@pytest.mark.django_db
def test_closed_days_of_two_banks_have_nothing_to_do_with_each_other(bank_a: str) -> None:
    set_day(D[0])
    give(make_holder().account_id, 100)
    set_day(D[1])
    close(D[0])
    with in_bank("116"):
        assert not GlDay.objects.exists()
        set_day(D[0])
        who = make_holder()
        book(who, 5)
        assert who.balance == 5
