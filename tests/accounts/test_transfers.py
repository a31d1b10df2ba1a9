"""Transfers: set aside at once, screened, sent under one id, posted or given back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.ledger.chart import CORE_CLEARING, CUSTOMER_DEPOSITS, PAYMENT_CLEARING, SUSPENSE
from accounts.models import Card, Claim, DepositAccount, Hold, JournalEntry, Payment, QuotaUse, Transfer
from accounts.operations import AccountNotActive, InsufficientFunds
from accounts.operations.cards import CardCooling
from accounts.operations.payees import PayeeRefused, ToAccount, ToCard
from accounts.operations.payments import payment_arrived, payment_failed
from accounts.operations.transfer_outcomes import (
    transfer_debited,
    transfer_refunded,
    transfer_refused,
    transfer_sent,
)
from accounts.operations.transfers import SEND, start_transfer
from accounts.providers.payments import OrderStatus, PaymentRefusal
from accounts.queries import deposits_equal_ledger, holds_equal_accounts, trial_balance
from accounts.rest.documents import account_document
from core.clock import now
from core.db.asks import Ask, answered
from core.errors import InvalidRequest, NotFound, StateConflict
from core.gateway import UnknownOutcome
from core.ids import new_id
from core.rest.fields import on_the_wire
from core.steps.models import Step
from tests.accounts.holders import DONE, Holder, Network, due_again, fate, make_account, make_card, make_holder, refusal
from verification.models import Check
from verification.operations import PhoneCodeWrong, screening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
Run = Callable[..., int]
AMOUNT = 1_000_00
ELSEWHERE = ToAccount(number="6217990000000000013", name="王样例")


def card_of(who: Holder) -> ToCard:
    return ToCard(card_id=who.card_id)


def account_of(who: Holder) -> ToAccount:
    return ToAccount(number=who.account.number or "", name=who.name)


def start(who: Holder, to: ToCard | ToAccount = ELSEWHERE, amount_fen: int = AMOUNT, **changes: Any) -> Transfer:
    fields = {
        "customer_id": who.customer_id, "account_id": who.account_id, "to": to, "amount_fen": amount_fen,
        "proof": who.code("transfer", amount_fen) if to == ELSEWHERE or isinstance(to, ToAccount) else None, **changes,
    }  # fmt: skip
    return start_transfer(**fields)


def lines(business_ref: str) -> list[tuple[str, int]]:
    entry = JournalEntry.objects.get(business_ref=business_ref)
    return sorted(entry.postings.values_list("gl_code", "amount_fen"))


def again(transfer: Transfer) -> Transfer:
    return Transfer.objects.get(pk=transfer.pk)


def sound() -> bool:
    return sum(trial_balance().values()) == 0 and deposits_equal_ledger() and holds_equal_accounts()


def resting(who: Holder) -> int:
    return Claim.objects.filter(account_id=who.account_id, released_at=None).count()


class TestToABoundCard:
    def test_needs_no_code_and_leaves_by_its_hold(self, network: Network, run_steps: Run) -> None:
        who = make_holder(5_000_00)
        made = start(who, card_of(who))
        assert (made.status, who.balance, who.account.held_fen) == ("sending", 5_000_00, AMOUNT)
        assert Step.objects.get().kind == SEND
        assert network.sent == []
        assert resting(who) == 1
        run_steps()
        assert network.sent == [(Step.objects.get().id.hex, AMOUNT)]
        assert (network.payees[0].account_number, network.payees[0].name) == (who.card.number, who.name)
        row = again(made)
        assert (row.status, row.reference, row.payee_kind) == ("posted", DONE.reference, "bound")
        assert lines(f"transfer:{made.pk.hex}") == [(PAYMENT_CLEARING, -AMOUNT), (CUSTOMER_DEPOSITS, AMOUNT)]
        assert (who.balance, who.account.held_fen) == (4_000_00, 0)
        assert Hold.objects.get().status == "posted"
        assert resting(who) == 0
        assert sound()

    def test_a_code_that_is_given_must_be_right(self) -> None:
        who = make_holder(5_000_00)
        with pytest.raises(PhoneCodeWrong):
            start(who, card_of(who), proof=who.code("transfer", AMOUNT + 1))
        start(who, card_of(who), proof=who.code("transfer", AMOUNT))

    def test_must_be_bound_and_ones_own(self) -> None:
        who, other = make_holder(5_000_00), make_holder()
        with pytest.raises(NotFound):
            start(who, card_of(other))
        with pytest.raises(NotFound):
            start(who, ToCard(card_id=new_id()))
        Card.objects.filter(pk=who.card_id).update(status="unbound")
        with pytest.raises(StateConflict):
            start(who, card_of(who))
        assert Transfer.objects.count() == 0

    def test_that_was_bound_as_a_further_one_waits_for_its_cooling_period(self, network: Network) -> None:
        who = make_holder(5_000_00)
        proofs = {"step_up_face_id": new_id(), "step_up_voice_id": new_id()}
        further = make_card(who.customer_id, who.phone, further=True, **proofs)
        assert further.bound_at is not None
        begins = on_the_wire(further.bound_at + timedelta(hours=24)) or ""
        for to in (ToCard(card_id=further.pk), ToAccount(number=further.number, name=who.name)):
            with pytest.raises(CardCooling) as refused:
                start(who, to)
            assert refused.value.extra == {"available_at": begins}  # in the bank's time zone, as all of the contract
            assert begins[:16].replace("T", " ") in str(refused.value.detail)
        assert Transfer.objects.count() == 0
        Card.objects.filter(pk=further.pk).update(bound_at=now() - timedelta(hours=25))
        assert start(who, ToCard(card_id=further.pk)).status == "sending"

    def test_of_this_bank_is_its_class_one_account_by_whichever_number(self) -> None:
        """S15: 150,000 go to the bound account at once; and from it to itself goes nothing."""
        who = make_holder(150_000_00)
        one = make_account(who.customer_id, account_class="I", keeper="core")
        card = make_card(who.customer_id, who.phone, account=one)
        made = start(who, ToAccount(number=one.number or "", name=who.name), 150_000_00)
        assert (made.payee_kind, made.card_id, made.payee_number) == ("bound", card.pk, card.number)
        assert QuotaUse.objects.count() == 0
        for to in (ToCard(card_id=card.pk), ToAccount(number=one.number or "", name=who.name)):
            with pytest.raises(InvalidRequest):
                start(who, to, account_id=one.pk)

    def test_named_by_its_number_is_the_same_card(self) -> None:
        who = make_holder(5_000_00)
        number = who.card.number
        with pytest.raises(PayeeRefused):
            start(who, ToAccount(number=number, name="王样例"))
        with pytest.raises(InvalidRequest):
            start(who, ToAccount(number=number, name=who.name), proof=None)
        made = start(who, ToAccount(number=number, name=who.name))
        assert (made.payee_kind, made.card_id) == ("bound", who.card_id)
        assert QuotaUse.objects.count() == 0


class TestToAnAccountElsewhere:
    def test_needs_a_code_of_this_amount(self) -> None:
        who = make_holder(5_000_00)
        with pytest.raises(InvalidRequest) as raised:
            start(who, proof=None)
        assert list(raised.value.errors) == ["phone_code"]
        for proof in (who.code("transfer", AMOUNT - 1), who.code("top_up", AMOUNT)):
            with pytest.raises(PhoneCodeWrong):
                start(who, proof=proof)
        assert Transfer.objects.count() == 0

    def test_leaves_by_its_hold_and_is_masked_nowhere_but_sealed(self, network: Network, run_steps: Run) -> None:
        who = make_holder(5_000_00)
        made = start(who)
        run_steps()
        row = again(made)
        assert (row.status, row.payee_kind, row.payee_number, row.payee_name) == (
            "posted", "elsewhere", ELSEWHERE.number, ELSEWHERE.name,
        )  # fmt: skip
        assert (who.balance, who.account.held_fen) == (4_000_00, 0)
        assert sound()

    @pytest.mark.parametrize("code", ["payee_not_found", "payee_name_mismatch", "limit_exceeded"])
    def test_that_is_refused_gives_the_money_back(self, network: Network, run_steps: Run, code: str) -> None:
        who = make_holder(5_000_00)
        network.answers = [refusal(code)]
        made = start(who)
        run_steps()
        assert (again(made).status, again(made).reason_code) == ("failed", code)
        assert (who.balance, who.account.held_fen) == (5_000_00, 0)
        assert Hold.objects.get().status == "voided"
        assert QuotaUse.objects.filter(used_fen__gt=0).count() == 0
        assert resting(who) == 0
        assert sound()

    def test_of_unknown_fate_keeps_its_hold_until_the_fate_is_known(self, network: Network, run_steps: Run) -> None:
        who = make_holder(1_500_00)
        network.answers = [UnknownOutcome("payments", "send")]
        network.fates = [fate(OrderStatus.PROCESSING), UnknownOutcome("payments", "query"), DONE]
        made = start(who)
        for _ in range(3):
            run_steps()
            due_again()
            assert again(made).status == "sending"
            assert who.account.held_fen == AMOUNT
            with pytest.raises(InsufficientFunds):
                start(who, card_of(who))
        run_steps()
        assert len(network.sent) == 1
        assert (again(made).status, who.balance) == ("posted", 500_00)

    def test_that_never_arrived_goes_again_under_its_own_id(self, network: Network, run_steps: Run) -> None:
        who = make_holder(1_500_00)
        network.answers = [UnknownOutcome("payments", "send"), DONE]
        network.fates = [fate(OrderStatus.UNKNOWN)]
        start(who)
        run_steps()
        due_again()
        run_steps()
        assert network.sent == [(Step.objects.get().id.hex, AMOUNT)] * 2
        assert who.balance == 500_00

    def test_that_turns_out_refused_gives_the_money_back(self, network: Network, run_steps: Run) -> None:
        who = make_holder(1_500_00)
        network.answers = [fate(OrderStatus.PROCESSING)]
        network.fates = [fate(OrderStatus.REFUSED, refusal=PaymentRefusal.PAYEE_NOT_FOUND)]
        made = start(who)
        run_steps()
        due_again()
        run_steps()
        assert (again(made).status, again(made).reason_code) == ("failed", "payee_not_found")
        assert (who.balance, who.account.held_fen) == (1_500_00, 0)

    def test_that_is_answered_twice_moves_once(self, network: Network, run_steps: Run) -> None:
        who = make_holder(5_000_00)
        made = start(who)
        run_steps()
        with transaction.atomic():
            transfer_sent(transfer_id=made.pk, reference="again")
            transfer_refused(transfer_id=made.pk, code="payee_not_found")
            transfer_debited(transfer_id=made.pk)
            transfer_refunded(transfer_id=made.pk)
        assert (again(made).status, again(made).reference, who.balance) == ("posted", DONE.reference, 4_000_00)

    def test_needs_money_an_active_account_and_ones_own(self) -> None:
        who = make_holder(5_000_00)
        with pytest.raises(InsufficientFunds):
            start(who, amount_fen=5_000_01)
        with pytest.raises(NotFound):
            start(who, account_id=make_holder(5_000_00).account_id)
        with pytest.raises(NotFound):
            start(who, account_id=new_id())
        with pytest.raises(AccountNotActive):
            start(make_holder(status="closed"))
        assert Transfer.objects.count() == Hold.objects.count() == 0


class TestToAnAccountHere:
    def test_is_one_transaction(self, network: Network) -> None:
        payer, payee = make_holder(5_000_00), make_holder(name="王样例", face_to_face=True)
        made = start(payer, account_of(payee))
        assert (made.status, made.payee_kind, made.payee_account_id) == ("posted", "here", payee.account_id)
        assert (payer.balance, payee.balance) == (4_000_00, 1_000_00)
        assert lines(f"transfer:{made.pk.hex}") == [(CUSTOMER_DEPOSITS, -AMOUNT), (CUSTOMER_DEPOSITS, AMOUNT)]
        assert Step.objects.count() == Hold.objects.count() == 0
        assert sound()

    def test_whose_name_or_state_does_not_fit_is_refused_without_telling_which(self) -> None:
        payer, payee = make_holder(5_000_00), make_holder(name="王样例", face_to_face=True)
        with pytest.raises(PayeeRefused) as wrong_name:
            start(payer, ToAccount(number=payee.account.number or "", name="李样例"))
        DepositAccount.objects.filter(pk=payee.account_id).update(status="closed")
        with pytest.raises(PayeeRefused) as closed:
            start(payer, account_of(payee))
        assert wrong_name.value.document() == closed.value.document()

    def test_whose_name_is_spelt_otherwise_is_found_all_the_same(self) -> None:
        payer, payee = make_holder(5_000_00), make_holder(name="阿卜杜拉·买买提", face_to_face=True)
        made = start(payer, ToAccount(number=payee.account.number or "", name="阿卜杜拉•买买提"))
        assert (made.status, made.payee_name) == ("posted", "阿卜杜拉·买买提")

    def test_that_is_the_paying_account_is_no_transfer(self) -> None:
        who = make_holder(5_000_00, face_to_face=True)
        with pytest.raises(InvalidRequest):
            start(who, account_of(who))

    def test_does_not_overdraw(self) -> None:
        payer, payee = make_holder(500_00), make_holder(face_to_face=True)
        with pytest.raises(InsufficientFunds):
            start(payer, account_of(payee))
        assert (payer.balance, payee.balance, Transfer.objects.count()) == (500_00, 0, 0)


class TestScreening:
    """AML-05: who pays and who gets it, before any money is set aside."""

    def listed(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        found: dict[str, str] = {}

        def find(person: Any, versions: Any, **more: Any) -> Ask[list[Any]]:
            found["name"] = person.name
            return answered([])

        monkeypatch.setattr(screening, "asking_candidates", find)

        def judge(_: Any, *, review_score: int) -> str:
            assert review_score
            return "review" if found["name"] in names else "clear"

        monkeypatch.setattr(screening, "outcome_of", judge)

    @pytest.mark.parametrize("to_whom", ["elsewhere", "here", "card"])
    @pytest.mark.parametrize("listed", ["payer", "payee"])
    def test_a_listed_party_gets_no_money_and_no_reason(
        self, network: Network, run_steps: Run, monkeypatch: pytest.MonkeyPatch, to_whom: str, listed: str
    ) -> None:
        payer, payee = make_holder(5_000_00), make_holder(name="王样例", face_to_face=True)
        payees: dict[str, ToCard | ToAccount] = {
            "elsewhere": ELSEWHERE, "here": account_of(payee), "card": card_of(payer),
        }  # fmt: skip
        names = {"payer": payer.name, "payee": payer.name if to_whom == "card" else "王样例"}
        self.listed(monkeypatch, names[listed])
        made = start(payer, payees[to_whom])
        run_steps()
        assert (made.status, made.reason_code) == ("failed", "refused")
        assert (payer.balance, payer.account.held_fen, payee.balance) == (5_000_00, 0, 0)
        assert network.sent == []
        assert Hold.objects.count() == QuotaUse.objects.count() == resting(payer) == 0

    def test_every_transfer_leaves_the_checks_on_record(self, network: Network) -> None:
        payer, payee = make_holder(5_000_00), make_holder(name="王样例", face_to_face=True)
        cases: list[tuple[ToCard | ToAccount, int]] = [(ELSEWHERE, 2), (account_of(payee), 2), (card_of(payer), 1)]
        for to, parties in cases:
            made = start(payer, to)
            checks = Check.objects.filter(kind="watchlist", purpose="transfer", business_id=made.pk.hex)
            assert checks.count() == parties
            assert all(check.evidence_leaf for check in checks)
        (named,) = [check for check in Check.objects.filter(purpose="transfer") if check.asked]
        assert (named.subject_id, named.asked) == (
            payer.customer_id, {"party": "counterparty", "name": ELSEWHERE.name},
        )  # fmt: skip


class TestFromAnAccountInTheCore:
    def test_the_balance_is_what_the_core_said_last_and_as_of_then(self) -> None:
        who = make_holder(keeper="core")
        opened_at = who.account.opened_at
        assert opened_at is not None
        assert account_document(who.account)["as_of"] == on_the_wire(opened_at)
        later, latest = opened_at + timedelta(hours=1), opened_at + timedelta(hours=2)
        for balance_fen, at in ((70_00, latest), (100_00, later)):  # an answer that was long on its way is history
            made = start(who, card_of(who))
            assert made.payment_id is not None
            with transaction.atomic():
                payment_arrived(payment_id=made.payment_id, core_reference="DR1", balance_fen=balance_fen, booked_at=at)
        shown = account_document(who.account)
        assert (shown["balance"], shown["available"], shown["as_of"]) == ("70.00", "70.00", on_the_wire(latest))

    def debited(self, made: Transfer) -> None:
        assert made.payment_id is not None
        with transaction.atomic():
            payment_arrived(payment_id=made.payment_id, core_reference="DR1")
        with transaction.atomic():
            transfer_debited(transfer_id=made.pk)

    def answered(self, payment_id: uuid.UUID | None, transfer_id: uuid.UUID, code: str = "") -> None:
        assert payment_id is not None
        with transaction.atomic():
            if code:
                payment_failed(payment_id=payment_id, code=code)
            else:
                payment_arrived(payment_id=payment_id, core_reference="CR1")
        with transaction.atomic():
            transfer_refunded(transfer_id=transfer_id)

    def test_the_core_is_asked_first_then_the_network(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        made = start(who)
        assert made.status == "debiting"
        assert Payment.objects.get().status == "pending"
        assert network.sent == []
        self.debited(made)
        assert again(made).status == "sending"
        assert lines(f"transfer:{made.pk.hex}") == [(CORE_CLEARING, AMOUNT), (PAYMENT_CLEARING, -AMOUNT)]
        Step.objects.exclude(kind=SEND).delete()
        run_steps()
        assert (again(made).status, len(network.sent)) == ("posted", 1)
        assert JournalEntry.objects.count() == 1
        assert resting(who) == 0
        assert sound()

    def test_what_the_core_does_not_have_is_not_sent(self, network: Network) -> None:
        who = make_holder(keeper="core")
        made = start(who)
        assert made.payment_id is not None
        with transaction.atomic():
            payment_failed(payment_id=made.payment_id, code="insufficient_funds")
        with transaction.atomic():
            transfer_debited(transfer_id=made.pk)
        assert (again(made).status, again(made).reason_code) == ("failed", "insufficient_funds")
        assert JournalEntry.objects.count() == QuotaUse.objects.filter(used_fen__gt=0).count() == resting(who) == 0

    def test_what_the_network_refuses_is_credited_back_there(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        network.answers = [refusal("payee_not_found")]
        made = start(who)
        self.debited(made)
        Step.objects.exclude(kind=SEND).delete()
        run_steps(limit=1)
        assert again(made).status == "refunding"
        self.answered(again(made).refund_id, made.pk)
        assert (again(made).status, again(made).reason_code) == ("failed", "payee_not_found")
        assert lines(f"transfer_refund:{made.pk.hex}") == [(CORE_CLEARING, -AMOUNT), (PAYMENT_CLEARING, AMOUNT)]
        assert {code: fen for code, fen in trial_balance().items() if fen} == {}
        assert QuotaUse.objects.filter(used_fen__gt=0).count() == resting(who) == 0

    def test_what_the_core_does_not_take_back_is_put_in_suspense(self, network: Network, run_steps: Run) -> None:
        who = make_holder(keeper="core")
        network.answers = [refusal("payee_not_found")]
        made = start(who)
        self.debited(made)
        Step.objects.exclude(kind=SEND).delete()
        run_steps(limit=1)
        self.answered(again(made).refund_id, made.pk, "account_not_found")
        assert (again(made).status, again(made).reason_code) == ("stranded", "payee_not_found")
        assert trial_balance()[SUSPENSE] == -AMOUNT
        assert resting(who) == 0

    def test_an_account_that_is_no_longer_active_gets_nothing_back_but_suspense(
        self, network: Network, run_steps: Run
    ) -> None:
        who = make_holder(keeper="core")
        network.answers = [refusal("payee_not_found")]
        made = start(who)
        self.debited(made)
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
        Step.objects.exclude(kind=SEND).delete()
        run_steps()
        assert again(made).status == "stranded"
        assert trial_balance()[SUSPENSE] == -AMOUNT

    def test_reaches_an_account_kept_here_without_the_network(self, network: Network) -> None:
        payer, payee = make_holder(keeper="core"), make_holder(name="王样例", face_to_face=True)
        made = start(payer, account_of(payee))
        self.debited(made)
        assert (again(made).status, payee.balance) == ("posted", AMOUNT)
        assert network.sent == []
        assert sound()

    def test_goes_back_where_that_account_can_no_longer_take_it(self, network: Network) -> None:
        payer, payee = make_holder(keeper="core"), make_holder(name="王样例", face_to_face=True)
        made = start(payer, account_of(payee))
        DepositAccount.objects.filter(pk=payee.account_id).update(status="closed")
        self.debited(made)
        assert (again(made).status, again(made).reason_code) == ("refunding", "payee_refused")
        self.answered(again(made).refund_id, made.pk)
        assert again(made).status == "failed"
        assert {code: fen for code, fen in trial_balance().items() if fen} == {}

    def test_ones_own_class_one_account_is_bound_to_ones_class_two(self, network: Network) -> None:
        payee = make_holder()
        payer = make_holder(keeper="core", account_class="I")
        DepositAccount.objects.filter(pk=payer.account_id).update(customer_id=payee.customer_id)
        Card.objects.filter(pk=payer.card_id).update(customer_id=payee.customer_id)
        own = Holder(payee.customer_id, payer.account_id, payer.card_id, payee.phone, payee.name)
        made = start(own, account_of(payee), 50_000_00)
        self.debited(made)
        assert (again(made).status, payee.balance) == ("posted", 50_000_00)
        assert QuotaUse.objects.count() == 0
