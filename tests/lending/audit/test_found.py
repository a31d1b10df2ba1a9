"""What the machine and the town have found, each as the shortest story of it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts import operations as accounts
from accounts.models import DepositAccount, JournalEntry, Transfer
from accounts.operations import books, corrections, receipts
from accounts.operations.payees import ToAccount
from accounts.operations.transfers import transfer_on_order
from core.db.asks import alone
from core.tenancy import in_bank
from lending.models import Instalment, Loan
from lending.operations.loan_locks import locking_drawdown_and_line
from lending.operations.reversal import reverse_repayment
from tests import database
from tests.accounts.holders import make_account, make_customer
from tests.lending.audit.bank import enter_as_of
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.closing.random_loans import begin
from tests.lending.test_disbursement import books_agree
from tests.lending.test_repayment import again, m1

BANK = "125"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def crossing(
    monkeypatch: pytest.MonkeyPatch, at: tuple[ModuleType, str], first: Callable[[], Any], second: Callable[[], Any]
) -> None:
    """Stop the first before a call, begin the second until it waits for the first or is done, and let both end."""
    failed: list[BaseException] = []
    reached, real = threading.Event(), getattr(*at)

    def run(work: Callable[[], Any]) -> None:
        try:
            with in_bank(BANK), transaction.atomic():
                work()
        except BaseException as error:  # noqa: BLE001 -- told by the test's own thread
            failed.append(error)
        finally:
            connection.close()

    one, other = (threading.Thread(target=run, args=[work]) for work in (first, second))

    def stopped(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is one:
            reached.set()
            name = str(settings.DATABASES["default"]["NAME"])
            with database.owner(os.environ["DATABASE_URL"], name) as owner:  # a bank sees nobody wait
                deadline = time.monotonic() + 20
                while other.is_alive() and owner.execute(WAITING).fetchone() == (0,) and time.monotonic() < deadline:
                    time.sleep(0.01)
        return real(*args, **kwargs)

    monkeypatch.setattr(*at, stopped)
    one.start()
    assert reached.wait(20)
    other.start()
    for thread in (one, other):
        thread.join(30)
    assert failed == []


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_alloc_03_an_observation_begins_on_the_value_date_of_a_repayment_that_is_entered_late() -> None:
    who = make_borrower()
    loan = m1(who)
    give_money(who, 20_000_00)
    begin(date(2024, 2, 16))
    assert again(loan).category == "special_mention"
    set_day(date(2024, 2, 20))
    repay(who, loan)
    enter_as_of(loan.pk, who.account_id, date(2024, 2, 18), 9_000_00)
    first = Instalment.objects.get(loan=loan, number=1)
    assert first.closed_date == date(2024, 2, 18)
    begin(date(2024, 2, 21))
    assert again(loan).observed_until_date == date(2024, 8, 18)
    books_agree()


@pytest.mark.django_db(transaction=True)
class TestCrossing:
    """Two acts on the same rows, of which one needs what the other has: one waits, none is refused by the database."""

    def test_a_repayment_and_a_reversal_on_two_loans_of_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with in_bank(BANK):
            set_day(date(2024, 1, 15))
            who = make_borrower()
            paid, owing = lend(who), lend(who)
            give_money(who, 10_000_00)
            repayment = repay(who, paid, "early_partial", 1_000_00)
        crossing(
            monkeypatch, (accounts, "collect_from"), partial(_repay, who, owing),
            partial(reverse_repayment, repayment_id=repayment.pk, actor="test", reason="test"),
        )  # fmt: skip
        with in_bank(BANK):
            assert who.account().balance_fen == 30_000_00 - 500_00
            assert (again(paid).outstanding_fen, again(owing).outstanding_fen) == (10_000_00, 9_500_00)
            books_agree()

    def test_a_transfer_and_the_correction_of_another_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with in_bank(BANK):
            payer, payee = _two_accounts()
            send = partial(_send, payer, payee)
            with transaction.atomic():
                send()
            entry_id = JournalEntry.objects.get(kind="transfer").pk
        crossing(
            monkeypatch, (books, "post_entry"),
            partial(corrections.give_back_debit, entry_id=entry_id, reason="test", actor="test"), send,
        )  # fmt: skip
        with in_bank(BANK):
            payer.refresh_from_db()
            assert payer.balance_fen == 5_000_00 - 100_00

    def test_a_transfer_and_a_receipt_for_its_payee(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with in_bank(BANK):
            payer, payee = _two_accounts()
            money = receipts.OutsideMoney(channel="counter_cash", reference="1", amount_fen=300_00, payer_name="付款人")
            with transaction.atomic():
                receipt_id = receipts.open_receipt(money=money, actor="maker")
        crossing(
            monkeypatch, (receipts, "pay_into"),
            partial(
                receipts.assign_receipt_to_account, receipt_id=receipt_id, account_id=payee.pk, amount_fen=300_00,
                actor="checker",
            ),
            partial(_send, payer, payee),
        )  # fmt: skip
        with in_bank(BANK):
            payee.refresh_from_db()
            assert payee.balance_fen == 5_000_00 + 300_00 + 100_00

    def test_a_repayment_and_the_payment_of_its_loan_that_is_asked_for_once_more(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with in_bank(BANK):
            set_day(date(2024, 1, 15))
            who = make_borrower()
            loan = lend(who)
            give_money(who, 10_000_00)
        again_asked = partial(locking_drawdown_and_line, drawdown_id=loan.drawdown_id)
        crossing(
            monkeypatch, (accounts, "collect_from"), partial(_repay_and_note, who, loan), lambda: alone(again_asked())
        )  # fmt: skip
        with in_bank(BANK):
            assert again(loan).outstanding_fen == 9_500_00


def _two_accounts() -> tuple[DepositAccount, DepositAccount]:
    one, other = (make_account(make_customer(), balance_fen=5_000_00, face_to_face=True) for _ in range(2))
    return one, other


def _send(payer: DepositAccount, payee: DepositAccount) -> Transfer:
    to = ToAccount(number=payee.number or "", name="林样例")
    return transfer_on_order(account_id=payer.pk, to=to, amount_fen=100_00, actor="customer:test")


def _repay(who: Borrower, loan: Loan) -> None:
    """Repay a part early inside a transaction that is open."""
    from lending.operations.repayment import collect, lock_repayable
    from lending.queries.repaying import plan_repayment

    locked = lock_repayable(loan_id=loan.pk)
    plan = plan_repayment(locked, kind="early_partial", amount_fen=500_00)
    collect(loan=locked, plan=plan, kind="early_partial", keep=None, account_id=who.account_id, source="customer")


def _repay_and_note(who: Borrower, loan: Loan) -> None:
    """Repay, and write the loan's row a second time: so at the commit its drawdown is looked for, under a lock of its key."""
    _repay(who, loan)
    Loan.objects.filter(pk=loan.pk).update(stage=1)
