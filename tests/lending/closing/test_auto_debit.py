"""What is due is collected by itself: in rounds, under the customer's consent, never more than is owed or there (PEN-02)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any, Final

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import DepositAccount
from core.clock import SHANGHAI, now
from core.steps.models import Step
from core.tenancy import in_bank
from lending.closing.collecting import collect_round
from lending.closing.dues import queue_debits
from lending.closing.runner import close_until
from lending.cutoff import day_ends, round_times
from lending.models import AutoDebit, Loan, Repayment
from lending.operations.auto_debit import COLLECT_ROUND, debit_loan, owe_rounds
from lending.queries.repaying import RepaymentExceedsDebt
from tests.lending.applicants import due_now
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.closing.random_loans import DAY, begin
from tests.lending.test_cutoff import cut_off
from verification.models import Consent
from verification.operations import withdraw_consent

RunSteps = Callable[..., int]
START: Final = date(2024, 1, 15)
DUE: Final = date(2024, 2, 15)
INSTALMENT: Final = 8_606_64


@pytest.fixture
def owing(bank_a: str) -> tuple[Borrower, Loan]:
    """Give a borrower whose first instalment is due today; the account has what was lent."""
    set_day(START)
    who = make_borrower()
    loan = lend(who, 100_000_00)
    begin(DUE)
    return who, loan


def collect(day: date = DUE, number: int = 1) -> AutoDebit:
    """Run a round and return the one entry of the list."""
    assert collect_round(day=day, round_number=number, seconds=60)
    return AutoDebit.objects.get(debit_date=day)


def empty(who: Borrower, *, but_fen: int = 0) -> None:
    """Take the money from the account, but for an amount."""
    give_money(who, but_fen - who.account().balance_fen)


def owe(day: date) -> None:
    with transaction.atomic():
        owe_rounds(day=day)


@pytest.mark.django_db
class TestARound:
    def test_collects_what_is_due_and_enters_it_as_any_repayment(self, owing: tuple[Borrower, Loan]) -> None:
        who, loan = owing
        debit = collect()
        repayment = Repayment.objects.get(loan=loan)
        assert (debit.status, debit.rounds, debit.repayment_id) == ("collected", 1, repayment.pk)
        assert (repayment.source, repayment.kind, repayment.status) == ("auto_debit", "due", "posted")
        assert (repayment.total_fen, repayment.value_date) == (INSTALMENT, DUE)
        assert loan.instalments.get(number=1).closed_date == DUE
        assert who.account().balance_fen == 100_000_00 - INSTALMENT

    def test_twice_takes_nothing_twice(self, owing: tuple[Borrower, Loan]) -> None:
        collect()
        collect()
        collect(number=2)
        assert Repayment.objects.count() == 1

    def test_takes_no_part_of_what_is_only_due_and_tries_again(self, owing: tuple[Borrower, Loan]) -> None:
        who, _ = owing
        empty(who, but_fen=INSTALMENT - 1)
        assert collect().status == "short"
        assert not Repayment.objects.exists()
        give_money(who, 1)
        debit = collect(number=2)
        assert (debit.status, debit.rounds) == ("collected", 2)
        assert who.account().balance_fen == 0

    def test_takes_what_there_is_of_what_is_overdue_and_the_rest_in_the_next_round(
        self, owing: tuple[Borrower, Loan]
    ) -> None:
        who, loan = owing
        empty(who, but_fen=1_000_00)
        begin(DUE + 5 * DAY)
        assert collect(DUE + 5 * DAY).status == "short"
        assert Repayment.objects.get().total_fen == 1_000_00
        give_money(who, 100_000_00)
        assert collect(DUE + 5 * DAY, 2).status == "collected"
        assert Repayment.objects.count() == 2
        assert loan.instalments.get(number=1).closed_date == DUE + 5 * DAY

    def test_nothing_without_the_customers_consent(self, owing: tuple[Borrower, Loan]) -> None:
        who, _ = owing
        for consent in Consent.objects.filter(subject_id=who.customer_id, purpose="auto_debit", withdrawn_at=None):
            withdraw_consent(subject_id=who.customer_id, consent_id=consent.pk)
        assert collect().status == "skipped"
        assert not Repayment.objects.exists()

    def test_nothing_of_what_was_paid_meanwhile(self, owing: tuple[Borrower, Loan]) -> None:
        repay(*owing)
        assert collect().status == "skipped"
        assert Repayment.objects.count() == 1

    def test_nothing_from_an_account_that_is_not_active(self, owing: tuple[Borrower, Loan]) -> None:
        who, _ = owing
        balance_fen = who.account().balance_fen
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed", balance_fen=0)
        assert collect().status == "short"
        DepositAccount.objects.filter(pk=who.account_id).update(status="active", balance_fen=balance_fen)
        assert collect(number=2).status == "collected"

    def test_one_that_fails_keeps_no_other_waiting(
        self, owing: tuple[Borrower, Loan], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from lending.closing import collecting

        other = make_borrower()
        set_day(START)
        second = lend(other, 50_000_00)
        begin(DUE)
        broken = AutoDebit.objects.get(loan=owing[1])
        real = debit_loan

        def debit(**what: Any) -> str:
            if what["debit_id"] == broken.pk:
                raise ZeroDivisionError
            return real(**what)

        monkeypatch.setattr(collecting, "debit_loan", debit)
        assert collect_round(day=DUE, round_number=1, seconds=60)
        assert AutoDebit.objects.get(loan=second).status == "collected"
        broken.refresh_from_db()
        assert (broken.status, broken.rounds) == ("short", 1)

    def test_where_the_core_keeps_the_account_its_answer_decides(
        self, bank_a: str, run_steps: RunSteps, vendors: object
    ) -> None:
        set_day(START)
        who = make_borrower()
        loan = lend(who, 100_000_00)
        DepositAccount.objects.filter(pk=who.account_id).update(keeper="core")
        begin(DUE)
        debit = collect()
        assert debit.status == "collecting"
        assert collect(number=2).status == "collecting"
        Repayment.objects.filter(loan=loan).update(status="failed")
        conclude = collect(number=3)
        assert (conclude.status, conclude.rounds) == ("collecting", 3)  # failed, so tried once more
        assert Repayment.objects.filter(loan=loan).count() == 2


@pytest.mark.django_db
class TestTheList:
    def test_holds_what_is_due_or_overdue_once_a_day(self, owing: tuple[Borrower, Loan]) -> None:
        assert AutoDebit.objects.get().status == "queued"
        begin(DUE)
        begin(DUE + DAY)
        assert list(AutoDebit.objects.order_by("debit_date").values_list("debit_date", flat=True)) == [DUE, DUE + DAY]
        repay(*owing)
        begin(DUE + 2 * DAY)
        assert AutoDebit.objects.count() == 2

    def test_of_long_ago_goes(self, owing: tuple[Borrower, Loan]) -> None:
        begin(DUE + 30 * DAY)
        assert AutoDebit.objects.count() == 2
        with transaction.atomic():
            assert queue_debits(day=DUE + 31 * DAY)["dropped"] == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestPen02Rounds:
    def at(self, monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
        for module in ("lending.operations.auto_debit", "lending.steps.closing"):
            monkeypatch.setattr(f"{module}.now", lambda: moment)

    def owed(self) -> list[str]:
        return sorted(Step.objects.filter(kind=COLLECT_ROUND).values_list("subject", flat=True))

    def test_are_four_at_their_times_the_last_after_ten_in_the_evening(self) -> None:
        tomorrow = now().date() + DAY
        owe(tomorrow)
        steps = Step.objects.filter(kind=COLLECT_ROUND).order_by("run_at")
        times = [step.run_at.astimezone(SHANGHAI) for step in steps]
        assert [f"{at:%H:%M}" for at in times] == ["08:30", "12:00", "18:00", "22:10"]
        assert {at.date() for at in times} == {tomorrow}

    @pytest.mark.parametrize(
        ("cutoff", "times"),
        [
            (-240, ["08:30", "12:00", "18:00", "19:50"]),
            (-110, ["08:30", "12:00", "18:00", "22:00"]),
            (0, ["08:30", "12:00", "18:00", "22:10"]),
            (360, ["08:30", "12:00", "18:00", "22:10"]),
        ],
    )
    def test_all_run_before_the_banks_day_changes(self, cutoff: int, times: list[str]) -> None:
        cut_off(cutoff)
        found = round_times(day=DUE)
        assert [f"{at.astimezone(SHANGHAI):%H:%M}" for at in found] == times
        assert {at.astimezone(SHANGHAI).date() for at in found} == {DUE}
        assert found[-1] < day_ends(DUE)

    def test_keep_their_order_where_several_would_come_too_late(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cut_off(-240)
        late = tuple(time(hour, 50) for hour in (8, 19, 20, 22))
        monkeypatch.setattr("lending.parameters.auto_debit_times", lambda _: late)
        assert [f"{at:%H:%M}" for at in round_times(day=DUE)] == ["08:50", "19:30", "19:40", "19:50"]

    def test_that_are_gone_by_are_left_out_but_the_latest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at(monkeypatch, datetime(2026, 3, 2, 12, 30, tzinfo=SHANGHAI))
        owe(date(2026, 3, 2))
        assert self.owed() == ["2026-03-02:2", "2026-03-02:3", "2026-03-02:4"]

    @pytest.mark.parametrize("days", [-1, 2, 40])
    def test_of_a_day_that_is_not_the_calendars_are_not_owed(self, days: int) -> None:
        owe(now().date() + timedelta(days=days))
        assert self.owed() == []

    def test_collect_only_while_business_date_and_calendar_are_one_day(
        self, owing: tuple[Borrower, Loan], run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        evening = datetime(2024, 2, 15, 22, 15, tzinfo=SHANGHAI)
        self.at(monkeypatch, evening)
        owe(DUE)
        set_day(DUE + DAY)
        due_now()
        run_steps()
        assert not Repayment.objects.exists()
        set_day(DUE)
        Step.objects.all().delete()
        owe(DUE)
        due_now()
        run_steps()
        assert Repayment.objects.count() == 1
        assert Step.objects.get(kind=COLLECT_ROUND).result == {"collected": True}

    def test_a_simulation_that_walks_through_months_debits_nobody(
        self, owing: tuple[Borrower, Loan], run_steps: RunSteps
    ) -> None:
        close_until(to_date=DUE + 3 * DAY)
        due_now()
        run_steps()
        assert not Repayment.objects.exists()
        assert self.owed() == []


@pytest.mark.django_db(transaction=True)
class TestByHand:
    def test_a_simulation_may_run_a_round_at_any_date(self, settings: Any) -> None:
        with in_bank("125"):
            set_day(START)
            lend(make_borrower(), 100_000_00)
            begin(DUE)
        out = StringIO()
        call_command("auto_debit", bank="125", stdout=out)
        assert out.getvalue().strip() == "125: 2024-02-15: collected 1"
        call_command("auto_debit", bank="125", stdout=out)
        with in_bank("125"):
            assert Repayment.objects.count() == 1
        call_command("auto_debit", bank="116", stdout=out)
        assert out.getvalue().splitlines()[-1].endswith("nothing is due")
        settings.SIMULATION = False
        for bank in ("125", "999"):
            with pytest.raises(CommandError):
                call_command("auto_debit", bank=bank, stdout=out)

    def test_a_customer_who_pays_at_the_same_moment_pays_once(self) -> None:
        with in_bank("125"):
            set_day(START)
            who = make_borrower()
            loan = lend(who, 100_000_00)
            begin(DUE)
            start = threading.Barrier(2)

            def debit() -> None:
                try:
                    with in_bank("125"):
                        start.wait()
                        collect_round(day=DUE, round_number=1, seconds=30)
                finally:
                    connection.close()

            thread = threading.Thread(target=debit)
            thread.start()
            start.wait()
            with contextlib.suppress(RepaymentExceedsDebt):  # so is told whoever comes second
                repay(who, loan)
            thread.join(30)
            assert sum(Repayment.objects.values_list("total_fen", flat=True)) == INSTALMENT
            assert AutoDebit.objects.get().status in {"collected", "skipped"}
