"""The durable steps of a bank's days: the day end, and the rounds of automatic debits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import structlog

from core.clock import business_date, now
from core.evidence import LogRewritten
from core.steps.registry import LEDGER, Again, Done, Failed, Outcome, StepRun, register_step
from lending.closing.collecting import collect_round
from lending.closing.runner import AnotherDayEnd, close_until
from lending.operations.auto_debit import COLLECT_ROUND
from lending.operations.day_change import DAY_CHANGED
from tenants.operations import HeadRefused

log = structlog.get_logger(__name__)
LEASE: Final = timedelta(seconds=60)
SECONDS: Final = 20.0
SHORTLY: Final = timedelta(seconds=1)
AT_ONCE: Final = timedelta(milliseconds=10)


@register_step(DAY_CHANGED, lease=LEASE)
def day_changed(run: StepRun) -> Outcome:
    """Bring the bank to the business date that is the step's subject, a good part of a lease at a time.

    An evidence log that was tampered with is alarmed and ends the step; the books are done by then.
    """
    try:
        progress = close_until(to_date=date.fromisoformat(run.subject), seconds=SECONDS)
    except AnotherDayEnd:
        return Again("another day end", SHORTLY)
    except (LogRewritten, HeadRefused) as error:
        log.exception("evidence.log_rewritten", day=run.subject)
        return Failed("evidence_refused", None) if isinstance(error, HeadRefused) else Failed("log_rewritten")
    if not progress.finished:
        return Again("more of the day end", AT_ONCE)
    if not progress.followed:
        return Again("another push", SHORTLY)
    return Done(result={"business_date": progress.day.isoformat(), "closed": len(progress.closed)})


@register_step(COLLECT_ROUND, lane=LEDGER, lease=LEASE)
def collect_due(run: StepRun) -> Outcome:
    """Collect what is due, one round of one day; where the calendar or the bank has moved on, nothing.

    QUERYABLE where the core keeps an account: each repayment's own payment is asked for by its id.
    """
    text, _, number = run.subject.partition(":")
    day = date.fromisoformat(text)
    if not business_date() == day == now().date():
        return Done(result={"collected": False})
    if collect_round(day=day, round_number=int(number), seconds=SECONDS):
        return Done(result={"collected": True})
    return Again("more loans", AT_ONCE)
