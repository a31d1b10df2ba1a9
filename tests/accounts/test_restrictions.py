"""ACC-15: freezes and stop-pay are a list of orders that beat every debit, ranked by time, ended by date."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.approvals import LIFT, RESTRICT, subject_of, values_of
from accounts.ledger.chart import LOAN_PRINCIPAL, PAYMENT_CLEARING
from accounts.models import DepositAccount, Restriction
from accounts.operations import (
    AccountNotActive,
    InsufficientFunds,
    Leg,
    collect_from,
    end_restrictions,
    pay_into,
    place_hold,
    post_hold,
    reverse_entry,
)
from accounts.operations.day import END_RESTRICTIONS, follow_day
from accounts.operations.restrictions import Order, RestrictionRefused, check_order
from accounts.queries import available_fen, freezes_of
from core.approvals.models import Proposal
from core.approvals.operations import ProposalWaiting, SameHands, propose
from core.audit.models import AuditEntry
from core.db.constraints import violated
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.steps.models import Step
from core.steps.registry import Then
from core.tenancy import in_bank
from tests.accounts.holders import TODAY, Holder, give, make_holder, set_day
from tests.at_once import at_once
from tests.second_person import approve, refuse

MAKER, CHECKER = "maker", "checker"
bank = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def order(who: Holder, amount_fen: int | None = 600, kind: str = "freeze", **changes: Any) -> Order:
    fields = {
        "account_id": who.account_id, "kind": kind, "amount_fen": amount_fen, "order_number": "（2026）苏01执1号",
        "authority": "样例人民法院", "expires_date": TODAY + timedelta(days=180), **changes,
    }  # fmt: skip
    return Order(**fields)


def propose_order(who: Holder, *args: Any, **changes: Any) -> uuid.UUID:
    made = order(who, *args, **changes)
    check_order(order=made)
    return propose(kind=RESTRICT, subject=subject_of(made), values=values_of(made), reason="执行", actor=MAKER).pk


def agree(proposal_id: uuid.UUID) -> None:
    approve(proposal_id=proposal_id, actor=CHECKER, reason="文书相符")


def impose(who: Holder, *args: Any, **changes: Any) -> uuid.UUID:
    agree(propose_order(who, *args, **changes))
    return Restriction.objects.filter(account_id=who.account_id).latest("placed_at").pk


def propose_lifting(restriction_id: uuid.UUID) -> uuid.UUID:
    return propose(kind=LIFT, subject=restriction_id.hex, values={}, reason="解除冻结通知书", actor=MAKER).pk


def lift(restriction_id: uuid.UUID) -> None:
    agree(propose_lifting(restriction_id))


def collect(who: Holder, amount_fen: int) -> None:
    with transaction.atomic():
        collect_from(
            account_id=who.account_id, amount_fen=amount_fen,
            legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)], business_ref=f"r:{new_id().hex}", kind="repayment",
            memo="", then=Then("test.never", "x"),
        )  # fmt: skip


def hold(who: Holder, amount_fen: int) -> uuid.UUID:
    with transaction.atomic():
        return place_hold(account_id=who.account_id, amount_fen=amount_fen, business_ref=f"t:{new_id().hex}")


@pytest.fixture(autouse=True)
def _today(request: pytest.FixtureRequest) -> None:
    if "bank_a" in request.fixturenames:
        request.getfixturevalue("bank_a")
        set_day(TODAY)


class TestAcc15AnOrderOnAnAmount:
    pytestmark = bank

    def test_leaves_what_is_above_it(self) -> None:
        who = make_holder(1_000)
        impose(who)
        assert available_fen(who.account) == 400
        with pytest.raises(InsufficientFunds):
            collect(who, 401)
        collect(who, 400)
        assert (who.balance, available_fen(who.account)) == (600, 0)

    def test_entered_twice_keeps_its_amount_once(self) -> None:
        who = make_holder(2_000)
        impose(who)
        with pytest.raises(RestrictionRefused, match="无需重复登记"):
            propose_order(who)
        assert available_fen(who.account) == 1_400
        impose(who, 500)
        assert available_fen(who.account) == 900

    def test_may_be_more_than_there_is_and_then_keeps_what_comes(self) -> None:
        who = make_holder(100)
        impose(who, 600)
        assert available_fen(who.account) == 0
        give(who.account_id, 300)
        assert (who.balance, available_fen(who.account)) == (400, 0)
        give(who.account_id, 300)
        assert available_fen(who.account) == 100
        collect(who, 100)

    def test_keeps_its_money_from_holds(self) -> None:
        who = make_holder(1_000)
        impose(who)
        with pytest.raises(InsufficientFunds):
            hold(who, 401)
        hold(who, 400)
        assert available_fen(who.account) == 0

    @pytest.mark.parametrize("amount_fen", [600, None])
    def test_past_its_day_keeps_nothing_from_a_hold(self, amount_fen: int | None) -> None:
        """Whoever holds by itself, as an entrusted payment does, meets no order that the day's work has yet to end."""
        who = make_holder(1_000)
        impose(who, amount_fen, expires_date=TODAY)
        set_day(TODAY + timedelta(days=1))
        hold(who, 1_000)
        assert (who.account.held_fen, who.account.frozen_fen, who.account.debits_stopped) == (1_000, 0, False)

    def test_does_not_reach_what_was_held_before(self) -> None:
        who = make_holder(1_000)
        held = hold(who, 700)
        impose(who, 600)
        assert available_fen(who.account) == 0
        with transaction.atomic():
            post_hold(hold_id=held, legs=[Leg(gl_code=PAYMENT_CLEARING, amount_fen=700)], kind="transfer", memo="转账")
        assert (who.balance, available_fen(who.account)) == (300, 0)

    def test_lets_a_hold_take_its_own_amount_and_not_a_fen_more(self) -> None:
        who = make_holder(1_000)
        hold(who, 700)
        impose(who, 600)
        for fields in ({"held_fen": 0, "balance_fen": 299}, {"held_fen": 1, "balance_fen": 300}):
            with pytest.raises(IntegrityError) as raised, transaction.atomic():
                DepositAccount.objects.filter(pk=who.account_id).update(**fields)
            assert violated(raised.value) == "accounts_frozen_stays"

    def test_keeps_its_money_from_a_reversal_too(self) -> None:
        who = make_holder()
        entry = give(who.account_id, 1_000)
        impose(who)
        with pytest.raises(InsufficientFunds), transaction.atomic():
            reverse_entry(entry_id=entry, business_ref="rev", memo="", value_date=TODAY)


class TestAcc15AnOrderOnTheWholeAccount:
    pytestmark = bank

    @pytest.mark.parametrize(("kind", "expires_date"), [("freeze", TODAY), ("stop_pay", None)])
    def test_lets_money_in_and_none_out(self, kind: str, expires_date: date | None) -> None:
        who = make_holder(1_000)
        impose(who, None, kind, expires_date=expires_date)
        assert available_fen(who.account) == 0
        with pytest.raises(AccountNotActive):
            collect(who, 1)
        with pytest.raises(AccountNotActive):
            hold(who, 1)
        with transaction.atomic():
            pay_into(
                account_id=who.account_id, amount_fen=5, legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=5)],
                business_ref="in", kind="k", memo="", then=Then("test.never", "x"),
            )  # fmt: skip
        assert who.balance == 1_005

    def test_holds_against_whoever_writes_the_balance(self) -> None:
        who = make_holder(1_000)
        impose(who, None)
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            DepositAccount.objects.filter(pk=who.account_id).update(balance_fen=999)
        assert violated(raised.value) == "accounts_debits_stopped"


class TestAcc15SeveralOrders:
    pytestmark = bank

    def test_rank_by_time_and_each_reaches_what_the_former_leave(self) -> None:
        who = make_holder(1_000)
        first, second, third = impose(who, 600), impose(who, 700), impose(who, None)
        found = [(one.restriction_id, one.rank, one.covered_fen) for one in freezes_of(who.account)]
        assert found == [(first, 1, 600), (second, 2, 400), (third, 3, 0)]

    def test_move_up_when_one_before_them_is_lifted(self) -> None:
        who = make_holder(1_000)
        first = impose(who, 600)
        second = impose(who, 700)
        lift(first)
        (left,) = freezes_of(who.account)
        assert (left.restriction_id, left.rank, left.covered_fen) == (second, 1, 700)
        assert available_fen(who.account) == 300

    def test_add_up_and_end_one_by_one(self) -> None:
        who = make_holder(1_000)
        amount, whole, stop = impose(who, 300), impose(who, None), impose(who, None, "stop_pay", expires_date=None)
        lift(whole)
        assert available_fen(who.account) == 0
        lift(stop)
        assert available_fen(who.account) == 700
        lift(amount)
        account = who.account
        assert (available_fen(account), account.frozen_fen, account.debits_stopped) == (1_000, 0, False)


class TestDates:
    pytestmark = bank

    def test_an_order_keeps_through_its_last_day_and_ends_with_it(self) -> None:
        who = make_holder(1_000)
        made = impose(who, 1_000, expires_date=TODAY + timedelta(days=1))
        set_day(TODAY + timedelta(days=1))
        with pytest.raises(InsufficientFunds):
            collect(who, 1)
        set_day(TODAY + timedelta(days=2))
        assert available_fen(who.account) == 1_000
        collect(who, 1)  # ended by the debit itself, before any day's work
        assert Restriction.objects.get(pk=made).status == "expired"
        assert who.account.frozen_fen == 0

    def test_the_days_work_ends_them_all_and_twice_is_once(self) -> None:
        people = [make_holder(1_000) for _ in range(2)]
        for who in people:
            impose(who, None, expires_date=TODAY)
            impose(who, None, "stop_pay", expires_date=None)
        set_day(TODAY + timedelta(days=1))
        with transaction.atomic():
            assert end_restrictions() == 2
        with transaction.atomic():
            assert end_restrictions() == 0
        assert [who.account.debits_stopped for who in people] == [True, True]
        assert [who.account.frozen_fen for who in people] == [0, 0]

    def test_the_days_work_is_owed_with_the_day(self, run_steps: Callable[..., int]) -> None:
        who = make_holder(1_000)
        impose(who, 600, expires_date=TODAY)
        tomorrow = TODAY + timedelta(days=1)
        set_day(tomorrow)
        with transaction.atomic():
            follow_day(day=tomorrow)
        Step.objects.exclude(kind=END_RESTRICTIONS).delete()
        run_steps()
        assert Restriction.objects.get().status == "expired"
        assert who.account.frozen_fen == 0

    def test_one_whose_day_has_passed_is_not_put_in_force(self) -> None:
        who = make_holder(1_000)
        made = propose_order(who, 5, expires_date=TODAY)
        set_day(TODAY + timedelta(days=1))
        with pytest.raises(RestrictionRefused):
            agree(made)
        assert Restriction.objects.count() == 0
        assert Proposal.objects.get().status == "proposed"


class TestTwoPeople:
    pytestmark = bank

    def test_a_proposal_stops_nothing(self) -> None:
        who = make_holder(1_000)
        propose_order(who, None)
        collect(who, 1_000)

    def test_nobody_decides_on_their_own_order_nor_on_their_own_lifting(self) -> None:
        who = make_holder(1_000)
        made = propose_order(who)
        with pytest.raises(SameHands):
            approve(proposal_id=made, actor=MAKER)
        agree(made)
        lifting = propose_lifting(Restriction.objects.get().pk)
        with pytest.raises(SameHands):
            approve(proposal_id=lifting, actor=MAKER)
        assert available_fen(who.account) == 400
        agree(lifting)
        assert available_fen(who.account) == 1_000

    def test_orders_of_several_courts_on_one_account_wait_side_by_side_and_each_once(self) -> None:
        who = make_holder(1_000)
        waiting = [
            propose_order(who, 600, order_number=number) for number in ("（2026）苏01执1号", "（2026）苏02执9号")
        ]
        with pytest.raises(ProposalWaiting):
            propose_order(who, 600, order_number="（2026）苏02执9号")
        for proposal_id in waiting:
            agree(proposal_id)
        assert [freeze.covered_fen for freeze in freezes_of(who.account)] == [600, 400]

    def test_a_refused_proposal_changes_nothing(self) -> None:
        who = make_holder(1_000)
        refuse(proposal_id=propose_order(who), actor=CHECKER, reason="文书不符")
        assert Restriction.objects.count() == 0
        made = impose(who)
        refuse(proposal_id=propose_lifting(made), actor=CHECKER, reason="文书不符")
        assert Restriction.objects.get().status == "in_force"
        assert available_fen(who.account) == 400

    def test_an_order_is_lifted_once(self) -> None:
        made = impose(make_holder())
        lift(made)
        with pytest.raises(StateConflict):
            lift(made)
        with pytest.raises(NotFound):
            lift(new_id())

    def test_both_are_on_record(self) -> None:
        made = impose(make_holder())
        lift(made)
        row = Restriction.objects.get()
        assert (row.placed_by, row.lifted_by) == (f"{MAKER}+{CHECKER}", f"{MAKER}+{CHECKER}")
        acts = AuditEntry.objects.filter(action__startswith="restriction.").order_by("pk")
        assert list(acts.values_list("action", "subject")) == [
            ("restriction.placed", made.hex), ("restriction.lifted", made.hex),
        ]  # fmt: skip


class TestBadOrders:
    pytestmark = bank

    @pytest.mark.parametrize(
        "changes",
        [
            {"expires_date": None},
            {"expires_date": TODAY - timedelta(days=1)},
            {"amount_fen": 0},
            {"amount_fen": -1},
            {"kind": "stop_pay", "amount_fen": 5},
        ],
    )
    def test_are_refused_with_the_reason(self, changes: dict[str, Any]) -> None:
        who = make_holder(1_000)
        with pytest.raises(RestrictionRefused) as raised:
            propose_order(who, **{"amount_fen": 600, "kind": "freeze", **changes})
        assert raised.value.detail
        assert Restriction.objects.count() == Proposal.objects.count() == 0

    @pytest.mark.parametrize("fields", [{"keeper": "core"}, {"status": "closed"}])
    def test_are_refused_on_an_account_on_which_no_money_stands_here(self, fields: dict[str, str]) -> None:
        who = make_holder()
        made = propose_order(who)
        DepositAccount.objects.filter(pk=who.account_id).update(**fields)
        with pytest.raises(RestrictionRefused):
            agree(made)
        with pytest.raises(RestrictionRefused):
            propose_order(who)

    def test_are_refused_on_no_account(self) -> None:
        with pytest.raises(NotFound):
            propose_order(make_holder(), account_id=new_id())

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"kind": "freeze", "expires_date": None}, "accounts_restriction_kind"),
            ({"kind": "stop_pay", "amount_fen": 5}, "accounts_restriction_kind"),
            ({"amount_fen": 0}, "accounts_restriction_positive"),
            ({"status": "paused"}, "accounts_restriction_status"),
        ],
    )
    def test_are_refused_by_the_database_too(self, changes: dict[str, Any], name: str) -> None:
        made = impose(make_holder())
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            Restriction.objects.filter(pk=made).update(**changes)
        assert violated(raised.value) == name


@pytest.mark.django_db(transaction=True)
def test_an_order_and_debits_at_once_never_leave_less_than_the_order_keeps() -> None:
    with in_bank("125"):
        set_day(TODAY)
        who = make_holder(1_000)
        made = propose_order(who, 600)
    freeze = partial(agree, made)
    outcomes = at_once("125", [freeze, *[partial(collect, who, 150) for _ in range(8)]])
    with in_bank("125"):
        taken = sum(outcome is None for outcome in outcomes[1:])
        assert who.balance == 1_000 - 150 * taken
        assert all(outcome is None or isinstance(outcome, InsufficientFunds) for outcome in outcomes)
        # What was taken before the order is gone; after it nothing went below what it keeps.
        assert taken <= 6
        assert available_fen(who.account) == max(who.balance - 600, 0)
        with pytest.raises(Problem):
            collect(who, max(who.balance - 600, 0) + 1)
