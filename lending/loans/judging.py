"""What a loan is called each morning, by all that has happened to it (RISK-01, RISK-02, RISK-04); pure.

The day end judges all loans of a bank by one statement, each from what it was called the day before
(`lending.closing.overdue`). A loan whose past has changed has no such day before: it is judged again here, morning after
morning from its first (ALLOC-03). So money that came in time and was entered late leaves no worse a name behind, and one that
is taken back leaves no better. What a morning makes of a loan is the same by both; a test compares them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from lending.loans.classification import SEVERITY, Category, ClassificationRules, observed_until, stage_of, worse
from lending.loans.due_dates import months_after
from lending.loans.overdue import is_unpaid
from lending.loans.repaying import Policy
from lending.loans.replay import Fact, RescheduleFact, after, in_order
from lending.loans.standing import LoanRecord, is_over

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a loan was called last, since `category_date`; until when it is observed, and watched as restructured."""

    category_date: date
    category: Category = Category.NORMAL
    stage: int = 1
    is_non_accrual: bool = False
    observed_until_date: date | None = None
    restructured_until_date: date | None = None

    def is_watched(self, day: date) -> bool:
        """Tell whether what is restructured is still watched on a day."""
        return self.restructured_until_date is not None and self.restructured_until_date > day

    @property
    def is_plain(self) -> bool:
        """Tell whether a morning without arrears leaves everything as it is."""
        return (self.category, self.stage) == (Category.NORMAL, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrears:
    """What a morning finds: since when a loan is overdue, whether anything is due, when what fell due was last cleared."""

    since_date: date | None
    is_due: bool
    cleared_date: date | None
    due_dates: Sequence[date]


def restructured(before: Judged, rules: ClassificationRules, *, on: date) -> Judged:
    """Return what an extension makes of a loan at once: special mention at best, and watched for so long (RISK-02)."""
    category = worse(before.category, 0, at_least=Category.SPECIAL_MENTION)
    return dataclasses.replace(
        before, category=category, category_date=on, stage=max(before.stage, 2),
        restructured_until_date=months_after(on, rules.watch_months, anchor_day=on.day),
    )  # fmt: skip


def judged_by(before: Judged, found: Arrears, rules: ClassificationRules, *, on: date) -> Judged:
    """Return what a morning makes of a loan: it falls at once, and rises after its observation (RISK-02)."""
    overdue_days = 0 if found.since_date is None else (on - found.since_date).days
    watched = before.is_watched(on)
    best = worse(Category.NORMAL, overdue_days, at_least=Category.SPECIAL_MENTION if watched else Category.NORMAL)
    worst = worse(before.category, 0, at_least=best)
    until = None
    if found.since_date is None and worst is not Category.NORMAL:
        until = before.observed_until_date or observed_until(
            max(before.category_date, found.cleared_date or before.category_date),
            found.due_dates,
            months=rules.observation_months,
            periods=rules.observation_periods,
        )
    rises = (
        until is not None and until <= on and SEVERITY[before.category] > SEVERITY[best] and not found.is_due
    )  # fmt: skip
    category = best if rises else worst
    return Judged(
        category=category,
        category_date=before.category_date if category is before.category else on,
        stage=stage_of(category, overdue_days, stage_two_days=rules.stage_two_days, is_restructured=watched),
        is_non_accrual=overdue_days > rules.non_accrual_days or (before.is_non_accrual and not rises),
        observed_until_date=None if category is Category.NORMAL else until,
        restructured_until_date=before.restructured_until_date,
    )


def judged_to(
    opening: LoanRecord,
    policy_on: Callable[[date], Policy],
    facts: Sequence[Fact],
    *,
    until: date,
    rules_on: Callable[[date], ClassificationRules],
) -> Judged:
    """Judge a loan on every morning from its first day up to one, that one included, or up to its end before that."""
    loan, judged = opening, Judged(category_date=opening.start_date)
    judged_on = opening.start_date
    for fact in in_order([fact for fact in facts if fact.value_date <= until]):
        judged = _mornings(loan, judged, after_date=judged_on, until=fact.value_date, rules_on=rules_on)
        judged_on = max(judged_on, fact.value_date)
        loan, _ = after(loan, policy_on, fact)
        if isinstance(fact, RescheduleFact) and fact.is_extension:
            judged = restructured(judged, rules_on(fact.value_date), on=fact.value_date)
    return _mornings(loan, judged, after_date=judged_on, until=until, rules_on=rules_on)


def _mornings(
    loan: LoanRecord, judged: Judged, *, after_date: date, until: date, rules_on: Callable[[date], ClassificationRules]
) -> Judged:
    """Judge the mornings between two facts: what is paid stays the same, only the days go by."""
    if until <= after_date or is_over(loan, on_date=after_date):
        return judged
    terms, grace = loan.terms, timedelta(days=loan.terms.grace_days)
    fallen = loan.fallen_by(until)
    unpaid = [row.due_date for row in fallen if is_unpaid(row, terms, on_date=until)]
    if judged.is_plain and not any(due + grace < until for due in unpaid):
        return judged
    cleared = [
        payment.value_date
        for row in fallen
        if row.due_date not in unpaid
        for payment in row.payments
        if payment.total_fen
    ]
    cleared_date = max(cleared, default=None)
    due_dates = [row.due_date for row in loan.instalments]
    day = after_date
    while day < until:
        day += DAY
        late = [due for due in unpaid if due + grace < day]
        found = Arrears(
            since_date=min(late, default=None),
            is_due=any(due <= day for due in unpaid),
            cleared_date=cleared_date,
            due_dates=due_dates,
        )
        if late or not judged.is_plain:
            judged = judged_by(judged, found, rules_on(day), on=day)
    return judged
