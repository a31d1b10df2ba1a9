"""What is kept for a time only is removed when that time is over: once a day at each bank, a little at a time.

Each room says what that is, as a chore: a function that removes up to so many rows and returns how many went.
"""

from __future__ import annotations

import time as stopwatch
from collections.abc import Callable
from datetime import time, timedelta
from typing import Final

import structlog
from django.contrib.sessions.models import Session
from django.utils import timezone

from core import idempotency, vault
from core.clock import now
from core.steps.registry import Again, Done, Outcome, StepRun, register_step
from core.steps.rounds import register_daily

log = structlog.get_logger(__name__)
KEEP_HOUSE: Final = "core.keep_house"
AFTER: Final = time(3)
AT_ONCE: Final = 1000
SECONDS: Final = 1.0
SHORTLY: Final = timedelta(milliseconds=10)
ORPHAN_AGE: Final = timedelta(days=1)
HEX_DIGITS: Final = "0123456789abcdef"

Chore = Callable[[int], int]
CHORES: Final[dict[str, Chore]] = {}


class ChoreFailed(RuntimeError):
    """Raised where chores failed, after the others were done; each is in the log with its traceback."""


def register_chore(name: str) -> Callable[[Chore], Chore]:
    """Register the decorated function, which removes up to so many rows and returns how many went; at start-up."""

    def register(chore: Chore) -> Chore:
        CHORES[name] = chore
        return chore

    return register


@register_step(KEEP_HOUSE)
def keep_house(run: StepRun) -> Outcome:
    """Do every chore until nothing is left, about a second at a time, so that no other work waits for it.

    Raises:
        ChoreFailed: some failed; the others were done.
    """
    del run
    until, failed = stopwatch.monotonic() + SECONDS, []
    for name, chore in CHORES.items():
        try:
            if not _done(name, chore, until):
                return Again("more to remove", SHORTLY)
        except Exception:
            log.exception("housekeeping.chore_failed", chore=name)
            failed.append(name)
    if failed:
        raise ChoreFailed(", ".join(failed))
    return Done()


def _done(name: str, chore: Chore, until: float) -> bool:
    """Do one chore in batches; tell whether it was brought to its end in time."""
    while (removed := chore(AT_ONCE)) > 0:
        log.info("housekeeping.removed", chore=name, rows=removed)
        if removed < AT_ONCE:
            break
        if stopwatch.monotonic() >= until:
            return False
    return True


@register_chore("answered_requests")
def remove_answers(limit: int) -> int:
    """Remove the answers of idempotent requests that are older than 30 days."""
    return idempotency.remove_old(limit=limit)


@register_chore("staff_sessions")
def remove_staff_sessions(limit: int) -> int:
    """Remove the admin's sessions that are over."""
    over = Session.objects.filter(expire_date__lt=timezone.now()).values("pk")[:limit]
    return Session.objects.filter(pk__in=list(over.values_list("pk", flat=True))).delete()[0]


@register_chore("vault_orphans")
def remove_orphans(limit: int) -> int:
    """Remove the vault's files that no row names, of one sixteenth of all names a day, so that it stays a short walk."""
    del limit
    share = HEX_DIGITS[now().date().toordinal() % len(HEX_DIGITS)]
    removed = vault.sweep_orphans(ORPHAN_AGE, beginning=share)
    if removed:
        log.info("housekeeping.orphans_removed", files=removed)
    return 0  # the whole share was walked: there is no more of it today


register_daily(KEEP_HOUSE, after=AFTER)
