"""Run the day end of the current bank: close one day after the other, each stage where the last run stopped.

Nothing is kept in between: the business date and the recorded stages say what is next. So it does not matter who runs it,
how often, or where it died. Repayments and everything else go on meanwhile; only two day ends of one bank exclude each
other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import structlog
from django.db import connection

from core.clock import business_date, move_business_date
from core.clock.models import BusinessDay
from core.evidence import HeadOvertaken
from core.operations import opens_transaction
from core.tenancy import current_bank
from lending.closing.dues import pass_dues
from lending.closing.repricing import reprice_loans
from lending.closing.stages import BEGINNING, ENDING, move_on, record_stage, recorded
from lending.day_end import follow_day, move_off_a_holiday
from lending.models.closing import FOLLOW, REPRICING
from lending.queries.applications import lines_awaiting_review
from lending.reporting import AnotherPush

log = structlog.get_logger(__name__)
DAY: Final = timedelta(days=1)
FARTHEST: Final = timedelta(days=3700)
TRY_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended(%s, 1))"
UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended(%s, 1))"


class TooFarAhead(ValueError):
    """The date lies so far ahead that it can only be a slip of the hand; nothing is closed."""


class AnotherDayEnd(Exception):
    """Somebody else is at this bank's day end at this moment; come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come: the business date, the days that it has closed, and what is left.

    `finished`: every stage is done. `followed`: so is what follows a day outside of the books; otherwise somebody else is
    at it, and the day's own step does it.
    """

    day: date
    closed: tuple[date, ...]
    finished: bool
    followed: bool = False


def close_until(*, to_date: date, seconds: float = float("inf")) -> Progress:
    """Close every business day before `to_date` and begin that one, or as much of it as is done in so many seconds.

    A bank that is there already only gets what is missing of the day's beginning. What follows a day outside of the books
    (`lending.day_end`) never holds the next day back.

    Raises:
        AnotherDayEnd, TooFarAhead: see there.
        LogRewritten, HeadRefused: the evidence log was tampered with, an operator's case; the books are done.
        Exception: whatever a stage has raised; what the stages before it did stays, and the next run goes on with it.
    """
    if to_date - (day := business_date()) > FARTHEST:
        raise TooFarAhead(f"{to_date} is more than {FARTHEST.days} days ahead of the business date {day}")
    until = time.monotonic() + seconds
    closed: list[date] = []
    with _one_at_a_time():
        if not BusinessDay.objects.exists():
            _pin()
        while True:
            day = business_date()
            if not _begin(day - DAY, until):
                return Progress(day=day, closed=tuple(closed), finished=False)
            if day >= to_date:
                return Progress(day=day, closed=tuple(closed), finished=True, followed=_follow(day - DAY))
            if closed:
                _try_to_follow(day - DAY)
            if not _end(day, until):
                return Progress(day=day, closed=tuple(closed), finished=False)
            closed.append(day)


def move_regardless(*, closed_date: date) -> None:
    """Move the date on from a day although its end is not done; what it did not book, the next day end does.

    Raises:
        AnotherDayEnd: somebody is at it.
    """
    with _one_at_a_time():
        if business_date() == closed_date:
            move_on(closed_date=closed_date)


def _begin(closed_date: date, until: float) -> bool:
    """Do what is missing of the beginning of the day after a closed one; tell whether all of it is done."""
    done = recorded(closed_date)
    for name, stage in BEGINNING:
        if name not in done:
            if time.monotonic() >= until:
                return False
            stage(closed_date=closed_date)
    return REPRICING in done or reprice_loans(closed_date=closed_date, until=until)


def _end(day: date, until: float) -> bool:
    """Do what is missing of the end of the present day, the change of the date included; tell whether all of it is done."""
    done = recorded(day)
    if not done:
        _catch_up_dues(day=day)
        move_off_a_holiday(day=day + DAY)
    for name, stage in ENDING:
        if name not in done:
            if time.monotonic() >= until:
                return False
            stage(closed_date=day)
            log.info("day_end.stage", day=day.isoformat(), stage=name)
    return True


@opens_transaction
def _catch_up_dues(*, day: date) -> None:
    """Let fall due what somebody has entered as of a day that was just over; usually nothing."""
    pass_dues(day=day)


@opens_transaction
def _pin() -> None:
    """Give a bank that has only followed the calendar a business date of its own."""
    move_business_date(to_date=business_date())


def _try_to_follow(closed_date: date) -> None:
    """Follow a day that this run began on its way to a later one; where that fails, the day's own step tries again."""
    try:
        _follow(closed_date)
    except Exception:
        log.exception("day_end.not_followed", day=(closed_date + DAY).isoformat())


def _follow(closed_date: date) -> bool:
    """Do what follows a day outside of the books, once; tell whether it is done, or somebody else is at it."""
    if FOLLOW in recorded(closed_date):
        return True
    try:
        follow_day()
    except (AnotherPush, HeadOvertaken):
        return False
    _record_following(closed_date=closed_date)
    return True


@opens_transaction
def _record_following(*, closed_date: date) -> None:
    waiting = lines_awaiting_review(on=closed_date + DAY).count()
    record_stage(closed_date=closed_date, stage=FOLLOW, figures={"lines_awaiting_review": waiting})


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Exclude other day ends of this bank, by a lock that ends with the connection."""
    key = f"lending.day_end:{current_bank().schema}"
    if not _ask(TRY_LOCK, key):
        raise AnotherDayEnd
    try:
        yield
    finally:
        _ask(UNLOCK, key)


def _ask(statement: str, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return bool(cursor.fetchone()[0])
