"""Penalty, compound interest, days overdue, allocation, categories (PEN-01, PEN-02, ALLOC-01, RISK-01)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import yuan_to_fen
from lending.loans.allocation import MoreThanOwed, allocate
from lending.loans.classification import Category, category_of
from lending.loans.day_count import DayCount
from lending.loans.overdue import InstalmentRecord, Payment
from lending.loans.rate_history import PenaltyTerms
from lending.loans.schedule import build_schedule
from lending.loans.standing import LoanRecord, Owed, OwedOn, owed_on, settlement_on, standing_on
from lending.loans.terms import ScheduleTerms

TERMS = PenaltyTerms(annual_rate=Decimal(6), markup_percent=Decimal(50), day_count=DayCount.THIRTY_360)


def m1(paid: int = 0, *, terms: PenaltyTerms = TERMS) -> LoanRecord:
    """Return the loan of M1 (100,000 at 6 %, twelve instalments), the first few paid on time."""
    schedule = build_schedule(
        ScheduleTerms(
            principal_fen=yuan_to_fen("100000"),
            annual_rate=terms.annual_rate,
            method="equal_instalment",
            periods=12,
            start_date=date(2024, 1, 15),
            day_count=terms.day_count,
        )
    )
    records = tuple(
        InstalmentRecord(
            number=row.number,
            due_date=row.due_date,
            principal_fen=row.principal_fen,
            interest_fen=row.interest_fen,
            payments=(Payment(value_date=row.due_date, interest_fen=row.interest_fen, principal_fen=row.principal_fen),)
            if row.number <= paid
            else (),
        )
        for row in schedule.instalments
    )
    return LoanRecord(start_date=date(2024, 1, 15), anchor_day=15, terms=terms, instalments=records)


def yuan(owed: Owed) -> tuple[str, ...]:
    return tuple(
        f"{fen / 100:.2f}"
        for fen in (owed.fee_fen, owed.compound_fen, owed.penalty_fen, owed.interest_fen, owed.principal_fen)
    )


class TestStanding:
    def test_m9_ten_days_late_costs_penalty_on_principal_and_compound_on_interest(self) -> None:
        standing = standing_on(m1(paid=3), on_date=date(2024, 5, 25))
        assert yuan(standing.due_in_all) == ("0.00", "0.94", "20.57", "377.79", "8228.85")
        assert standing.overdue_days == 10
        assert standing.overdue == standing.due_in_all

    def test_what_falls_due_today_is_due_and_not_overdue(self) -> None:
        standing = standing_on(m1(paid=3), on_date=date(2024, 5, 15))
        assert yuan(standing.due_in_all) == ("0.00", "0.00", "0.00", "377.79", "8228.85")
        assert (standing.overdue_days, standing.overdue) == (0, Owed())

    def test_contract_interest_goes_on_for_the_principal_that_is_not_due_and_stops_for_the_overdue(
        self,
    ) -> None:
        standing = standing_on(m1(paid=3), on_date=date(2024, 5, 25))
        assert standing.not_due_principal_fen == yuan_to_fen("67329.43")
        assert standing.running_interest_fen == yuan_to_fen("112.22")  # 67,329.43 × 10 × 6 % ÷ 360
        assert standing.accrued_interest_fen == yuan_to_fen("490.01")

    def test_nothing_is_due_before_the_first_due_date(self) -> None:
        standing = standing_on(m1(), on_date=date(2024, 2, 14))
        assert standing.due == ()
        assert standing.running_interest_fen == yuan_to_fen("500.00")

    def test_nothing_runs_on_the_first_day(self) -> None:
        assert standing_on(m1(), on_date=date(2024, 1, 15)).accrued_interest_fen == 0

    def test_nothing_runs_after_maturity(self) -> None:
        standing = standing_on(m1(paid=11), on_date=date(2025, 2, 1))
        assert standing.running_interest_fen == 0
        assert standing.not_due_principal_fen == 0

    def test_days_overdue_count_from_the_oldest_unpaid_due_date(self) -> None:
        assert standing_on(m1(), on_date=date(2024, 3, 25)).overdue_days == 39
        assert standing_on(m1(paid=1), on_date=date(2024, 3, 25)).overdue_days == 10

    @pytest.mark.parametrize(("day", "penalty"), [(18, "0.00"), (19, "8.23")])
    def test_within_the_days_of_grace_nothing_is_charged_and_after_them_every_day_is(
        self, day: int, penalty: str
    ) -> None:
        terms = PenaltyTerms(
            annual_rate=Decimal(6), markup_percent=Decimal(50), day_count=DayCount.THIRTY_360, grace_days=3
        )
        standing = standing_on(m1(paid=3, terms=terms), on_date=date(2024, 5, day))
        assert yuan(standing.due_in_all)[2] == penalty
        assert bool(standing.overdue_days) == (penalty != "0.00")

    def test_an_instalment_paid_within_grace_never_costs_a_penalty(self) -> None:
        terms = PenaltyTerms(
            annual_rate=Decimal(6), markup_percent=Decimal(50), day_count=DayCount.THIRTY_360, grace_days=3
        )
        record = m1().instalments[0]
        paid = InstalmentRecord(
            number=1,
            due_date=record.due_date,
            principal_fen=record.principal_fen,
            interest_fen=record.interest_fen,
            payments=(
                Payment(
                    value_date=record.due_date + timedelta(days=2),
                    principal_fen=record.principal_fen,
                    interest_fen=record.interest_fen,
                ),
            ),
        )
        assert owed_on(paid, terms, on_date=date(2024, 12, 31)) == Owed()

    def test_without_the_switch_unpaid_interest_is_not_compounded(self) -> None:
        terms = PenaltyTerms(
            annual_rate=Decimal(6), markup_percent=Decimal(50), day_count=DayCount.THIRTY_360, compound=False
        )
        assert standing_on(m1(paid=3, terms=terms), on_date=date(2024, 5, 25)).due_in_all.compound_fen == 0

    def test_a_marked_up_rate_of_five_decimals_is_charged_exactly(self) -> None:
        terms = PenaltyTerms(annual_rate=Decimal("4.3501"), markup_percent=Decimal(50), day_count=DayCount.ACT_365)
        record = InstalmentRecord(number=1, due_date=date(2024, 1, 1), principal_fen=10**12, interest_fen=0)
        owed = owed_on(record, terms, on_date=date(2024, 12, 31))
        assert owed.penalty_fen == 65_251_500_000  # 10^12 × 6.52515 % × 365 ÷ 365

    def test_what_was_paid_of_penalty_is_not_owed_again_and_the_rest_goes_on_accruing(self) -> None:
        record = m1().instalments[0]
        late = record.due_date + timedelta(days=39)
        part = Payment(
            value_date=late,
            compound_fen=yuan_to_fen("4.88"),
            penalty_fen=yuan_to_fen("79.04"),
            interest_fen=yuan_to_fen("500"),
            principal_fen=yuan_to_fen("416.08"),
        )
        after = InstalmentRecord(
            number=1,
            due_date=record.due_date,
            principal_fen=record.principal_fen,
            interest_fen=record.interest_fen,
            payments=(part,),
        )
        assert yuan(owed_on(after, TERMS, on_date=late)) == ("0.00", "0.00", "0.00", "0.00", "7690.56")
        assert yuan(owed_on(after, TERMS, on_date=late + timedelta(days=10)))[:3] == (
            "0.00",
            "0.00",
            "19.23",
        )  # 7,690.56 × 10 × 9 % ÷ 360 = 19.2264


class TestSettlement:
    def test_m7_ten_days_into_the_fourth_period(self) -> None:
        debts = settlement_on(m1(paid=3), on_date=date(2024, 4, 25))
        whole = sum((debt.owed for debt in debts), Owed())
        assert yuan(whole) == ("0.00", "0.00", "0.00", "125.93", "75558.28")
        assert whole.total_fen == yuan_to_fen("75684.21")
        assert [debt.number for debt in debts] == list(range(4, 13))

    def test_an_instalment_that_falls_due_on_the_day_is_paid_first(self) -> None:
        debts = settlement_on(m1(paid=3), on_date=date(2024, 5, 15))
        assert debts[0].owed.interest_fen == yuan_to_fen("377.79")
        assert sum(debt.owed.interest_fen for debt in debts) == yuan_to_fen("377.79")

    def test_what_is_overdue_is_settled_with_its_penalty(self) -> None:
        debts = settlement_on(m1(paid=3), on_date=date(2024, 5, 25), fee_fen=100)
        whole = sum((debt.owed for debt in debts), Owed())
        assert yuan(whole) == ("1.00", "0.94", "20.57", "490.01", "75558.28")


class TestAllocate:
    def test_s18_the_oldest_instalment_takes_all_by_its_kinds(self) -> None:
        standing = standing_on(m1(), on_date=date(2024, 3, 25))
        (share,) = allocate(yuan_to_fen("1000"), standing.due, overdue_days=standing.overdue_days)
        assert share.number == 1
        assert yuan(share.paid) == ("0.00", "4.88", "79.04", "500.00", "416.08")

    def test_s18_ninety_five_days_overdue_principal_comes_first(self) -> None:
        standing = standing_on(m1(), on_date=date(2024, 5, 20))
        assert standing.overdue_days == 95
        (share,) = allocate(yuan_to_fen("1000"), standing.due, overdue_days=standing.overdue_days)
        assert yuan(share.paid) == ("0.00", "0.00", "0.00", "0.00", "1000.00")

    def test_the_next_instalment_is_paid_when_the_oldest_is_cleared(self) -> None:
        debts = [
            OwedOn(number=1, owed=Owed(interest_fen=5)),
            OwedOn(number=2, owed=Owed(interest_fen=7, fee_fen=1)),
        ]
        shares = allocate(10, debts, overdue_days=0)
        assert [(share.number, share.paid.fee_fen, share.paid.interest_fen) for share in shares] == [
            (1, 0, 5),
            (2, 1, 4),
        ]

    def test_more_than_is_owed_is_not_taken(self) -> None:
        with pytest.raises(MoreThanOwed):
            allocate(6, [OwedOn(number=1, owed=Owed(interest_fen=5))], overdue_days=0)

    def test_a_negative_amount_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cannot spread"):
            allocate(-1, [], overdue_days=0)

    @given(
        owed=st.lists(st.tuples(*[st.integers(0, 1000)] * 5), min_size=1, max_size=6),
        part=st.integers(0, 100),
        days=st.integers(0, 400),
    )
    def test_shares_add_up_and_never_exceed_a_debt(self, owed: list[tuple[int, ...]], part: int, days: int) -> None:
        debts = [
            OwedOn(
                number=number,
                owed=Owed(fee_fen=a, compound_fen=b, penalty_fen=c, interest_fen=d, principal_fen=e),
            )
            for number, (a, b, c, d, e) in enumerate(owed, start=1)
        ]
        amount = sum(debt.owed.total_fen for debt in debts) * part // 100
        shares = allocate(amount, debts, overdue_days=days)
        assert sum(share.paid.total_fen for share in shares) == amount
        for share in shares:
            debt = next(debt.owed for debt in debts if debt.number == share.number)
            assert share.paid.principal_fen <= debt.principal_fen
            assert share.paid.total_fen <= debt.total_fen


class TestRisk01ByDays:
    @pytest.mark.parametrize(
        ("days", "category"),
        [
            (0, Category.NORMAL),
            (1, Category.SPECIAL_MENTION),
            (90, Category.SPECIAL_MENTION),
            (91, Category.SUBSTANDARD),
            (270, Category.SUBSTANDARD),
            (271, Category.DOUBTFUL),
            (360, Category.DOUBTFUL),
            (361, Category.LOSS),
        ],
    )
    def test_the_category_changes_at_1_91_271_and_361_days(self, days: int, category: Category) -> None:
        assert category_of(days) is category
        assert category.label
