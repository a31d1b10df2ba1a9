"""What a new business day brings in this room: the books of the day that is over are closed, orders past their day end.

Both come round (`core.steps.rounds`): each bank is asked by its own rows whether it owes them, so a day that was missed
is caught up and one that is done is left alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Final

from accounts.models import GlDay, Restriction
from accounts.models.restrictions import IN_FORCE
from accounts.operations.books import close_books
from accounts.operations.restrictions import end_restrictions
from core.clock.models import BusinessDay
from core.steps.registry import Done, Outcome, StepRun, register_step
from core.steps.rounds import register_round
from core.tenancy import PROVINCE_CODE, current_bank

CLOSE: Final = "books.close"
END_ORDERS: Final = "restriction.end"
ONE_DAY: Final = timedelta(days=1)


def _today() -> date | None:
    """Return the business date of a bank whose days have begun to move; the province keeps no books."""
    if current_bank().code == PROVINCE_CODE:
        return None
    return BusinessDay.objects.values_list("date", flat=True).first()


def _unclosed() -> str | None:
    today = _today()
    if today is None or GlDay.objects.filter(booking_date__gte=today - ONE_DAY).exists():
        return None
    return (today - ONE_DAY).isoformat()


def _orders_over() -> str | None:
    today = _today()
    if today is None or not Restriction.objects.filter(status=IN_FORCE, expires_date__lt=today).exists():
        return None
    return today.isoformat()


@register_step(CLOSE)
def close_day(run: StepRun) -> Outcome:
    """Close the books up to a day that is over, and every day before it that was missed."""
    return Done(partial(_close, date.fromisoformat(run.subject)))


def _close(day: date) -> None:
    close_books(day=day)


@register_step(END_ORDERS)
def end_orders(run: StepRun) -> Outcome:
    """End the orders whose last day is over."""
    del run
    return Done(_end)


def _end() -> None:
    end_restrictions()


register_round(CLOSE, _unclosed)
register_round(END_ORDERS, _orders_over)
