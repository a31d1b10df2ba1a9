"""What repayments do to a loan: M5, M7, M8, and that the fold of everything is how the loan stands (ALLOC-03)."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import yuan_to_fen
from lending.loans.day_count import DayCount
from lending.loans.overdue import InstalmentRecord, Payment
from lending.loans.rate_history import PenaltyTerms
from lending.loans.repaying import AHEAD, Policy, Repaid, RepaymentKind, cost_of_prepaying, repay, settlement
from lending.loans.replanning import Keep
from lending.loans.replay import Fact, MisuseFact, RateFact, RepaymentFact, RescheduleFact, changed, replay
from lending.loans.schedule import build_schedule
from lending.loans.standing import LoanRecord, standing_on
from lending.loans.terms import ScheduleTerms

START = date(2024, 1, 15)
FREE = Policy()


def loan(
    *,
    principal: str = "100000.00",
    rate: str = "6",
    method: str = "equal_instalment",
    periods: int = 12,
    start: date = START,
    day_count: DayCount = DayCount.THIRTY_360,
    **terms: object,
) -> LoanRecord:
    """Open a loan."""
    asked = ScheduleTerms(
        principal_fen=yuan_to_fen(principal), annual_rate=Decimal(rate), method=method, periods=periods,
        start_date=start, day_count=day_count,
    )  # fmt: skip
    rows = tuple(
        InstalmentRecord(
            number=row.number, due_date=row.due_date, principal_fen=row.principal_fen, interest_fen=row.interest_fen
        )
        for row in build_schedule(asked).instalments
    )
    costs = PenaltyTerms(annual_rate=Decimal(rate), markup_percent=Decimal(50), day_count=day_count, **terms)  # type: ignore[arg-type]
    return LoanRecord(
        start_date=start, anchor_day=start.day, terms=costs, instalments=rows, method=method
    )  # fmt: skip


def paid_until(record: LoanRecord, number: int) -> LoanRecord:
    """Pay the first instalments on their days."""
    for row in record.instalments[:number]:
        total_fen = row.principal_fen + row.interest_fen
        record = repay(record, FREE, kind=RepaymentKind.DUE, total_fen=total_fen, on_date=row.due_date).loan
    return record


def prepay(record: LoanRecord, principal: str, on: date, *, keep: Keep = Keep.TERM, policy: Policy = FREE) -> Repaid:
    cost = cost_of_prepaying(record, policy, principal_fen=yuan_to_fen(principal), on_date=on)
    due_fen = standing_on(record, on_date=on).due_in_all.total_fen
    return repay(
        record, policy, kind=RepaymentKind.EARLY_PARTIAL, total_fen=due_fen + cost.total_fen, on_date=on, keep=keep
    )


def settle(record: LoanRecord, on: date, policy: Policy = FREE) -> Repaid:
    total_fen = sum(debt.owed.total_fen for debt in settlement(record, policy, on_date=on))
    return repay(record, policy, kind=RepaymentKind.EARLY_FULL, total_fen=total_fen, on_date=on)


class TestSettling:
    def test_m7_ten_days_into_the_fourth_period(self) -> None:
        done = settle(paid_until(loan(), 3), date(2024, 4, 25))
        assert done.total.principal_fen == yuan_to_fen("75558.28")
        assert done.total.interest_fen == yuan_to_fen("125.93")
        assert done.total.total_fen == yuan_to_fen("75684.21")
        assert done.loan.outstanding_principal_fen == 0

    def test_a_due_date_bears_nothing_after_its_instalment_is_paid(self) -> None:
        assert settle(paid_until(loan(), 3), date(2024, 4, 15)).total.interest_fen == 0

    def test_a_whole_month_costs_a_twelfth_and_actual_days_what_they_are(self) -> None:
        assert settle(paid_until(loan(), 3), date(2024, 5, 15)).total.interest_fen == yuan_to_fen("377.79")
        actual = loan(method="bullet", day_count=DayCount.ACT_360)
        assert settle(actual, date(2024, 3, 15)).total.interest_fen == yuan_to_fen("1000.00")

    @pytest.mark.parametrize(("min_days", "interest"), [(0, "0.00"), (1, "16.67")])
    def test_a_loan_repaid_on_its_first_day_costs_what_the_product_says(self, min_days: int, interest: str) -> None:
        done = settle(loan(min_days=min_days), START)
        assert done.total.interest_fen == yuan_to_fen(interest)

    def test_a_fee_is_on_principal_ahead_of_time_only(self) -> None:
        policy = Policy(early_fee_percent=Decimal("0.5"))
        done = settle(paid_until(loan(), 2), date(2024, 4, 15), policy)
        assert done.total.fee_fen == yuan_to_fen("377.79")  # 0.5 % of 75,558.28; the third instalment is due


class TestPrepayingAPart:
    def test_m8_keeps_the_term_and_makes_the_instalments_smaller(self) -> None:
        done = prepay(paid_until(loan(), 3), "20000.00", date(2024, 4, 15))
        rows = done.loan.ahead_of(date(2024, 4, 15))
        assert len(rows) == 9
        assert rows[0].principal_fen + rows[0].interest_fen == yuan_to_fen("6328.50")
        assert sum(row.principal_fen for row in rows) == yuan_to_fen("55558.28")
        assert [share.number for share in done.shares] == [AHEAD]

    def test_m8_keeps_the_instalment_and_ends_sooner(self) -> None:
        done = prepay(paid_until(loan(), 3), "20000.00", date(2024, 4, 15), keep=Keep.INSTALMENT)
        rows = done.loan.ahead_of(date(2024, 4, 15))
        totals = [row.principal_fen + row.interest_fen for row in rows]
        assert set(totals[:-1]) == {yuan_to_fen("8606.64")}
        assert len(rows) == 7
        assert 0 < totals[-1] < yuan_to_fen("8606.64")

    def test_on_a_due_date_the_instalment_comes_first(self) -> None:
        done = prepay(paid_until(loan(), 2), "20000.00", date(2024, 4, 15))
        assert done.total.total_fen == yuan_to_fen("28606.64")
        assert [share.number for share in done.shares] == [3, AHEAD]
        assert done.loan.outstanding_principal_fen == yuan_to_fen("55558.28")

    def test_inside_a_period_the_interest_of_the_prepaid_part_to_the_day_is_paid(self) -> None:
        done = prepay(paid_until(loan(), 3), "20000.00", date(2024, 4, 25))
        assert done.total.interest_fen == yuan_to_fen("33.33")  # 20,000 × 10 × 6 % / 360
        first = done.loan.ahead_of(date(2024, 4, 25))[0]
        assert first.interest_fen == yuan_to_fen("277.79")  # the rest, for the whole month

    @pytest.mark.parametrize("method", ["equal_instalment", "equal_principal", "interest_only", "bullet"])
    def test_principal_adds_up_whatever_the_method(self, method: str) -> None:
        done = prepay(loan(method=method), "12345.67", date(2024, 2, 1))
        left = sum(row.principal_fen for row in done.loan.instalments)
        assert left + yuan_to_fen("12345.67") == yuan_to_fen("100000.00")
        assert done.loan.instalments[-1].due_date == date(2025, 1, 15)


class TestRepayingAnyDay:
    def line(self, principal: str, start: date) -> LoanRecord:
        return loan(
            principal=principal, rate="7.2", method="pay_any_day", start=start, day_count=DayCount.ACT_360
        )  # fmt: skip

    def test_m5_two_draws_cost_their_days(self) -> None:
        first = settle(self.line("30000.00", date(2024, 3, 1)), date(2024, 3, 21))
        second = settle(self.line("20000.00", date(2024, 3, 11)), date(2024, 3, 21))
        assert first.total.interest_fen + second.total.interest_fen == yuan_to_fen("160.00")

    def test_the_interest_that_runs_is_paid_first_then_principal(self) -> None:
        record = self.line("30000.00", date(2024, 3, 1))
        done = repay(record, FREE, kind=RepaymentKind.ANY, total_fen=yuan_to_fen("10120.00"), on_date=date(2024, 3, 21))
        assert (done.total.interest_fen, done.total.principal_fen) == (yuan_to_fen("120.00"), yuan_to_fen("10000.00"))
        later = settle(done.loan, date(2024, 3, 31))
        assert later.total.interest_fen == yuan_to_fen("40.00")  # 20,000 × 10 days

    def test_less_than_the_interest_leaves_the_rest_of_it_owed(self) -> None:
        record = self.line("30000.00", date(2024, 3, 1))
        done = repay(record, FREE, kind=RepaymentKind.ANY, total_fen=yuan_to_fen("100.00"), on_date=date(2024, 3, 21))
        assert done.loan.outstanding_principal_fen == yuan_to_fen("30000.00")
        assert standing_on(done.loan, on_date=date(2024, 3, 21)).running_interest_fen == yuan_to_fen("20.00")
        last = done.loan.instalments[-1]
        whole = settle(done.loan, last.due_date)
        assert whole.total.interest_fen == last.interest_fen


class TestChanges:
    def test_a_repricing_splits_the_period_by_the_days_counted(self) -> None:
        record = changed(
            paid_until(loan(), 3), RateFact(value_date=date(2024, 4, 25), annual_rate=Decimal("5.4"))
        )  # fmt: skip
        first = record.ahead_of(date(2024, 4, 25))[0]
        assert first.interest_fen == yuan_to_fen("352.61")  # 75,558.28 × (10 × 6 % + 20 × 5.4 %) / 360
        assert standing_on(record, on_date=date(2024, 4, 25)).running_interest_fen == yuan_to_fen("125.93")
        assert standing_on(record, on_date=date(2024, 5, 5)).running_interest_fen == yuan_to_fen("239.27")

    def test_misuse_charges_its_own_rate_on_all_principal_and_the_heavier_when_overdue(self) -> None:
        terms = loan(method="bullet", day_count=DayCount.ACT_360, misuse_markup_percent=Decimal(100))
        record = changed(terms, MisuseFact(value_date=date(2024, 2, 14)))
        assert standing_on(record, on_date=date(2024, 2, 24)).running_interest_fen == yuan_to_fen(
            "833.33"
        )  # 30 + 2 × 10 days
        late = standing_on(record, on_date=date(2025, 1, 25))
        assert late.overdue.penalty_fen == yuan_to_fen("333.33")  # 10 days at 12 %, not at 15 %

    def test_an_extension_moves_the_dates_and_interest_goes_on(self) -> None:
        record = loan(method="bullet", periods=6, day_count=DayCount.ACT_360)
        longer = changed(
            record, RescheduleFact(value_date=date(2024, 7, 1), due_dates=(date(2024, 10, 15),))
        )  # fmt: skip
        assert [row.due_date for row in longer.instalments] == [date(2024, 10, 15)]
        assert longer.instalments[0].interest_fen == yuan_to_fen("4566.67")  # 274 days


@st.composite
def histories(draw: st.DrawFn) -> tuple[LoanRecord, list[Fact]]:
    """Draw a loan and what happens to it, in order."""
    record = loan(
        principal="10000.00",
        rate=draw(st.sampled_from(["0", "4.3501", "6", "23.9999"])),
        method=draw(st.sampled_from(["equal_instalment", "equal_principal", "interest_only", "bullet", "pay_any_day"])),
        periods=draw(st.integers(2, 14)),
        start=draw(st.dates(date(2023, 12, 25), date(2024, 2, 5))),
        day_count=draw(st.sampled_from(list(DayCount))),
        grace_days=draw(st.integers(0, 3)),
        misuse_markup_percent=Decimal(100),
    )
    day, facts = record.start_date, list[Fact]()
    kinds = [kind for kind in RepaymentKind if (kind is RepaymentKind.ANY) == (record.method == "pay_any_day")]
    for number in range(draw(st.integers(0, 6))):
        day += timedelta(days=draw(st.integers(0, 70)))
        sort = draw(st.integers(0, 9))
        if sort == 0:
            facts.append(RateFact(value_date=day, annual_rate=draw(st.sampled_from([Decimal("5.1"), Decimal("7.35")]))))
        elif sort == 1:
            facts.append(MisuseFact(value_date=day))
        else:
            facts.append(
                RepaymentFact(
                    key=number, value_date=day, kind=draw(st.sampled_from([*kinds, RepaymentKind.DUE])),
                    total_fen=draw(st.integers(1, 400_000)), keep=draw(st.sampled_from(list(Keep))),
                )
            )  # fmt: skip
    return record, facts


class TestTheFold:
    @given(histories())
    def test_loses_no_fen(self, history: tuple[LoanRecord, list[Fact]]) -> None:
        record, facts = history
        result = replay(record, lambda _: FREE, facts)
        for fact in facts:
            if isinstance(fact, RepaymentFact):
                done = result.repaid[fact.key]
                assert done.total.total_fen + done.excess_fen == fact.total_fen
                assert min(dataclasses.astuple(done.total)) >= 0
        repaid_fen = sum(done.total.principal_fen for done in result.repaid.values())
        assert result.loan.outstanding_principal_fen + repaid_fen == yuan_to_fen("10000.00")
        assert all(row.unpaid_principal_fen >= 0 and row.unpaid_interest_fen >= 0 for row in result.loan.instalments)

    @given(histories(), st.integers(0, 5))
    def test_of_the_rest_is_as_if_what_is_taken_back_had_never_been(
        self, history: tuple[LoanRecord, list[Fact]], place: int
    ) -> None:
        record, facts = history
        kept = [fact for number, fact in enumerate(facts) if number != place]
        step_by_step = record
        for fact in kept:
            if isinstance(fact, RepaymentFact):
                step_by_step = repay(
                    step_by_step, FREE, kind=fact.kind, total_fen=fact.total_fen, on_date=fact.value_date, keep=fact.keep
                ).loan  # fmt: skip
            else:
                step_by_step = changed(step_by_step, fact)
        assert replay(record, lambda _: FREE, kept).loan == step_by_step

    @given(histories(), st.integers(1, 9_999_99))
    def test_a_prepayment_is_found_again_from_its_total(
        self, history: tuple[LoanRecord, list[Fact]], principal_fen: int
    ) -> None:
        record, facts = history
        now = replay(record, lambda _: FREE, facts).loan
        day = facts[-1].value_date if facts else record.start_date
        standing = standing_on(now, on_date=day)
        if record.method == "pay_any_day" or principal_fen >= standing.not_due_principal_fen:
            return
        policy = Policy(early_fee_percent=Decimal("1.25"))
        cost = cost_of_prepaying(now, policy, principal_fen=principal_fen, on_date=day)
        total_fen = standing.due_in_all.total_fen + cost.total_fen
        done = repay(now, policy, kind=RepaymentKind.EARLY_PARTIAL, total_fen=total_fen, on_date=day)
        assert done.excess_fen == 0
        assert now.outstanding_principal_fen - done.loan.outstanding_principal_fen == (
            principal_fen + standing.due_in_all.principal_fen
        )


def test_a_payment_before_one_that_was_taken_back_counts_from_its_own_day() -> None:
    """A reversed payment leaves its two lines, which cancel each other; one that is entered late stands before them."""
    opened, late, early = loan(), date(2024, 4, 20), date(2024, 3, 1)
    first = opened.instalments[0]
    lines = [
        Payment(value_date=late, interest_fen=sign * first.interest_fen, principal_fen=sign * first.principal_fen)
        for sign in (1, -1)
    ]
    taken_back = dataclasses.replace(first, payments=tuple(lines))
    with_lines = dataclasses.replace(opened, instalments=(taken_back, *opened.instalments[1:]))
    asked = {"kind": RepaymentKind.DUE, "total_fen": yuan_to_fen("8700.00"), "on_date": early}
    plain, beside = repay(opened, FREE, **asked), repay(with_lines, FREE, **asked)  # type: ignore[arg-type]
    assert beside.shares == plain.shares
    assert standing_on(beside.loan, on_date=date(2024, 5, 1)) == standing_on(plain.loan, on_date=date(2024, 5, 1))
