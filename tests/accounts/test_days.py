"""What comes round in this room: days are closed and orders end, at each bank by itself, caught up where missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models import GlDay, Restriction
from accounts.operations.restrictions import Order, place_restriction
from accounts.steps.days import CLOSE, END_ORDERS
from core.clock.models import BusinessDay
from core.steps.models import Step
from core.steps.rounds import ROUNDS
from core.tenancy import PROVINCE_CODE, in_bank
from tests.accounts.holders import TODAY, Holder, give, make_holder, set_day

pytestmark = pytest.mark.django_db
Run = Callable[..., int]


def owed() -> dict[str, str]:
    """Return what the current bank owes of this room's rounds."""
    asked = {kind: ROUNDS[kind].owed() for kind in (CLOSE, END_ORDERS)}
    return {kind: subject for kind, subject in asked.items() if subject is not None}


def come_round(run_steps: Run) -> None:
    from core.steps.rounds import _owe

    _owe(owed())
    run_steps()


def freeze(who: Holder, days: int) -> None:
    with transaction.atomic():
        order = Order(
            account_id=who.account_id, kind="freeze", amount_fen=100, order_number="1", authority="样例人民法院",
            expires_date=TODAY + timedelta(days=days),
        )  # fmt: skip
        place_restriction(order=order, reason="", actor="a+b")


class TestRounds:
    def test_close_the_day_that_is_over_once(self, bank_a: str, run_steps: Run) -> None:
        set_day(TODAY)
        give(make_holder().account_id, 500)
        set_day(TODAY + timedelta(days=1))
        assert owed() == {CLOSE: TODAY.isoformat()}
        come_round(run_steps)
        assert owed() == {}
        assert GlDay.objects.get(gl_code="2011").closing_fen == -500
        assert Step.objects.get().state == "done"

    def test_catch_up_days_on_which_nobody_rang(self, bank_a: str, run_steps: Run) -> None:
        set_day(TODAY)
        give(make_holder().account_id, 500)
        set_day(TODAY + timedelta(days=4))
        come_round(run_steps)
        days = GlDay.objects.order_by("booking_date").values_list("booking_date", flat=True).distinct()
        assert list(days) == [TODAY + timedelta(days=number) for number in range(4)]

    def test_end_the_orders_whose_day_is_over(self, bank_a: str, run_steps: Run) -> None:
        set_day(TODAY)
        who = make_holder(500)
        freeze(who, 0)
        freeze(who, 1)
        come_round(run_steps)
        assert who.account.frozen_fen == 200
        set_day(TODAY + timedelta(days=1))
        assert owed()[END_ORDERS] == "2026-11-24"
        come_round(run_steps)
        assert owed() == {}
        assert who.account.frozen_fen == 100
        assert sorted(Restriction.objects.values_list("status", flat=True)) == ["expired", "in_force"]

    def test_owe_nothing_where_no_day_has_begun_nor_at_the_province(self, bank_a: str) -> None:
        BusinessDay.objects.all().delete()
        assert owed() == {}
        with in_bank(PROVINCE_CODE):
            assert owed() == {}

    def test_of_one_bank_are_no_other_banks(self, bank_a: str, run_steps: Run) -> None:
        set_day(TODAY)
        come_round(run_steps)
        with in_bank("116"):
            set_day(TODAY)
            assert owed() == {CLOSE: (TODAY - timedelta(days=1)).isoformat()}
            assert not GlDay.objects.exists()
