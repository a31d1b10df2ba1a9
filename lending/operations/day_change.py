"""What hangs on a new business day: what is over ends, the province gets its figures, the log is committed to."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from django.db.models import Q

from core.clock import business_date, move_business_date, now
from core.operations import opens_transaction
from core.steps.queue import enqueue
from lending.models import Drawdown
from lending.models.drawdown import DRAFT, SIGNED
from lending.operations.disbursement import lapse_signed
from lending.operations.drawdowns import lapse_draft
from lending.operations.figures import push_figures
from lending.operations.lines import lapse_lines
from lending.operations.offers import lapse_offers
from lending.operations.sequencing import commit_head

DAY_CHANGED: Final = "lending.day_changed"


@opens_transaction
def move_day(*, to_date: date) -> date:
    """Move the business date forward, and owe what hangs on it in the same transaction; return the former date.

    Raises:
        ValueError: the date lies before the present business date.
    """
    former = move_business_date(to_date=to_date)
    enqueue(DAY_CHANGED, to_date.isoformat())
    return former


def follow_day() -> None:
    """Do what hangs on the present business day; each part by itself, so that doing it twice is doing it once.

    Raises:
        AnotherPush, HeadOvertaken: somebody else is at it; come again.
        LogRewritten, HeadRefused: the evidence log was tampered with; an operator's case.
    """
    _end_offers_and_lines()
    for drawdown_id, status in _over():
        _end_drawdown(drawdown_id, status)
    push_figures()
    commit_head()


@opens_transaction
def _end_offers_and_lines() -> None:
    lapse_offers()
    lapse_lines()


def _over() -> list[tuple[uuid.UUID, str]]:
    """Return the drafts whose time is over, and the signed drawdowns whose last day has ended."""
    rows = Drawdown.objects.filter(
        Q(status=DRAFT, expires_at__lte=now()) | Q(status=SIGNED, disburse_by_date__lt=business_date())
    )
    return list(rows.order_by("pk").values_list("pk", "status"))


@opens_transaction
def _end_drawdown(drawdown_id: uuid.UUID, status: str) -> None:
    if status == DRAFT:
        lapse_draft(drawdown_id=drawdown_id)
    else:
        lapse_signed(drawdown_id=drawdown_id)
