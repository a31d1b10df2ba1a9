"""What a loan is called, and whether it still accrues, by the rules (RISK-01 to RISK-04): judged as each day begins.

Nothing here comes from the product. A category falls at once to what the days overdue call for. It rises only when nothing
that has fallen due is unpaid and two instalments or six months, the longer of them, have passed since the arrears were
cleared. What is restructured is special mention at best for a year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.lending.audit.days import ONE_DAY, half_up, same_day_of
from tests.lending.audit.loan import Contract, Happening, Loan, NewDates

CATEGORIES = ("normal", "special_mention", "substandard", "doubtful", "loss")
SPECIAL_MENTION, SUBSTANDARD, LOSS = 1, 2, 4
FIRST_DAYS = (1, 91, 271, 361)
"""The first day overdue of each category below normal."""
BUCKETS = (1, 31, 61, 91, 121, 151, 181)
"""The first day overdue of each bucket, M1 to M7 (RISK-03)."""
NON_ACCRUAL_ABOVE, STAGE_TWO_ABOVE = 90, 30
OBSERVED_MONTHS, OBSERVED_PERIODS, WATCHED_MONTHS = 6, 2, 12
LOSS_EXPECTED = {1: Fraction(150, 10_000), 2: Fraction(1_000, 10_000), 3: Fraction(6_000, 10_000)}
"""Expected credit loss of a stage as a share of its principal: the parameters as they are delivered."""


def called_for(overdue_days: int) -> int:
    """Return the best category that days overdue allow (RISK-01), by its place."""
    return sum(overdue_days >= first for first in FIRST_DAYS)


def bucket(overdue_days: int) -> int:
    """Return the bucket of days overdue (RISK-03)."""
    return sum(overdue_days >= first for first in BUCKETS)


@dataclass
class Risk:
    """How a loan was judged last."""

    since: date
    place: int = 0
    stage: int = 1
    is_non_accrual: bool = False
    observed_until: date | None = None
    watched_until: date | None = None

    def restructured(self, today: date) -> None:
        """Take note of an extension (RISK-02)."""
        self.place, self.since, self.stage = max(self.place, SPECIAL_MENTION), today, max(self.stage, 2)
        self.watched_until = same_day_of(today, WATCHED_MONTHS, today.day)

    def name(self, loan: Loan) -> str:
        """Name the category in which a loan stands at any moment: as it was judged, or worse by its days."""
        return CATEGORIES[0 if loan.is_over else max(self.place, called_for(loan.overdue_days))]

    def judge(self, loan: Loan) -> None:
        """Judge a loan as its day begins."""
        if loan.is_over:
            return
        days, day = loan.overdue_days, loan.today
        is_watched = self.watched_until is not None and self.watched_until > day
        best = max(called_for(days), SPECIAL_MENTION if is_watched else 0)
        until = None
        if not days and max(self.place, best):
            until = self.observed_until or self._observation(loan)
        rises = until is not None and until <= day and self.place > best and not loan.due()
        place = best if rises else max(self.place, best)
        if place != self.place:
            self.place, self.since = place, day
        self.is_non_accrual = days > NON_ACCRUAL_ABOVE or (self.is_non_accrual and not rises)
        self.stage = 3 if place >= SUBSTANDARD else 2 if is_watched or days > STAGE_TWO_ABOVE else 1
        self.observed_until = until if place else None

    def _observation(self, loan: Loan) -> date:
        """Return until when a loan is observed whose arrears are cleared: the longer of months and instalments."""
        cleared = max(self.since, loan.last_cleared or self.since)
        months = same_day_of(cleared, OBSERVED_MONTHS, cleared.day)
        dates = sorted(row.due_date for row in [*loan.fallen, *loan.ahead] if row.due_date > cleared)
        return max([months, *dates[:OBSERVED_PERIODS]])


def lived_and_judged(contract: Contract, happenings: Iterable[Happening], until: date) -> tuple[Loan, Risk]:
    """Live a loan through all that has happened, judged every morning, that of a day included (ALLOC-03)."""
    loan, risk = Loan(contract), Risk(since=contract.start)

    def wake(day: date) -> None:
        while loan.today < day:
            loan.live_until(loan.today + ONE_DAY)
            risk.judge(loan)

    for what in sorted(happenings, key=lambda what: what.day):
        wake(what.day)
        loan.happens(what)
        if isinstance(what, NewDates):
            risk.restructured(what.day)
    wake(until)
    return loan, risk


def allowance(principal: dict[tuple[object, int], int]) -> int:
    """Return the allowance for the principal of each product's stage, each rounded once (RISK-04)."""
    return sum(half_up(fen * LOSS_EXPECTED[stage]) for (_, stage), fen in principal.items())
