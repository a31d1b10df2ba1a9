"""How the buckets of overdue loans flow into each other from one month's end to the next (RISK-03, D13)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection

from core.money import divide_half_up
from lending.loans.buckets import LAST, bucket_of
from lending.models.loan_event import EVENT_WRITTEN_OFF

SETTLED: Final = "settled"
WRITTEN_OFF: Final = "written_off"
HUNDREDTHS_OF_PERCENT: Final = 100
# A loan stands in a month's end by what is known of it now: a repayment that came late, or was taken back, counts from its
# value date. It owes principal at the first day's end; at the last one's it may be settled or written off.
STOOD: Final = f"""
WITH late AS (
    SELECT i.loan_id,
           min(i.due_date) FILTER (WHERE i.due_date + l.grace_days < %(first)s
                                     AND (i.closed_date IS NULL OR i.closed_date > %(first)s)) AS first_since,
           min(i.due_date) FILTER (WHERE i.due_date + l.grace_days < %(last)s
                                     AND (i.closed_date IS NULL OR i.closed_date > %(last)s)) AS last_since
    FROM lending_instalment i JOIN lending_loan l ON l.id = i.loan_id
    WHERE i.replaced_by_version IS NULL AND i.due_date < %(last)s AND (i.closed_date IS NULL OR i.closed_date > %(first)s)
    GROUP BY i.loan_id
), paid AS (
    SELECT r.loan_id, sum(s.principal_fen) AS fen
    FROM lending_repayment_share s JOIN lending_repayment r ON r.id = s.repayment_id
    WHERE s.value_date <= %(first)s GROUP BY r.loan_id
), given_up AS (
    SELECT e.loan_id, min(e.business_date) AS on_date FROM lending_loan_event e
    WHERE e.kind = '{EVENT_WRITTEN_OFF}' GROUP BY e.loan_id
)
SELECT coalesce(%(first)s - t.first_since, 0), coalesce(%(last)s - t.last_since, 0),
       coalesce(l.settled_date <= %(last)s, FALSE), coalesce(g.on_date <= %(last)s, FALSE),
       count(*), sum(l.principal_fen - coalesce(p.fen, 0))::bigint
FROM lending_loan l LEFT JOIN late t ON t.loan_id = l.id LEFT JOIN paid p ON p.loan_id = l.id
     LEFT JOIN given_up g ON g.loan_id = l.id
WHERE l.start_date <= %(first)s AND (l.settled_date IS NULL OR l.settled_date > %(first)s)
  AND (g.on_date IS NULL OR g.on_date > %(first)s)
GROUP BY 1, 2, 3, 4
"""  # noqa: S608 -- put together from constants; values are parameters


@dataclass(slots=True)
class Amount:
    """So many loans and the principal, in fen, that they owed at the first month's end."""

    loans: int = 0
    principal_fen: int = 0

    def add(self, loans: int, principal_fen: int) -> None:
        """Add some more."""
        self.loans += loans
        self.principal_fen += principal_fen


@dataclass(slots=True, kw_only=True)
class Roll:
    """What became within a month of the loans that stood in one bucket at its beginning.

    `went_to` leads from a bucket (0 to 7), `settled` or `written_off` to how much went there, weighed by what was owed at
    the beginning.
    """

    bucket: int
    stood: Amount = field(default_factory=Amount)
    went_to: dict[int | str, Amount] = field(default_factory=dict)

    @property
    def forward_percent(self) -> Decimal | None:
        """Return the roll rate in per cent, two decimals: what rolled on to a worse bucket, or was written off.

        None where nothing stood in the bucket. Nothing is worse than the last bucket but to be written off.
        """
        if not self.stood.principal_fen:
            return None
        worse = sum(
            amount.principal_fen
            for where, amount in self.went_to.items()
            if where == WRITTEN_OFF or (isinstance(where, int) and where > self.bucket)
        )
        hundredths = divide_half_up(worse * 100 * HUNDREDTHS_OF_PERCENT, self.stood.principal_fen)
        return Decimal(hundredths) / HUNDREDTHS_OF_PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class RollRates:
    """The flow of a month: from the end of the month before to its own, bucket by bucket, M0 to M7+."""

    first_date: date
    last_date: date
    rolls: tuple[Roll, ...]


def roll_rates(*, month_end: date) -> RollRates:
    """Return how the buckets flowed from the month's end before to this one; one statement.

    Raises:
        ValueError: the day is no month's last.
    """
    if month_end.day != monthrange(month_end.year, month_end.month)[1]:
        msg = f"{month_end} is not the last day of a month"
        raise ValueError(msg)
    first_date = month_end.replace(day=1) - timedelta(days=1)
    rolls = tuple(Roll(bucket=bucket) for bucket in range(LAST + 1))
    with connection.cursor() as cursor:
        cursor.execute(STOOD, {"first": first_date, "last": month_end})
        rows = cursor.fetchall()
    for first_days, last_days, is_settled, is_written_off, loans, fen in rows:
        roll = rolls[bucket_of(first_days)]
        where: int | str = SETTLED if is_settled else WRITTEN_OFF if is_written_off else bucket_of(last_days)
        roll.stood.add(loans, fen)
        roll.went_to.setdefault(where, Amount()).add(loans, fen)
    return RollRates(first_date=first_date, last_date=month_end, rolls=rolls)


def month_ends_before(day: date, *, count: int) -> list[date]:
    """Return the last days of the latest months that are over on a day, the latest first."""
    found = []
    for _ in range(count):
        day = day.replace(day=1) - timedelta(days=1)
        found.append(day)
    return found
