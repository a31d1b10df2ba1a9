"""A debit that was taken wrongly is given back by an entry that reverses it, proposed by one and approved by another."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from accounts.approvals import GIVE_BACK_DEBIT, TAKE_BACK_CREDIT
from accounts.balances import gl_balance, quotas_equal_charges, suspense_agrees
from accounts.ledger.chart import (
    COUNTER_CLEARING,
    CUSTOMER_DEPOSITS,
    LOAN_PRINCIPAL,
    OTHER_PAYABLES,
    PAYMENT_CLEARING,
    SUSPENSE,
)
from accounts.models import DepositAccount, JournalEntry, QuotaUse, Receipt, ReceiptUse, Refund
from accounts.operations import InsufficientFunds, Leg, Line, OutsidePartyHeld, collect_from, post_entry, reverse_entry
from accounts.operations.corrections import CorrectionRefused, check_correctable
from accounts.operations.payees import ToAccount
from accounts.operations.receipts import OutsideMoney, assign_receipt, record_receipt
from accounts.operations.refunds import register_refund_paid
from accounts.operations.transfers import transfer_on_order
from accounts.queries import deposits_equal_ledger, trial_balance
from core.approvals.models import Proposal
from core.approvals.operations import ProposalWaiting, SameHands, propose
from core.audit.models import AuditEntry
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.steps.registry import Then
from core.tenancy import in_bank
from tests.accounts.holders import give_money, make_account, make_holder, set_day
from tests.at_once import at_once, told
from tests.listed import alert_of, list_people
from tests.second_person import approve, refuse
from verification import queries as verified

MAKER, CHECKER = "maker", "checker"


def debit(account: DepositAccount, amount_fen: int) -> JournalEntry:
    """Take money from an account, wrongly."""
    return JournalEntry.objects.get(pk=give_money(account, -amount_fen))


def ask(entry: JournalEntry, actor: str = MAKER) -> Proposal:
    check_correctable(entry_id=entry.pk)
    return propose(kind=GIVE_BACK_DEBIT, subject=entry.pk.hex, values={}, reason="重复扣款", actor=actor)


def balance(account: DepositAccount) -> int:
    return DepositAccount.objects.get(pk=account.pk).balance_fen


def entries() -> int:
    return JournalEntry.objects.count()


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestGivingBack:
    def test_is_booked_when_a_second_person_agrees(self) -> None:
        account = make_account(balance_fen=1_000)
        wrong = debit(account, 300)
        row = ask(wrong)
        assert balance(account) == 700
        approve(proposal_id=row.pk, actor=CHECKER, reason="属实")
        assert balance(account) == 1_000
        reversal = JournalEntry.objects.get(reverses=wrong)
        assert (reversal.kind, reversal.memo, reversal.value_date) == ("reversal", "重复扣款", wrong.value_date)
        lines = {posting.gl_code: posting.amount_fen for posting in reversal.postings.all()}
        assert lines == {PAYMENT_CLEARING: 300, CUSTOMER_DEPOSITS: -300}
        assert deposits_equal_ledger()
        assert sum(trial_balance().values()) == 0
        assert AuditEntry.objects.get(action="entry.debit_given_back").actor == f"{MAKER}+{CHECKER}"

    def test_of_an_account_closed_since_is_owed_to_its_customer_and_paid_by_a_third(self) -> None:
        who = make_holder(300)
        wrong = debit(who.account, 300)
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
        approve(proposal_id=ask(wrong).pk, actor=CHECKER)
        owed = Refund.objects.get()
        assert (owed.status, owed.payee_name, owed.payee_account, owed.amount_fen) == ("owed", who.name, None, 300)
        assert owed.correction == JournalEntry.objects.get(reverses=wrong)
        lines = {posting.gl_code: posting.amount_fen for posting in owed.correction.postings.all()}
        assert lines == {PAYMENT_CLEARING: 300, OTHER_PAYABLES: -300}
        for actor in (MAKER, CHECKER):
            with pytest.raises(SameHands):
                register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor=actor)
        register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor="third")
        assert (gl_balance(OTHER_PAYABLES), gl_balance(COUNTER_CLEARING), balance(who.account)) == (0, -300, 0)
        assert deposits_equal_ledger()
        assert suspense_agrees()
        with pytest.raises(CorrectionRefused):
            ask(wrong, "third")

    def test_of_an_account_closed_since_leaves_the_bank_only_once_its_customer_is_cleared(self) -> None:
        who = make_holder(300)
        wrong = debit(who.account, 300)
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
        known = verified.identity(who.customer_id)
        assert known is not None
        list_people("别名", ids=[known.id_number])
        approve(proposal_id=ask(wrong).pk, actor=CHECKER)
        owed = Refund.objects.get()
        with pytest.raises(OutsidePartyHeld):
            register_refund_paid(refund_id=owed.pk, outside_reference="P1", actor="third")
        assert (gl_balance(OTHER_PAYABLES), alert_of(owed.pk).subject_id) == (-300, who.customer_id)

    def test_is_turned_down_and_nothing_is_booked(self) -> None:
        account = make_account(balance_fen=1_000)
        wrong = debit(account, 300)
        before = entries()
        refuse(proposal_id=ask(wrong).pk, actor=CHECKER, reason="扣款无误")
        assert (balance(account), entries()) == (700, before)
        assert ask(wrong).status == "proposed"

    def test_whoever_proposed_does_not_agree(self) -> None:
        account = make_account(balance_fen=1_000)
        row = ask(debit(account, 300))
        before = entries()
        with pytest.raises(SameHands):
            approve(proposal_id=row.pk, actor=MAKER)
        row.refresh_from_db()
        assert (row.status, balance(account), entries()) == ("proposed", 700, before)

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
        row = ask(JournalEntry.objects.get(pk=entry_id))
        give_money(taker, -1)
        with pytest.raises(InsufficientFunds):
            approve(proposal_id=row.pk, actor=CHECKER)
        row.refresh_from_db()
        assert (row.status, balance(giver), balance(taker)) == ("proposed", 300, 199)
        give_money(taker, 1)
        approve(proposal_id=row.pk, actor=CHECKER)
        assert (balance(giver), balance(taker)) == (500, 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestWhatIsNoWrongDebit:
    def test_a_credit_an_unknown_entry_and_a_reversal(self) -> None:
        account = make_account(balance_fen=1_000)
        credit = JournalEntry.objects.get()
        with pytest.raises(CorrectionRefused, match="没有从客户账户扣款"):
            ask(credit)
        with pytest.raises(NotFound):
            check_correctable(entry_id=uuid.uuid4())
        with transaction.atomic():
            reversal = reverse_entry(entry_id=credit.pk, business_ref="x", memo="x", value_date=credit.value_date)
        for entry_id in (reversal, credit.pk):
            with pytest.raises(CorrectionRefused):
                check_correctable(entry_id=entry_id)
        assert balance(account) == 0
        assert not Proposal.objects.exists()

    def test_one_that_is_being_put_right_or_was(self) -> None:
        account = make_account(balance_fen=1_000)
        wrong = debit(account, 300)
        row = ask(wrong)
        with pytest.raises(ProposalWaiting):
            ask(wrong, "third")
        approve(proposal_id=row.pk, actor=CHECKER)
        with pytest.raises(CorrectionRefused):
            ask(wrong, "third")
        with pytest.raises(StateConflict):
            approve(proposal_id=row.pk, actor="third")
        assert balance(account) == 1_000

    def test_one_that_was_reversed_after_it_was_proposed(self) -> None:
        account = make_account(balance_fen=1_000)
        wrong = debit(account, 300)
        row = ask(wrong)
        with transaction.atomic():
            reverse_entry(entry_id=wrong.pk, business_ref="x", memo="x", value_date=wrong.value_date)
        with pytest.raises(CorrectionRefused):
            approve(proposal_id=row.pk, actor=CHECKER)
        row.refresh_from_db()
        assert (row.status, balance(account)) == ("proposed", 1_000)

    def test_a_repayment_which_the_room_of_the_loan_reverses(self) -> None:
        account = make_account(balance_fen=1_000)
        with transaction.atomic():
            collect_from(
                account_id=account.pk, amount_fen=300, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=300)],
                business_ref="repayment:1", kind="repayment", memo="", then=Then("test.never", "x"),
            )  # fmt: skip
        with pytest.raises(CorrectionRefused, match="其他业务"):
            ask(JournalEntry.objects.get(business_ref="repayment:1"))
        assert not Proposal.objects.exists()

    @pytest.mark.parametrize(("actor", "is_refused"), [("drawdown:1", True), ("customer:1", False)])
    def test_a_transfer_that_another_room_has_ordered(self, actor: str, *, is_refused: bool) -> None:
        """Entrusted payment (LN-03): given back here, the borrower would have what a payee was to get."""
        payer, payee = make_holder(1_000_00), make_holder(name="王样例", face_to_face=True)
        with transaction.atomic():
            made = transfer_on_order(
                account_id=payer.account_id, to=ToAccount(number=payee.account.number or "", name=payee.name),
                amount_fen=300_00, actor=actor,
            )  # fmt: skip
        entry = JournalEntry.objects.get(business_ref=f"transfer:{made.pk.hex}")
        if is_refused:
            with pytest.raises(CorrectionRefused, match="受托支付"):
                ask(entry)
        else:
            assert ask(entry).status == "proposed"
        assert (payer.balance, payee.balance) == (700_00, 300_00)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAWrongCredit:
    """What staff have booked out of suspense into the wrong account goes back there, and on to the right one."""

    def booked(self, account: DepositAccount, amount_fen: int = 300_00) -> tuple[Receipt, JournalEntry]:
        money = OutsideMoney(
            channel="transfer_in", reference=new_id().hex, amount_fen=1_000_00, payer_name="付款人",
        )  # fmt: skip
        receipt_id = record_receipt(money=money, actor="clerk")
        assign_receipt(
            receipt_id=receipt_id, account_number=account.number or "", amount_fen=amount_fen, actor="second clerk"
        )
        use = ReceiptUse.objects.get(receipt_id=receipt_id)
        assert use.entry is not None
        return Receipt.objects.get(pk=receipt_id), use.entry

    def ask(self, entry_id: uuid.UUID) -> Proposal:
        return propose(kind=TAKE_BACK_CREDIT, subject=entry_id.hex, values={}, reason="记错账户", actor=MAKER)

    def picture(self, account: DepositAccount) -> dict[str, object]:
        used = QuotaUse.objects.filter(account=account, used_fen__gt=0)
        return {
            "balance": balance(account), "quota": sorted(used.values_list("span", "starts_date", "used_fen")),
            "left": sum(Receipt.objects.values_list("left_fen", flat=True)), "books": trial_balance(),
            "agrees": (suspense_agrees(), quotas_equal_charges(), deposits_equal_ledger()),
        }  # fmt: skip

    def test_is_as_if_it_had_never_been_and_is_booked_right(self) -> None:
        wrong, right = make_account(face_to_face=True), make_account(face_to_face=True)
        receipt, entry = self.booked(wrong)
        after = self.picture(wrong)
        row = self.ask(entry.pk)
        assert self.picture(wrong) == after
        day = business_date()
        set_day(day + timedelta(days=1))
        approve(proposal_id=row.pk, actor=CHECKER)
        assert self.picture(wrong) == {
            "balance": 0, "quota": [], "left": 1_000_00, "agrees": (True, True, True),
            "books": {PAYMENT_CLEARING: 1_000_00, SUSPENSE: -1_000_00, CUSTOMER_DEPOSITS: 0},
        }  # fmt: skip
        reversal = JournalEntry.objects.get(reverses=entry)
        assert (reversal.value_date, reversal.memo) == (day, "记错账户")
        assert AuditEntry.objects.get(action="receipt.taken_back").actor == f"{MAKER}+{CHECKER}"
        assign_receipt(
            receipt_id=receipt.pk, account_number=right.number or "", amount_fen=1_000_00, actor="second clerk"
        )
        assert (balance(right), gl_balance(SUSPENSE)) == (1_000_00, 0)

    def test_needs_the_money_to_be_there_still_and_happens_once(self) -> None:
        account = make_account(face_to_face=True)
        _, entry = self.booked(account)
        row = self.ask(entry.pk)
        give_money(account, -1)
        before = self.picture(account)
        with pytest.raises(InsufficientFunds):
            approve(proposal_id=row.pk, actor=CHECKER)
        assert self.picture(account) == before
        give_money(account, 1)
        approve(proposal_id=row.pk, actor=CHECKER)
        with pytest.raises(CorrectionRefused, match="已经冲正"):
            self.ask(entry.pk)
        assert gl_balance(SUSPENSE) == -1_000_00

    def test_is_nothing_else(self) -> None:
        account = make_account(balance_fen=1_000)
        with pytest.raises(CorrectionRefused, match="不是来款"):
            self.ask(JournalEntry.objects.get().pk)
        with pytest.raises(NotFound):
            self.ask(uuid.uuid4())
        assert balance(account) == 1_000


@pytest.mark.django_db(transaction=True)
def test_of_five_who_approve_at_once_one_books_it() -> None:
    with in_bank("125"):
        account = make_account(balance_fen=1_000)
        row = ask(debit(account, 300))
    ended = at_once("125", [partial(approve, proposal_id=row.pk, actor=f"checker-{number}") for number in range(5)])
    assert told(ended) == ["done"] + [StateConflict.code] * 4
    with in_bank("125"):
        assert balance(account) == 1_000
        assert JournalEntry.objects.filter(kind="reversal").count() == 1
