"""Money that goes back by itself: stranded top-ups and transfers, and refunds to bound cards; two people, one payment."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.approvals import GIVE_BACK_TOP_UP, GIVE_BACK_TRANSFER
from accounts.ledger.chart import OTHER_PAYABLES, PAYMENT_CLEARING, SUSPENSE
from accounts.models import Card, DepositAccount, Refund, TopUp, Transfer
from accounts.operations import Line, OutsidePartyHeld, post_entry
from accounts.operations.cards import CardCooling
from accounts.operations.day import WATCH_BOOKS, do_piece
from accounts.operations.receipts import OutsideMoney, record_receipt
from accounts.operations.refunds import Payee, refund_receipt, register_refund_paid
from accounts.operations.stranded import check_stranded
from accounts.operations.top_ups import start_top_up
from accounts.providers.payments import OrderStatus
from accounts.queries import gl_balance, suspense_agrees, trial_balance
from core.approvals.models import Proposal
from core.approvals.operations import SameHands, propose
from core.clock import business_date, now
from core.errors import NotFound, StateConflict
from core.gateway import UnknownOutcome
from core.ids import new_id
from tests.accounts.holders import Holder, Network, due_again, fate, make_card, make_holder, refusal
from tests.accounts.test_money_admin import staff
from tests.listed import alert_of, clear, list_people
from tests.second_person import approve
from verification import queries as verified

Run = Callable[..., int]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
AMOUNT = 2_500_00


@pytest.fixture
def stranded(network: Network, run_steps: Run) -> tuple[Holder, TopUp]:
    """Give a top-up whose account was closed before the money came."""
    who = make_holder()
    made = start_top_up(
        customer_id=who.customer_id, account_id=who.account_id, card_id=who.card_id, amount_fen=AMOUNT,
        proof=who.code("top_up", AMOUNT),
    )  # fmt: skip
    DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
    run_steps()
    made.refresh_from_db()
    assert made.status == "stranded"
    return who, made


def strand_transfer(who: Holder) -> Transfer:
    """Leave a transfer in suspense that could go neither on nor back."""
    row = Transfer.objects.create(
        customer_id=who.customer_id, account_id=who.account_id, payee_kind="elsewhere", payee_name="王样例",
        payee_number="6217990000000000013", amount_fen=AMOUNT, status="stranded", reason_code="payee_not_found",
    )  # fmt: skip
    with transaction.atomic():
        lines = [Line(gl_code=PAYMENT_CLEARING, amount_fen=AMOUNT), Line(gl_code=SUSPENSE, amount_fen=-AMOUNT)]
        post_entry(business_ref=f"transfer_suspense:{row.pk.hex}", kind="transfer", lines=lines)
    return row


def give_back(row: TopUp | Transfer, to: str = "card") -> Refund:
    kind = GIVE_BACK_TOP_UP if isinstance(row, TopUp) else GIVE_BACK_TRANSFER
    proposal = propose(kind=kind, subject=row.pk.hex, values={"to": to}, reason="账户已销户", actor="maker")
    approve(proposal_id=proposal.pk, actor="checker", reason="同意")
    return Refund.objects.get()


def again(refund: Refund) -> Refund:
    return Refund.objects.select_related("entry").get(pk=refund.pk)


def books() -> dict[str, int]:
    assert suspense_agrees()
    return {code: fen for code, fen in trial_balance().items() if fen}


class TestAStrandedTopUp:
    def test_goes_back_to_its_card_by_itself_once_two_people_agree(
        self, stranded: tuple[Holder, TopUp], network: Network, run_steps: Run
    ) -> None:
        who, top_up = stranded
        assert books() == {PAYMENT_CLEARING: AMOUNT, SUSPENSE: -AMOUNT}
        refund = give_back(top_up)
        assert (refund.status, refund.approved_by, refund.top_up_id) == ("sending", "maker+checker", top_up.pk)
        assert books() == {PAYMENT_CLEARING: AMOUNT, OTHER_PAYABLES: -AMOUNT}
        run_steps()
        paid = again(refund)
        assert (paid.status, paid.paid_by, paid.outside_reference) == ("paid", "system", "REF1")
        assert [fen for _, fen in network.sent] == [AMOUNT]
        assert (network.payees[0].account_number, network.payees[0].name) == (who.card.number, who.name)
        assert books() == {}

    def test_whose_customer_is_on_a_watchlist_stays_owed(
        self, stranded: tuple[Holder, TopUp], network: Network, run_steps: Run
    ) -> None:
        known = verified.identity(stranded[0].customer_id)
        assert known is not None
        list_people("别名", ids=[known.id_number])
        refund = give_back(stranded[1])
        run_steps()
        assert (again(refund).status, network.sent, alert_of(refund.pk).outcome) == ("owed", [], "hit")
        with pytest.raises(OutsidePartyHeld):
            register_refund_paid(refund_id=refund.pk, outside_reference="P1", actor="third")
        assert books() == {PAYMENT_CLEARING: AMOUNT, OTHER_PAYABLES: -AMOUNT}
        clear(alert_of(refund.pk))
        register_refund_paid(refund_id=refund.pk, outside_reference="P1", actor="third")
        assert books() == {}

    def test_is_never_sent_twice_though_the_answer_is_lost(
        self, stranded: tuple[Holder, TopUp], network: Network, run_steps: Run
    ) -> None:
        network.answers = [UnknownOutcome("payments", "send")]
        network.fates = [fate(OrderStatus.PROCESSING)]
        refund = give_back(stranded[1])
        run_steps()
        assert again(refund).status == "sending"
        with pytest.raises(StateConflict):
            register_refund_paid(refund_id=refund.pk, outside_reference="P1", actor="third")
        for _ in range(2):
            due_again()
            run_steps()
        assert again(refund).status == "paid"
        assert len(network.sent) == 1
        assert set(network.asked) == {network.sent[0][0]}

    def test_that_the_network_refuses_is_paid_by_hand_by_a_third(
        self, stranded: tuple[Holder, TopUp], network: Network, run_steps: Run
    ) -> None:
        network.answers = [refusal("payee_not_found")]
        refund = give_back(stranded[1])
        run_steps()
        assert again(refund).status == "owed"
        for actor in ("maker", "checker"):
            with pytest.raises(SameHands):
                register_refund_paid(refund_id=refund.pk, outside_reference="P1", actor=actor)
        register_refund_paid(refund_id=refund.pk, outside_reference="P1", actor="third")
        assert (again(refund).status, books()) == ("paid", {})

    def test_goes_back_once(self, stranded: tuple[Holder, TopUp]) -> None:
        give_back(stranded[1])
        with pytest.raises(StateConflict):
            check_stranded(movement=TopUp, movement_id=stranded[1].pk, to="counter")
        with pytest.raises(NotFound):
            check_stranded(movement=TopUp, movement_id=uuid.uuid4(), to="card")


class TestAStrandedTransfer:
    def test_goes_to_a_card_that_is_bound_to_its_account(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        refund = give_back(strand_transfer(who))
        run_steps()
        assert (again(refund).status, network.payees[0].account_number) == ("paid", who.card.number)
        assert books() == {}

    def test_goes_to_no_card_that_is_cooling(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        proofs = {"step_up_face_id": new_id(), "step_up_voice_id": new_id()}
        make_card(who.customer_id, who.phone, account_id=who.account_id, further=True, **proofs)
        first, second = strand_transfer(who), strand_transfer(who)
        give_back(first)
        run_steps()
        assert network.payees[0].account_number == who.card.number
        Card.objects.filter(pk=who.card_id).update(status="unbound", unbound_at=now())
        with pytest.raises(CardCooling):
            check_stranded(movement=Transfer, movement_id=second.pk, to="card")
        check_stranded(movement=Transfer, movement_id=second.pk, to="counter")

    def test_without_a_card_is_paid_at_the_counter(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        Card.objects.filter(pk=who.card_id).update(status="unbound", unbound_at=now())
        row = strand_transfer(who)
        with pytest.raises(StateConflict):
            check_stranded(movement=Transfer, movement_id=row.pk, to="card")
        refund = give_back(row, "counter")
        run_steps()
        assert (again(refund).status, network.sent) == ("owed", [])
        register_refund_paid(refund_id=refund.pk, outside_reference="C1", actor="third")
        assert books() == {PAYMENT_CLEARING: AMOUNT, "1013": -AMOUNT}


class TestARefund:
    def paid_in(self, payee: Payee) -> Refund:
        money = OutsideMoney(channel="transfer_in", reference=new_id().hex, amount_fen=AMOUNT, payer_name=payee.name)
        receipt_id = record_receipt(money=money, actor="maker")
        refund_receipt(receipt_id=receipt_id, amount_fen=AMOUNT, payee=payee, reason="多付", actor="checker")
        return Refund.objects.get()

    def test_to_a_card_that_is_bound_here_goes_through_the_network(self, network: Network, run_steps: Run) -> None:
        who = make_holder()
        refund = self.paid_in(Payee(name=who.name, account=who.card.number))
        assert (refund.status, refund.account_id) == ("sending", who.account_id)
        run_steps()
        assert (again(refund).status, [fen for _, fen in network.sent], books()) == ("paid", [AMOUNT], {})

    def test_to_anybody_else_waits_for_staff(self, network: Network, run_steps: Run) -> None:
        who = make_holder()
        refund = self.paid_in(Payee(name="别人", account=who.card.number))
        run_steps()
        assert (again(refund).status, network.sent, gl_balance(OTHER_PAYABLES)) == ("owed", [], -AMOUNT)


class TestTheBooks:
    def test_are_watched_every_day_and_a_difference_is_alarmed(self, logged: list[Any]) -> None:
        record_receipt(
            money=OutsideMoney(channel="counter_cash", reference="V1", amount_fen=5, payer_name="甲"), actor="maker"
        )
        self.watch()
        assert [entry for entry in logged if entry["event"] == "books.disagree"] == []
        with transaction.atomic():
            lines = [Line(gl_code=SUSPENSE, amount_fen=1), Line(gl_code=OTHER_PAYABLES, amount_fen=-1)]
            post_entry(business_ref="wrong", kind="test", lines=lines)
        assert not suspense_agrees()
        self.watch()
        (alarm,) = [entry for entry in logged if entry["event"] == "books.disagree"]
        assert (alarm["what"], alarm["log_level"]) == ("suspense", "error")
        DepositAccount.objects.filter(pk=make_holder(100).account_id).update(held_fen=1)
        self.watch()
        assert [entry["what"] for entry in logged if entry["event"] == "books.disagree"] == ["suspense"] * 2 + ["holds"]
        with pytest.raises(CommandError, match=r"bank 125 disagree: suspense_agrees, holds_equal_accounts$"):
            call_command("check_books", "--bank", "125", stdout=StringIO())

    def watch(self) -> None:
        with transaction.atomic():
            do_piece(piece=WATCH_BOOKS, day=business_date())


class TestThePage:
    def test_offers_what_is_stranded_to_two_people(
        self, stranded: tuple[Holder, TopUp], network: Network, run_steps: Run
    ) -> None:
        _, top_up = stranded
        maker, checker = staff("会计"), staff("会计")
        path = f"/b/125/admin/accounts/topup/{top_up.pk}/give_back/"
        asked = {"to": "card", "reason": "账户已销户"}
        assert staff("审计").post(path, asked).status_code == 403
        assert "自动汇出" in maker.get(path).content.decode()
        assert maker.post(path, asked).status_code == 302
        proposal = Proposal.objects.get()
        act = f"/b/125/admin/core/proposal/{proposal.pk}/approve/"
        assert maker.post(act, {"reason": "同意"}).status_code == 403
        assert checker.post(act, {"reason": "同意"}).status_code == 302
        run_steps()
        assert Refund.objects.get().status == "paid"
        assert maker.post(path, asked).status_code == 403
