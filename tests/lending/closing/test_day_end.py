"""S24: the day end runs twice to the same books, goes on where it died, catches up, and one bank never stops another."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import StringIO
from typing import Any, Final

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model

from accounts import operations as account_operations
from accounts.models import JournalEntry, Posting
from core.clock import business_date, now
from core.clock.models import BusinessDay
from core.steps.models import Step
from core.tenancy import in_bank
from lending.closing import income, runner, stages
from lending.closing.runner import AnotherDayEnd, close_until
from lending.models import AutoDebit, DayEndStage, Instalment, Loan, LoanEvent
from lending.operations import move_day
from lending.operations.loan_changes import reprice_loan
from tests.lending.applicants import change_product, due_now
from tests.lending.borrowers import give_money, lend, make_borrower, repay, set_day
from tests.lending.closing.random_loans import DAY, LoanBook
from tests.made_once import made_once

RunSteps = Callable[..., int]
START: Final = date(2026, 1, 10)
ALL: Final = ["income", "provisions", "move", "books", "dues", "overdue", "repricing", "follow"]
TABLES: Final[tuple[type[Model], ...]] = (Loan, Instalment, LoanEvent, AutoDebit, JournalEntry, Posting, DayEndStage)


def books() -> dict[str, list[dict[str, Any]]]:
    """Return every row that the day end may write."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in TABLES}


def recorded(day: date) -> list[str]:
    """Return the stages of a day in the order in which they were done."""
    return list(DayEndStage.objects.filter(closed_date=day).order_by("pk").values_list("stage", flat=True))


def command(**options: Any) -> dict[str, Any]:
    """Run `close_day --json` and return what it says; fails where it does not end with 0."""
    out = StringIO()
    call_command("close_day", json=True, stdout=out, **options)
    return dict(json.loads(out.getvalue()))


@contextmanager
def held_day_end() -> Iterator[None]:
    """Let somebody else be at bank A's day end inside the block."""
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with in_bank("125"), runner._one_at_a_time():
                held.set()
                go.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    try:
        yield
    finally:
        go.set()
        thread.join()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTwice:
    def test_gives_the_same_books_to_the_last_row(self) -> None:
        book = LoanBook(11)
        book.open(5, start=START)
        close_until(to_date=business_date() + DAY)
        first = books()
        close_until(to_date=business_date())
        for _, stage in (*stages.ENDING, *stages.BEGINNING):
            stage(closed_date=business_date() - DAY)
        assert books() == first

    def test_each_stage_is_the_same_twice_even_where_nobody_remembers_it(self) -> None:
        book = LoanBook(12)
        book.open(5, start=START)
        set_day(date(2026, 2, 26))
        close_until(to_date=date(2026, 2, 28))
        first = {name: rows for name, rows in books().items() if name != "DayEndStage"}
        DayEndStage.objects.filter(closed_date=date(2026, 2, 27), stage__in=["dues", "overdue", "repricing"]).delete()
        close_until(to_date=date(2026, 2, 28))
        assert {name: rows for name, rows in books().items() if name != "DayEndStage"} == first

    def test_its_stages_are_recorded_in_their_order_with_figures(self) -> None:
        set_day(START)
        close_until(to_date=START + DAY)
        assert recorded(START) == ALL
        move = DayEndStage.objects.get(closed_date=START, stage="move")
        assert move.figures == {"from": "2026-01-10", "to": "2026-01-11", "left_out": []}


def before_a_due_date() -> None:
    """Let a loan fall due tomorrow, and today have begun as a day does."""
    set_day(START)
    lend(make_borrower(), 100_000_00)
    set_day(date(2026, 2, 9))
    close_until(to_date=date(2026, 2, 9))


due_tomorrow = made_once(before_a_due_date, scope="class")


@pytest.mark.django_db
@pytest.mark.usefixtures("due_tomorrow", "bank_a")
class TestRestart:
    @pytest.mark.parametrize("broken", ["income", "provisions", "move", "books", "dues", "overdue", "repricing"])
    def test_what_a_stage_has_raised_leaves_nothing_of_it_and_the_next_run_goes_on(
        self, monkeypatch: pytest.MonkeyPatch, broken: str
    ) -> None:
        def fail(**_: Any) -> Any:
            raise RuntimeError(broken)

        place = {"income": "book_income", "provisions": "book_provisions", "move": "enqueue", "dues": "queue_debits",
                 "overdue": "classify_loans"}  # fmt: skip
        with monkeypatch.context() as patched:
            if broken == "repricing":
                patched.setattr(runner, "reprice_loans", fail)
            elif broken == "books":
                patched.setattr(account_operations, "close_books", fail)
            else:
                patched.setattr(stages, place[broken], lambda *_, **__: fail())
            with pytest.raises(RuntimeError, match=broken):
                close_until(to_date=date(2026, 2, 10))
        assert broken not in recorded(date(2026, 2, 9))
        assert business_date() == date(2026, 2, 9 if broken in ALL[:3] else 10)
        close_until(to_date=date(2026, 2, 10))
        assert sorted(recorded(date(2026, 2, 9))) == sorted(ALL)
        assert Loan.objects.get().next_due_date == date(2026, 3, 10)
        assert AutoDebit.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestLateEntries:
    def test_a_day_that_somebody_entered_late_is_caught_up_before_income(self) -> None:
        set_day(START)
        lend(make_borrower(), 100_000_00)
        set_day(date(2026, 2, 10))
        DayEndStage.objects.create(closed_date=date(2026, 2, 9), stage="dues", figures={})
        close_until(to_date=date(2026, 2, 11))
        figures = DayEndStage.objects.get(closed_date=date(2026, 2, 10), stage="income").figures
        assert figures["products"]["XF01"]["interest_fen"] == 500_00
        assert Loan.objects.get().due_interest_fen == 500_00


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestCatchingUp:
    def test_missed_days_are_closed_one_by_one_by_the_days_step(self, run_steps: RunSteps) -> None:
        set_day(START)
        lend(make_borrower(), 100_000_00)
        move_day(to_date=START + 5 * DAY)
        run_steps()
        assert business_date() == START + 5 * DAY
        for days in range(5):
            assert sorted(recorded(START + days * DAY)) == sorted(ALL)
        booked = JournalEntry.objects.filter(kind="day_end_income").order_by("booking_date")
        assert list(booked.values_list("booking_date", flat=True)) == [START + days * DAY for days in range(1, 5)]

    def test_a_long_day_end_gives_the_worker_back_in_between(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lending.steps.closing.SECONDS", 0.0)
        set_day(START)
        move_day(to_date=START + 2 * DAY)
        run_steps()
        assert business_date() == START
        step = Step.objects.get(kind="lending.day_changed", subject="2026-01-12")
        assert (step.state, step.reason) == ("live", "more of the day end")
        monkeypatch.undo()
        due_now()
        run_steps()
        assert business_date() == START + 2 * DAY

    def test_a_bank_that_only_followed_the_calendar_gets_a_date_of_its_own(self) -> None:
        BusinessDay.objects.all().delete()
        today = now().date()
        close_until(to_date=today)
        assert BusinessDay.objects.get().date == today
        assert recorded(today) == []


def dear_from_january() -> tuple[Loan, Loan]:
    """Lend twice at 6.00 %, by contracts that make 6.10 % of January's LPR."""
    set_day(date(2025, 12, 1))
    change_product("XF01", repricing="every_january")
    first, second = (lend(make_borrower(), 10_000_00) for _ in range(2))
    Loan.objects.update(spread_bp=310)
    return first, second


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRepricing:
    def test_that_died_on_the_way_tells_of_the_loans_of_both_runs(self) -> None:
        first, _ = dear_from_january()
        set_day(date(2026, 1, 1))
        reprice_loan(loan_id=first.pk)  # and here the run died
        close_until(to_date=date(2026, 1, 1))
        figures = DayEndStage.objects.get(closed_date=date(2025, 12, 31), stage="repricing").figures
        assert figures == {"repriced": 2, "failed": 0}

    def test_a_loan_that_fails_keeps_no_other_waiting_and_is_repriced_later(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = dear_from_january()
        set_day(date(2025, 12, 31))

        def reprice(*, loan_id: Any) -> Any:
            if loan_id == first.pk:
                raise RuntimeError("broken")
            return reprice_loan(loan_id=loan_id)

        with monkeypatch.context() as patched:
            patched.setattr("lending.closing.repricing.reprice_loan", reprice)
            close_until(to_date=date(2026, 1, 1))
        figures = DayEndStage.objects.get(closed_date=date(2025, 12, 31), stage="repricing").figures
        assert figures == {"repriced": 1, "failed": 1}
        close_until(to_date=date(2026, 1, 2))
        first.refresh_from_db()
        second.refresh_from_db()
        assert first.annual_rate == second.annual_rate != first.opening_rate
        assert first.rate_changes == second.rate_changes == [["2026-01-01", str(first.annual_rate)]]


@pytest.mark.django_db
class TestCloseDay:
    def test_closes_the_present_day_and_says_so(self) -> None:
        with in_bank("125"):
            set_day(START)
        assert command(bank="125") == {
            "banks": [{"bank": "125", "ok": True, "closed": ["2026-01-10"], "business_date": "2026-01-11", "error": ""}]
        }
        out = StringIO()
        call_command("close_day", bank="125", date="2026-01-10", stdout=out)
        assert out.getvalue().strip() == "125: 2026-01-10 is closed already; business date 2026-01-11"
        call_command("close_day", bank="125", date="2026-01-12", stdout=out)
        assert "closed 2026-01-11, 2026-01-12; business date 2026-01-13" in out.getvalue()

    def test_a_closed_day_stays_as_it_is(self) -> None:
        with in_bank("125"):
            set_day(START)
            lend(make_borrower(), 100_000_00)
        command(bank="125")
        with in_bank("125"):
            before = books()
        assert command(bank="125", date="2026-01-10")["banks"][0]["closed"] == []
        with in_bank("125"):
            assert books() == before

    def test_one_banks_failure_stops_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for code in ("125", "116"):
            with in_bank(code):
                set_day(START)
                lend(make_borrower(), 100_000_00)
        real = income.book_income

        def fail_at_a(*, day: date) -> Any:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_schema()")
                if cursor.fetchone()[0] == "bank_125":
                    raise RuntimeError("bank A is broken")
            return real(day=day)

        monkeypatch.setattr(stages, "book_income", fail_at_a)
        out = StringIO()
        with pytest.raises(CommandError, match="failed at 125"):
            call_command("close_day", all=True, json=True, date=START.isoformat(), stdout=out)
        told = {bank["bank"]: (bank["ok"], bank["closed"]) for bank in json.loads(out.getvalue())["banks"]}
        assert told == {"125": (False, []), "116": (True, ["2026-01-10"])}
        with in_bank("116"):
            assert business_date() == START + DAY
            first = books()
        with in_bank("125"):
            assert business_date() == START
            assert recorded(START) == []
        monkeypatch.undo()
        assert command(date=START.isoformat())["banks"][0]["closed"] in ([], ["2026-01-10"])
        with in_bank("125"):
            assert business_date() == START + DAY
        with in_bank("116"):
            assert books() == first

    def test_a_day_to_come_is_closed_in_a_simulation_only(self, settings: Any) -> None:
        settings.SIMULATION = False
        tomorrow = (now().date() + timedelta(days=1)).isoformat()
        with pytest.raises(CommandError, match="failed at 125"):
            command(bank="125", date=tomorrow)
        with in_bank("125"):
            assert not DayEndStage.objects.exists()
        settings.SIMULATION = True
        assert command(bank="125", date=tomorrow)["banks"][0]["ok"]

    @pytest.mark.parametrize("options", [{"bank": "999"}, {"bank": "125", "date": "yesterday"}])
    def test_a_bank_or_date_that_is_none_is_told(self, options: dict[str, str]) -> None:
        with pytest.raises(CommandError):
            call_command("close_day", stdout=StringIO(), **options)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_two_day_ends_of_one_bank_exclude_each_other(self, run_steps: RunSteps) -> None:
        with in_bank("125"):
            set_day(START)
            with held_day_end():
                with pytest.raises(AnotherDayEnd):
                    close_until(to_date=START + DAY)
                move_day(to_date=START + DAY)
                run_steps()
                assert business_date() == START
                assert Step.objects.get(kind="lending.day_changed").reason == "another day end"
                with in_bank("116"):
                    close_until(to_date=business_date())
            close_until(to_date=START + DAY)
            assert business_date() == START + DAY


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_a_repayment_between_two_stages_is_taken_up_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    set_day(START)
    who = make_borrower()
    loan = lend(who, 100_000_00)
    give_money(who, 200_000_00)
    set_day(date(2026, 2, 9))
    close_until(to_date=date(2026, 2, 9))
    real = stages.close_ledger

    def pay_then_close(*, closed_date: date) -> None:
        assert business_date() == date(2026, 2, 10)
        assert repay(who, loan).status == "posted"
        real(closed_date=closed_date)

    monkeypatch.setattr(runner, "BEGINNING", (("books", pay_then_close), *stages.BEGINNING[1:]))
    close_until(to_date=date(2026, 2, 10))
    current = Loan.objects.get()
    assert (current.next_due_date, current.due_interest_fen) == (date(2026, 3, 10), 0)
    assert not AutoDebit.objects.exists()
    assert current.instalments.get(number=1).closed_date == date(2026, 2, 10)
