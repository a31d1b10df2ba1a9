"""Two clocks. Wall time is real and enters at the edge; the business date is a row per bank that day end moves.

Tokens, one-time codes, leases and signatures go by wall time. Every rule that counts in days goes by the business date
only, so that a demo walks through months in seconds without lying to any signature.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from core.clock.models import BusinessDay
from core.db.asks import Ask, Rows, alone, answered
from core.operations import forget_remembered, memory, within_transaction
from core.tenancy import current_place

SHANGHAI = ZoneInfo("Asia/Shanghai")
READ = "SELECT date FROM core_business_day"


def now() -> datetime:
    """Return the wall time, aware, in Asia/Shanghai."""
    return timezone.now().astimezone(SHANGHAI)


def business_date() -> date:
    """Return the current bank's business date; before the first day end that is today in Asia/Shanghai.

    An opening operation reads it once: all that it writes is of one day, though the day ends meanwhile.
    """
    return alone(asking_business_date())


def asking_business_date() -> Ask[date]:
    """Ask for the business date together with other things."""
    known, place = memory(), current_place()
    key = f"business_date:{None if place is None else place.schema_name}"
    if known is not None and key in known:
        remembered: date = known[key]
        return answered(remembered)

    def read(rows: Rows) -> date:
        day: date = now().date() if rows.first is None else rows.first[0]
        if known is not None:
            known[key] = day
        return day

    return Ask(READ, [], read)


@within_transaction
def move_business_date(*, to_date: date) -> date:
    """Move the current bank's business date forward to `to_date` and return the former one.

    Raises:
        ValueError: `to_date` lies before the current business date.
    """
    day, _ = BusinessDay.objects.select_for_update().get_or_create(pk=1, defaults={"date": now().date()})
    former = day.date
    if to_date < former:
        msg = f"the business date is {former} and never goes back (asked for {to_date})"
        raise ValueError(msg)
    BusinessDay.objects.filter(pk=1).update(date=to_date, moved_at=now())
    forget_remembered()
    return former


def days_from_now(days: int) -> datetime:
    """Return the wall time `days` from now."""
    return now() + timedelta(days=days)
