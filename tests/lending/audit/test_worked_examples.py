"""The auditor against the worked examples of the rules, to the fen: M1 to M10, S16, S18, rounds, RISK-01 to RISK-04."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any, cast

import pytest

from core.ids import new_id
from tests.lending.audit.days import counted, due_dates_of, half_up, working_day
from tests.lending.audit.lent import Lent
from tests.lending.audit.loan import Contract, Loan, MoneyIn, lived, total_of
from tests.lending.audit.risk import CATEGORIES, Risk, allowance, bucket
from tests.lending.audit.rounds import Debit, day_list

START = date(2024, 1, 15)


def contract(principal: int, rate: str, method: str, *, start: date = START, months: int = 12, **more: Any) -> Contract:
    """Agree on a loan; `due_dates` where the months do not say them, or `due_day` for a fixed one."""
    asked = {name: more.pop(name) for name in ("due_day", "first_period_min_days") if name in more}
    dates, anchor = due_dates_of(start, months, one_row=method in {"bullet", "pay_any_day"}, **asked)
    fields = {"due_dates": dates, "anchor": anchor, **more}
    return Contract(principal=principal, rate=Fraction(rate) / 100, method=method, start=start, **fields)


def m1(until: date, *payments: MoneyIn, paid: int = 0) -> Loan:
    """Live M1 (100,000.00 at 6 % in twelve equal instalments), its first instalments each paid on its day."""
    agreed = contract(100_000_00, "6", "equal_instalment")
    plan = Loan(agreed).ahead[:paid]
    on_time = [
        MoneyIn(key=row.number, day=row.due_date, kind="due", total=row.principal + row.interest) for row in plan
    ]
    return lived(agreed, [*on_time, *payments], until)


def plan(loan: Loan) -> list[tuple[int, int]]:
    return [(row.principal, row.interest) for row in loan.ahead]


def test_m1_equal_instalments() -> None:
    rows = plan(m1(START))
    assert rows[:4] == [(8_106_64, 500_00), (8_147_17, 459_47), (8_187_91, 418_73), (8_228_85, 377_79)]
    assert rows[10:] == [(8_521_21, 85_43), (8_563_87, 42_82)]
    assert sum(interest for _, interest in rows) == 3_279_73


def test_m2_equal_principal() -> None:
    rows = plan(Loan(contract(100_000_00, "6", "equal_principal")))
    assert [principal for principal, _ in rows] == [8_333_33] * 11 + [8_333_37]
    assert [interest for _, interest in rows] == [
        500_00, 458_33, 416_67, 375_00, 333_33, 291_67, 250_00, 208_33, 166_67, 125_00, 83_33, 41_67,
    ]  # fmt: skip


def test_m3_interest_first() -> None:
    agreed = contract(50_000_00, "5.4", "interest_only", months=6, due_day=21, day_count="act/360")
    rows = plan(Loan(agreed))
    assert [interest for _, interest in rows] == [45_00, 232_50, 217_50, 232_50, 225_00, 232_50, 180_00]
    assert rows[-1] == (50_000_00, 180_00)


@pytest.mark.parametrize(("day_count", "interest"), [("act/360", 675_00), ("act/365", 665_75)])
def test_m4_all_at_maturity(day_count: str, interest: int) -> None:
    due = (START + timedelta(days=90),)
    assert plan(Loan(contract(50_000_00, "5.4", "bullet", due_dates=due, day_count=day_count))) == [
        (50_000_00, interest)
    ]


def test_m5_any_day() -> None:
    def costs(principal: int, start: date) -> int:
        agreed = contract(principal, "7.2", "pay_any_day", start=start, day_count="act/360")
        return total_of(lived(agreed, [], date(2024, 3, 21)).settlement()[1]) - principal

    assert costs(30_000_00, date(2024, 3, 1)) + costs(20_000_00, date(2024, 3, 11)) == 160_00


def test_m6_a_broken_first_period() -> None:
    agreed = contract(
        100_000_00, "6", "interest_only", start=date(2024, 3, 8), due_day=20, first_period_min_days=15,
        day_count="act/360",
    )  # fmt: skip
    first = Loan(agreed).ahead[0]
    assert (first.due_date, first.interest) == (date(2024, 4, 20), 716_67)


@pytest.mark.parametrize(
    ("day_count", "interest"),
    [
        # 100,000 at 6 %: 2 months and 11 days, three quarters of three months, 20 days; 71, 92, 92, 91 and 20 days.
        ("30/360", [1_183_33, 1_500_00, 1_500_00, 1_500_00, 333_33]),
        ("act/360", [1_183_33, 1_533_33, 1_533_33, 1_516_67, 333_33]),
    ],
)
@pytest.mark.parametrize("method", ["interest_only", "pay_any_day"])
def test_int_06_settles_by_quarter_with_the_twentieth(method: str, day_count: str, interest: list[int]) -> None:
    start = date(2024, 1, 10)
    dates, anchor = due_dates_of(start, 12, by_quarter=True)
    booked = [date(2024, 3, 21), date(2024, 6, 21), date(2024, 9, 21), date(2024, 12, 21)]
    assert dates == (*booked, date(2025, 1, 10))
    rows = Loan(
        Contract(
            principal=100_000_00, rate=Fraction(6, 100), method=method, start=start, due_dates=dates, anchor=anchor,
            day_count=day_count,
        )
    ).ahead  # fmt: skip
    assert [(row.principal, row.interest) for row in rows] == [
        *((0, fen) for fen in interest[:-1]),
        (100_000_00, interest[-1]),
    ]


def test_m7_all_paid_early() -> None:
    loan = m1(date(2024, 4, 25), paid=3)
    assert (loan.outstanding, loan.running_interest) == (75_558_28, 125_93)
    assert sum(map(total_of, loan.settlement().values())) == 75_684_21


@pytest.mark.parametrize(("keep", "count", "first"), [("term", 9, 6_328_50), ("instalment", 7, 8_606_64)])
def test_m8_a_part_paid_early(keep: str, count: int, first: int) -> None:
    part = MoneyIn(key="part", day=date(2024, 4, 15), kind="early_partial", total=20_000_00, keep=keep)
    loan = m1(date(2024, 4, 15), part, paid=3)
    assert loan.outstanding == 55_558_28
    assert (len(loan.ahead), sum(plan(loan)[0])) == (count, first)


def test_m9_ten_days_overdue() -> None:
    owed = m1(date(2024, 5, 25), paid=3).due()[4]
    assert owed == {"fee": 0, "compound": 94, "penalty": 20_57, "interest": 377_79, "principal": 8_228_85}


def test_m10_months_and_odd_days() -> None:
    start, end = date(2024, 1, 31), date(2024, 4, 15)
    assert counted("30/360", start, end, 31) == 75
    assert plan(Loan(contract(100_000_00, "6", "bullet", start=start, due_dates=(end,)))) == [(100_000_00, 1_250_00)]
    for day_count, interest in (("30/360", 500_00), ("act/360", 483_33)):
        february = contract(
            100_000_00, "6", "bullet", start=date(2024, 2, 1), due_dates=(date(2024, 3, 1),), day_count=day_count
        )
        assert plan(Loan(february)) == [(100_000_00, interest)]


def test_int_04_rounds_once() -> None:
    assert half_up(Fraction(33_333_33 * 30 * 435, 10_000 * 360)) == 120_83


def test_s16_a_holiday_moves_the_due_date() -> None:
    start, due = date(2025, 11, 19), date(2026, 2, 17)
    moved = working_day(due, {due + timedelta(days=n) for n in range(7)})
    assert moved == date(2026, 2, 24)
    for day, interest in ((due, 675_00), (moved, 727_50)):
        agreed = contract(50_000_00, "5.4", "bullet", start=start, due_dates=(day,), day_count="act/360")
        loan = lived(agreed, [], day)
        assert total_of(loan.due()[1]) == 50_000_00 + interest


def test_s18_a_thousand_against_two_overdue_instalments() -> None:
    def paid(day: date) -> dict[int, dict[str, int]]:
        loan = m1(day, MoneyIn(key="s18", day=day, kind="due", total=1_000_00))
        return {
            number: {kind: fen for kind, fen in share.items() if fen}
            for number, share in loan.paid["s18"].shares.items()
        }

    assert paid(date(2024, 3, 25)) == {1: {"compound": 4_88, "penalty": 79_04, "interest": 500_00, "principal": 416_08}}
    assert paid(date(2024, 5, 20)) == {1: {"principal": 1_000_00}}


def judged(*payments: MoneyIn, until: date) -> tuple[Loan, Risk]:
    """Judge M1 on every day up to a day."""
    loan, risk, day = m1(START), Risk(since=START), START
    while day < until:
        day += timedelta(days=1)
        loan.live_until(day)
        risk.judge(loan)
        for money in payments:
            if money.day == day:
                loan.happens(money)
    return loan, risk


@pytest.mark.parametrize(
    ("days", "category", "stage", "is_non_accrual"),
    [
        (0, "normal", 1, False), (1, "special_mention", 1, False), (30, "special_mention", 1, False),
        (31, "special_mention", 2, False), (90, "special_mention", 2, False), (91, "substandard", 3, True),
        (270, "substandard", 3, True), (271, "doubtful", 3, True), (360, "doubtful", 3, True), (361, "loss", 3, True),
    ],
)  # fmt: skip
def test_risk_01_and_04_walk_through_the_days(days: int, category: str, stage: int, is_non_accrual: bool) -> None:  # noqa: FBT001 -- a table
    loan, risk = judged(until=date(2024, 2, 15) + timedelta(days=days))
    assert loan.overdue_days == days
    assert (CATEGORIES[risk.place], risk.stage, risk.is_non_accrual) == (category, stage, is_non_accrual)


def test_risk_02_rises_after_six_months_of_normal_payment() -> None:
    cured = date(2024, 2, 20)
    on_time = [MoneyIn(key=n, day=date(2024, n + 1, 15), kind="due", total=8_606_64) for n in range(2, 12)]
    late = MoneyIn(key=1, day=cured, kind="due", total=9_000_00)
    before, after = (
        judged(late, *on_time, until=date(2024, 8, 19))[1],
        judged(late, *on_time, until=date(2024, 8, 20))[1],
    )
    assert (CATEGORIES[before.place], before.observed_until) == ("special_mention", date(2024, 8, 20))
    assert (CATEGORIES[after.place], after.observed_until) == ("normal", None)


@pytest.mark.parametrize(
    ("days", "number"),
    [(0, 0), (1, 1), (30, 1), (31, 2), (61, 3), (91, 4), (121, 5), (151, 6), (180, 6), (181, 7), (900, 7)],
)
def test_risk_03_buckets(days: int, number: int) -> None:
    assert bucket(days) == number


def test_risk_04_allowance_by_stage() -> None:
    assert allowance({("A", 1): 100_00, ("A", 2): 100_00, ("A", 3): 100_00, ("B", 1): 33}) == 1_50 + 10_00 + 60_00 + 0


def as_lent(loan: Loan) -> Lent:
    return Lent(id=new_id(), line=cast("Any", None), months=12, loan=loan)


def test_alloc_02_lists_what_is_due_longest_then_the_dearest() -> None:
    day = date(2024, 2, 20)
    cheap, dear = (
        as_lent(lived(contract(10_000_00, rate, "equal_principal"), [], day)) for rate in ("6", "7.2")
    )  # fmt: skip
    older = as_lent(lived(contract(10_000_00, "5", "equal_principal", start=date(2024, 1, 14)), [], day))
    not_due = as_lent(lived(contract(10_000_00, "9", "equal_principal", start=date(2024, 1, 21)), [], day))
    assert [each.lent for each in day_list([cheap, not_due, dear, older])] == [older, dear, cheap]


@pytest.mark.parametrize(
    ("day", "available", "taken", "status"),
    [
        (date(2024, 2, 15), 8_606_64, 8_606_64, "collected"), (date(2024, 2, 15), 8_606_63, 0, "short"),
        (date(2024, 2, 16), 8_606_63, 8_606_63, "short"), (date(2024, 2, 16), 0, 0, "short"),
        (date(2024, 2, 14), 9_000_00, 0, "skipped"),
    ],
)  # fmt: skip
def test_pen_02_a_round_takes_what_is_due_and_a_part_only_of_what_is_overdue(
    day: date, available: int, taken: int, status: str
) -> None:
    debit = Debit(as_lent(m1(day)))
    assert debit.try_for(1, available=available, is_authorised=True) == taken
    assert (debit.status, debit.round, debit.is_tried_by(1)) == (status, 1, False)
    assert debit.is_tried_by(2) is (status == "short")


def test_ln_06_nothing_is_taken_without_authorisation() -> None:
    debit = Debit(as_lent(m1(date(2024, 2, 20))))
    assert debit.try_for(1, available=100_000_00, is_authorised=False) == 0
    assert debit.status == "skipped"
