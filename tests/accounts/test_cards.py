"""Cards at once and at the edges: whose is the first, which is the last, and what the database itself refuses."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import queries
from accounts.models import Card, DepositAccount, Filing
from accounts.models.deposit_account import ACTIVE, CLASS_ONE, CLASS_TWO, CORE
from accounts.operations import cards, place_claim
from accounts.operations.cards import LastCardWithLoan, StepUpRequired
from core.clock import business_date, now
from core.crypto import blind_index
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.operations import TransactionRequired
from core.states.models import StateChange
from core.tenancy import in_bank
from tests.at_once import at_once, told
from tests.lending.applicants import make_customer
from verification.models import ActToken, FaceCheck, Upload, VoiceCheck
from verification.operations import FaceTokenUsed
from verification.operations.act_tokens import issue_act_token
from verification.operations.factors import FACE, VOICE


def _card(customer_id: uuid.UUID, status: str = "checking", **more: Any) -> Card:
    number = f"62{new_id().int % 10**15:015d}"
    if status == "step_up":
        more = {"further": True, "checked_at": now(), **more}
    return Card.objects.create(
        customer_id=customer_id, number=number, number_index=blind_index(number, domain="card.number"),
        last_four=number[-4:], phone="13900000000", status=status, **more,
    )  # fmt: skip


def _account(customer_id: uuid.UUID, account_class: str = CLASS_TWO) -> DepositAccount:
    number = new_id().hex
    more = {"keeper": CORE} if account_class == CLASS_ONE else {}
    return DepositAccount.objects.create(
        customer_id=customer_id, account_class=account_class, status=ACTIVE, number=number,
        number_index=blind_index(number, domain="account.number"), **more,
    )  # fmt: skip


def _proofs(customer_id: uuid.UUID, card: Card) -> dict[str, str]:
    """Pass a face and a voice check for a card and return the tokens."""
    ended = {"subject_id": customer_id, "action": "bind_card", "business_id": card.pk.hex, "status": "passed"}
    face = FaceCheck.objects.create(expected_id=customer_id, provider="tencent", finished_at=now(), **ended)
    upload = Upload.objects.create(subject_id=customer_id, kind="voice", object_id=new_id(), size=1)
    voice = VoiceCheck.objects.create(
        provider="gateway", finished_at=now(), text="三七零九二八五一", text_expires_at=now(), upload=upload, **ended
    )
    with transaction.atomic():
        issue_act_token(factor=FACE, check=face)
        issue_act_token(factor=VOICE, check=voice)
    return {f"{token.factor}_token": str(token.token) for token in ActToken.objects.filter(business_id=card.pk.hex)}


def _at_once(acts: list[Callable[[], None]]) -> list[str]:
    """Run acts at the same time, each on a connection of its own; return what each came to."""
    return told(at_once("125", acts))


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestCardChecked:
    def _checked(self, card: Card, refusal: str = "") -> Card:
        with transaction.atomic():
            cards.card_checked(card_id=card.pk, refusal=refusal)
        card.refresh_from_db()
        return card

    def test_the_first_is_bound_and_the_next_waits(self) -> None:
        customer_id = make_customer()
        first, second = self._checked(_card(customer_id)), self._checked(_card(customer_id))
        assert (first.status, first.further) == ("active", False)
        assert first.bound_at is not None
        assert (second.status, second.further, second.bound_at) == ("step_up", True, None)

    @pytest.mark.parametrize("former", ["rejected", "checking"])
    def test_one_that_was_never_bound_does_not_count(self, former: str) -> None:
        customer_id = make_customer()
        _card(customer_id, former)
        assert self._checked(_card(customer_id)).status == "active"

    def test_cards_of_others_and_of_other_banks_do_not_count(self) -> None:
        self._checked(_card(make_customer()))
        with in_bank("116"):
            _card(make_customer(), "active")
        assert self._checked(_card(make_customer())).status == "active"

    def test_a_refusal_ends_it_with_its_reason(self) -> None:
        card = self._checked(_card(make_customer()), "vendor_unavailable")
        assert (card.status, card.reason_code, card.retryable) == ("rejected", "vendor_unavailable", True)

    def test_an_answer_that_comes_twice_changes_nothing(self) -> None:
        card = self._checked(_card(make_customer()))
        self._checked(card)
        self._checked(card, "bound_card_mismatch")
        assert card.status == "active"
        assert StateChange.objects.filter(subject_id=card.pk).count() == 1

    def test_a_class_one_account_that_is_known_as_another_customers_is_no_own_card(self) -> None:
        theirs = _account(make_customer(), CLASS_ONE)
        card = _card(make_customer())
        with transaction.atomic():
            cards.card_checked(card_id=card.pk, refusal="", class_one_number=theirs.number, balance_fen=1)
        card.refresh_from_db()
        assert (card.status, card.reason_code, card.account_id) == ("rejected", "bound_card_mismatch", None)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestSubmitCard:
    def test_a_card_of_somebody_else_is_not_found(self) -> None:
        card = _card(make_customer(), "step_up")
        with pytest.raises(NotFound):
            cards.submit_card(card_id=card.pk, customer_id=make_customer(), face_token="x", voice_token="y")

    @pytest.mark.parametrize("status", ["checking", "active", "rejected", "unbound"])
    def test_a_card_that_does_not_wait_for_it_is_a_conflict(self, status: str) -> None:
        customer_id = make_customer()
        card = _card(customer_id, status)
        with pytest.raises(StateConflict):
            cards.submit_card(card_id=card.pk, customer_id=customer_id, face_token="x", voice_token="y")

    @pytest.mark.parametrize("tokens", [(None, None), ("x", None), (None, "y"), ("", "y"), ("x", "")])
    def test_both_are_needed(self, tokens: tuple[str | None, str | None]) -> None:
        customer_id = make_customer()
        card = _card(customer_id, "step_up")
        with pytest.raises(StepUpRequired):
            cards.submit_card(card_id=card.pk, customer_id=customer_id, face_token=tokens[0], voice_token=tokens[1])
        card.refresh_from_db()
        assert card.status == "step_up"

    def test_the_proofs_stay_with_the_card(self) -> None:
        customer_id = make_customer()
        card = _card(customer_id, "step_up")
        bound = cards.submit_card(card_id=card.pk, customer_id=customer_id, **_proofs(customer_id, card))
        assert bound.status == "active"
        assert FaceCheck.objects.get().pk == bound.step_up_face_id
        assert VoiceCheck.objects.get().pk == bound.step_up_voice_id

    def test_takes_the_place_of_the_card_that_an_account_has_lost_before(self) -> None:
        """ACC-14: whether the new card is bound before the old one is removed or after makes no difference."""
        customer_id = make_customer()
        full, bare, later = _account(customer_id), _account(customer_id), _account(customer_id)
        DepositAccount.objects.filter(customer_id=customer_id).update(opened_date=business_date())
        _card(customer_id, "active", account=full, bound_at=now())
        for account in (bare, later):
            old = _card(customer_id, "active", account=account, bound_at=now())
            cards.unbind_card(card_id=old.pk, customer_id=customer_id)
        card = _card(customer_id, "step_up")
        bound = cards.submit_card(card_id=card.pk, customer_id=customer_id, **_proofs(customer_id, card))
        assert Card.objects.get(pk=bound.pk).account_id == bare.pk
        filed = Filing.objects.filter(kind="change", changed="bound_card").values_list("account_id", flat=True)
        assert sorted(filed) == sorted([bare.pk, bare.pk, later.pk])

    def test_that_stands_for_a_class_one_account_here_takes_no_other_place(self) -> None:
        customer_id = make_customer()
        _account(customer_id)
        card = _card(customer_id, "step_up", issuer_bank="125", account_class="I")
        bound = cards.submit_card(card_id=card.pk, customer_id=customer_id, **_proofs(customer_id, card))
        assert Card.objects.get(pk=bound.pk).account_id is None


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAcc14UnbindCard:
    def _bound(self, customer_id: uuid.UUID, account: DepositAccount | None = None) -> Card:
        return _card(customer_id, "active", account=account, bound_at=now())

    def test_a_free_card_takes_the_place_of_an_accounts_only_one(self) -> None:
        customer_id = make_customer()
        account = _account(customer_id)
        old, new = self._bound(customer_id, account), self._bound(customer_id)
        with transaction.atomic():
            place_claim(account_id=account.pk, claimant="loan:1")
        cards.unbind_card(card_id=old.pk, customer_id=customer_id)
        new.refresh_from_db()
        assert new.account_id == account.pk

    def test_a_free_card_stays_free_while_the_account_has_another(self) -> None:
        customer_id = make_customer()
        account = _account(customer_id)
        one, _, free = self._bound(customer_id, account), self._bound(customer_id, account), self._bound(customer_id)
        cards.unbind_card(card_id=one.pk, customer_id=customer_id)
        free.refresh_from_db()
        assert free.account_id is None

    def test_a_card_of_another_account_saves_no_account_with_a_claim(self) -> None:
        customer_id = make_customer()
        claimed, other = _account(customer_id), _account(customer_id)
        card = self._bound(customer_id, claimed)
        self._bound(customer_id, other)
        with transaction.atomic():
            place_claim(account_id=claimed.pk, claimant="loan:1")
        with pytest.raises(LastCardWithLoan):
            cards.unbind_card(card_id=card.pk, customer_id=customer_id)
        card.refresh_from_db()
        assert (card.status, card.unbound_at) == ("active", None)

    def test_money_on_its_way_keeps_the_last_card_and_is_called_that(self) -> None:
        customer_id = make_customer()
        account = _account(customer_id)
        card = self._bound(customer_id, account)
        with transaction.atomic():
            place_claim(account_id=account.pk, claimant="top_up:1")
        with pytest.raises(StateConflict, match="正在转入或转出"):
            cards.unbind_card(card_id=card.pk, customer_id=customer_id)

    def test_a_free_card_that_is_the_customers_last_stays_too(self) -> None:
        customer_id = make_customer()
        account = _account(customer_id, CLASS_ONE)
        card = self._bound(customer_id)
        with transaction.atomic():
            place_claim(account_id=account.pk, claimant="loan:1")
        with pytest.raises(LastCardWithLoan):
            cards.unbind_card(card_id=card.pk, customer_id=customer_id)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestCooling:
    def test_it_runs_within_a_transaction_only(self) -> None:
        with pytest.raises(TransactionRequired):
            cards.refuse_cooling_card(card=_card(make_customer(), "active"))

    def test_nobodys_card_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            queries.outflow_to_card(new_id())

    def test_a_first_card_never_cools(self) -> None:
        card = _card(make_customer(), "active", bound_at=now())
        assert queries.outflow_to(card).allowed

    def test_a_further_one_cools_to_the_second(self) -> None:
        proofs = {"step_up_face_id": new_id(), "step_up_voice_id": new_id()}
        for ago, allowed in ((timedelta(hours=24), True), (timedelta(hours=23, minutes=59, seconds=59), False)):
            card = _card(make_customer(), "active", further=True, bound_at=now() - ago, **proofs)
            assert queries.outflow_to(card).allowed is allowed


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTheDatabaseItself:
    @pytest.mark.parametrize("status", ["active", "unbound"])
    @pytest.mark.parametrize("missing", ["bound_at", "step_up_face_id", "step_up_voice_id"])
    def test_refuses_a_further_card_without_its_proofs(self, status: str, missing: str) -> None:
        proofs = {"bound_at": now(), "step_up_face_id": new_id(), "step_up_voice_id": new_id(), missing: None}
        with pytest.raises(IntegrityError, match="accounts_card_further_stepped_up"), transaction.atomic():
            _card(make_customer(), status, further=True, **proofs)

    def test_refuses_a_step_up_of_a_card_that_is_the_first(self) -> None:
        with pytest.raises(IntegrityError, match="accounts_card_step_up_is_further"), transaction.atomic():
            _card(make_customer(), "step_up", further=False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bank_a")
class TestRaces:
    def test_of_twenty_cards_whose_checks_end_at_once_one_is_the_first(self) -> None:
        customer_id = make_customer()
        shown = [_card(customer_id) for _ in range(20)]

        def checked(card: Card) -> Callable[[], None]:
            def act() -> None:
                with transaction.atomic():
                    cards.card_checked(card_id=card.pk, refusal="")

            return act

        assert _at_once([checked(card) for card in shown]) == ["done"] * 20
        statuses = sorted(Card.objects.filter(customer_id=customer_id).values_list("status", flat=True))
        assert statuses == ["active"] + ["step_up"] * 19

    def test_of_ten_submits_with_the_same_tokens_one_binds(self) -> None:
        customer_id = make_customer()
        card, other = _card(customer_id, "step_up"), _card(customer_id, "step_up")
        tokens = _proofs(customer_id, card)

        def submit() -> None:
            cards.submit_card(card_id=card.pk, customer_id=customer_id, **tokens)

        assert _at_once([submit] * 10) == ["done"] + ["state_conflict"] * 9
        other.refresh_from_db()
        assert other.status == "step_up"
        with pytest.raises(FaceTokenUsed), transaction.atomic():
            from verification.operations import consume_step_up

            consume_step_up(subject_id=customer_id, action="bind_card", business_id=card.pk.hex, **tokens)

    def test_of_two_removals_at_once_one_card_stays_where_something_rests(self) -> None:
        customer_id = make_customer()
        account = _account(customer_id)
        both = [_card(customer_id, "active", account=account, bound_at=now()) for _ in range(2)]
        with transaction.atomic():
            place_claim(account_id=account.pk, claimant="loan:1")

        def remove(card: Card) -> Callable[[], None]:
            return lambda: cards.unbind_card(card_id=card.pk, customer_id=customer_id)

        assert _at_once([remove(card) for card in both]) == ["done", "last_card_with_loan"]
        assert Card.objects.filter(customer_id=customer_id, status="active").count() == 1
