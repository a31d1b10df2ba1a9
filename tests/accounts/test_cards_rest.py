"""Cards over REST: one card once, and the last one stays while something rests on the account (ACC-14, A2-15)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Card, Claim
from accounts.operations.cards import NUMBER, CardBoundAlready, LastCardWithLoan
from core.crypto import blind_index
from core.steps.models import Step
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, phone_code, repay
from tests.lending.test_loans_rest import caller, problem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
FIRST, SECOND = "6223240000000000010", "6223240000000000028"


def card(who: Borrower, number: str = FIRST, *, status: str = "active", on_account: bool = True) -> Card:
    return Card.objects.create(
        customer_id=who.customer_id, status=status, number=number, number_index=blind_index(number, domain=NUMBER),
        last_four=number[-4:], phone="13900000000", account_id=who.account_id if on_account else None,
    )  # fmt: skip


def bind(who: Borrower, number: str = FIRST) -> Any:
    from verification import queries as verified

    code_id, code = phone_code(who, "", "bind_card")
    body = {
        "number": number,
        "phone": verified.phone_of(who.customer_id),
        "phone_code": {"id": code_id.hex, "code": code},
    }
    return caller(who).post("cards", body)


def remove(who: Borrower, row: Card) -> Any:
    return caller(who).call("DELETE", f"cards/{row.pk.hex}")


class TestBinding:
    def test_a_card_that_is_on_its_way_is_not_begun_twice(self) -> None:
        who = make_borrower()
        assert bind(who).status_code == 202
        assert problem(bind(who)) == (409, CardBoundAlready.code)
        assert Card.objects.filter(customer_id=who.customer_id).count() == 1
        assert Step.objects.filter(kind="card.check").count() == 1

    def test_one_that_was_refused_may_be_shown_again(self) -> None:
        who = make_borrower()
        card(who, status="rejected", on_account=False)
        assert bind(who).status_code == 202

    def test_the_same_card_may_be_somebody_elses_matter_as_well(self) -> None:
        card(make_borrower())
        assert bind(make_borrower()).status_code == 202


class TestRemoving:
    def test_the_last_card_stays_while_a_loan_rests_on_the_account(self) -> None:
        who = make_borrower()
        row = card(who)
        loan = lend(who)
        assert problem(remove(who, row)) == (409, LastCardWithLoan.code)
        row.refresh_from_db()
        assert (row.status, row.unbound_at) == ("active", None)
        give_money(who, 1_000_00)
        assert repay(who, loan, kind="early_full").status == "posted"
        assert not Claim.objects.filter(account_id=who.account_id, released_at=None).exists()
        assert remove(who, row).status_code == 204
        row.refresh_from_db()
        assert row.status == "unbound"

    def test_one_of_two_goes(self) -> None:
        who = make_borrower()
        row, other = card(who), card(who, SECOND)
        lend(who)
        assert remove(who, row).status_code == 204
        assert problem(remove(who, other)) == (409, LastCardWithLoan.code)

    def test_another_customers_card_is_not_there(self) -> None:
        who, other = make_borrower(), make_borrower()
        row = card(who)
        assert problem(remove(other, row)) == (404, "not_found")
        row.refresh_from_db()
        assert row.status == "active"
