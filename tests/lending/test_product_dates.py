"""Versions that take effect on a later business date, and products that open and close by schedule (PU-07a)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from core.clock import business_date, move_business_date
from core.errors import InvalidRequest, NotFound
from core.steps.models import Step
from lending import operations, queries
from lending.day_end import follow_day
from lending.models import Product
from lending.operations import ProductClosed
from lending.operations.stopping import CANCEL_SIGNED
from tests.lending.applicants import Outside, make_customer, start
from tests.lending.borrowers import again, disburse, draft, make_borrower, signed
from tests.lending.product_acts import (
    CHECKER,
    draft_of,
    product_id,
    propose_publishing,
    publish_by_two,
    reopen,
    schedule,
)
from tests.second_person import approve

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
RunSteps = Callable[..., int]


def _in(days: int) -> date:
    return business_date() + timedelta(days=days)


def _to(day: date) -> None:
    with transaction.atomic():
        move_business_date(to_date=day)


class TestEffectiveDate:
    def test_is_the_day_of_publishing_where_none_was_chosen(self) -> None:
        assert publish_by_two(draft_of()).effective_date == business_date()

    def test_that_lies_ahead_waits_for_its_business_date_everywhere(self, outside: Outside) -> None:
        day = _in(5)
        publish_by_two(draft_of(effective_date=day, name="薪享贷", grade_a_spread_bp=150))
        for days, name, number in ((0, "薪易贷", 1), (4, "薪易贷", 1), (5, "薪享贷", 2), (9, "薪享贷", 2)):
            _to(day + timedelta(days=days - 5))
            assert queries.version_in_force("XF01").name == name
            assert [row.number for row in queries.open_versions() if row.product.code == "XF01"] == [number]
            assert Client().get("/b/125/api/v1/products/XF01").json()["version"] == number
            (shown,) = [row for row in Client().get("/b/125/api/v1/products").json()["items"] if row["code"] == "XF01"]
            assert (shown["version"], shown["name"]) == (number, name)
            assert start(make_customer()).product_version.number == number

    def test_of_a_first_version_lets_nobody_see_the_product_before(self) -> None:
        with transaction.atomic():
            first = operations.add_product(code="XF09", name="新产品", service_regions=["3207"], actor="pm")
        type(first).objects.filter(pk=first.pk).update(effective_date=_in(1))
        publish_by_two(first)
        with pytest.raises(NotFound):
            queries.version_in_force("XF09")
        _to(_in(1))
        assert queries.version_in_force("XF09").number == 1

    def test_is_never_before_the_day_of_publishing(self) -> None:
        with pytest.raises(operations.ProductRefused) as refusal:
            propose_publishing(draft_of(effective_date=_in(-1)))
        assert list(refusal.value.errors) == ["effective_date"]

    def test_that_passed_while_the_proposal_waited_is_refused(self) -> None:
        proposal = propose_publishing(draft_of(effective_date=_in(1)))
        _to(_in(2))
        with pytest.raises(operations.ProductRefused) as refusal:
            approve(proposal_id=proposal.pk, actor=CHECKER)
        assert list(refusal.value.errors) == ["effective_date"]

    def test_the_later_word_counts_from_its_own_date(self) -> None:
        publish_by_two(draft_of(effective_date=_in(9), name="第二版"))
        publish_by_two(draft_of(effective_date=_in(5), name="第三版"))
        day = business_date()
        for days, number in ((4, 1), (5, 3), (9, 3)):
            _to(day + timedelta(days=days))
            assert queries.version_in_force("XF01").number == number


class TestSchedule:
    def test_opens_and_closes_for_applications_at_the_day(self, outside: Outside) -> None:
        day = business_date()
        schedule(opens=_in(2), closes=_in(4))
        for days, is_open in ((0, False), (1, False), (2, True), (3, True), (4, False), (5, False)):
            _to(day + timedelta(days=days))
            listed = [row.product.code for row in queries.open_versions()]
            assert ("XF01" in listed) is is_open
            if is_open:
                assert start(make_customer()).product_version.product.code == "XF01"
            else:
                with pytest.raises(ProductClosed):
                    start(make_customer())

    def test_that_closes_refuses_new_money_and_cancels_what_is_signed_on_that_day(self, run_steps: RunSteps) -> None:
        who, other = make_borrower(), make_borrower(product="XF03")
        mine, others = signed(who), signed(other, method="bullet")
        schedule(closes=_in(1))
        follow_day()
        assert not Step.objects.filter(kind=CANCEL_SIGNED).exists()
        _to(_in(1))
        with pytest.raises(ProductClosed):
            draft(who)
        follow_day()
        run_steps()
        assert (again(mine).status, again(mine).reason_code, who.line().held_fen) == ("failed", "product_closed", 0)
        assert again(others).status == "signed"

    def test_that_closes_today_cancels_at_once(self, run_steps: RunSteps) -> None:
        who = make_borrower()
        mine = signed(who)
        schedule(closes=business_date())
        run_steps()
        assert again(mine).status == "failed"

    def test_is_dropped_as_far_as_it_keeps_a_product_closed_that_two_people_open(self) -> None:
        schedule(closes=business_date())
        reopen()
        assert Product.objects.get(code="XF01").closes_date is None
        schedule(opens=_in(3), closes=_in(9))
        reopen()
        product = Product.objects.get(code="XF01")
        assert (product.opens_date, product.closes_date) == (None, _in(9))
        assert product.is_open_on(business_date())
        who = make_borrower()
        assert disburse(who, signed(who)).status == "disbursed"

    @pytest.mark.parametrize(
        ("opens", "closes", "field"),
        [(-1, None, "opens_date"), (None, -1, "closes_date"), (3, 3, "closes_date"), (3, 2, "closes_date")],
    )
    def test_that_has_passed_or_ends_before_it_begins_is_refused(
        self, opens: int | None, closes: int | None, field: str
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            schedule(
                opens=None if opens is None else _in(opens), closes=None if closes is None else _in(closes)
            )  # fmt: skip
        assert list(refusal.value.errors) == [field]

    def test_that_ends_before_it_begins_is_refused_by_the_database(self) -> None:
        rows = Product.objects.filter(pk=product_id("XF01"))
        with pytest.raises(IntegrityError, match="lending_product_schedule"), transaction.atomic():
            rows.update(opens_date=_in(3), closes_date=_in(3))
