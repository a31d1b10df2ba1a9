"""PEN-01 and PEN-02 by table: what default and misuse cost, on what, from when; days past due and when they are collected."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.money import fen_to_yuan, yuan_to_fen
from lending.loans.overdue import Payment
from lending.loans.replay import MisuseFact, changed
from lending.loans.standing import owed_on, standing_on
from lending.models import ProductVersion
from lending.parameters import AUTO_DEBIT_ROUNDS
from tests.lending.rules.loans_at_hand import costs, day, m1, yuan
from tests.lending.rules.test_interest_rules import offers

DUE = date(2024, 5, 15)
"""The fourth instalment of M1: 8,228.85 of principal and 377.79 of interest; 67,329.43 are not yet due."""


class TestPen01Rates:
    @pytest.mark.parametrize(
        ("terms", "penalty", "compound"),
        [
            ({}, "20.57", "0.94"),  # M9: 10 days at 9 %
            ({"markup_percent": Decimal(30)}, "17.83", "0.82"),  # 7.8 %
            ({"compound": False}, "20.57", "0.00"),
            ({"misuse_markup_percent": Decimal(100)}, "27.43", "1.26"),  # 12 %, the heavier, not 15 %
            ({"misuse_markup_percent": Decimal(50)}, "20.57", "0.94"),
        ],
    )
    def test_of_ten_days(self, terms: dict[str, Any], penalty: str, compound: str) -> None:
        record = m1(paid=3, **terms)
        if "misuse_markup_percent" in terms:
            record = dataclasses.replace(record, terms=dataclasses.replace(record.terms, misused_from_date=DUE))
        owed = standing_on(record, on_date=DUE + timedelta(days=10)).due_in_all
        assert yuan(owed) == ("0.00", compound, penalty, "377.79", "8228.85")

    @pytest.mark.parametrize(
        ("days", "penalty", "compound"),
        [(0, "0.00", "0.00"), (1, "2.06", "0.09"), (20, "41.14", "1.89"), (360, "740.60", "34.00")],
    )
    def test_grow_by_the_day_and_the_penalty_itself_costs_nothing(self, days: int, penalty: str, compound: str) -> None:
        owed = owed_on(m1().instalments[3], costs(), on_date=DUE + timedelta(days=days))
        assert yuan(owed) == ("0.00", compound, penalty, "377.79", "8228.85")

    def test_stop_on_what_is_paid_and_go_on_for_the_rest(self) -> None:
        part = Payment(value_date=DUE + timedelta(days=10), principal_fen=yuan_to_fen("4228.85"))
        record = dataclasses.replace(m1().instalments[3], payments=(part,))
        owed = owed_on(record, costs(), on_date=DUE + timedelta(days=20))
        assert fen_to_yuan(owed.penalty_fen) == "30.57"  # (8,228.85 × 10 + 4,000 × 10) × 9 % ÷ 360

    @pytest.mark.parametrize(
        ("misuse_percent", "running"),
        [(None, "112.22"), (50, "168.32"), (100, "224.43")],  # 67,329.43 × 10 days at 6, 9 and 12 %
    )
    def test_contract_interest_goes_on_for_what_is_not_due_alone(
        self, misuse_percent: int | None, running: str
    ) -> None:
        record = m1(paid=3, misuse_markup_percent=Decimal(misuse_percent or 0))
        if misuse_percent:
            record = changed(record, MisuseFact(value_date=DUE))
        standing = standing_on(record, on_date=DUE + timedelta(days=10))
        assert fen_to_yuan(standing.running_interest_fen) == running

    @pytest.mark.parametrize(
        ("days", "compound"),
        [
            # Interest 377.79 × days, and 8,228.85 × days × (days - 1) ÷ 2 at the rate of a day, 9 % ÷ 360, once more.
            (0, "0.00"),
            (1, "0.09"),
            (10, "0.97"),  # 0.944475 + 0.023144
            (360, "67.24"),  # 34.0011 + 33.234268
        ],
    )
    def test_by_its_switch_a_penalty_that_is_unpaid_is_compounded_too(self, days: int, compound: str) -> None:
        row, terms = m1().instalments[3], costs(compound_on_penalty=True)
        assert yuan(owed_on(row, terms, on_date=DUE + timedelta(days=days)))[1] == compound

    def test_what_is_left_of_a_penalty_goes_on_costing_until_it_is_paid(self) -> None:
        row, terms, on = m1().instalments[3], costs(compound_on_penalty=True), DUE + timedelta(days=20)
        late = owed_on(row, terms, on_date=on)
        assert yuan(late)[1:3] == ("1.99", "41.14")  # 1.88895 + 0.097718
        first = Payment(
            value_date=on, compound_fen=late.compound_fen, interest_fen=late.interest_fen, principal_fen=late.principal_fen
        )  # fmt: skip
        row = dataclasses.replace(row, payments=(first,))
        later = on + timedelta(days=100)
        left = owed_on(row, terms, on_date=later)  # 41.14 × 100 days: 1.0285; 3.015168 in all
        assert yuan(left) == ("0.00", "1.03", "41.14", "0.00", "0.00")
        last = Payment(value_date=later, compound_fen=left.compound_fen, penalty_fen=left.penalty_fen)
        paid = dataclasses.replace(row, payments=(first, last))
        assert owed_on(paid, terms, on_date=later + timedelta(days=3_000)).total_fen == 0

    @pytest.mark.parametrize("grace_days", [0, 3])
    def test_the_switch_alone_does_nothing_and_grace_holds(self, grace_days: int) -> None:
        row, on = m1().instalments[3], DUE + timedelta(days=grace_days)
        both = costs(compound_on_penalty=True, grace_days=grace_days)
        assert owed_on(row, both, on_date=on).compound_fen == 0
        assert (
            owed_on(row, costs(compound=False, compound_on_penalty=True), on_date=DUE + timedelta(days=99)).compound_fen
            == 0
        )
        assert not ProductVersion._meta.get_field("compound_on_penalty").get_default()

    @pytest.mark.parametrize(
        ("field", "percent", "offered"),
        [
            ("overdue_markup_percent", "29.99", False),
            ("overdue_markup_percent", "30", True),
            ("overdue_markup_percent", "50", True),
            ("overdue_markup_percent", "50.01", False),
            ("misuse_markup_percent", "49.99", False),
            ("misuse_markup_percent", "50", True),
            ("misuse_markup_percent", "100", True),
            ("misuse_markup_percent", "100.01", False),
        ],
    )
    def test_lie_between_the_bounds_of_the_notice(self, field: str, percent: str, *, offered: bool) -> None:
        assert offers(field, Decimal(percent)) is offered


class TestPen02DaysPastDue:
    @pytest.mark.parametrize(
        ("paid", "on", "days"),
        [
            (0, "2024-02-14", 0),
            (0, "2024-02-15", 0),  # the due date
            (0, "2024-02-16", 1),
            (0, "2024-03-25", 39),  # the oldest counts, not the second of 15 March
            (1, "2024-03-25", 10),
            (0, "2024-05-15", 90),
            (0, "2024-05-16", 91),
            (2, "2024-03-25", 0),
        ],
    )
    def test_count_from_the_oldest_unpaid_due_date(self, paid: int, on: str, days: int) -> None:
        assert standing_on(m1(paid=paid), on_date=day(on)).overdue_days == days

    @pytest.mark.parametrize(("left_fen", "days"), [(1, 20), (0, 0)])
    def test_a_fen_is_overdue_as_well(self, left_fen: int, days: int) -> None:
        row = m1(paid=3).instalments[3]
        paid = Payment(
            value_date=row.due_date, interest_fen=row.interest_fen, principal_fen=row.principal_fen - left_fen
        )
        record = m1(paid=3)
        rows = tuple(
            dataclasses.replace(each, payments=(paid,)) if each.number == 4 else each for each in record.instalments
        )
        standing = standing_on(
            dataclasses.replace(record, instalments=rows, ended_date=None), on_date=DUE + timedelta(days=20)
        )
        assert standing.overdue_days == days

    def test_is_collected_in_rounds_of_the_day_the_last_after_ten_in_the_evening(self) -> None:
        minutes = [int(spec.default) for spec in AUTO_DEBIT_ROUNDS]
        assert minutes == sorted(minutes)
        assert len(minutes) == 4
        last = AUTO_DEBIT_ROUNDS[-1]
        assert last.low is not None
        assert last.low > 22 * 60
