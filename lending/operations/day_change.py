"""Owe the end of a business day, and end what is over with it; `lending.closing` and `lending.day_end` do the work."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from core.clock import business_date
from core.operations import opens_transaction
from core.steps.queue import enqueue
from lending.models.drawdown import DRAFT
from lending.operations.disbursement import lapse_signed
from lending.operations.drawdowns import lapse_draft
from lending.operations.lines import lapse_lines
from lending.operations.offers import lapse_offers

DAY_CHANGED: Final = "lending.day_changed"


@opens_transaction
def move_day(*, to_date: date) -> date:
    """Owe the day end that brings the bank to a business date; return the present one.

    The date itself moves when the books of the days before are brought to their end (`lending.closing.runner`), which is
    the step's work.

    Raises:
        ValueError: the date lies before the present business date.
    """
    present = business_date()
    if to_date < present:
        msg = f"the business date is {present} and never goes back (asked for {to_date})"
        raise ValueError(msg)
    enqueue(DAY_CHANGED, to_date.isoformat())
    return present


@opens_transaction
def end_offers_and_lines() -> None:
    """End the offers and lines whose last day lies before the business date."""
    lapse_offers()
    lapse_lines()


@opens_transaction
def end_drawdown(*, drawdown_id: uuid.UUID, status: str) -> None:
    """End a draft whose time is over, or a signed drawdown whose last day has ended."""
    if status == DRAFT:
        lapse_draft(drawdown_id=drawdown_id)
    else:
        lapse_signed(drawdown_id=drawdown_id)
