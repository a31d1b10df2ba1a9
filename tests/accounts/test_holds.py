"""Holds: what is held cannot be spent twice, and ends in one way only."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.ledger.chart import LOAN_PRINCIPAL, PAYMENT_CLEARING
from accounts.models import DepositAccount, Hold, JournalEntry, Posting
from accounts.operations import (
    AccountNotActive,
    InsufficientFunds,
    Leg,
    UnbalancedEntry,
    collect_from,
    expire_hold,
    place_hold,
    post_hold,
    void_hold,
)
from accounts.queries import available_fen, deposits_equal_ledger, holds_equal_accounts, trial_balance
from accounts.states import HOLD
from core.clock import now
from core.db.constraints import violated
from core.errors import NotFound, StateConflict
from core.ids import new_id
from core.states.models import StateChange
from core.steps.models import Step
from core.steps.registry import Then
from tests.accounts.holders import Holder, due_again, make_holder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
TO_CLEARING = Leg(gl_code=PAYMENT_CLEARING, amount_fen=600)


def place(who: Holder, amount_fen: int = 600, reference: str = "", **more: Any) -> uuid.UUID:
    with transaction.atomic():
        return place_hold(
            account_id=who.account_id, amount_fen=amount_fen, business_ref=reference or f"t:{new_id().hex}", **more
        )


def post(hold_id: uuid.UUID, *legs: Leg) -> uuid.UUID:
    with transaction.atomic():
        return post_hold(hold_id=hold_id, legs=legs or [TO_CLEARING], kind="transfer", memo="转账")


def end(hold_id: uuid.UUID, way: Callable[..., object]) -> object:
    with transaction.atomic():
        return way(hold_id=hold_id)


def repay(who: Holder, amount_fen: int) -> None:
    with transaction.atomic():
        collect_from(
            account_id=who.account_id, amount_fen=amount_fen,
            legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)], business_ref=f"r:{new_id().hex}", kind="repayment",
            memo="", then=Then("test.never", "x"),
        )  # fmt: skip


def test_an_accounts_postings_are_in_the_order_of_its_balances_whatever_a_machines_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    who = make_holder(1_000)
    monkeypatch.setattr("accounts.operations.holds.new_id", lambda: uuid.UUID(int=int("01800000" + "0" * 24, 16)))
    post(place(who))
    rows = Posting.objects.filter(account_id=who.account_id).order_by("pk")
    assert list(rows.values_list("balance_after_fen", flat=True)) == [1_000, 400]


class TestPlacing:
    def test_leaves_the_balance_and_takes_it_from_what_is_available(self) -> None:
        who = make_holder(1_000)
        place(who)
        assert (who.balance, who.account.held_fen, available_fen(who.account)) == (1_000, 600, 400)
        assert holds_equal_accounts()

    def test_never_holds_more_than_is_available(self) -> None:
        who = make_holder(1_000)
        place(who)
        with pytest.raises(InsufficientFunds):
            place(who, 401)
        place(who, 400)
        assert who.account.held_fen == 1_000
        assert Hold.objects.count() == 2

    @pytest.mark.parametrize("fields", [{"status": "closed"}, {"keeper": "core"}])
    def test_needs_an_account_that_is_active_and_kept_here(self, fields: dict[str, str]) -> None:
        who = make_holder()  # only an empty account is closed
        DepositAccount.objects.filter(pk=who.account_id).update(**fields)
        with pytest.raises(AccountNotActive):
            place(who)
        assert Hold.objects.count() == 0

    def test_needs_an_account(self) -> None:
        with pytest.raises(NotFound), transaction.atomic():
            place_hold(account_id=new_id(), amount_fen=1, business_ref="x")

    def test_is_once_for_each_reference(self) -> None:
        who = make_holder(1_000)
        place(who, 1, "same")
        with pytest.raises(IntegrityError):
            place(who, 1, "same")
        assert who.account.held_fen == 1

    @pytest.mark.parametrize("amount_fen", [0, -1])
    def test_holds_nothing_that_is_no_amount(self, amount_fen: int) -> None:
        who = make_holder(1_000)
        with pytest.raises(ValueError, match="positive"):
            place(who, amount_fen)

    @pytest.mark.parametrize("held_fen", [1_001, -1])
    def test_cannot_be_more_than_the_balance_whoever_writes_it(self, held_fen: int) -> None:
        who = make_holder(1_000)
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            DepositAccount.objects.filter(pk=who.account_id).update(held_fen=held_fen)
        assert violated(raised.value) == "accounts_held_within_balance"

    def test_keeps_its_money_from_every_other_debit(self) -> None:
        who = make_holder(1_000)
        place(who)
        with pytest.raises(InsufficientFunds):
            repay(who, 401)
        repay(who, 400)
        assert (who.balance, who.account.held_fen) == (600, 600)


class TestPosting:
    def test_moves_balance_and_hold_at_once_with_its_entry(self) -> None:
        who = make_holder(1_000)
        hold = place(who, reference="transfer:1")
        entry = JournalEntry.objects.get(pk=post(hold))
        assert entry.business_ref == "transfer:1"
        assert {line.gl_code: (line.amount_fen, line.balance_after_fen) for line in entry.postings.all()} == {
            "2011": (600, 400),
            PAYMENT_CLEARING: (-600, None),
        }
        assert (who.balance, who.account.held_fen) == (400, 0)
        row = Hold.objects.get(pk=hold)
        assert (row.status, row.entry_id) == ("posted", entry.pk)
        assert row.ended_at is not None
        assert sum(trial_balance().values()) == 0
        assert deposits_equal_ledger()
        assert holds_equal_accounts()

    def test_takes_legs_that_sum_to_the_hold_only(self) -> None:
        hold = place(make_holder(1_000))
        with pytest.raises(UnbalancedEntry):
            post(hold, Leg(gl_code=PAYMENT_CLEARING, amount_fen=599))
        assert Hold.objects.get().status == "pending"

    def test_works_when_the_account_was_closed_to_other_debits_meanwhile(self) -> None:
        who = make_holder(1_000)
        hold = place(who)
        DepositAccount.objects.filter(pk=who.account_id).update(debits_stopped=True, frozen_fen=1_000)
        post(hold)
        assert who.balance == 400

    def test_leaves_a_trace(self) -> None:
        hold = place(make_holder(1_000))
        post(hold)
        change = StateChange.objects.get(subject_id=hold)
        assert (change.machine, change.event, change.to_state) == ("hold", "post", "posted")


class TestEnding:
    @pytest.mark.parametrize("event", sorted(HOLD.events))
    @pytest.mark.parametrize("ended", ["posted", "voided", "expired"])
    def test_an_ended_hold_ends_no_second_time(self, ended: str, event: str) -> None:
        who = make_holder(1_000)
        hold = place(who, expires_at=now() - timedelta(seconds=1))
        ways: dict[str, Callable[[uuid.UUID], object]] = {
            "posted": post,
            "voided": lambda one: end(one, void_hold),
            "expired": lambda one: end(one, expire_hold),
        }
        ways[ended](hold)
        before = (who.balance, who.account.held_fen)
        if event == "expire":
            assert end(hold, expire_hold) is False
        else:
            with pytest.raises(StateConflict):
                post(hold) if event == "post" else end(hold, void_hold)
        assert (who.balance, who.account.held_fen) == before
        assert Hold.objects.get().status == ended

    def test_voiding_gives_the_money_back(self) -> None:
        who = make_holder(1_000)
        end(place(who), void_hold)
        assert (who.balance, who.account.held_fen) == (1_000, 0)
        assert Hold.objects.get().status == "voided"

    def test_one_without_a_moment_never_expires(self) -> None:
        who = make_holder(1_000)
        assert end(place(who), expire_hold) is False
        assert who.account.held_fen == 600
        assert Step.objects.count() == 0

    def test_one_with_a_moment_expires_by_its_step_and_not_before(self, run_steps: Callable[..., int]) -> None:
        who = make_holder(1_000)
        hold = place(who, expires_at=now() + timedelta(hours=1))
        due_again()
        run_steps()
        assert Hold.objects.get().status == "pending"
        Hold.objects.filter(pk=hold).update(expires_at=now() - timedelta(seconds=1))
        due_again()
        run_steps()
        assert Hold.objects.get().status == "expired"
        assert (who.balance, who.account.held_fen) == (1_000, 0)

    def test_there_must_be_one(self) -> None:
        for way in (void_hold, expire_hold):
            with pytest.raises(NotFound):
                end(new_id(), way)
        with pytest.raises(NotFound):
            post(new_id())
