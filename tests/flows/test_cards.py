"""Stories of cards: who has an own card (S02, S03), and S09, further cards by face and voice (A2-15 to A2-18, ACC-14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction
from django.db.models import F

from accounts import queries
from accounts.models import Card, DepositAccount
from accounts.operations.cards import CardCooling, refuse_cooling_card
from core.clock import now
from core.errors import StateConflict
from core.rest.fields import on_the_wire
from core.steps.models import Step
from core.tenancy import in_bank
from scripts.phone import CallFailed, Phone
from tests.flows.conftest import PhoneMaker, chapter, set_parameter
from tests.running_sandbox import Sandbox
from verification.models import ActToken, PhoneCode, VoiceCheck

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_chapter")]
ACTIVE, STEP_UP = "active", "step_up"
TwoCards = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture
def someone(someone: Phone) -> Phone:
    """Give the registered customer, who agrees to voice checks."""
    someone.consent("voice")
    return someone


def _later(someone: Phone) -> None:
    """Let a minute pass between two text messages for the same act."""
    with in_bank(someone.bank):
        PhoneCode.objects.update(created_at=F("created_at") - timedelta(minutes=2))


def _further(someone: Phone) -> dict[str, Any]:
    """Have one more card of the customer's own checked."""
    _later(someone)
    return someone.bind_card(someone.further_card())


def _two_cards(someone: Phone) -> TwoCards:
    """Give a customer a first card, and a second that waits for face and voice."""
    first = someone.bind_card()
    assert first["status"] == ACTIVE, first
    second = _further(someone)
    assert second["status"] == STEP_UP, second
    return first, second


@pytest.fixture(scope="class")
def two_cards(first_chapter: Phone) -> Iterator[TwoCards]:
    """Show the customer's two cards, and agree to voice checks, once for a class whose tests all begin with that."""
    with chapter():
        first_chapter.consent("voice")
        yield _two_cards(first_chapter)


def _tokens(someone: Phone, card: dict[str, Any]) -> dict[str, str]:
    return {
        "face_token": someone.face_token("bind_card", card["id"]),
        "voice_token": someone.voice_token("bind_card", card["id"]),
    }


def _submit(someone: Phone, card: dict[str, Any], tokens: dict[str, Any], expect: int) -> dict[str, Any]:
    answer: dict[str, Any] = someone.post(f"cards/{card['id']}/submit", tokens, expect=expect)
    return answer


def _state(someone: Phone) -> tuple[Any, ...]:
    """Return all that a refusal must leave as it was: the cards, and which tokens are used."""
    with in_bank(someone.bank):
        cards = list(Card.objects.order_by("pk").values_list("pk", "status", "bound_at", "account_id"))
        return (*cards, *ActToken.objects.order_by("pk").values_list("pk", "used_at"))


class TestFirstCard:
    def test_a_card_of_this_bank_shows_its_class_one_account(self, registered: PhoneMaker) -> None:
        someone = registered(profile="class1_at:125")
        assert someone.bind_card()["status"] == ACTIVE
        accounts = someone.get("accounts")["items"]
        assert [(account["class"], account["status"]) for account in accounts] == [("I", "active")]

    def test_a_card_of_another_bank_of_the_union_does_not(self, registered: PhoneMaker) -> None:
        someone = registered(profile="class1_at:116")
        assert someone.bind_card()["status"] == ACTIVE
        assert someone.get("accounts")["items"] == []

    def test_takes_a_text_message_and_nothing_else(self, someone: Phone, sandbox: Sandbox) -> None:
        card = someone.bind_card()
        assert card["status"] == ACTIVE
        assert {call["vendor"] for call in sandbox.calls()} == {"sms", "bound_card"}
        shown = someone.get("cards")["items"]
        assert [(one["id"], one["status"], one["number"]) for one in shown] == [(card["id"], ACTIVE, card["number"])]
        assert datetime.fromisoformat(card["payout_from"]) <= now()

    def test_a_number_that_is_no_card_number_is_refused(self, someone: Phone) -> None:
        code = someone.phone_code("bind_card")
        body = {"number": "6223240000000000011", "phone": someone.person["phone"], "phone_code": code}
        assert someone.post("cards", body, expect=422)["code"] == "card_number_invalid"

    @pytest.mark.parametrize("account_class", ["II", "III"])
    def test_a_card_of_a_class_two_or_three_account_anywhere_is_none(
        self, registered: PhoneMaker, sandbox: Sandbox, account_class: str
    ) -> None:
        someone = registered()
        override = f"/sandbox/people/{someone.person['person']}/override"
        sandbox.json("POST", override, json={"account_class": account_class})
        card = someone.bind_card()
        assert (card["status"], card["reason_code"]) == ("rejected", "bound_card_mismatch")

    def test_a_class_two_account_of_this_bank_is_none_and_its_issuer_is_not_asked(
        self, someone: Phone, sandbox: Sandbox
    ) -> None:
        account = someone.open_account()
        with in_bank("125"):
            number = str(DepositAccount.objects.get(pk=account["id"]).number)
        sandbox.json("DELETE", "/sandbox/calls")
        card = someone.bind_card(number)
        assert (card["status"], card["reason_code"]) == ("rejected", "bound_card_mismatch")
        assert not sandbox.calls(vendor="bound_card")

    def test_a_card_of_somebody_else_is_none(self, someone: Phone, sandbox: Sandbox) -> None:
        other = sandbox.person(region="320700", age=40)
        card = someone.bind_card(other["card_number"])
        assert (card["status"], card["reason_code"]) == ("rejected", "bound_card_mismatch")


class TestSecondCard:
    def test_is_bound_by_face_and_voice(self, someone: Phone, sandbox: Sandbox) -> None:
        _, second = _two_cards(someone)
        assert second["payout_from"] is None
        bound = someone.step_up(second["id"])
        assert (bound["status"], bound["reason_code"]) == (ACTIVE, None)
        assert {card["status"] for card in someone.get("cards")["items"]} == {ACTIVE}
        assert [call["outcome"] for call in sandbox.calls(vendor="voice")] == ["first"]
        with in_bank("125"):
            card = Card.objects.get(pk=second["id"])
            assert card.further
            used = dict(ActToken.objects.exclude(used_at=None).values_list("factor", "business_id"))
            assert used == {"face": second["id"], "voice": second["id"]}
            proofs = (
                ActToken.objects.get(factor="face").face_check_id,
                ActToken.objects.get(factor="voice").voice_check_id,
            )
            assert (card.step_up_face_id, card.step_up_voice_id) == proofs

    def test_is_refused_without_both(self, someone: Phone) -> None:
        _, second = _two_cards(someone)
        tokens = _tokens(someone, second)
        before = _state(someone)
        for missing in ({}, {"face_token": tokens["face_token"]}, {"voice_token": tokens["voice_token"]},
                        {**tokens, "voice_token": None}):  # fmt: skip
            assert _submit(someone, second, missing, 403)["code"] == "step_up_required"
            assert _state(someone) == before
        assert _submit(someone, second, tokens, 202)["status"] == ACTIVE

    def test_asks_for_them_even_after_the_first_is_gone(self, someone: Phone) -> None:
        card = someone.bind_card()
        someone.call("DELETE", f"cards/{card['id']}", expect=204)
        assert someone.get(f"cards/{card['id']}")["status"] == "unbound"
        again = _further(someone)
        assert again["status"] == STEP_UP
        _later(someone)
        assert someone.bind_card()["status"] == STEP_UP  # the very card that was the first

    def test_asks_for_them_where_it_is_shown_for_an_account(self, someone: Phone) -> None:
        assert someone.bind_card()["status"] == ACTIVE
        first = someone.person["card_number"]
        someone.person = {**someone.person, "card_number": someone.further_card()}
        account = someone.open_account()
        assert (account["status"], account["bound_cards"]) == (ACTIVE, [])
        second = next(card for card in someone.get("cards")["items"] if card["status"] == STEP_UP)
        assert second["number"][-4:] != first[-4:]
        someone.step_up(second["id"])
        assert [card["id"] for card in someone.get(f"accounts/{account['id']}")["bound_cards"]] == [second["id"]]

    def test_of_two_shown_at_once_only_one_is_the_first(self, someone: Phone) -> None:
        made = []
        for number in (someone.person["card_number"], someone.further_card()):
            code = someone.phone_code("bind_card")
            body = {"number": number, "phone": someone.person["phone"], "phone_code": code}
            made.append(body)
            _later(someone)
        with in_bank("125"):
            Step.objects.update(run_at=now() + timedelta(hours=1))
        ids = [someone.post("cards", body, expect=202)["id"] for body in made]
        assert sorted(someone.until_settled(f"cards/{card}")["status"] for card in ids) == [ACTIVE, STEP_UP]

    def test_whose_answer_is_too_old_is_checked_anew(self, someone: Phone) -> None:
        _, second = _two_cards(someone)
        tokens = _tokens(someone, second)
        with in_bank("125"):
            Card.objects.filter(pk=second["id"]).update(checked_at=now() - timedelta(hours=24))
        ended = _submit(someone, second, tokens, 202)
        assert (ended["status"], ended["reason_code"], ended["retryable"]) == ("rejected", "step_up_expired", True)
        with in_bank("125"):
            assert not ActToken.objects.exclude(used_at=None).exists()

    def test_whose_answer_is_too_old_may_be_shown_again(self, someone: Phone) -> None:
        assert someone.bind_card()["status"] == ACTIVE
        number = someone.further_card()
        _later(someone)
        second = someone.bind_card(number)
        _later(someone)
        code = someone.phone_code("bind_card")
        body = {"number": number, "phone": someone.person["phone"], "phone_code": code}
        assert someone.post("cards", body, expect=409)["code"] == "card_bound_already"
        with in_bank("125"):
            Card.objects.filter(pk=second["id"]).update(checked_at=now() - timedelta(hours=24))
        _later(someone)
        assert someone.bind_card(number)["status"] == STEP_UP
        assert someone.get(f"cards/{second['id']}")["reason_code"] == "step_up_expired"

    def test_may_be_given_up_and_shown_again(self, someone: Phone) -> None:
        _, second = _two_cards(someone)
        someone.call("DELETE", f"cards/{second['id']}", expect=204)
        assert someone.get(f"cards/{second['id']}")["status"] == "rejected"
        assert _further(someone)["status"] == STEP_UP

    def test_of_this_bank_shows_its_class_one_account_when_it_is_bound_and_not_before(
        self, registered: PhoneMaker
    ) -> None:
        someone = registered(profile="class1_at:125")
        someone.consent("voice")
        assert someone.bind_card(someone.further_card())["status"] == ACTIVE
        _later(someone)
        second = someone.bind_card()
        assert second["status"] == STEP_UP
        assert someone.get("accounts")["items"] == []
        assert someone.step_up(second["id"])["status"] == ACTIVE
        someone.wait(0)
        assert [account["class"] for account in someone.get("accounts")["items"]] == ["I"]


def test_without_consent_there_is_no_voice_check(first_chapter: Phone) -> None:
    _, second = _two_cards(first_chapter)
    refused = first_chapter.post("voice-checks", {"action": "bind_card", "subject": second["id"]}, expect=422)
    assert (refused["code"], list(refused["errors"])) == ("consent_missing", ["voice"])
    with in_bank("125"):
        assert not VoiceCheck.objects.exists()


class TestProofs:
    """What does not open the door to a further card; each time, nothing has changed."""

    @pytest.fixture
    def someone(self, first_chapter: Phone, two_cards: TwoCards) -> Phone:
        """Give the customer of the two cards."""
        return replace(first_chapter)

    def test_the_voice_of_another_person_fails(self, someone: Phone, two_cards: TwoCards, sandbox: Sandbox) -> None:
        _, second = two_cards
        someone.step_up(second["id"])
        third = _further(someone)
        stranger = sandbox.person(region="320700")
        check = someone.voice("bind_card", third["id"], speaker=stranger)
        assert (check["status"], check["reason_code"], check["voice_token"]) == ("failed", "voice_mismatch", None)
        face = someone.face_token("bind_card", third["id"])
        assert _submit(someone, third, {"face_token": face}, 403)["code"] == "step_up_required"
        assert someone.get(f"cards/{third['id']}")["status"] == STEP_UP
        assert someone.step_up(third["id"])["status"] == ACTIVE  # the customer's own voice is known again
        assert [call["outcome"] for call in sandbox.calls(vendor="voice")] == ["first", "mismatch", "match"]

    def test_another_text_than_the_one_that_was_given_fails(self, someone: Phone, two_cards: TwoCards) -> None:
        _, second = two_cards
        check = someone.voice("bind_card", second["id"], text="零一二三四五六七")
        assert (check["status"], check["reason_code"]) == ("failed", "text_mismatch")
        assert someone.get(f"cards/{second['id']}")["status"] == STEP_UP

    def test_five_failures_lock_the_voice_and_say_for_how_long(self, someone: Phone, two_cards: TwoCards) -> None:
        _, second = two_cards
        for digit in "零一二三四":
            assert someone.voice("bind_card", second["id"], text=digit * 8)["status"] == "failed"
        refused = someone.post("voice-checks", {"action": "bind_card", "subject": second["id"]}, expect=429)
        assert refused["code"] == "voice_locked"
        assert 86_000 < refused["retry_after"] <= 86_401

    def test_a_recording_that_was_handed_in_before_is_refused(self, someone: Phone, two_cards: TwoCards) -> None:
        _, second = two_cards
        assert someone.voice("bind_card", second["id"], text="零一二三四五六七")["status"] == "failed"
        with pytest.raises(CallFailed, match="voice_recording_used"):
            someone.voice("bind_card", second["id"], text="零一二三四五六七")

    def test_a_card_that_asks_for_nothing_gets_no_check(self, someone: Phone, two_cards: TwoCards) -> None:
        first, _ = two_cards
        for kind in ("face-checks", "voice-checks"):
            body = {"action": "bind_card", "subject": first["id"]}
            assert someone.post(kind, body, expect=409)["code"] == "state_conflict"
        assert _submit(someone, first, {}, 409)["code"] == "state_conflict"

    def test_a_used_token_opens_nothing(self, someone: Phone, two_cards: TwoCards) -> None:
        _, second = two_cards
        tokens = _tokens(someone, second)
        assert _submit(someone, second, tokens, 202)["status"] == ACTIVE
        assert _submit(someone, second, tokens, 409)["code"] == "state_conflict"
        third = _further(someone)
        fresh = _tokens(someone, third)
        before = _state(someone)
        assert (
            _submit(someone, third, {**fresh, "face_token": tokens["face_token"]}, 409)["code"] == "face_token_mismatch"
        )
        assert _submit(someone, third, {**fresh, "voice_token": tokens["voice_token"]}, 409)["code"] == (
            "voice_token_mismatch"
        )
        assert _state(someone) == before
        assert _submit(someone, third, fresh, 202)["status"] == ACTIVE

    def test_a_token_that_is_too_old_opens_nothing(self, someone: Phone, two_cards: TwoCards) -> None:
        _, second = two_cards
        tokens = _tokens(someone, second)
        with in_bank("125"):
            ActToken.objects.filter(factor="voice").update(expires_at=now())
        before = _state(someone)
        assert _submit(someone, second, tokens, 409)["code"] == "voice_token_expired"
        assert _state(someone) == before

    def test_the_tokens_of_another_card_open_nothing(self, someone: Phone, two_cards: TwoCards) -> None:
        _, second = two_cards
        third = _further(someone)
        of_third = _tokens(someone, third)
        face = someone.face_token("bind_card", second["id"])
        before = _state(someone)
        assert _submit(someone, second, of_third, 409)["code"] == "face_token_mismatch"
        mixed = {"face_token": face, "voice_token": of_third["voice_token"]}
        assert _submit(someone, second, mixed, 409)["code"] == "voice_token_mismatch"
        assert _state(someone) == before

    def test_tokens_of_another_bank_open_nothing(
        self, someone: Phone, two_cards: TwoCards, registered: PhoneMaker
    ) -> None:
        _, second = two_cards
        elsewhere = registered("116")
        elsewhere.consent("voice")
        _, theirs = _two_cards(elsewhere)
        foreign = _tokens(elsewhere, theirs)
        before = _state(someone)
        assert _submit(someone, second, foreign, 409)["code"] == "face_token_mismatch"
        mixed = {"face_token": someone.face_token("bind_card", second["id"]), "voice_token": foreign["voice_token"]}
        assert _submit(someone, second, mixed, 409)["code"] == "voice_token_mismatch"
        assert [row for row in _state(someone) if row in before] == list(before)
        assert someone.get(f"cards/{second['id']}")["status"] == STEP_UP
        someone.call("GET", f"cards/{theirs['id']}", expect=404)
        someone.call("POST", f"cards/{theirs['id']}/submit", foreign, expect=404)
        assert _submit(elsewhere, theirs, foreign, 202)["status"] == ACTIVE

    def test_a_voice_vendor_that_is_down_may_be_tried_again(
        self, someone: Phone, two_cards: TwoCards, sandbox: Sandbox
    ) -> None:
        _, second = two_cards
        check = someone.post("voice-checks", {"action": "bind_card", "subject": second["id"]}, expect=202)
        path = f"voice-checks/{check['id']}"
        said = someone.vendors.get(someone.person["voice_url"], params={"text": check["text"]}).content
        sandbox.fault("voice", status=503)
        someone.post(f"{path}/complete", {"upload": someone.upload("voice", said)}, expect=202)
        someone.wait(0)
        assert someone.get(path)["status"] == "checking"
        with in_bank("125"):
            VoiceCheck.objects.update(completed_at=now() - timedelta(hours=1))
            Step.objects.filter(state="live", kind="verification.judge_voice").update(run_at=now(), lease_until=None)
        someone.wait(0)
        ended = someone.get(path)
        assert (ended["status"], ended["reason_code"], ended["retryable"]) == ("failed", "vendor_unavailable", True)
        assert someone.get(f"cards/{second['id']}")["status"] == STEP_UP
        sandbox.fault("voice")
        assert someone.step_up(second["id"])["status"] == ACTIVE

    @pytest.mark.parametrize("fault", [{"drop_after": True}, {"garbage": True}, {"delay_ms": 50}])
    def test_an_answer_that_is_lost_is_asked_for_again(
        self, someone: Phone, two_cards: TwoCards, sandbox: Sandbox, fault: dict[str, Any]
    ) -> None:
        _, second = two_cards
        sandbox.fault("voice", count=1, **fault)
        assert someone.step_up(second["id"])["status"] == ACTIVE
        with in_bank("125"):
            assert VoiceCheck.objects.get().paid_calls == len(sandbox.calls(vendor="voice"))


class TestCooling:
    @pytest.fixture
    def someone(self, first_chapter: Phone, two_cards: TwoCards) -> Phone:
        """Give the customer of the two cards."""
        return replace(first_chapter)

    def _outflow(self, card: dict[str, Any]) -> queries.CardOutflow:
        with in_bank("125"):
            return queries.outflow_to_card(Card.objects.get(pk=card["id"]).pk)

    def _refused(self, card: dict[str, Any]) -> None:
        with in_bank("125"), transaction.atomic():
            refuse_cooling_card(card=Card.objects.get(pk=card["id"]))

    def test_money_goes_to_a_first_card_at_once_and_to_a_second_after_a_day(
        self, someone: Phone, two_cards: TwoCards
    ) -> None:
        first, second = two_cards
        bound = someone.step_up(second["id"])
        assert self._outflow(first).allowed
        self._refused(first)
        outflow = self._outflow(second)
        assert not outflow.allowed
        assert outflow.from_at is not None
        assert timedelta(hours=23, minutes=58) < outflow.from_at - now() < timedelta(hours=24)
        assert datetime.fromisoformat(bound["payout_from"]) == outflow.from_at.replace(microsecond=0)
        with pytest.raises(CardCooling) as caught:
            self._refused(second)
        assert caught.value.extra["available_at"] == on_the_wire(outflow.from_at)
        with in_bank("125"):
            Card.objects.filter(pk=second["id"]).update(bound_at=now() - timedelta(hours=24))
        assert self._outflow(second).allowed
        self._refused(second)

    def test_a_bank_may_make_it_longer(self, someone: Phone, two_cards: TwoCards) -> None:
        _, second = two_cards
        someone.step_up(second["id"])
        set_parameter("125", "card.cooling_hours", 72)
        with in_bank("125"):
            Card.objects.filter(pk=second["id"]).update(bound_at=now() - timedelta(hours=71))
        assert not self._outflow(second).allowed
        with in_bank("125"):
            Card.objects.filter(pk=second["id"]).update(bound_at=now() - timedelta(hours=72))
        assert self._outflow(second).allowed

    def test_a_card_that_is_not_bound_gets_nothing(self, someone: Phone, two_cards: TwoCards) -> None:
        first, second = two_cards
        assert self._outflow(second) == queries.CardOutflow(allowed=False, from_at=None)
        with pytest.raises(StateConflict):
            self._refused(second)
        someone.call("DELETE", f"cards/{first['id']}", expect=204)
        assert self._outflow(first) == queries.CardOutflow(allowed=False, from_at=None)


class TestUnbinding:
    def _claim(self, account: dict[str, Any]) -> None:
        from accounts.operations import place_claim

        with in_bank("125"), transaction.atomic():
            place_claim(account_id=DepositAccount.objects.get(pk=account["id"]).pk, claimant="loan:test")

    def test_the_last_card_stays_while_something_rests_on_the_account(self, someone: Phone) -> None:
        account = someone.open_account()
        (card,) = account["bound_cards"]
        self._claim(account)
        before = _state(someone)
        assert someone.call("DELETE", f"cards/{card['id']}", expect=409).json()["code"] == "last_card_with_loan"
        second = _further(someone)
        assert someone.call("DELETE", f"cards/{card['id']}", expect=409).json()["code"] == "last_card_with_loan"
        someone.call("DELETE", f"cards/{second['id']}", expect=204)
        with in_bank("125"):
            assert Card.objects.get(pk=card["id"]).status == ACTIVE
        assert _state(someone)[0] == before[0]

    def test_a_bound_card_is_changed_by_binding_the_new_one_first(self, someone: Phone) -> None:
        account = someone.open_account()
        (old,) = account["bound_cards"]
        self._claim(account)
        new = someone.step_up(_further(someone)["id"])
        someone.call("DELETE", f"cards/{old['id']}", expect=204)
        shown = someone.get(f"accounts/{account['id']}")["bound_cards"]
        assert [card["id"] for card in shown] == [new["id"]]
        assert someone.call("DELETE", f"cards/{new['id']}", expect=409).json()["code"] == "last_card_with_loan"

    def test_a_card_of_a_class_one_account_stands_in_for_no_other_account(self, registered: PhoneMaker) -> None:
        someone = registered(profile="class1_at:125")
        someone.consent("voice")
        own = someone.person["card_number"]
        someone.person = {**someone.person, "card_number": someone.further_card()}
        account = someone.open_account()
        (card,) = account["bound_cards"]
        second = someone.bind_card(own)
        someone.step_up(second["id"])
        someone.wait(0)
        self._claim(account)
        assert someone.call("DELETE", f"cards/{card['id']}", expect=409).json()["code"] == "last_card_with_loan"
        someone.call("DELETE", f"cards/{second['id']}", expect=204)

    def test_without_a_claim_the_last_one_may_go_once(self, someone: Phone) -> None:
        card = someone.bind_card()
        someone.call("DELETE", f"cards/{card['id']}", expect=204)
        answer: httpx.Response = someone.call("DELETE", f"cards/{card['id']}", expect=409)
        assert answer.json()["code"] == "state_conflict"

    def test_a_card_that_an_account_is_being_opened_with_stays(self, someone: Phone) -> None:
        card = someone.bind_card()
        code = someone.phone_code("open_account")
        bound = {"number": someone.person["card_number"], "phone": someone.person["phone"]}
        account = someone.post("accounts", {"class": "II", "bound_card": bound, "phone_code": code}, expect=202)
        assert someone.until_settled(f"accounts/{account['id']}")["status"] == "face"
        assert someone.call("DELETE", f"cards/{card['id']}", expect=409).json()["code"] == "state_conflict"
        assert someone.get(f"cards/{card['id']}")["status"] == ACTIVE
