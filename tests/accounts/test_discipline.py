"""ACC-09 in this room: what goes out of whose account, and who opens one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Card, TopUp, Transfer
from accounts.operations import Leg, collect_from, pay_into
from accounts.operations.opening import finish_opening, submit_account
from accounts.operations.payees import ToAccount, ToCard
from accounts.operations.top_ups import start_top_up
from accounts.operations.transfers import start_transfer
from core.steps.models import Step
from core.steps.registry import Then
from tests.accounts.discipline import discipline
from tests.accounts.holders import TODAY, Holder, face_token, make_account, make_holder, set_day
from tests.accounts.test_opening_rules import ask, outcome, set_parameter
from verification.models import ScreeningAlert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a", "network")]
END = date(2028, 11, 23)
"""Two years after `TODAY`."""
TAXES = ToAccount(number="6217990000000000021", name="样例税务局")
SHOP = ToAccount(number="6217990000000000039", name="样例商店")


@pytest.fixture
def listed() -> Holder:
    """Have somebody with money listed today by the police."""
    set_day(TODAY)
    who = make_holder(5_000_00)
    discipline(who.customer_id, TODAY)
    return who


def send(who: Holder, to: ToAccount | ToCard) -> Transfer:
    proof = who.code("transfer", 100_00) if isinstance(to, ToAccount) else None
    return start_transfer(
        customer_id=who.customer_id, account_id=who.account_id, to=to, amount_fen=100_00, proof=proof
    )  # fmt: skip


class TestAcc09Outflow:
    """ACC-09: nothing goes out but at the counter, taxes, social security and utilities left aside."""

    @pytest.mark.parametrize("where", ["elsewhere", "bound card", "here"])
    def test_is_refused_neutrally(self, listed: Holder, where: str) -> None:
        other = make_holder(name="王样例", face_to_face=True)
        payees: dict[str, ToAccount | ToCard] = {
            "elsewhere": SHOP,
            "bound card": ToCard(card_id=listed.card_id),
            "here": ToAccount(number=other.account.number or "", name=other.name),
        }
        made = send(listed, payees[where])
        assert (made.status, made.reason_code) == ("failed", "refused")
        assert (listed.balance, listed.account.held_fen) == (5_000_00, 0)
        assert ScreeningAlert.objects.filter(subject_id=listed.customer_id).count() == 1

    def test_taxes_and_the_like_are_paid(self, listed: Holder) -> None:
        set_parameter("discipline.exempt_payees", f"6217990000000000047, {TAXES.number}")
        assert send(listed, TAXES).status == "sending"
        assert send(listed, SHOP).reason_code == "refused"

    def test_works_again_after_the_end_and_for_everybody_else(self, listed: Holder) -> None:
        assert send(make_holder(5_000_00), SHOP).status == "sending"
        set_day(date.fromordinal(END.toordinal() - 1))
        assert send(listed, SHOP).status == "failed"
        set_day(END)
        assert send(listed, SHOP).status == "sending"

    def test_a_top_up_is_not_drawn_from_ones_account_here_but_from_elsewhere(self, listed: Holder) -> None:
        def top_up() -> TopUp:
            return start_top_up(
                customer_id=listed.customer_id, account_id=listed.account_id, card_id=listed.card_id, amount_fen=100_00,
                proof=listed.code("top_up", 100_00),
            )  # fmt: skip

        assert top_up().status == "collecting"
        own = make_account(listed.customer_id, account_class="I", keeper="core")
        Card.objects.filter(pk=listed.card_id).update(account=own)
        made = top_up()
        assert (made.status, made.reason_code) == ("failed", "refused")
        set_day(END)
        assert top_up().status == "collecting"

    def test_a_loan_is_repaid_and_money_comes_in(self, listed: Holder) -> None:
        leg, then = [Leg(gl_code="1301", amount_fen=1_000_00)], Then("none", "0" * 32)
        asked: dict[str, Any] = {
            "account_id": listed.account_id,
            "amount_fen": 1_000_00,
            "legs": leg,
            "kind": "test",
            "memo": "",
            "then": then,
        }
        with transaction.atomic():
            assert pay_into(business_ref="in", **asked).status == "posted"
            assert collect_from(business_ref="out", **asked).status == "posted"
        assert listed.balance == 5_000_00


class TestAcc09Opening:
    """ACC-09: no new account by oneself; the customer reads the neutral refusal."""

    def test_is_refused_at_the_start_and_nobody_outside_is_asked(self, listed: Holder) -> None:
        account = ask(listed.customer_id)
        assert (outcome(account), account.retryable) == ("refused", False)
        assert not Step.objects.exists()
        set_day(END)
        assert outcome(ask(listed.customer_id)) == "checking"

    @pytest.mark.parametrize("beat", ["submit", "finish"])
    def test_is_refused_where_the_list_came_meanwhile(self, beat: str) -> None:
        set_day(TODAY)
        who = make_holder()
        account = make_account(who.customer_id, status="face" if beat == "submit" else "opening")
        discipline(who.customer_id, TODAY)
        if beat == "submit":
            submit_account(
                account_id=account.pk, customer_id=who.customer_id, face_token=face_token(account, "open_account"),
                purpose="savings", method="confirm", evidence="x",
            )  # fmt: skip
        else:
            with transaction.atomic():
                finish_opening(account_id=account.pk, number=None)
        account.refresh_from_db()
        assert outcome(account) == "refused"
