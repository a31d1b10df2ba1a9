"""A debit that was taken wrongly is given back by an entry that reverses it, proposed by one and booked by another."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.ledger.chart import CUSTOMER_DEPOSITS, LOAN_PRINCIPAL, PAYMENT_CLEARING
from accounts.models import Correction, DepositAccount, JournalEntry
from accounts.operations import InsufficientFunds, Leg, Line, collect_from, post_entry, reverse_entry
from accounts.operations.corrections import (
    CorrectionRefused,
    approve_correction,
    propose_correction,
    reject_correction,
)
from accounts.operations.receipts import SamePerson
from accounts.queries import deposits_equal_ledger, trial_balance
from core.audit.models import AuditEntry
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.steps.registry import Then
from core.tenancy import in_bank
from tests.accounts.holders import give_money, make_account

MAKER, CHECKER = "maker", "checker"


def debit(account: DepositAccount, amount_fen: int) -> JournalEntry:
    """Take money from an account, wrongly."""
    return JournalEntry.objects.get(pk=give_money(account, -amount_fen))


def propose(entry: JournalEntry, actor: str = MAKER) -> Correction:
    made = propose_correction(business_ref=entry.business_ref, reason="重复扣款", actor=actor)
    return Correction.objects.get(pk=made)


def balance(account: DepositAccount) -> int:
    return DepositAccount.objects.get(pk=account.pk).balance_fen


def entries() -> int:
    return JournalEntry.objects.count()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGivingBack:
    def test_is_booked_by_a_second_person(self) -> None:
        account = make_account(balance_fen=1_000)
        wrong = debit(account, 300)
        row = propose(wrong)
        assert (row.status, balance(account)) == ("proposed", 700)
        approve_correction(correction_id=row.pk, note="属实", actor=CHECKER)
        row.refresh_from_db()
        assert (row.status, row.decided_by, balance(account)) == ("booked", CHECKER, 1_000)
        assert row.correcting is not None
        assert (row.correcting.reverses_id, row.correcting.kind) == (wrong.pk, "reversal")
        lines = {posting.gl_code: posting.amount_fen for posting in row.correcting.postings.all()}
        assert lines == {PAYMENT_CLEARING: 300, CUSTOMER_DEPOSITS: -300}
        assert deposits_equal_ledger()
        assert sum(trial_balance().values()) == 0
        acts = AuditEntry.objects.filter(action__startswith="correction.").order_by("at")
        assert list(acts.values_list("action", "actor")) == [
            ("correction.proposed", MAKER), ("correction.approved", CHECKER),
        ]  # fmt: skip

    def test_is_turned_down_and_nothing_is_booked(self) -> None:
        account = make_account(balance_fen=1_000)
        wrong = debit(account, 300)
        row = propose(wrong)
        before = entries()
        reject_correction(correction_id=row.pk, note="扣款无误", actor=CHECKER)
        row.refresh_from_db()
        assert (row.status, row.correcting_id, balance(account), entries()) == ("rejected", None, 700, before)
        assert propose(wrong).status == "proposed"

    @pytest.mark.parametrize("decide", [approve_correction, reject_correction])
    def test_whoever_proposed_decides_nothing(self, decide: Callable[..., None]) -> None:
        account = make_account(balance_fen=1_000)
        row = propose(debit(account, 300))
        before = entries()
        with pytest.raises(SamePerson):
            decide(correction_id=row.pk, note="x", actor=MAKER)
        row.refresh_from_db()
        assert (row.status, balance(account), entries()) == ("proposed", 700, before)
        with pytest.raises(IntegrityError, match="accounts_correction_four_eyes"), transaction.atomic():
            Correction.objects.filter(pk=row.pk).update(decided_by=MAKER)

    @pytest.mark.parametrize("decide", [approve_correction, reject_correction])
    def test_what_is_decided_stays_so(self, decide: Callable[..., None]) -> None:
        account = make_account(balance_fen=1_000)
        row = propose(debit(account, 300))
        approve_correction(correction_id=row.pk, note="属实", actor=CHECKER)
        before = entries()
        with pytest.raises(StateConflict):
            decide(correction_id=row.pk, note="x", actor="third")
        assert (balance(account), entries()) == (1_000, before)
        with pytest.raises(NotFound):
            decide(correction_id=uuid.uuid4(), note="x", actor="third")

    def test_a_transfer_between_two_customers_needs_the_money_to_be_there_still(self) -> None:
        giver, taker = make_account(balance_fen=500), make_account()
        with transaction.atomic():
            entry_id = post_entry(
                business_ref=new_id().hex, kind="test",
                lines=[
                    Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=200, account_id=giver.pk),
                    Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-200, account_id=taker.pk),
                ],
            )  # fmt: skip
        row = propose(JournalEntry.objects.get(pk=entry_id))
        give_money(taker, -1)
        with pytest.raises(InsufficientFunds):
            approve_correction(correction_id=row.pk, note="属实", actor=CHECKER)
        row.refresh_from_db()
        assert (row.status, balance(giver), balance(taker)) == ("proposed", 300, 199)
        give_money(taker, 1)
        approve_correction(correction_id=row.pk, note="属实", actor=CHECKER)
        assert (balance(giver), balance(taker)) == (500, 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestWhatIsNoWrongDebit:
    def test_a_credit_an_unknown_reference_and_a_reversal(self) -> None:
        account = make_account(balance_fen=1_000)
        credit = JournalEntry.objects.get()
        with pytest.raises(CorrectionRefused, match="没有从客户账户扣款"):
            propose(credit)
        with pytest.raises(NotFound):
            propose_correction(business_ref="unknown", reason="x", actor=MAKER)
        with transaction.atomic():
            reversal = reverse_entry(entry_id=credit.pk, memo="x")
        with pytest.raises(CorrectionRefused, match="已经冲正"):
            propose(JournalEntry.objects.get(pk=reversal))
        assert balance(account) == 0
        assert not Correction.objects.exists()

    def test_one_that_is_being_put_right_or_was(self) -> None:
        account = make_account(balance_fen=1_000)
        wrong = debit(account, 300)
        row = propose(wrong)
        with pytest.raises(CorrectionRefused):
            propose(wrong, "third")
        approve_correction(correction_id=row.pk, note="属实", actor=CHECKER)
        with pytest.raises(CorrectionRefused):
            propose(wrong, "third")
        with pytest.raises(CorrectionRefused), transaction.atomic():
            reverse_entry(entry_id=wrong.pk, memo="x")
        assert balance(account) == 1_000

    def test_a_repayment_which_the_room_of_the_loan_reverses(self) -> None:
        account = make_account(balance_fen=1_000)
        with transaction.atomic():
            collect_from(
                account_id=account.pk, amount_fen=300, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=300)],
                business_ref="repayment:1", kind="repayment", memo="", then=Then("test.never", "x"),
            )  # fmt: skip
        with pytest.raises(CorrectionRefused, match="其他业务"):
            propose(JournalEntry.objects.get(business_ref="repayment:1"))
        assert not Correction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_five_who_approve_at_once_one_books_it() -> None:
    with in_bank("125"):
        account = make_account(balance_fen=1_000)
        row = propose(debit(account, 300))
    start, ended = threading.Barrier(5), []

    def run(number: int) -> None:
        try:
            with in_bank("125"):
                start.wait(30)
                approve_correction(correction_id=row.pk, note="属实", actor=f"checker-{number}")
            ended.append("done")
        except StateConflict:
            ended.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with in_bank("125"):
        assert sorted(ended) == ["conflict"] * 4 + ["done"]
        assert balance(account) == 1_000
        assert JournalEntry.objects.filter(kind="reversal").count() == 1
