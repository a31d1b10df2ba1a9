"""The day count in SQL is the day count of the contracts (INT-02, INT-05)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import pytest
from django.db import connection

from lending.loans.day_count import DayCount, counted_days

SEED: Final = 20261130
PERIODS: Final = 6000
LONGEST_DAYS: Final = 800
COUNT: Final = """
SELECT lending_counted_days(t.day_count, t.from_date, t.to_date, t.anchor_day)
FROM unnest(%s::text[], %s::date[], %s::date[], %s::integer[]) WITH ORDINALITY
     AS t(day_count, from_date, to_date, anchor_day, place)
ORDER BY t.place
"""
Period = tuple[DayCount, date, date, int]


def periods() -> Iterator[Period]:
    """Give random periods, half of them from the anchor day itself, and every period around a month's end."""
    chance = random.Random(SEED)
    for _ in range(PERIODS):
        anchor = chance.randint(1, 31)
        start = date(2023, 1, 1) + timedelta(days=chance.randrange(1500))
        if chance.random() < 0.5:
            start = _standing(start, anchor)
        yield chance.choice(list(DayCount)), start, start + timedelta(days=chance.randrange(LONGEST_DAYS)), anchor
    for first in (date(2024, 1, 27), date(2025, 2, 25), date(2024, 2, 26), date(2025, 4, 28), date(2025, 12, 27)):
        for start in (first + timedelta(days=n) for n in range(7)):
            for anchor in (1, 28, 29, 30, 31):
                for days in range(95):
                    yield DayCount.THIRTY_360, start, start + timedelta(days=days), anchor


def _standing(day: date, anchor: int) -> date:
    last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day.replace(day=min(anchor, last.day))


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_sql_counts_every_period_as_the_contracts_do() -> None:
    asked = list(periods())
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [list(column) for column in zip(*asked, strict=True)])
        counted = [row[0] for row in cursor.fetchall()]
    wrong = [
        (period, found)
        for period, found in zip(asked, counted, strict=True)
        if found != counted_days(period[0], period[1], period[2], anchor_day=period[3])
    ]
    assert wrong == []
    assert len(asked) > 20_000
