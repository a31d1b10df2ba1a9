"""RISK-03: how the buckets flow from month's end to month's end, over loans made by hand."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lending.loan_records import record_of
from lending.loans.buckets import bucket_of
from lending.loans.due_dates import months_after
from lending.loans.standing import standing_on
from lending.models import CreditLine, Loan, LoanEvent
from lending.queries.roll_rates import month_ends_before, roll_rates
from tests.lending.borrowers import Borrower, give_money, lend, make_borrower, repay, set_day
from tests.lending.test_borrowing_admin import ADMIN, _staff

MAY, JUNE = date(2024, 5, 31), date(2024, 6, 30)
TEN = 10_000_00


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRisk03RollRates:
    """Single payments of 10,000.00 whose due dates, and what became of them, say where they stand."""

    @pytest.fixture
    def who(self) -> Borrower:
        set_day(date(2023, 5, 1))
        return make_borrower(product="XF03")

    def lend(self, who: Borrower, start: date, fen: int, **terms: Any) -> Loan:
        set_day(start)
        CreditLine.objects.filter(pk=who.line_id).update(starts_date=start, valid_until_date=date(2025, 5, 1))
        return lend(who, fen, **{"method": "bullet", **terms})

    def owing(self, who: Borrower, due: str, *, fen: int = TEN) -> Loan:
        """Lend what falls due in one on a day: a month before it, or a year where that month has no such day."""
        due_date = date.fromisoformat(due)
        start = months_after(due_date, -1, anchor_day=due_date.day)
        if start.day == due_date.day:
            return self.lend(who, start, fen, term_months=1)
        return self.lend(who, months_after(due_date, -12, anchor_day=due_date.day), fen, term_months=12)

    @pytest.mark.parametrize(
        ("due", "more", "from_bucket", "to_bucket"),
        [
            ("2024-07-31", {}, 0, 0),
            ("2024-06-30", {}, 0, 0),  # due on the very day
            ("2024-06-29", {}, 0, 1),
            ("2024-05-31", {}, 0, 1),  # 0 and 30 days
            ("2024-05-30", {}, 1, 2),  # 1 and 31 days
            ("2024-05-01", {}, 1, 2),  # 30 and 60 days
            ("2024-04-30", {}, 2, 3),
            ("2024-02-29", {}, 4, 5),  # 92 and 122 days
            ("2024-01-06", {}, 5, 6),  # 146 and 176 days
            ("2024-06-28", {"grace_days": 3}, 0, 0),  # within its grace
            ("2024-06-26", {"grace_days": 3}, 0, 1),
        ],
    )
    def test_a_loan_stands_by_its_days_at_either_end(
        self, who: Borrower, due: str, more: dict[str, Any], from_bucket: int, to_bucket: int
    ) -> None:
        loan = self.owing(who, due)
        Loan.objects.filter(pk=loan.pk).update(grace_days=more.get("grace_days", 0))
        (found,) = [roll for roll in roll_rates(month_end=JUNE).rolls if roll.stood.loans]
        assert (found.bucket, list(found.went_to)) == (from_bucket, [to_bucket])
        assert dataclasses.astuple(found.stood) == dataclasses.astuple(found.went_to[to_bucket]) == (1, TEN)
        record = record_of(Loan.objects.get(pk=loan.pk))
        days = [standing_on(record, on_date=end).overdue_days for end in (MAY, JUNE)]
        assert [bucket_of(each) for each in days] == [from_bucket, to_bucket]

    def test_rates_are_shares_of_what_stood_there(self, who: Borrower) -> None:
        given_up = self.owing(who, "2024-05-02", fen=5_000_00)
        self.owing(who, "2024-05-20", fen=30_000_00)  # M1 to M2
        settled, part = (self.owing(who, "2024-05-20") for _ in range(2))
        cured = self.lend(who, date(2024, 4, 20), TEN, term_months=3, method="interest_only")
        self.lend(who, date(2024, 4, 21), 7_000_00, term_months=3)
        give_money(who, 100_000_00)
        set_day(date(2024, 5, 25))
        paid = repay(who, part, "due", 4_000_00)
        set_day(date(2024, 6, 12))
        repay(who, settled, "early_full")
        set_day(date(2024, 6, 20))
        repay(who, cured)
        LoanEvent.objects.create(
            loan=given_up, kind="written_off", business_date=date(2024, 6, 15), amount_fen=5_000_00, outstanding_fen=5_000_00
        )  # fmt: skip
        set_day(date(2024, 7, 5))
        with CaptureQueriesContext(connection) as queries:
            found = roll_rates(month_end=JUNE)
        assert len(queries) == 1
        assert (found.first_date, found.last_date) == (MAY, JUNE)
        good, late = found.rolls[:2]
        assert (good.stood.loans, good.stood.principal_fen, good.forward_percent) == (1, 7_000_00, Decimal("0.00"))
        left_fen = TEN - paid.principal_fen
        stood_fen = 30_000_00 + 2 * TEN + left_fen + 5_000_00
        assert (late.stood.loans, late.stood.principal_fen) == (5, stood_fen)
        assert {where: amount.principal_fen for where, amount in late.went_to.items()} == {
            2: 30_000_00 + left_fen, 0: TEN, "settled": TEN, "written_off": 5_000_00,
        }  # fmt: skip
        worse_fen = 30_000_00 + left_fen + 5_000_00
        assert late.forward_percent == (Decimal(worse_fen) * 100 / stood_fen).quantize(Decimal("0.01"))
        assert [roll.forward_percent for roll in found.rolls[2:]] == [None] * 6

    def test_what_was_lent_settled_or_given_up_before_or_after_is_no_part_of_a_month(self, who: Borrower) -> None:
        loan = self.owing(who, "2024-06-20")
        give_money(who, 20_000_00)
        assert sum(roll.stood.loans for roll in roll_rates(month_end=date(2024, 1, 31)).rolls) == 0
        set_day(date(2024, 6, 20))
        repay(who, loan, "early_full")
        assert sum(roll.stood.loans for roll in roll_rates(month_end=JUNE).rolls) == 1
        assert sum(roll.stood.loans for roll in roll_rates(month_end=date(2024, 7, 31)).rolls) == 0

    def test_the_last_bucket_rolls_nowhere_but_out(self, who: Borrower) -> None:
        self.owing(who, "2023-09-01")
        (found,) = [roll for roll in roll_rates(month_end=JUNE).rolls if roll.stood.loans]
        assert (found.bucket, found.forward_percent) == (7, Decimal("0.00"))

    def test_staff_see_three_months(self, who: Borrower) -> None:
        self.owing(who, "2024-05-20")
        set_day(date(2024, 7, 5))
        page = _staff("风险").get(f"{ADMIN}/overdueloan/roll_rates/").content.decode()
        for told in ("2024-06", "2024-05", "2024-04", "M7+", "100.00%"):
            assert told in page
        assert _staff("客户经理").get(f"{ADMIN}/overdueloan/roll_rates/").status_code == 403

    @pytest.mark.parametrize("day", [date(2024, 6, 29), date(2023, 2, 27), date(2024, 2, 28)])
    def test_are_of_whole_months(self, day: date) -> None:
        with pytest.raises(ValueError, match="last day"):
            roll_rates(month_end=day)


def test_the_months_that_are_over() -> None:
    assert month_ends_before(date(2024, 3, 31), count=2) == [date(2024, 2, 29), date(2024, 1, 31)]
    assert month_ends_before(date(2024, 1, 1), count=1) == [date(2023, 12, 31)]
