"""RISK-01 to RISK-04 by table: categories, when they rise, buckets, stages and what is set aside."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction

from lending.closing.provisions import book_provisions
from lending.loans.buckets import bucket_name
from lending.loans.classification import BAD, Category, category_of, observed_until, stage_of, worse
from lending.models import Loan
from lending.parameters import OBSERVATION_MONTHS, OBSERVATION_PERIODS, STAGE_TWO_DAYS
from tests.lending.borrowers import lend, make_borrower, set_day
from tests.lending.rules.loans_at_hand import day

MONTHLY = tuple(date(2024, month, 15) for month in range(6, 13))


class TestRisk01Categories:
    @pytest.mark.parametrize(
        ("days", "category"),
        [
            (0, "normal"),
            (1, "special_mention"),
            (90, "special_mention"),
            (91, "substandard"),
            (270, "substandard"),
            (271, "doubtful"),
            (360, "doubtful"),
            (361, "loss"),
            (3_600, "loss"),
        ],
    )
    def test_are_called_for_by_days_past_due(self, days: int, category: str) -> None:
        assert category_of(days) == category


class TestRisk02Rising:
    @pytest.mark.parametrize(
        ("cured", "dues", "until"),
        [
            ("2024-05-20", MONTHLY, "2024-11-20"),  # six months are longer than two periods
            ("2024-05-20", (date(2024, 8, 1), date(2025, 2, 1), date(2025, 8, 1)), "2025-02-01"),  # two half-years
            ("2024-08-31", (), "2025-02-28"),
            ("2024-12-10", MONTHLY, "2025-06-10"),  # one instalment is left
            ("2024-12-15", MONTHLY, "2025-06-15"),  # what falls due on that very day is not after it
        ],
    )
    def test_takes_two_periods_or_six_months_whichever_is_longer(
        self, cured: str, dues: tuple[date, ...], until: str
    ) -> None:
        assert observed_until(day(cured), dues, months=6, periods=2) == day(until)

    def test_no_bank_can_make_it_shorter(self) -> None:
        assert (OBSERVATION_MONTHS.low, OBSERVATION_PERIODS.low) == (6, 2)

    @pytest.mark.parametrize(
        ("kept", "days", "floor", "found"),
        [
            ("substandard", 0, "normal", "substandard"),  # kept until the observation is over
            ("normal", 91, "normal", "substandard"),  # falls at once
            ("substandard", 300, "normal", "doubtful"),
            ("normal", 0, "special_mention", "special_mention"),  # restructured
        ],
    )
    def test_falls_at_once_and_is_kept(self, kept: str, days: int, floor: str, found: str) -> None:
        assert worse(Category(kept), days, at_least=Category(floor)) == found

    def test_non_performing_are_the_last_three(self) -> None:
        assert {"substandard", "doubtful", "loss"} == BAD


class TestRisk03Buckets:
    @pytest.mark.parametrize(
        ("days", "bucket"),
        [
            (0, "M0"),
            (1, "M1"),
            (30, "M1"),
            (31, "M2"),
            (60, "M2"),
            (61, "M3"),
            (90, "M3"),
            (91, "M4"),
            (120, "M4"),
            (121, "M5"),
            (150, "M5"),
            (151, "M6"),
            (180, "M6"),
            (181, "M7+"),
            (1_000, "M7+"),
        ],
    )
    def test_are_of_thirty_days(self, days: int, bucket: str) -> None:
        assert bucket_name(days) == bucket


class TestRisk04Stages:
    @pytest.mark.parametrize(
        ("category", "days", "restructured", "stage"),
        [
            ("normal", 0, False, 1),
            ("special_mention", 30, False, 1),
            ("special_mention", 31, False, 2),
            ("special_mention", 90, False, 2),
            ("substandard", 91, False, 3),
            ("substandard", 0, False, 3),  # cured, and observed
            ("special_mention", 0, True, 2),
        ],
    )
    def test_go_by_category_and_days(self, category: str, days: int, stage: int, *, restructured: bool) -> None:
        found = stage_of(Category(category), days, stage_two_days=30, is_restructured=restructured)
        assert found == stage
        assert (STAGE_TWO_DAYS.default, STAGE_TWO_DAYS.high) == (30, 30)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRisk04Provisions:
    def test_are_by_stage_in_the_books_and_by_category_beside_them(self) -> None:
        today = date(2024, 1, 15)
        set_day(today)
        who, table = make_borrower(), [
            ("normal", 1, 10_000_00),
            ("special_mention", 2, 20_000_00),
            ("substandard", 3, 30_000_00),
            ("doubtful", 3, 40_000_00),
            ("loss", 3, 50_000_01),
        ]  # fmt: skip
        for category, stage, fen in table:
            Loan.objects.filter(pk=lend(who, fen).pk).update(category=category, stage=stage)
        with transaction.atomic():
            figures = book_provisions(day=today)
        # 1.5 % of 10,000.00, 10 % of 20,000.00, 60 % of 120,000.01 (72,000.006)
        assert figures["products"]["XF01"] == {
            "principal_fen": 150_000_01,
            "allowance_fen": 150_00 + 2_000_00 + 72_000_01,
        }
        # 1.5, 3, 30, 60 and 100 %: 150 + 600 + 9,000 + 24,000 + 50,000.01
        assert figures["general_reserve_fen"] == 83_750_01
        with transaction.atomic():
            Loan.objects.update(category="normal", stage=1)
            assert book_provisions(day=today)["products"]["XF01"]["allowance_fen"] == 2_250_00
