"""ACC-14: an account closes empty, unburdened and with nothing on its way, or not at all; the core closes first."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import vendors as of_accounts
from accounts.ledger.chart import LOAN_PRINCIPAL
from accounts.models import AccountClosing, Card, Claim, DepositAccount, Filing, Payment, Suspension
from accounts.operations import AccountNotActive, Leg, collect_from, pay_into, place_claim
from accounts.operations.closing import AccountBusy, AccountInUse, AccountNotEmpty, close_account
from accounts.operations.opening_rules import CounterRequired
from accounts.queries import deposits_equal_ledger, usable_accounts
from core.clock import business_date
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.states.models import StateChange
from core.steps.models import Step
from core.steps.registry import Then
from core.tenancy import in_bank
from tests.accounts.holders import bind, claim, due_again, face_token, give_money, make_account, make_customer
from tests.at_once import at_once, became
from tests.running_sandbox import Sandbox
from verification import queries as verified
from verification.models import ActToken
from verification.operations import FaceTokenMismatch, FaceTokenUsed

RunSteps = Callable[..., int]
THEN = Then("test.never", "x")
ACT = "close_account"


def close(account: DepositAccount, token: str | None = None) -> AccountClosing:
    return close_account(
        account_id=account.pk, customer_id=account.customer_id, face_token=token or face_token(account, ACT)
    )


def pay(account: DepositAccount, amount_fen: int = 100) -> None:
    with transaction.atomic():
        pay_into(
            account_id=account.pk, amount_fen=amount_fen, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)],
            business_ref=f"t:{new_id().hex}", kind="t", memo="m", then=THEN,
        )  # fmt: skip


def state_of(account: DepositAccount) -> tuple[str, int]:
    row = DepositAccount.objects.get(pk=account.pk)
    return row.status, row.balance_fen


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestKeptHere:
    def test_closes_at_once_frees_its_card_and_owes_the_filing(self) -> None:
        account = make_account()
        card = bind(account)
        for reason in ("dormant", "no_document"):
            Suspension.objects.create(account=account, reason=reason, from_date=business_date())
        closing = close(account)
        assert (closing.status, closing.reason_code) == ("closed", "")
        account.refresh_from_db()
        assert (account.status, account.closed_date) == ("closed", business_date())
        assert account.closed_at is not None
        card.refresh_from_db()
        assert (card.status, card.account_id) == ("active", None)
        assert {suspension.until_date for suspension in Suspension.objects.all()} == {business_date()}
        filing = Filing.objects.get()
        assert (filing.kind, filing.account_id, filing.status) == ("close", account.pk, "pending")
        moves = StateChange.objects.filter(subject_id__in=[account.pk, closing.pk]).order_by("id")
        assert list(moves.values_list("machine", "from_state", "to_state")) == [
            ("deposit_account", "active", "closed"), ("account_closing", "closing", "closed"),
        ]  # fmt: skip
        assert usable_accounts(account.customer_id) == []

    def test_a_closed_account_takes_nothing_any_more(self) -> None:
        account = make_account()
        close(account)
        for work in (lambda: pay(account), lambda: give_money(account, 1), lambda: _claim(account)):
            with pytest.raises(AccountNotActive):
                work()
        with pytest.raises(StateConflict):
            close(account)
        assert state_of(account) == ("closed", 0)
        assert not Claim.objects.exists()

    def test_the_database_keeps_a_closed_account_empty(self) -> None:
        account = make_account(balance_fen=1)
        with pytest.raises(IntegrityError, match="accounts_closed_is_empty"), transaction.atomic():
            DepositAccount.objects.filter(pk=account.pk).update(status="closed")


def _claim(account: DepositAccount) -> None:
    with transaction.atomic():
        place_claim(account_id=account.pk, claimant="loan:x")


def _burden(account: DepositAccount, what: str) -> None:
    if what == "claim":
        claim(account)
    elif what == "balance":
        give_money(account, 1)
    elif what in {"pending", "arrived"}:
        Payment.objects.create(
            account=account, direction="in", amount_fen=1, legs=[], business_ref=new_id().hex, kind="t", status=what,
            order_date=business_date(),
        )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAcc14ClosingRefused:
    @pytest.mark.parametrize(
        ("account", "burden", "problem"),
        [
            ({}, "claim", AccountInUse),
            ({}, "balance", AccountNotEmpty),
            ({"keeper": "core"}, "pending", AccountBusy),
            ({"keeper": "core"}, "arrived", AccountBusy),
            ({"keeper": "core"}, "claim", AccountInUse),
            ({"account_class": "I", "keeper": "core"}, "", CounterRequired),
            ({"status": "face"}, "", StateConflict),
            ({"status": "rejected"}, "", StateConflict),
        ],
    )
    def test_change_nothing_and_leave_the_face_unused(
        self, account: dict[str, Any], burden: str, problem: type[Problem]
    ) -> None:
        row = make_account(**account)
        _burden(row, burden)
        before = state_of(row)
        with pytest.raises(problem):
            close(row)
        assert state_of(row) == before
        assert not AccountClosing.objects.exists()
        assert not Filing.objects.exists()
        assert not Step.objects.filter(kind="account.close").exists()
        assert ActToken.objects.get().used_at is None

    def test_a_claim_that_was_released_stands_against_nothing(self) -> None:
        account = make_account()
        resting = claim(account)
        resting.released_at = resting.placed_at
        resting.save()
        assert close(account).status == "closed"

    def test_a_stranger_finds_no_such_account(self) -> None:
        account = make_account()
        with pytest.raises(NotFound):
            close_account(account_id=account.pk, customer_id=make_customer(), face_token=face_token(account, ACT))
        assert state_of(account)[0] == "active"

    @pytest.mark.parametrize("action", ["open_account", "reverify", "sign"])
    def test_a_face_for_another_act_closes_nothing(self, action: str) -> None:
        account = make_account()
        with pytest.raises(FaceTokenMismatch):
            close(account, face_token(account, action))
        assert state_of(account)[0] == "active"

    def test_a_face_for_another_account_closes_nothing_and_none_works_twice(self) -> None:
        who = make_customer()
        first, second = make_account(who), make_account(who)
        token = face_token(first, ACT)
        with pytest.raises(FaceTokenMismatch):
            close(second, token)
        close(first, token)
        ActToken.objects.update(business_id=second.pk.hex)
        with pytest.raises(FaceTokenUsed):
            close(second, token)


@pytest.fixture
def in_core(bank_a: str, vendors: Sandbox) -> DepositAccount:
    """Give an account that the sandbox's core keeps."""
    who = make_customer()
    identity = verified.identity(who)
    assert identity is not None
    number = of_accounts.core_system().open_account(
        account_class="II", name=identity.name, id_number=identity.id_number, phone=verified.phone_of(who) or "",
        bound_card="6223240000000000010", request_id=new_id().hex,
    )  # fmt: skip
    account = make_account(who, keeper="core")
    account.number = number
    account.save(update_fields=["number"])
    return account


@pytest.mark.django_db
class TestKeptByTheCore:
    def closed_there(self, vendors: Sandbox, account: DepositAccount) -> bool:
        inside = vendors.json("GET", "/sandbox/core", params={"bank": "125"})["accounts"]
        return bool(next(row["closed_at"] for row in inside if row["account_number"] == account.number))

    def test_closes_there_first_and_then_here(
        self, in_core: DepositAccount, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        DepositAccount.objects.filter(pk=in_core.pk).update(balance_fen=5)  # what it said once, and has not since
        closing = close(in_core)
        assert closing.status == "closing"
        assert state_of(in_core)[0] == "active"
        assert usable_accounts(in_core.customer_id) == []
        run_steps(limit=1)
        closing.refresh_from_db()
        assert (closing.status, *state_of(in_core)) == ("closed", "closed", 0)
        assert self.closed_there(vendors, in_core)
        assert Filing.objects.get().kind == "close"

    @pytest.mark.parametrize("fault", [{"drop_after": True}, {"garbage": True}, {"drop_before": True}, {"status": 500}])
    def test_an_answer_that_is_lost_is_asked_for(
        self, in_core: DepositAccount, vendors: Sandbox, run_steps: RunSteps, fault: dict[str, Any]
    ) -> None:
        closing = close(in_core)
        vendors.fault("core", count=1, **fault)
        run_steps(limit=1)
        assert state_of(in_core)[0] == "active"
        due_again()
        run_steps(limit=1)
        closing.refresh_from_db()
        assert closing.status == "closed"
        assert self.closed_there(vendors, in_core)

    def test_the_cores_no_ends_it_and_the_account_goes_on(
        self, in_core: DepositAccount, vendors: Sandbox, run_steps: RunSteps
    ) -> None:
        money = {"bank": "125", "account_number": in_core.number, "amount": "0.01"}
        vendors.json("POST", "/sandbox/core/deposits", json=money)
        closing = close(in_core)
        run_steps()
        closing.refresh_from_db()
        assert (closing.status, closing.reason_code) == ("refused", "account_not_empty")
        assert state_of(in_core)[0] == "active"
        assert not self.closed_there(vendors, in_core)
        assert not Filing.objects.exists()
        pay(in_core)
        assert len(usable_accounts(in_core.customer_id)) == 1

    def test_nothing_begins_on_it_meanwhile(self, in_core: DepositAccount) -> None:
        close(in_core)
        works: list[Callable[[], None]] = [lambda: pay(in_core), lambda: _collect(in_core), lambda: _claim(in_core)]
        for work in works:
            with pytest.raises(AccountNotActive):
                work()
        with pytest.raises(StateConflict):
            close(in_core)
        assert not Payment.objects.exists()
        assert not Claim.objects.exists()
        assert AccountClosing.objects.count() == 1


def _collect(account: DepositAccount) -> None:
    with transaction.atomic():
        collect_from(
            account_id=account.pk, amount_fen=1, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=1)],
            business_ref=f"t:{new_id().hex}", kind="t", memo="", then=THEN,
        )  # fmt: skip


@pytest.mark.usefixtures("committed_once")
class TestRaces:
    """Of a closing and what would stand against it, one comes first and the other sees it; each test has its own account."""

    def together(self, *works: Callable[[], None]) -> list[str]:
        """Do things at once on connections of their own; return what became of each."""
        return [became(result) for result in at_once("125", works)]

    @pytest.mark.parametrize("keeper", ["own", "core"])
    @pytest.mark.parametrize("round_", range(3))
    def test_a_closing_and_a_payment(self, keeper: str, round_: int) -> None:
        with in_bank("125"):
            account = make_account(keeper=keeper)
            token = face_token(account, ACT)
        closed, paid = self.together(lambda: _close(account, token), lambda: pay(account))
        with in_bank("125"):
            assert (closed == "done") is not (paid == "done"), (closed, paid)
            assert Payment.objects.filter(account=account).count() == (paid == "done")
            assert AccountClosing.objects.filter(account=account).count() == (closed == "done")
            assert deposits_equal_ledger()

    @pytest.mark.parametrize("keeper", ["own", "core"])
    @pytest.mark.parametrize("round_", range(3))
    def test_a_closing_and_a_claim(self, keeper: str, round_: int) -> None:
        with in_bank("125"):
            account = make_account(keeper=keeper)
            token = face_token(account, ACT)
        closed, claimed = self.together(lambda: _close(account, token), lambda: _claim(account))
        with in_bank("125"):
            assert (closed == "done") is not (claimed == "done"), (closed, claimed)
            assert {closed, claimed} - {"done"} <= {"account_in_use", "account_not_active"}

    def test_two_closings(self) -> None:
        with in_bank("125"):
            account = make_account()
            tokens = [face_token(account, ACT) for _ in range(5)]
        ended = self.together(*[partial(_close, account, token) for token in tokens])
        assert sorted(ended) == ["done"] + ["state_conflict"] * 4
        with in_bank("125"):
            assert Filing.objects.filter(account=account, kind="close").count() == 1

    def test_a_closing_and_the_unbinding_of_its_card_wait_for_each_other(self) -> None:
        from accounts.operations.cards import unbind_card

        for _ in range(3):
            with in_bank("125"):
                account = make_account()
                card = bind(account)
                token = face_token(account, ACT)

            def unbind(card: Card = card) -> None:
                unbind_card(card_id=card.pk, customer_id=card.customer_id)

            ended = self.together(lambda: _close(account, token), unbind)  # noqa: B023 -- joined before the next round
            assert ended == ["done", "done"]


def _close(account: DepositAccount, token: str) -> None:
    close_account(account_id=account.pk, customer_id=account.customer_id, face_token=token)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_nobody_closes_what_is_not_there() -> None:
    with pytest.raises(NotFound):
        close_account(account_id=uuid.uuid4(), customer_id=make_customer(), face_token="x")
