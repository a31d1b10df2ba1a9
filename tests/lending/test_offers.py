"""Offers and lines: accepted once, never beyond what a person may be granted, moved in guarded statements."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core.audit.models import AuditEntry
from core.clock import business_date, move_business_date
from core.errors import NotFound, StateConflict
from core.evidence.models import EvidenceLeaf
from core.ids import new_id
from core.states.models import StateChange
from core.tenancy import in_bank
from lending import operations, queries
from lending.models import Application, CreditLine, Decision
from lending.models.decision import FULL
from tests.at_once import at_once, told
from tests.lending.applicants import Outside, again, change_product, judge, make_customer
from tests.made_once import made_once

Decided = Callable[..., Application]
RunSteps = Callable[..., int]


def _accept(application: Application) -> CreditLine:
    operations.accept_offer(application_id=application.pk, customer_id=application.customer_id)
    return CreditLine.objects.get(application=application)


def _move_on(days: int) -> None:
    with transaction.atomic():
        move_business_date(to_date=business_date() + timedelta(days=days))


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAcceptOffer:
    def test_makes_an_active_line_of_what_was_decided(self, offered: Application) -> None:
        application = offered
        line = _accept(application)
        today = business_date()
        assert again(application).status == "accepted"
        assert (line.status, line.limit_fen, line.drawn_fen, line.held_fen) == ("active", 120_000_00, 0, 0)
        assert (line.annual_rate, line.lpr_rate, line.spread_bp, line.lpr_tenor) == (
            Decimal("4.0000"), Decimal("3.0000"), 100, "1Y",
        )  # fmt: skip
        assert (line.starts_date, line.kind, line.grade) == (today, "consumer", "A")
        assert (line.valid_until_date.year, line.valid_until_date.month) == (today.year + 1, today.month)
        assert queries.available_fen(line) == 120_000_00

    def test_a_second_time_conflicts_and_makes_no_second_line(self, offered: Application) -> None:
        application = offered
        _accept(application)
        with pytest.raises(StateConflict):
            _accept(application)
        assert CreditLine.objects.count() == 1

    def test_of_what_was_refused_conflicts(self, decided: Decided) -> None:
        change_product("XF01", max_lenders=0)
        with pytest.raises(StateConflict):
            _accept(decided())

    def test_is_possible_up_to_its_last_business_date(self, offered: Application) -> None:
        application = offered
        _move_on(30)
        assert queries.status_of(again(application)) == "offered"
        assert _accept(application).status == "active"

    def test_after_its_last_business_date_is_refused(self, offered: Application) -> None:
        application = offered
        _move_on(31)
        assert queries.status_of(again(application)) == "expired"
        with pytest.raises(operations.OfferExpired):
            _accept(application)
        with transaction.atomic():
            assert operations.lapse_offers() == 1
        assert (again(application).status, again(application).reason_codes) == ("expired", ["offer_expired"])
        with pytest.raises(operations.OfferExpired):
            _accept(application)
        assert CreditLine.objects.count() == 0

    def test_of_a_product_that_has_a_line_lets_the_others_offer_lapse(
        self, offered: Application, decided: Decided
    ) -> None:
        first, second = offered, decided(offered.customer_id)
        assert [row.status for row in (first, second)] == ["offered", "offered"]
        _accept(first)
        assert again(second).status == "expired"
        with pytest.raises(operations.OfferExpired):
            _accept(second)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTheCapOfAPerson:
    """LN-01: all consumer lines of one person at this bank together, not each product for itself."""

    def test_cuts_the_next_offer(self, offered: Application, decided: Decided) -> None:
        customer_id = offered.customer_id
        _accept(offered)
        second = decided(customer_id, product="XF03")
        assert Decision.objects.get(application=second, stage=FULL).limit_fen == 80_000_00

    def test_refuses_when_nothing_is_left(self, offered: Application, decided: Decided) -> None:
        customer_id = offered.customer_id
        _accept(offered)
        CreditLine.objects.update(limit_fen=200_000_00)
        assert decided(customer_id, product="XF03").reason_codes == ["credit_cap_reached"]

    def test_lets_an_offer_lapse_that_no_longer_fits(self, offered: Application, decided: Decided) -> None:
        first, second = offered, decided(offered.customer_id, product="XF03")
        assert (first.status, second.status) == ("offered", "offered")
        _accept(first)
        assert (again(second).status, again(second).reason_codes) == ("expired", ["credit_cap_reached"])

    def test_keeps_an_offer_that_still_fits(self, decided: Decided) -> None:
        change_product("XF01", max_amount_fen=50_000_00)
        customer_id = make_customer()
        first, second = decided(customer_id), decided(customer_id, product="XF03")
        _accept(first)
        assert _accept(again(second)).limit_fen == 120_000_00
        assert queries.existing_credit_fen(customer_id, kind="consumer") == 170_000_00

    def test_counts_what_is_still_owed_on_a_line_that_has_ended(self, offered: Application) -> None:
        customer_id = offered.customer_id
        line = _accept(offered)
        CreditLine.objects.update(drawn_fen=30_000_00)
        _move_on(370)
        assert queries.line_status(line) == "expired"
        assert queries.existing_credit_fen(customer_id, kind="consumer") == 30_000_00

    def test_is_tightened_by_the_banks_parameter(self, decided: Decided, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lending.parameters.consumer_cap_fen", lambda: 60_000_00)
        assert Decision.objects.get(application=decided(), stage=FULL).limit_fen == 60_000_00

    def test_of_one_bank_does_not_count_at_another(self, offered: Application, decided: Decided) -> None:
        _accept(offered)
        with in_bank("116"):
            application = decided(make_customer(region="320582"))
            assert _accept(application).limit_fen == 120_000_00


line_once = made_once(_accept, scope="class", after="offered_once")


@pytest.fixture
def line(line_once: CreditLine, bank_a: str) -> CreditLine:
    """Give each test the line that came of an offer, as nobody has used it yet."""
    del bank_a
    return deepcopy(line_once)


def _hold(line: CreditLine, amount_fen: int) -> None:
    with transaction.atomic():
        operations.hold_on_line(line_id=line.pk, amount_fen=amount_fen)


def _draw(line: CreditLine, amount_fen: int) -> bool:
    """Turn a held amount into a drawn one, by the statement that a payment runs; tell whether so much was held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lending_draw_held(%s, %s)", [line.pk, amount_fen])
        return bool(cursor.fetchone()[0])


def _amounts(line: CreditLine) -> tuple[int, int, int]:
    row = CreditLine.objects.get(pk=line.pk)
    return row.drawn_fen, row.held_fen, queries.available_fen(row)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestLines:
    def test_hold_draw_and_repay_move_the_three_amounts(self, line: CreditLine) -> None:
        _hold(line, 50_000_00)
        assert _amounts(line) == (0, 50_000_00, 70_000_00)
        with transaction.atomic():
            assert _draw(line, 50_000_00)
        assert _amounts(line) == (50_000_00, 0, 70_000_00)
        with transaction.atomic():
            operations.repay_line(line_id=line.pk, amount_fen=20_000_00)
        assert _amounts(line) == (30_000_00, 0, 90_000_00)

    def test_no_more_is_drawn_than_is_held(self, line: CreditLine) -> None:
        _hold(line, 100)
        assert not _draw(line, 101)
        assert _amounts(line) == (0, 100, 120_000_00 - 100)

    def test_a_hold_is_given_back(self, line: CreditLine) -> None:
        _hold(line, 50_000_00)
        with transaction.atomic():
            operations.release_hold(line_id=line.pk, amount_fen=50_000_00)
        assert _amounts(line) == (0, 0, 120_000_00)

    def test_more_than_is_left_is_refused_and_nothing_changes(self, line: CreditLine) -> None:
        _hold(line, 120_000_00)
        with pytest.raises(operations.LineExceeded):
            _hold(line, 1)
        assert _amounts(line) == (0, 120_000_00, 0)

    def test_nothing_is_held_on_a_frozen_line_but_what_was_drawn_is_repaid(self, line: CreditLine) -> None:
        _hold(line, 1_000_00)
        operations.freeze_line(line_id=line.pk, actor="risk", reason="预警")
        with pytest.raises(operations.LineFrozen):
            _hold(line, 1)
        assert queries.available_fen(CreditLine.objects.get(pk=line.pk)) == 0
        with transaction.atomic():
            assert _draw(line, 1_000_00)
            operations.repay_line(line_id=line.pk, amount_fen=1_000_00)
        operations.unfreeze_line(line_id=line.pk, actor="risk", reason="解除")
        assert _amounts(line) == (0, 0, 120_000_00)
        assert list(AuditEntry.objects.filter(subject=line.pk.hex).values_list("action", flat=True)) == [
            "line.frozen", "line.unfrozen",
        ]  # fmt: skip

    def test_nothing_is_held_after_the_last_day(self, line: CreditLine) -> None:
        with transaction.atomic():
            move_business_date(to_date=line.valid_until_date)
        _hold(line, 1)
        _move_on(1)
        with pytest.raises(operations.LineExpired):
            _hold(line, 1)
        with transaction.atomic():
            assert operations.lapse_lines() == 1
        with pytest.raises(operations.LineExpired):
            _hold(line, 1)
        assert CreditLine.objects.get(pk=line.pk).status == "expired"

    def test_a_line_with_debt_is_not_closed(self, line: CreditLine) -> None:
        _hold(line, 1)
        with pytest.raises(StateConflict):
            operations.close_line(line_id=line.pk, actor="risk", reason="客户申请")
        with transaction.atomic():
            operations.release_hold(line_id=line.pk, amount_fen=1)
        operations.close_line(line_id=line.pk, actor="risk", reason="客户申请")
        with pytest.raises(operations.LineExpired):
            _hold(line, 1)

    @pytest.mark.parametrize("verb", [operations.release_hold, operations.repay_line])
    @pytest.mark.parametrize("amount_fen", [1, 0, -5])
    def test_more_than_stands_is_a_defect_of_the_caller(
        self, line: CreditLine, verb: Callable[..., None], amount_fen: int
    ) -> None:
        with pytest.raises(ValueError, match="line"), transaction.atomic():
            verb(line_id=line.pk, amount_fen=amount_fen)

    def test_an_unknown_line_is_not_found(self, line: CreditLine) -> None:
        with pytest.raises(NotFound), transaction.atomic():
            operations.hold_on_line(line_id=new_id(), amount_fen=1)

    def test_another_bank_does_not_know_the_line(self, line: CreditLine) -> None:
        with in_bank("116"), pytest.raises(NotFound), transaction.atomic():
            operations.hold_on_line(line_id=line.pk, amount_fen=1)
        with in_bank("116"), pytest.raises(NotFound):
            queries.access_line(line.customer_id, line.pk.hex)
        assert _amounts(line) == (0, 0, 120_000_00)

    @pytest.mark.parametrize(
        ("values", "constraint"),
        [
            ({"held_fen": 120_000_01}, "within_limit"),
            ({"drawn_fen": -1}, "not_negative"),
            ({"limit_fen": 0}, "limit_positive"),
            ({"status": "paused"}, "status"),
            ({"valid_until_date": date(2020, 1, 1)}, "dates"),
        ],
    )
    def test_the_database_refuses_what_no_line_can_be(
        self, line: CreditLine, values: dict[str, Any], constraint: str
    ) -> None:
        with pytest.raises(IntegrityError, match=f"lending_credit_line_{constraint}"), transaction.atomic():
            CreditLine.objects.filter(pk=line.pk).update(**values)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestReview:
    def test_granted_becomes_an_offer_at_the_models_proposal(self, referred: Application) -> None:
        judge(referred, "grant")
        application = again(referred)
        assert (application.status, application.reason_codes) == ("offered", [])
        assert _accept(application).limit_fen == 120_000_00
        move = StateChange.objects.get(subject_id=referred.pk, from_state="review")
        assert (move.event, move.actor) == ("offer", "li")
        assert EvidenceLeaf.objects.filter(kind="lending.review", subject=referred.pk.hex).count() == 1

    def test_refused_ends_neutrally(self, referred: Application) -> None:
        judge(referred, "refuse")
        assert (again(referred).status, again(referred).reason_codes) == ("rejected", ["refused"])

    def test_is_not_granted_while_the_watchlists_are_not_clear(
        self, referred: Application, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("verification.operations.screen_subject", lambda **_: "review")
        with pytest.raises(StateConflict):
            judge(referred, "grant")
        assert again(referred).status == "review"

    def test_is_not_granted_without_a_proposal(self, offered: Application) -> None:
        with pytest.raises(StateConflict):
            judge(offered, "grant")

    def test_is_not_granted_beyond_the_persons_cap(self, referred: Application, decided: Decided) -> None:
        line = _accept(decided(referred.customer_id, product="XF03"))
        CreditLine.objects.filter(pk=line.pk).update(limit_fen=150_000_00)
        with pytest.raises(StateConflict):
            judge(referred, "grant")


def _in_parallel(count: int, work: Callable[[int], str]) -> list[str]:
    return told(at_once("125", [partial(work, number) for number in range(count)]))


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_twenty_acceptances_at_once_make_one_line(self, decided: Decided, outside: Outside) -> None:
        with in_bank("125"):
            application = decided()

        def accept(_: int) -> str:
            try:
                operations.accept_offer(application_id=application.pk, customer_id=application.customer_id)
            except StateConflict:
                return "conflict"
            return "accepted"

        assert _in_parallel(20, accept) == ["accepted"] + ["conflict"] * 19
        with in_bank("125"):
            assert CreditLine.objects.count() == 1

    def test_offers_of_several_products_accepted_at_once_stay_within_the_cap(
        self, decided: Decided, outside: Outside
    ) -> None:
        with in_bank("125"):
            customer_id = make_customer()
            offers = [decided(customer_id, product=code) for code in ("XF01", "XF03")]

        def accept(number: int) -> str:
            try:
                operations.accept_offer(application_id=offers[number % 2].pk, customer_id=customer_id)
            except (StateConflict, operations.OfferExpired):
                return "refused"
            return "accepted"

        assert _in_parallel(8, accept) == ["accepted"] + ["refused"] * 7
        with in_bank("125"):
            assert queries.existing_credit_fen(customer_id, kind="consumer") == 120_000_00

    def test_twenty_holds_at_once_never_exceed_the_line(self, decided: Decided, outside: Outside) -> None:
        with in_bank("125"):
            line = _accept(decided())

        def hold(_: int) -> str:
            try:
                _hold(line, 25_000_00)
            except operations.LineExceeded:
                return "exceeded"
            return "held"

        assert _in_parallel(20, hold) == ["exceeded"] * 16 + ["held"] * 4
        with in_bank("125"):
            assert _amounts(line) == (0, 100_000_00, 20_000_00)
