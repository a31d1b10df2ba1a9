"""ACC-07: who has moved 50,000 both ways over Class III accounts shows an ID card within seven days, or is suspended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pytest
from django.db import transaction

from accounts.models import DepositAccount, DocumentDemand, Notice, Payment, Transfer
from accounts.operations import reverse_entry
from accounts.operations.reverification import IdCardRequired
from accounts.operations.turnover import demand_documents, suspend_undocumented
from accounts.queries import suspended_for
from core.clock import business_date
from core.ids import new_id
from tenants.parameters import set_for_bank
from tests.accounts.holders import give_money, make_account, make_customer, set_day
from tests.accounts.test_reverification import new_card, read, reverify

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
DAY: Final = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _monday(bank_a: str) -> None:
    set_day(DAY)


def three(customer_id: object = None, **more: object) -> DepositAccount:
    return make_account(customer_id or make_customer(), account_class="III", **more)  # type: ignore[arg-type]


def begin(days: int) -> tuple[int, int]:
    """Begin the day that lies so many days on; return how many are asked and how many accounts are suspended."""
    day = DAY + timedelta(days=days)
    set_day(day)
    with transaction.atomic():
        return demand_documents(day=day), suspend_undocumented(day=day)


class TestAcc07Turnover:
    @pytest.mark.parametrize(
        ("moves", "asked"),
        [
            ((50_000_00,), True),  # one way is as good as two
            ((49_999_99,), False),
            ((25_000_00, -25_000_00), True),
            ((25_000_00, -24_999_99), False),
            ((20_000_00, -15_000_00, 10_000_00, -5_000_00), True),
        ],
    )
    def test_50000_both_ways_asks_for_the_card_and_a_fen_less_does_not(
        self, moves: tuple[int, ...], *, asked: bool
    ) -> None:
        account = three()
        for fen in moves:
            give_money(account, fen)
        assert begin(0) == (0, 0), "what is moved on a day counts when it is over"
        assert begin(1) == (int(asked), 0)
        demands = list(DocumentDemand.objects.values_list("turnover_fen", "demanded_date", "due_date"))
        assert demands == ([(50_000_00, date(2026, 11, 24), date(2026, 12, 1))] if asked else [])

    def test_all_class_three_accounts_of_a_person_count_together_and_nothing_else_does(self) -> None:
        who, other = make_customer(), make_customer()
        first, second, two = three(who), three(who), make_account(who)
        give_money(first, 20_000_00)
        give_money(second, 20_000_00)
        give_money(two, 90_000_00)
        give_money(three(other), 49_999_99)
        assert begin(1) == (0, 0)
        give_money(first, -10_000_00)
        give_money(first, -10_000_00)
        DepositAccount.objects.filter(pk=first.pk).update(status="closed")
        assert begin(2) == (1, 0)
        assert DocumentDemand.objects.get().customer_id == who

    def test_what_was_reversed_never_moved(self) -> None:
        account = three()
        wrong = give_money(account, 50_000_00)
        with transaction.atomic():
            reverse_entry(entry_id=wrong, business_ref="wrong", memo="", value_date=DAY)
        assert begin(1) == (0, 0)

    @pytest.mark.parametrize("outcome", ["came_back", "is_coming_back", "stranded"])
    def test_a_transfer_that_came_back_to_its_account_in_the_core_never_moved(self, outcome: str) -> None:
        account = three(keeper="core")
        for _ in range(25):
            payments = [
                Payment.objects.create(
                    account=account, direction=direction, amount_fen=2_000_00, legs=[], business_ref=new_id().hex,
                    kind="transfer", order_date=DAY, status="arrived", request_id=new_id(),
                )
                for direction in ("out", "in")
            ]  # fmt: skip
            if outcome != "came_back":
                Payment.objects.filter(pk=payments[1].pk).update(status="pending")
            Transfer.objects.create(
                customer_id=account.customer_id, account=account, payee_kind="elsewhere", payee_name="王样例",
                payee_number="6217990000000000013", amount_fen=2_000_00, payment=payments[0], refund=payments[1],
                status={"came_back": "failed", "is_coming_back": "refunding", "stranded": "stranded"}[outcome],
            )  # fmt: skip
        assert begin(1) == (int(outcome == "stranded"), 0)

    def test_the_seventh_day_is_in_time_and_the_eighth_is_not(self) -> None:
        account = three()
        two = make_account(account.customer_id)
        give_money(account, 50_000_00)
        assert [begin(days) for days in (1, 2, 8)] == [(1, 0), (0, 0), (0, 0)]
        assert suspended_for(account.pk) == ()
        assert [begin(9), begin(9), begin(10)] == [(0, 1), (0, 0), (0, 0)]
        assert (suspended_for(account.pk), suspended_for(two.pk)) == (("no_document",), ())
        assert list(Notice.objects.order_by("pk").values_list("kind", "about_date")) == [
            ("three_document", date(2026, 12, 1)), ("three_suspended", date(2026, 12, 2)),
        ]  # fmt: skip

    @pytest.mark.parametrize("days", [3, 20])
    def test_whoever_shows_it_is_asked_no_more_and_what_was_suspended_goes_on(self, days: int) -> None:
        account = three()
        give_money(account, 50_000_00)
        begin(1)
        begin(days)
        read(reverify(account, card=new_card(account.customer_id)))
        assert suspended_for(account.pk) == ()
        assert DocumentDemand.objects.get().met_date == business_date()
        give_money(account, 60_000_00)
        assert begin(30) == (0, 0)

    def test_a_face_alone_lifts_nothing(self) -> None:
        account = three()
        give_money(account, 50_000_00)
        begin(1)
        begin(9)
        with pytest.raises(IdCardRequired):
            reverify(account)
        assert suspended_for(account.pk) == ("no_document",)

    def test_a_bank_may_be_stricter(self) -> None:
        for name, value in (("account.three_turnover_yuan", 10_000), ("account.three_document_days", 2)):
            with transaction.atomic():
                set_for_bank(name=name, value=value, effective_date=DAY, actor="test")
        give_money(three(), 10_000_00)
        assert [begin(days) for days in (1, 3, 4)] == [(1, 0), (0, 0), (0, 1)]
