"""ACC-04 to ACC-07: what Class II and III accounts may take and send, to the fen, by table."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from accounts.ledger.chart import CUSTOMER_DEPOSITS, LOAN_PRINCIPAL, PAYMENT_CLEARING
from accounts.models import DepositAccount, QuotaCharge, QuotaUse, Transfer
from accounts.operations import (
    BalanceLimitExceeded,
    Leg,
    Line,
    QuotaExceeded,
    charge_quota,
    collect_from,
    pay_into,
    post_entry,
    return_quota,
)
from accounts.operations.payees import PayeeRefused, ToAccount, ToCard
from accounts.operations.top_ups import start_top_up
from accounts.operations.transfers import start_transfer
from accounts.queries import quotas_equal_charges
from core.errors import Problem
from core.ids import new_id
from core.steps.registry import Then
from core.tenancy import in_bank
from tenants.parameters import set_for_bank
from tests.accounts.holders import TODAY, Holder, Network, give, make_holder, refusal, set_day
from tests.at_once import at_once

bank = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
NEVER = Then("test.never", "x")
ELSEWHERE = ToAccount(number="6217990000000000013", name="王样例")


def charge(who: Holder, amount_fen: int, direction: str = "out", reference: str = "") -> None:
    with transaction.atomic():
        charge_quota(
            account_id=who.account_id, account_class=who.account.account_class, direction=direction,
            amount_fen=amount_fen, business_ref=reference or f"t:{new_id().hex}",
        )  # fmt: skip


def send(who: Holder, amount_fen: int, to: ToCard | ToAccount | None = None) -> Transfer:
    """Send to an account that is not bound, where nothing else is said."""
    return start_transfer(
        customer_id=who.customer_id, account_id=who.account_id, to=to or ELSEWHERE, amount_fen=amount_fen,
        proof=who.code("transfer", amount_fen),
    )  # fmt: skip


def send_to_card(who: Holder, amount_fen: int) -> Transfer:
    return send(who, amount_fen, ToCard(card_id=who.card_id))


def account_of(payee: Holder) -> ToAccount:
    return ToAccount(number=payee.account.number or "", name=payee.name)


def lend(who: Holder, amount_fen: int) -> None:
    with transaction.atomic():
        pay_into(
            account_id=who.account_id, amount_fen=amount_fen,
            legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)], business_ref=f"d:{new_id().hex}",
            kind="disbursement", memo="贷款发放", then=NEVER,
        )  # fmt: skip


def repay(who: Holder, amount_fen: int) -> None:
    with transaction.atomic():
        collect_from(
            account_id=who.account_id, amount_fen=amount_fen,
            legs=[Leg(gl_code=LOAN_PRINCIPAL, amount_fen=amount_fen)], business_ref=f"r:{new_id().hex}",
            kind="repayment", memo="归还贷款", then=NEVER,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def _today(request: pytest.FixtureRequest) -> None:
    if "bank_a" in request.fixturenames:
        request.getfixturevalue("bank_a")
        set_day(TODAY)


class TestAcc05Quotas:
    pytestmark = bank

    @pytest.mark.parametrize(
        ("account_class", "direction", "day_fen", "year_fen"),
        [
            ("II", "out", 10_000_00, 200_000_00),
            ("II", "in", 10_000_00, 200_000_00),
            ("III", "out", 2_000_00, 50_000_00),
        ],
    )
    def test_a_day_and_a_year_end_at_their_limit_to_the_fen(
        self, account_class: str, direction: str, day_fen: int, year_fen: int
    ) -> None:
        set_day(date(2026, 1, 1))
        who = make_holder(account_class=account_class)
        with pytest.raises(QuotaExceeded) as raised:
            charge(who, day_fen + 1, direction)
        assert raised.value.extra["left"] == f"{day_fen // 100}.00"
        days = year_fen // day_fen
        for number in range(days):
            set_day(date(2026, 1, 1) + timedelta(days=number))
            if 1 < number < days - 1:  # as the first two days and the last
                charge(who, day_fen, direction)
                continue
            charge(who, day_fen - 1, direction)
            charge(who, 1, direction)
            with pytest.raises(QuotaExceeded) as raised:
                charge(who, 1, direction)
            assert raised.value.extra["left"] == "0.00"
        set_day(date(2026, 12, 31))  # the last day of the year: the year is used up, the day is not
        with pytest.raises(QuotaExceeded) as raised:
            charge(who, 1, direction)
        assert "本年" in raised.value.detail
        set_day(date(2027, 1, 1))
        charge(who, day_fen, direction)
        assert quotas_equal_charges()

    def test_what_is_left_is_told_and_a_refusal_counts_nothing(self) -> None:
        who = make_holder()
        charge(who, 9_000_00)
        with pytest.raises(QuotaExceeded) as raised:
            charge(who, 1_000_01)
        assert (raised.value.extra["left"], raised.value.status) == ("1000.00", 422)
        assert "1000.00" in raised.value.detail
        charge(who, 1_000_00)

    def test_the_year_tells_what_it_leaves_while_the_day_has_more(self) -> None:
        who = make_holder()
        QuotaUse.objects.create(
            account_id=who.account_id, direction="out", span="year", starts_date=date(2026, 1, 1), used_fen=199_995_00
        )
        with pytest.raises(QuotaExceeded) as raised:
            charge(who, 5_01)
        assert raised.value.extra["left"] == "5.00"
        assert "本年" in raised.value.detail
        charge(who, 5_00)

    def test_in_and_out_are_counted_apart_and_so_is_every_account(self) -> None:
        first, second = make_holder(), make_holder()
        for who in (first, second):
            for direction in ("in", "out"):
                charge(who, 10_000_00, direction)

    def test_a_tighter_bank_refuses_sooner(self) -> None:
        with transaction.atomic():
            set_for_bank(name="quota.two_out_day_yuan", value=500, effective_date=TODAY, actor="test")
        who = make_holder()
        charge(who, 500_00)
        with pytest.raises(QuotaExceeded):
            charge(who, 1)

    def test_a_return_goes_to_the_day_of_the_charge(self) -> None:
        who = make_holder()
        charge(who, 10_000_00, reference="t:1")
        set_day(TODAY + timedelta(days=1))
        for _ in range(2):
            with transaction.atomic():
                return_quota(business_ref="t:1")
        assert list(QuotaUse.objects.values_list("used_fen", flat=True)) == [0, 0]
        set_day(TODAY)
        charge(who, 10_000_00, reference="t:2")
        assert quotas_equal_charges()

    def test_class_one_has_none(self) -> None:
        who = make_holder(account_class="I", keeper="core")
        charge(who, 1_000_000_00)
        assert QuotaCharge.objects.count() == 0

    def test_10000_00_goes_out_and_one_fen_more_does_not(self, network: Network) -> None:
        who = make_holder(30_000_00)
        send(who, 10_000_00)
        with pytest.raises(QuotaExceeded) as raised:
            send(who, 1)
        assert raised.value.extra["left"] == "0.00"
        assert Transfer.objects.count() == 1
        set_day(TODAY + timedelta(days=1))
        send(who, 10_000_00)

    def test_a_refused_transfer_gives_its_quota_back_on_its_own_day(
        self, network: Network, run_steps: Callable[..., int]
    ) -> None:
        who = make_holder(30_000_00)
        network.answers = [refusal("payee_not_found")]
        send(who, 10_000_00)
        set_day(TODAY + timedelta(days=1))
        run_steps()
        assert Transfer.objects.get().status == "failed"
        assert set(QuotaUse.objects.values_list("used_fen", flat=True)) == {0}
        set_day(TODAY)
        send(who, 10_000_00)

    def test_bound_cards_are_outside_both_ways(self, network: Network, run_steps: Callable[..., int]) -> None:
        who = make_holder(300_000_00)
        send(who, 10_000_00)
        send_to_card(who, 150_000_00)
        send(who, 50_000_00, ToAccount(number=who.card.number, name=who.name))  # the bound card by its number
        start_top_up(
            customer_id=who.customer_id, account_id=who.account_id, card_id=who.card_id, amount_fen=250_000_00,
            proof=who.code("top_up", 250_000_00),
        )  # fmt: skip
        run_steps()
        assert who.balance == 300_000_00 - 210_000_00 + 250_000_00
        assert QuotaCharge.objects.count() == 1

    def test_what_a_confirmed_class_two_account_takes_is_counted(self) -> None:
        payer, payee = make_holder(30_000_00), make_holder(face_to_face=True)
        other = make_holder(30_000_00)
        send(payer, 6_000_00, account_of(payee))
        with pytest.raises(PayeeRefused):
            send(other, 4_000_01, account_of(payee))
        send(other, 4_000_00, account_of(payee))
        assert payee.balance == 10_000_00


class TestAcc04Unconfirmed:
    pytestmark = bank

    def test_an_account_that_nobody_confirmed_face_to_face_takes_nothing_from_others(self) -> None:
        payer, payee = make_holder(1_000_00), make_holder()
        with pytest.raises(PayeeRefused):
            send(payer, 1_00, account_of(payee))
        assert (payer.balance, payee.balance) == (1_000_00, 0)
        assert Transfer.objects.count() == QuotaCharge.objects.count() == 0
        DepositAccount.objects.filter(pk=payee.account_id).update(face_to_face=True)
        assert send(payer, 1_00, account_of(payee)).status == "posted"

    def test_nor_from_another_account_of_the_same_person(self) -> None:
        payer = make_holder(1_000_00)
        payee = make_holder()
        DepositAccount.objects.filter(pk=payee.account_id).update(customer_id=payer.customer_id)
        with pytest.raises(PayeeRefused):
            send(payer, 1_00, account_of(payee))

    def test_but_takes_a_loan_and_a_top_up(self, network: Network, run_steps: Callable[..., int]) -> None:
        who = make_holder()
        lend(who, 5_00)
        start_top_up(
            customer_id=who.customer_id, account_id=who.account_id, card_id=who.card_id, amount_fen=3_00,
            proof=who.code("top_up", 3_00),
        )  # fmt: skip
        run_steps()
        assert who.balance == 8_00


class TestAcc06Loans:
    pytestmark = bank

    def test_a_loan_lands_and_is_repaid_outside_the_quotas_but_moving_it_on_is_inside(
        self, network: Network, run_steps: Callable[..., int]
    ) -> None:
        who = make_holder()
        lend(who, 150_000_00)
        assert who.balance == 150_000_00
        with pytest.raises(QuotaExceeded):
            send(who, 10_000_01)
        send(who, 10_000_00)  # the day's quota is used up now
        with pytest.raises(QuotaExceeded):
            send(who, 1)
        repay(who, 30_000_00)
        assert send_to_card(who, 110_000_00).status == "sending"
        run_steps()
        assert who.balance == 0
        give(who.account_id, 40_000_00)
        repay(who, 30_000_00)

    def test_a_loan_of_150000_goes_to_the_bound_card_as_a_whole(
        self, network: Network, run_steps: Callable[..., int]
    ) -> None:
        who = make_holder()
        lend(who, 150_000_00)
        send_to_card(who, 150_000_00)
        run_steps()
        assert (who.balance, network.sent[0][1]) == (0, 150_000_00)
        assert QuotaCharge.objects.count() == 0


class TestAcc07ClassThree:
    pytestmark = bank

    @pytest.mark.parametrize(("has_fen", "comes_fen", "fits"), [(0, 2_000_00, True), (0, 2_000_01, False),
                                                            (1_999_99, 1, True), (1_999_99, 2, False)])  # fmt: skip
    def test_has_2000_at_most_at_any_moment(self, has_fen: int, comes_fen: int, *, fits: bool) -> None:
        who = make_holder(account_class="III")
        if has_fen:
            lend(who, has_fen)
        if fits:
            lend(who, comes_fen)
        else:
            with pytest.raises(BalanceLimitExceeded):
                lend(who, comes_fen)
        assert who.balance == has_fen + (comes_fen if fits else 0)

    def test_the_database_holds_the_cap_against_any_other_entry(self) -> None:
        who = make_holder(account_class="III")
        lend(who, 1)
        with pytest.raises(BalanceLimitExceeded):
            give(who.account_id, 2_000_00)

    def test_a_cap_that_is_lowered_lets_out_and_nothing_in(self) -> None:
        who = make_holder(account_class="III")
        lend(who, 1_500_00)
        with transaction.atomic():
            set_for_bank(name="account.three_balance_yuan", value=1_000, effective_date=TODAY, actor="test")
        with pytest.raises(BalanceLimitExceeded):
            lend(who, 1)
        repay(who, 600_00)
        lend(who, 100_00)
        with pytest.raises(BalanceLimitExceeded):
            lend(who, 1)
        assert who.balance == 1_000_00

    @pytest.mark.parametrize("amount_fen", [2_000_01])
    def test_sends_2000_a_day_and_not_a_fen_more(self, network: Network, amount_fen: int) -> None:
        who = make_holder(account_class="III")
        lend(who, 2_000_00)
        with pytest.raises(QuotaExceeded):
            send(who, amount_fen)
        send(who, 2_000_00)
        give_fen = 1_00
        with transaction.atomic():
            post_entry(
                business_ref="g", kind="t",
                lines=[
                    Line(gl_code=PAYMENT_CLEARING, amount_fen=give_fen),
                    Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-give_fen, account_id=_emptied(who)),
                ],
            )  # fmt: skip
        with pytest.raises(QuotaExceeded):
            send(who, 1)

    def test_repays_outside_its_quota(self, network: Network, run_steps: Callable[..., int]) -> None:
        who = make_holder(account_class="III")
        lend(who, 2_000_00)
        send(who, 2_000_00)
        run_steps()
        lend(who, 1_000_00)
        repay(who, 1_000_00)

    def test_takes_from_others_only_after_a_first_amount_from_the_bound_card(
        self, network: Network, run_steps: Callable[..., int]
    ) -> None:
        payer, payee = make_holder(5_000_00), make_holder(account_class="III")
        with pytest.raises(PayeeRefused):
            send(payer, 1_00, account_of(payee))
        start_top_up(
            customer_id=payee.customer_id, account_id=payee.account_id, card_id=payee.card_id, amount_fen=1,
            proof=payee.code("top_up", 1),
        )  # fmt: skip
        with pytest.raises(PayeeRefused):  # on its way is not there yet
            send(payer, 1_00, account_of(payee))
        run_steps()
        assert send(payer, 1_00, account_of(payee)).status == "posted"
        with pytest.raises(PayeeRefused):
            send(payer, 1_998_99 + 1, account_of(payee))
        assert payee.balance == 1_01

    def test_is_topped_up_to_2000_with_what_is_on_its_way_counted(self, network: Network) -> None:
        who = make_holder(account_class="III")

        def top_up(amount_fen: int) -> None:
            start_top_up(
                customer_id=who.customer_id, account_id=who.account_id, card_id=who.card_id, amount_fen=amount_fen,
                proof=who.code("top_up", amount_fen),
            )  # fmt: skip

        top_up(1_500_00)
        with pytest.raises(BalanceLimitExceeded):
            top_up(500_01)
        top_up(500_00)


def _emptied(who: Holder) -> uuid.UUID:
    """Let what is on its way out have left, so that the account has room again."""
    from accounts.operations.transfer_outcomes import transfer_sent

    with transaction.atomic():
        transfer_sent(transfer_id=Transfer.objects.get(account_id=who.account_id).pk, reference="x")
    return who.account_id


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_twenty_transfers_at_once_never_exceed_the_quota(self) -> None:
        with in_bank("125"):
            who = make_holder(100_000_00)
            tasks = [self._sending(who, 1_500_00) for _ in range(20)]
        outcomes: list[Any] = at_once("125", tasks)
        with in_bank("125"):
            assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 6
            assert all(isinstance(outcome, Transfer | QuotaExceeded) for outcome in outcomes)
            assert who.account.held_fen == 9_000_00
            assert quotas_equal_charges()

    def test_twenty_transfers_at_once_never_overdraw(self) -> None:
        with in_bank("125"):
            who = make_holder(1_000_00)
            tasks = [self._sending(who, 300_00) for _ in range(20)]
        outcomes: list[Any] = at_once("125", tasks)
        with in_bank("125"):
            assert sum(isinstance(outcome, Transfer) for outcome in outcomes) == 3
            assert {outcome.code for outcome in outcomes if isinstance(outcome, Problem)} == {"insufficient_funds"}
            assert (who.balance, who.account.held_fen) == (1_000_00, 900_00)
            assert Transfer.objects.count() == 3
            assert quotas_equal_charges()

    def test_two_customers_who_pay_each_other_at_once_do_not_wait_for_ever(self) -> None:
        with in_bank("125"):
            one, two = (make_holder(5_000_00, face_to_face=True) for _ in range(2))
            tasks = [self._sending(*pair) for pair in [(one, 100_00, two), (two, 100_00, one)] * 10]
        outcomes: list[Any] = at_once("125", tasks)
        with in_bank("125"):
            assert all(isinstance(outcome, Transfer) for outcome in outcomes)
            assert (one.balance, two.balance) == (5_000_00, 5_000_00)
            assert quotas_equal_charges()

    @staticmethod
    def _sending(who: Holder, amount_fen: int, payee: Holder | None = None) -> Callable[[], Transfer]:
        return partial(
            start_transfer, customer_id=who.customer_id, account_id=who.account_id,
            to=ELSEWHERE if payee is None else account_of(payee), amount_fen=amount_fen,
            proof=who.code("transfer", amount_fen),
        )  # fmt: skip
