"""The books at the end of every day are the sum of the loans, to the fen (GL-01, RISK-04, INT-04)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

import pytest
from django.db import connection

from accounts import queries as accounts
from accounts.models import JournalEntry
from accounts.operations.ledger import DayChanging
from core.clock import business_date
from core.money import divide_half_up
from core.tenancy import in_bank
from lending.closing import income, ledger, runner, stages
from lending.closing.runner import close_until
from lending.loan_records import record_of
from lending.loans.standing import standing_on
from lending.models import DayEndStage, Loan
from lending.models.loan import ACTIVE
from lending.queries import loan_book_agrees
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.closing.random_loans import DAY, LoanBook, begin
from tests.lending.closing.test_figures import by_arithmetic, seeds

START: Final = date(2025, 12, 20)
COVERAGE: Final = {1: 150, 2: 1_000, 3: 6_000}
RESERVE: Final = {"normal": 150, "special_mention": 300, "substandard": 3_000, "doubtful": 6_000, "loss": 10_000}


def owed(loans: list[Loan], day: date) -> dict[str, int]:
    """Return where the receivables and the memo have to stand by the loans' own arithmetic."""
    found = {"1302": 0, "1303": 0, "9001": 0}
    for loan in loans:
        interest, penalty, compound = by_arithmetic(loan, day)
        if loan.status == ACTIVE and not loan.is_non_accrual:
            found["1302"] += interest
            found["1303"] += penalty + compound
        else:
            found["9001"] += interest + penalty + compound
    return found


def allowance(loans: list[Loan]) -> int:
    """Return the allowance that the stages of the loans of one product call for."""
    by_stage = {stage: sum(loan.outstanding_fen for loan in loans if loan.stage == stage) for stage in COVERAGE}
    return sum(divide_half_up(fen * COVERAGE[stage], 10_000) for stage, fen in by_stage.items())


def books_on(day: date) -> dict[str, int]:
    """Return where they stand in the ledger at the end of a day."""
    return {code: accounts.gl_balance(code, on=day) for code in ("1302", "1303", "9001")}


def earned(day: date) -> int:
    """Return the income of all days up to a day, in fen."""
    return -sum(accounts.gl_balance(code, on=day) for code in ("6011", "6051"))


def skip_to(day: date) -> None:
    """Go to a day over days that nobody closes, but for the last before it."""
    set_day(day - DAY)
    close_until(to_date=day)


def close_books(day: date) -> None:
    """End a day and begin the next one as `close_until` does; what follows outside of the books, it does once a week."""
    if day.weekday() == 0:
        close_until(to_date=day + DAY)
        return
    assert runner._begin(day - DAY, float("inf"))
    assert runner._end(day, float("inf"))
    assert runner._begin(day, float("inf"))


@pytest.mark.slow
@pytest.mark.deep
@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
@pytest.mark.parametrize("seed", seeds())
def test_the_ledger_equals_the_sum_of_the_loans_on_every_day_of_a_random_month(seed: int) -> None:
    book = LoanBook(seed)
    book.open(8, start=START)
    begin(
        business_date()
    )  # as the day end before it would have: the first day's acts are classified with the second day
    for _ in range(31):
        day = business_date()
        book.act(2)
        loans = book.again()
        expected = owed(loans, day)
        active = [loan for loan in loans if loan.status == ACTIVE]
        close_books(day)
        assert books_on(day) == expected, (seed, day)
        assert accounts.gl_balance("1304", on=day) == -allowance(active), (seed, day)
        assert accounts.gl_balance("9001", on=day) == -accounts.gl_balance("9002", on=day)
        assert sum(accounts.trial_balance(on=day).values()) == 0
        assert loan_book_agrees()
    figures = DayEndStage.objects.filter(stage="provisions").latest("closed_date").figures
    assert figures["general_reserve_fen"] == divide_half_up(
        sum(RESERVE[category] * fen for category, fen in figures["principal_by_category_fen"].items()), 10_000
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRisk04Income:
    def test_is_what_the_loan_has_cost_whatever_the_days_in_between(self) -> None:
        set_day(date(2024, 1, 15))
        who = make_borrower()
        lend(who, 100_000_00)
        give_money(who, 200_000_00)
        skip_to(date(2024, 2, 14))
        assert accounts.gl_balance("1302") == 483_33  # 29 odd days of 30
        close_until(to_date=date(2024, 2, 16))
        assert accounts.gl_balance("1302") == 500_00  # M1: a twelfth of 6 % of 100,000, by 30/360 a whole month
        repay(who, Loan.objects.get())
        assert accounts.gl_balance("1302") == 0
        skip_to(date(2024, 3, 1))
        repay(who, Loan.objects.get(), kind="early_full")
        close_until(to_date=business_date() + DAY)
        assert accounts.gl_balance("1302") == 0
        paid = Loan.objects.get().repayments.all()  # the first a day late
        assert earned(business_date()) == sum(row.interest_fen + row.penalty_fen + row.compound_fen for row in paid)
        assert paid.filter(penalty_fen__gt=0).count() == 1

    def test_of_a_loan_that_ceases_to_accrue_goes_back_and_into_the_memo(self) -> None:
        set_day(date(2024, 1, 15))
        lend(make_borrower(), 100_000_00)
        skip_to(date(2024, 5, 15))  # overdue since 2024-02-15: 90 days on 05-15
        assert not Loan.objects.get().is_non_accrual
        before = earned(date(2024, 5, 14))
        assert before > 0
        close_until(to_date=date(2024, 5, 17))
        loan = Loan.objects.get()
        assert (loan.is_non_accrual, loan.category, loan.stage) == (True, "substandard", 3)
        standing = standing_on(record_of(loan), on_date=date(2024, 5, 16))
        due = standing.due_in_all
        assert accounts.gl_balance("1302") == accounts.gl_balance("1303") == earned(date(2024, 5, 16)) == 0
        assert accounts.gl_balance("9001") == standing.accrued_interest_fen + due.penalty_fen + due.compound_fen

    def test_is_told_by_product(self) -> None:
        set_day(date(2024, 1, 15))
        lend(make_borrower(), 100_000_00)
        skip_to(date(2024, 1, 25))
        close_until(to_date=date(2024, 1, 26))
        figures = DayEndStage.objects.get(closed_date=date(2024, 1, 25), stage="income").figures
        assert figures == {
            "products": {"XF01": {"loans": 1, "interest_fen": 166_67, "default_fen": 0, "memo_fen": 0}},
            "booked_fen": {"1302": 16_67, "1303": 0, "9001": 0},
        }

    def test_of_nothing_books_nothing(self) -> None:
        close_until(to_date=business_date() + 3 * DAY)
        assert not JournalEntry.objects.filter(kind__startswith="day_end").exists()


@pytest.fixture
def owing() -> Iterator[tuple[Borrower, Loan]]:
    """Give a borrower at bank A who owes an instalment today, committed."""
    with in_bank("125"):
        set_day(date(2024, 1, 15))
        who = make_borrower()
        loan = lend(who, 100_000_00)
        give_money(who, 200_000_00)
        skip_to(date(2024, 2, 20))
        yield who, loan


@pytest.mark.django_db(transaction=True)
class TestRaces:
    @pytest.mark.parametrize("moment", ["before the sums", "between sums and books"])
    def test_a_repayment_in_the_middle_of_income_is_right(
        self, owing: tuple[Borrower, Loan], monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        who, loan = owing
        day = business_date()

        def pay_elsewhere() -> None:
            def pay() -> None:
                try:
                    with in_bank("125"):
                        assert repay(who, loan).status == "posted"
                finally:
                    connection.close()

            thread = threading.Thread(target=pay)
            thread.start()
            thread.join(20)
            assert not thread.is_alive(), "the repayment waits for the day end"

        interrupt(monkeypatch, moment, pay_elsewhere)
        stages.close_income(closed_date=day)
        current = Loan.objects.get(pk=loan.pk)
        assert current.instalments.get(number=1).closed_date == day
        assert books_on(day) == owed([current], day)
        assert accounts.gl_balance("1303") == 0

    def test_two_repayments_and_every_stage_at_once_end_in_the_same_books(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        others = [(other := make_borrower(), lend(other, 50_000_00)) for _ in range(3)]
        for other, _ in others:
            give_money(other, 100_000_00)
        failures: list[BaseException] = []

        def keep_paying(borrower: Borrower, owed_loan: Loan) -> None:
            try:
                with in_bank("125"):
                    for _ in range(6):
                        sent_again(lambda: repay(borrower, owed_loan, kind="early_partial", amount_fen=1_000_00))
            except BaseException as error:  # noqa: BLE001 -- shown below, whatever it was
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=keep_paying, args=pair) for pair in others]
        for thread in threads:
            thread.start()
        start = business_date()
        close_until(to_date=start + timedelta(days=5))
        for thread in threads:
            thread.join(60)
        assert failures == []
        day = business_date()
        expected = owed(list(Loan.objects.prefetch_related("instalments__shares")), day)
        close_until(to_date=day + DAY)
        assert books_on(day) == expected
        assert loan_book_agrees()
        assert sum(accounts.trial_balance().values()) == 0
        assert who.line().drawn_fen == Loan.objects.get(pk=loan.pk).outstanding_fen


def sent_again(request: Callable[[], object]) -> None:
    """Send a request again where the day was closed under it, as that refusal asks; nothing of it was booked."""
    for _ in range(5):
        try:
            request()
        except DayChanging:
            continue
        return
    pytest.fail("the day changed five times under one request")


def interrupt(monkeypatch: pytest.MonkeyPatch, moment: str, between: Callable[[], None]) -> None:
    """Let something happen once, in the middle of booking income, after its transaction has seen its moment."""
    if moment == "before the sums":
        real = income.owed_by_product

        def then_sums(day: date) -> dict[str, dict[str, int]]:
            between()
            return real(day)

        monkeypatch.setattr(income, "owed_by_product", then_sums)
        return
    real_true_up = ledger.true_up
    calls = iter([True])

    def then_book(**entry: object) -> int:
        if next(calls, False):
            between()
        return real_true_up(**entry)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "true_up", then_book)
