"""ACC-15: freezes and stop-pay are a list of orders that beat every debit, ranked by time, ended by date."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

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
from accounts.operations.restrictions import (
    Order,
    RestrictionRefused,
    check_lift,
    check_restriction,
    propose_lift,
    propose_restriction,
)
from accounts.queries import available_fen, freezes_of
from accounts.states import RESTRICTION
from core.audit.models import AuditEntry
from core.db.constraints import violated
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.steps.registry import Then
from core.tenancy import in_bank
from tests.accounts.holders import TODAY, Holder, at_once, give, make_holder, set_day

MAKER, CHECKER = "maker", "checker"
bank = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def order(who: Holder, amount_fen: int | None = 600, kind: str = "freeze", **changes: Any) -> Order:
    fields = {
        "account_id": who.account_id, "kind": kind, "amount_fen": amount_fen, "order_number": "（2026）苏01执1号",
        "authority": "样例人民法院", "reason": "执行", "expires_date": TODAY + timedelta(days=180), **changes,
    }  # fmt: skip
    return Order(**fields)


def propose(who: Holder, *args: Any, **changes: Any) -> uuid.UUID:
    return propose_restriction(order=order(who, *args, **changes), actor=MAKER)


def impose(who: Holder, *args: Any, **changes: Any) -> uuid.UUID:
    made = propose(who, *args, **changes)
    check_restriction(restriction_id=made, approve=True, actor=CHECKER)
    return made


def lift(restriction_id: uuid.UUID) -> None:
    propose_lift(restriction_id=restriction_id, actor=MAKER, reason="解除冻结通知书")
    check_lift(restriction_id=restriction_id, approve=True, actor=CHECKER)


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


class TestAnOrderOnAnAmount:
    pytestmark = bank

    def test_leaves_what_is_above_it(self) -> None:
        who = make_holder(1_000)
        impose(who)
        assert available_fen(who.account) == 400
        with pytest.raises(InsufficientFunds):
            collect(who, 401)
        collect(who, 400)
        assert (who.balance, available_fen(who.account)) == (600, 0)

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


class TestAnOrderOnTheWholeAccount:
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


class TestSeveralOrders:
    pytestmark = bank

    def test_rank_by_time_and_each_reaches_what_the_former_leave(self) -> None:
        who = make_holder(1_000)
        late = propose(who, 700)
        first = impose(who, 600)
        check_restriction(restriction_id=late, approve=True, actor=CHECKER)
        third = impose(who, None)
        found = [(one.restriction_id, one.rank, one.covered_fen) for one in freezes_of(who.account)]
        assert found == [(first, 1, 600), (late, 2, 400), (third, 3, 0)]

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
        waiting = propose(people[0], 5, expires_date=TODAY)
        lifting = impose(people[1], 7, expires_date=TODAY)
        propose_lift(restriction_id=lifting, actor=MAKER, reason="r")
        set_day(TODAY + timedelta(days=1))
        with transaction.atomic():
            assert end_restrictions() == 3
        with transaction.atomic():
            assert end_restrictions() == 0
        assert Restriction.objects.get(pk=waiting).status == "declined"
        assert Restriction.objects.get(pk=lifting).status == "expired"
        assert [who.account.debits_stopped for who in people] == [True, True]
        assert [who.account.frozen_fen for who in people] == [0, 0]

    def test_one_whose_day_has_passed_is_not_put_in_force(self) -> None:
        who = make_holder(1_000)
        made = propose(who, 5, expires_date=TODAY)
        set_day(TODAY + timedelta(days=1))
        with pytest.raises(StateConflict):
            check_restriction(restriction_id=made, approve=True, actor=CHECKER)
        check_restriction(restriction_id=made, approve=False, actor=CHECKER, reason="过期")
        assert Restriction.objects.get().status == "declined"


class TestTwoPeople:
    pytestmark = bank

    def test_a_proposal_stops_nothing(self) -> None:
        who = make_holder(1_000)
        propose(who, None)
        collect(who, 1_000)

    def test_nobody_checks_their_own_order_nor_their_own_lifting(self) -> None:
        who = make_holder(1_000)
        made = propose(who)
        for approve in (True, False):
            with pytest.raises(StateConflict):
                check_restriction(restriction_id=made, approve=approve, actor=MAKER)
        check_restriction(restriction_id=made, approve=True, actor=CHECKER)
        propose_lift(restriction_id=made, actor=CHECKER, reason="r")
        with pytest.raises(StateConflict):
            check_lift(restriction_id=made, approve=True, actor=CHECKER)
        check_lift(restriction_id=made, approve=True, actor=MAKER)
        assert Restriction.objects.get().status == "lifted"

    def test_the_database_refuses_one_person_too(self) -> None:
        made = propose(make_holder())
        for fields in ({"checked_by": MAKER}, {"lift_proposed_by": "x", "lift_checked_by": "x"}):
            with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
                Restriction.objects.filter(pk=made).update(**fields)

    def test_a_declined_lifting_leaves_the_order_in_force(self) -> None:
        who = make_holder(1_000)
        made = impose(who)
        propose_lift(restriction_id=made, actor=MAKER, reason="r")
        check_lift(restriction_id=made, approve=False, actor=CHECKER, reason="文书不符")
        assert Restriction.objects.get().status == "in_force"
        assert available_fen(who.account) == 400
        lift(made)
        assert available_fen(who.account) == 1_000

    def test_every_beat_is_on_record_with_who_did_it(self) -> None:
        lift(impose(make_holder()))
        acts = AuditEntry.objects.filter(action__startswith="restriction.").order_by("pk")
        assert list(acts.values_list("action", "actor")) == [
            ("restriction.proposed", MAKER), ("restriction.in_force", CHECKER), ("restriction.lift_proposed", MAKER),
            ("restriction.lifted", CHECKER),
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
            propose_restriction(order=order(who, **{"amount_fen": 600, "kind": "freeze", **changes}), actor=MAKER)
        assert raised.value.detail
        assert Restriction.objects.count() == 0

    @pytest.mark.parametrize("fields", [{"keeper": "core"}, {"status": "closed"}])
    def test_are_refused_on_an_account_on_which_no_money_stands_here(self, fields: dict[str, str]) -> None:
        who = make_holder()
        DepositAccount.objects.filter(pk=who.account_id).update(**fields)
        with pytest.raises(RestrictionRefused):
            propose(who)

    def test_are_refused_on_no_account_and_no_order(self) -> None:
        with pytest.raises(NotFound):
            propose_restriction(order=order(make_holder(), account_id=new_id()), actor=MAKER)
        with pytest.raises(NotFound):
            check_restriction(restriction_id=new_id(), approve=True, actor=CHECKER)

    @pytest.mark.parametrize("event", ["approve", "decline", "propose_lift", "approve_lift", "decline_lift"])
    @pytest.mark.parametrize("state", RESTRICTION.states)
    def test_move_as_the_table_says_and_not_otherwise(self, state: str, event: str) -> None:
        made = impose(make_holder())
        Restriction.objects.filter(pk=made).update(status=state, lift_proposed_by=MAKER)
        ways: dict[str, Callable[[], None]] = {
            "approve": partial(check_restriction, restriction_id=made, approve=True, actor=CHECKER),
            "decline": partial(check_restriction, restriction_id=made, approve=False, actor=CHECKER),
            "propose_lift": partial(propose_lift, restriction_id=made, actor=MAKER, reason="r"),
            "approve_lift": partial(check_lift, restriction_id=made, approve=True, actor=CHECKER),
            "decline_lift": partial(check_lift, restriction_id=made, approve=False, actor=CHECKER),
        }
        target = RESTRICTION.table.get((state, event))
        if target is None:
            with pytest.raises(StateConflict):
                ways[event]()
        else:
            ways[event]()
        assert Restriction.objects.get().status == (target or state)


@pytest.mark.django_db(transaction=True)
def test_an_order_and_debits_at_once_never_leave_less_than_the_order_keeps() -> None:
    with in_bank("125"):
        set_day(TODAY)
        who = make_holder(1_000)
        made = propose(who, 600)
    freeze = partial(check_restriction, restriction_id=made, approve=True, actor=CHECKER)
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
