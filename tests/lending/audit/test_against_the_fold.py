"""The loan engine's fold against the auditor's days: whatever happens to a loan, in whatever order it is entered."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lending.loans.allocation import Allocation, Kind
from lending.loans.day_count import DayCount
from lending.loans.overdue import InstalmentRecord
from lending.loans.rate_history import PenaltyTerms
from lending.loans.repaying import Policy, Repaid, RepaymentKind
from lending.loans.replanning import Keep
from lending.loans.replay import Fact, MisuseFact, RateFact, RepaymentFact, RescheduleFact, replay
from lending.loans.schedule import build_schedule
from lending.loans.standing import LoanRecord, Owed, standing_on
from lending.loans.terms import ScheduleTerms
from tests.lending.audit.days import due_dates_of
from tests.lending.audit.loan import (
    KINDS,
    Amounts,
    Contract,
    Happening,
    Loan,
    Misuse,
    MoneyIn,
    NewDates,
    NewRate,
    Paid,
    lived,
)

Agreed = tuple[Contract, int, int | None, bool]
START = date(2024, 1, 31)
BY_QUARTER = {"interest_only", "pay_any_day"}
METHODS = ["equal_instalment", "equal_principal", "interest_only", "bullet", "pay_any_day"]
ORDERS = [
    KINDS,
    ("fee", "interest", "compound", "penalty", "principal"),
    ("fee", "interest", "principal", "compound", "penalty"),
]
RATES = ["0", "4.3501", "6", "7.2", "23.67"]


@st.composite
def contracts(draw: st.DrawFn) -> Agreed:
    """Draw what is agreed, with its months, its fixed day, and whether its interest is settled by quarter."""
    method = draw(st.sampled_from(METHODS))
    start = START + timedelta(days=draw(st.integers(0, 40)))
    by_quarter = method in BY_QUARTER and draw(st.booleans())
    due_day, months = None if by_quarter else draw(st.none() | st.integers(1, 28)), draw(st.integers(1, 14))
    dates, anchor = due_dates_of(
        start, months, due_day=due_day, one_row=method in {"bullet", "pay_any_day"}, by_quarter=by_quarter
    )
    contract = Contract(
        principal=draw(st.sampled_from([500_00, 10_000_00, 99_999_99, 1_234_567])),
        rate=Fraction(draw(st.sampled_from(RATES))) / 100,
        method=method,
        start=start,
        due_dates=dates,
        anchor=anchor,
        day_count=draw(st.sampled_from(["30/360", "act/360", "act/365"])),
        markup=Fraction(draw(st.sampled_from([30, 50]))) / 100,
        misuse_markup=Fraction(draw(st.sampled_from([50, 100]))) / 100,
        compound=(compounds := draw(st.booleans())),
        compound_on_penalty=compounds and draw(st.booleans()),
        grace=draw(st.integers(0, 3)),
        min_days=draw(st.integers(0, 1)),
        fee=Fraction(draw(st.sampled_from(["0", "1.25"]))) / 100,
        order=draw(st.sampled_from(ORDERS)),
        principal_first_above=draw(st.sampled_from([30, 90])),
    )
    return contract, months, due_day, by_quarter


@st.composite
def histories(draw: st.DrawFn) -> tuple[Agreed, list[Happening]]:
    """Draw a loan and what happens to it, not in order."""
    agreed = draw(contracts())
    contract = agreed[0]
    kinds = ["due", "early_full", "any" if contract.method == "pay_any_day" else "early_partial"]
    days = st.integers(0, 500).map(lambda days: contract.start + timedelta(days=days)) | st.sampled_from(
        contract.due_dates
    )
    happened: list[Happening] = []
    for key in range(draw(st.integers(0, 7))):
        day, sort = draw(days), draw(st.integers(0, 11))
        if sort == 0:
            happened.append(NewRate(day=day, rate=Fraction(draw(st.sampled_from(["5.1", "7.35"]))) / 100))
        elif sort == 1 and not any(isinstance(each, Misuse) for each in happened):
            happened.append(Misuse(day=day))
        elif sort == 2:
            last = max(contract.due_dates[-1], day)
            later = [last + timedelta(days=30 * more) for more in range(1, draw(st.integers(1, 3)) + 1)]
            happened.append(NewDates(day=day, due_dates=tuple(later)))
        else:
            total = draw(st.integers(1, contract.principal * 12 // 10) | st.integers(1, contract.principal // 8))
            keep = draw(st.sampled_from(["term", "instalment"]))
            happened.append(MoneyIn(key=key, day=day, kind=draw(st.sampled_from(kinds)), total=total, keep=keep))
    return agreed, happened


def per_cent(rate: Fraction) -> Decimal:
    """Write a rate as the engine reads it."""
    return Decimal(int(rate * 1_000_000)).scaleb(-4)


def opening(contract: Contract, months: int, due_day: int | None, by_quarter: bool) -> LoanRecord:  # noqa: FBT001 -- a tuple's
    """Open the loan as the engine does."""
    asked = ScheduleTerms(
        principal_fen=contract.principal, annual_rate=per_cent(contract.rate), method=contract.method, periods=months,
        start_date=contract.start, day_count=contract.day_count, due_day=due_day,
        settlement="quarterly" if by_quarter else "monthly",
    )  # fmt: skip
    costs = PenaltyTerms(
        annual_rate=per_cent(contract.rate), markup_percent=Decimal(int(contract.markup * 100)),
        day_count=DayCount(contract.day_count), compound=contract.compound, grace_days=contract.grace,
        compound_on_penalty=contract.compound_on_penalty,
        min_days=contract.min_days, misuse_markup_percent=Decimal(int(contract.misuse_markup * 100)),
    )  # fmt: skip
    rows = tuple(
        InstalmentRecord(
            number=row.number, due_date=row.due_date, principal_fen=row.principal_fen, interest_fen=row.interest_fen
        )
        for row in build_schedule(asked).instalments
    )
    anchor = asked.due_dates().anchor_day
    return LoanRecord(
        start_date=contract.start, anchor_day=anchor, terms=costs, instalments=rows, method=contract.method
    )  # fmt: skip


def fact(happening: Happening) -> Fact:
    """Say it as the engine does."""
    if isinstance(happening, MoneyIn):
        return RepaymentFact(
            key=happening.key, value_date=happening.day, kind=RepaymentKind(happening.kind), total_fen=happening.total,
            keep=Keep(happening.keep),
        )  # fmt: skip
    if isinstance(happening, NewRate):
        return RateFact(value_date=happening.day, annual_rate=per_cent(happening.rate))
    if isinstance(happening, Misuse):
        return MisuseFact(value_date=happening.day)
    return RescheduleFact(value_date=happening.day, due_dates=happening.due_dates)


def as_owed(amounts: Amounts) -> Owed:
    return Owed(**{f"{kind}_fen": amounts[kind] for kind in KINDS})


def shares_of(paid: Paid) -> dict[int, Owed]:
    return {number: as_owed(amounts) for number, amounts in paid.shares.items()}


def engine_shares(done: Repaid) -> dict[int, Owed]:
    found: dict[int, Owed] = {}
    for share in done.shares:
        found[share.number] = found.get(share.number, Owed()) + share.paid
    return found


@pytest.mark.deep
@given(histories(), st.lists(st.integers(0, 200), min_size=1, max_size=3))
def test_the_fold_says_what_the_days_say(history: tuple[Agreed, list[Happening]], later: list[int]) -> None:
    agreed, happened = history
    contract = agreed[0]
    policy = Policy(
        early_fee_percent=contract.fee.numerator * Decimal(100) / contract.fee.denominator,
        allocation=Allocation(
            order=tuple(cast("Kind", f"{kind}_fen") for kind in contract.order),
            principal_first_above_days=contract.principal_first_above,
        ),
    )
    folded = replay(opening(*agreed), lambda _: policy, [fact(each) for each in happened])
    day = max([contract.start, *(each.day for each in happened)])
    loan = lived(contract, happened, day)
    for key, paid in loan.paid.items():
        done = folded.repaid[key]
        assert (engine_shares(done), done.excess_fen) == (shares_of(paid), paid.excess), key
    for days in [0, *sorted(later)]:
        loan.live_until(max(loan.today, day + timedelta(days=days)))
        agree(folded.loan, loan)


def agree(record: LoanRecord, loan: Loan) -> None:
    """Compare a loan on the auditor's day."""
    standing = standing_on(record, on_date=loan.today)
    assert {each.number: each.owed for each in standing.due} == {n: as_owed(owed) for n, owed in loan.due().items()}
    assert standing.overdue == as_owed(loan.overdue())
    assert standing.overdue_days == loan.overdue_days
    assert standing.running_interest_fen == loan.running_interest
    assert standing.not_due_principal_fen == loan.not_due
    assert record.outstanding_principal_fen == loan.outstanding
    ahead = [(row.number, row.due_date, row.principal_fen, row.interest_fen) for row in record.ahead_of(loan.today)]
    assert ahead == [(row.number, row.due_date, row.principal, row.interest) for row in loan.ahead]
