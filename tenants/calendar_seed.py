"""The published holiday calendar with which a new installation begins: days that differ from their weekday.

Source: the State Council's yearly notices, as the `chinese_calendar` package carries them (domain C4). A newer package
brings newer years at the next `prepare_database`; what the province's staff have entered is never overwritten. A year that
is missing counts weekends only, and the province enters it when it is published, in November of the year before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import chinese_calendar

from tenants.models import Holiday

FIRST_YEAR: Final = 2024
LAST_YEAR: Final = max(chinese_calendar.constants.holidays).year
SATURDAY: Final = 5
_CHINESE: Final = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}


def differing_days() -> Iterator[Holiday]:
    """Yield a row for each holiday on a weekday and each working day at a weekend, from 2024 on."""
    day = date(FIRST_YEAR, 1, 1)
    while day.year <= LAST_YEAR:
        is_working_day = chinese_calendar.is_workday(day)
        if is_working_day != (day.weekday() < SATURDAY):
            name = chinese_calendar.constants.workdays.get(day) or chinese_calendar.constants.holidays.get(day, "")
            told = _CHINESE.get(name, name)
            yield Holiday(date=day, is_working_day=is_working_day, name=f"{told}调休上班" if is_working_day else told)
        day += timedelta(days=1)


def sow() -> None:
    """Put the published days into the public schema where they are missing; runs as the owner, any number of times."""
    Holiday.objects.bulk_create(differing_days(), ignore_conflicts=True)
