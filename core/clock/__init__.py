"""Two clocks. Wall time is real and enters at the edge; the business date is a row per bank that day end moves.

Tokens, one-time codes, leases and signatures go by wall time. Every rule that counts in days goes by the business date
only, so that a demo walks through months in seconds without lying to any signature.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from core.clock.models import BusinessDay
from core.operations import within_transaction

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the wall time, aware, in Asia/Shanghai."""
    return timezone.now().astimezone(SHANGHAI)


def business_date() -> date:
    """Return the current bank's business date; before the first day end that is today in Asia/Shanghai."""
    row = BusinessDay.objects.values_list("date", flat=True).first()
    return row if row is not None else now().date()


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
    return former


def days_from_now(days: int) -> datetime:
    """Return the wall time `days` from now."""
    return now() + timedelta(days=days)
