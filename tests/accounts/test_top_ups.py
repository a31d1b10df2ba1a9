"""Top-ups: drawn from a bound card once, whatever the network answers, and credited once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.ledger.chart import CORE_CLEARING, CUSTOMER_DEPOSITS, PAYMENT_CLEARING, SUSPENSE
from accounts.models import Card, Claim, DepositAccount, JournalEntry, Payment, TopUp
from accounts.operations import AccountNotActive
from accounts.operations.payments import payment_arrived, payment_failed
from accounts.operations.top_ups import COLLECT, start_top_up, top_up_collected, top_up_credited, top_up_refused
from accounts.providers.payments import OrderStatus, PaymentRefusal
from accounts.queries import deposits_equal_ledger, trial_balance
from accounts.states import TOP_UP
from core.errors import NotFound, StateConflict
from core.gateway import RetryAfter, UnknownOutcome
from core.ids import new_id
from core.states.models import StateChange
from core.steps.models import Step
from tests.accounts.holders import DONE, Holder, Network, due_again, fate, make_holder, refusal
from verification.operations import PhoneCodeWrong

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
Run = Callable[..., int]
AMOUNT = 1_000_00


def start(who: Holder, amount_fen: int = AMOUNT, **changes: Any) -> TopUp:
    fields = {
        "customer_id": who.customer_id, "account_id": who.account_id, "card_id": who.card_id, "amount_fen": amount_fen,
        "proof": who.code("top_up", amount_fen), **changes,
    }  # fmt: skip
    return start_top_up(**fields)


def lines(business_ref: str) -> dict[str, int]:
    entry = JournalEntry.objects.get(business_ref=business_ref)
    return dict(entry.postings.values_list("gl_code", "amount_fen"))


def again(top_up: TopUp) -> TopUp:
    return TopUp.objects.get(pk=top_up.pk)


def resting(who: Holder) -> int:
    return Claim.objects.filter(account_id=who.account_id, released_at=None).count()


class TestStarting:
    def test_records_the_order_and_owes_the_rest_to_a_step(self, network: Network) -> None:
        who = make_holder()
        made = start(who)
        assert (made.status, made.amount_fen, who.balance) == ("collecting", AMOUNT, 0)
        assert Step.objects.get().kind == COLLECT
        assert network.collected == []
        assert resting(who) == 1

    def test_asks_for_a_code_of_this_action_this_amount_and_this_card(self) -> None:
        who = make_holder()
        wrong = [
            who.code("top_up", AMOUNT + 1), who.code("transfer", AMOUNT), who.code("top_up", AMOUNT, phone="13900000000"),
            who.code("top_up", AMOUNT, business_id=new_id().hex), make_holder().code("top_up", AMOUNT),
        ]  # fmt: skip
        for proof in wrong:
            with pytest.raises(PhoneCodeWrong):
                start(who, proof=proof)
        assert TopUp.objects.count() == 0
        start(who, proof=who.code("top_up", AMOUNT, business_id=who.account_id.hex))

    def test_takes_a_code_once(self) -> None:
        who = make_holder()
        proof = who.code("top_up", AMOUNT)
        start(who, proof=proof)
        with pytest.raises(PhoneCodeWrong):
            start(who, proof=proof)

    def test_is_refused_with_a_card_that_is_not_bound_or_not_ones_own(self) -> None:
        who, other = make_holder(), make_holder()
        with pytest.raises(NotFound):
            start(who, card_id=other.card_id)
        with pytest.raises(NotFound):
            start(who, account_id=other.account_id)
        Card.objects.filter(pk=who.card_id).update(status="unbound")
        with pytest.raises(StateConflict):
            start(who)

    def test_is_refused_on_an_account_that_takes_no_money(self) -> None:
        who = make_holder(status="closed")
        with pytest.raises(AccountNotActive):
            start(who)

    def test_is_taken_on_an_account_that_an_order_stops(self, network: Network, run_steps: Run) -> None:
        who = make_holder()
        DepositAccount.objects.filter(pk=who.account_id).update(debits_stopped=True)
        start(who)
        run_steps()
        assert who.balance == AMOUNT


class TestCollecting:
    def test_credits_the_account_against_the_payment_clearing(self, network: Network, run_steps: Run) -> None:
        who = make_holder()
        made = start(who)
        run_steps()
        step = Step.objects.get()
        assert network.collected == [(step.id.hex, AMOUNT)]
        assert network.asked == []
        holder = network.holders[0]
        assert (holder.card_number, holder.phone, holder.name) == (who.card.number, who.phone, who.name)
        row = again(made)
        assert (row.status, row.reference, row.reason_code) == ("posted", DONE.reference, "")
        assert lines(f"top_up:{made.pk.hex}") == {PAYMENT_CLEARING: AMOUNT, CUSTOMER_DEPOSITS: -AMOUNT}
        assert who.balance == AMOUNT
        assert resting(who) == 0
        assert list(StateChange.objects.filter(subject_id=made.pk).values_list("event", flat=True)) == ["post"]
        assert deposits_equal_ledger()

    @pytest.mark.parametrize("code", [one for one in PaymentRefusal if one is not PaymentRefusal.OTHER])
    def test_that_is_refused_ends_with_the_networks_reason(
        self, network: Network, run_steps: Run, code: PaymentRefusal
    ) -> None:
        who = make_holder()
        network.answers = [refusal(code.value)]
        made = start(who)
        run_steps()
        assert (again(made).status, again(made).reason_code) == ("failed", code.value)
        assert JournalEntry.objects.count() == 0
        assert resting(who) == 0

    def test_that_may_not_have_arrived_is_asked_for_and_sent_again_under_its_own_id_only(
        self, network: Network, run_steps: Run
    ) -> None:
        who = make_holder()
        network.answers = [UnknownOutcome("payments", "collect"), DONE]
        network.fates = [fate(OrderStatus.UNKNOWN)]
        made = start(who)
        run_steps()
        assert again(made).status == "collecting"
        due_again()
        run_steps()
        request_id = Step.objects.get().id.hex
        assert network.asked == [request_id]
        assert network.collected == [(request_id, AMOUNT)] * 2
        assert who.balance == AMOUNT

    def test_that_did_arrive_is_not_sent_again(self, network: Network, run_steps: Run) -> None:
        who = make_holder()
        network.answers = [UnknownOutcome("payments", "collect")]
        network.fates = [UnknownOutcome("payments", "query"), fate(OrderStatus.PROCESSING), DONE]
        start(who)
        for _ in range(4):
            run_steps()
            due_again()
        assert len(network.collected) == 1
        assert len(network.asked) == 3
        assert who.balance == AMOUNT

    def test_that_turns_out_refused_ends_so(self, network: Network, run_steps: Run) -> None:
        network.answers = [fate(OrderStatus.PROCESSING)]
        network.fates = [fate(OrderStatus.REFUSED, refusal=PaymentRefusal.OTHER)]
        made = start(make_holder())
        run_steps()
        due_again()
        run_steps()
        assert (again(made).status, again(made).reason_code) == ("failed", "payment_refused")

    def test_of_unknown_fate_has_no_deadline(self, network: Network, run_steps: Run) -> None:
        network.answers = [RetryAfter("payments", "collect")]
        network.fates = [UnknownOutcome("payments", "query") for _ in range(20)]
        made = start(make_holder())
        Step.objects.update(created_at=Step.objects.get().created_at - timedelta(days=30))
        for _ in range(12):
            run_steps()
            due_again()
        assert Step.objects.get().deadline_at is None
        assert Step.objects.get().state == "live"
        assert again(made).status == "collecting"

    def test_that_is_answered_twice_is_booked_once(self, network: Network, run_steps: Run) -> None:
        who = make_holder()
        made = start(who)
        run_steps()
        for conclude in (top_up_collected, top_up_refused, top_up_credited):
            arguments: dict[str, Any] = {"top_up_id": made.pk}
            arguments |= {"reference": "R2"} if conclude is top_up_collected else {}
            arguments |= {"code": "card_refused"} if conclude is top_up_refused else {}
            with transaction.atomic():
                conclude(**arguments)
        assert (again(made).status, again(made).reference) == ("posted", DONE.reference)
        assert who.balance == AMOUNT
        assert JournalEntry.objects.count() == Payment.objects.count() == 1


class TestMoneyThatComesTooLate:
    @pytest.mark.parametrize(
        ("fields", "code"),
        [({"status": "closed"}, "account_not_active"), ({"account_class": "III"}, "balance_limit_exceeded")],
    )
    def test_is_put_in_suspense_for_staff_to_give_back(
        self, network: Network, run_steps: Run, fields: dict[str, str], code: str
    ) -> None:
        who = make_holder()
        made = start(who, 2_500_00)
        DepositAccount.objects.filter(pk=who.account_id).update(**fields)
        run_steps()
        assert (again(made).status, again(made).reason_code) == ("stranded", code)
        assert lines(f"top_up_suspense:{made.pk.hex}") == {PAYMENT_CLEARING: 2_500_00, SUSPENSE: -2_500_00}
        assert who.balance == 0
        assert sum(trial_balance().values()) == 0
        assert resting(who) == 0


class TestOnAnAccountInTheCore:
    def collected(self, who: Holder, run_steps: Run) -> TopUp:
        made = start(who)
        run_steps(limit=1)
        assert again(made).status == "crediting"
        return again(made)

    def conclude(self, top_up_id: uuid.UUID) -> None:
        with transaction.atomic():
            top_up_credited(top_up_id=top_up_id)

    def test_is_credited_there_and_booked_against_both_clearings(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        made = self.collected(who, run_steps)
        assert JournalEntry.objects.count() == 0
        assert made.payment_id is not None
        with transaction.atomic():
            payment_arrived(payment_id=made.payment_id, core_reference="CR1")
        for _ in range(2):
            self.conclude(made.pk)
        assert again(made).status == "posted"
        assert lines(f"top_up:{made.pk.hex}") == {PAYMENT_CLEARING: AMOUNT, CORE_CLEARING: -AMOUNT}

    def test_that_the_core_refuses_is_put_in_suspense(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        made = self.collected(who, run_steps)
        assert made.payment_id is not None
        with transaction.atomic():
            payment_failed(payment_id=made.payment_id, code="account_not_found")
        self.conclude(made.pk)
        assert (again(made).status, again(made).reason_code) == ("stranded", "account_not_found")
        assert lines(f"top_up_suspense:{made.pk.hex}") == {PAYMENT_CLEARING: AMOUNT, SUSPENSE: -AMOUNT}


def test_the_table_has_no_way_back() -> None:
    ends = {"posted", "failed", "stranded"}
    assert {state for state, _ in TOP_UP.table} & ends == set()
