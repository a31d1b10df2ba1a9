"""Capture what the credit bureau is told, day by day (LN-17), and hold bad news back until the borrower was told (LN-15).

A day is captured once, after it has ended: what happened on it loan by loan, and at a month's end every loan that is open.
Doing it twice is doing it once, by a unique constraint; what came in later is not seen, because each loan is read as it stood
at the end of the day.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from core.clock import business_date, now
from core.db.asks import execute, fetch_one
from core.errors import StateConflict
from core.ids import new_id
from core.operations import opens_transaction
from core.steps.queue import enqueue
from lending import servicing_parameters
from lending.bureau_records import Content, is_negative
from lending.models import BureauRecord
from lending.models.bureau import CLASSIFICATION, CLOSE, EXTENSION, MONTH_END, OPEN, REPAYMENT, WRITE_OFF
from lending.models.loan_event import (
    CLASSIFIED,
    EVENT_SETTLED,
    EVENT_WRITTEN_OFF,
    OPENED,
    RECOVERED,
    REPAID,
    RESCHEDULED,
    REVERSED,
)
from lending.operations import bureau_sql
from lending.queries.bureau import contents_of, is_month_end

MOMENTS: Final = {
    OPENED: OPEN,
    REPAID: REPAYMENT,
    RECOVERED: REPAYMENT,
    REVERSED: REPAYMENT,
    CLASSIFIED: CLASSIFICATION,
    RESCHEDULED: EXTENSION,
    EVENT_WRITTEN_OFF: WRITE_OFF,
    EVENT_SETTLED: CLOSE,
}
"""Event → the moment that is reported. Repricing and misuse change no figure of a report by themselves; a reopened loan is
reported with the repayment that was taken back."""
SEND_NOTICE: Final = "credit_notice.send"
AT_ONCE: Final = 1000
Asked = Mapping[str, Any]


@opens_transaction
def capture_bureau_records(*, day: date) -> int:
    """Capture what is to be reported of a business date that is over; return how many records are new.

    Good records may be reported at once. Bad ones wait for their notice (`mind_notices`).

    Raises:
        StateConflict: the day is not over.
    """
    if day >= business_date():
        raise StateConflict("营业日尚未结束")
    is_captured, former = fetch_one(bureau_sql.CAPTURED, [day, day]) or (False, None)
    if is_captured:
        return 0
    happened = _events_of(day, since=former or now())
    made = sum(_keep(moment, day, moved_fen) for moment, moved_fen in sorted(happened.items()) if moved_fen)
    if is_month_end(day):
        made += _month_end(day)
    execute(bureau_sql.CAPTURE, [day, made, now()])
    return made


def _events_of(day: date, *, since: datetime) -> dict[str, dict[uuid.UUID, int]]:
    """Return what happened on a day, or came in late since a moment: by moment, each loan with what moved, in fen."""
    asked: Asked = {"kinds": list(MOMENTS), "day": day, "since": since}
    found: dict[str, dict[uuid.UUID, int]] = {moment: {} for moment in MOMENTS.values()}
    with connection.cursor() as cursor:
        cursor.execute(bureau_sql.EVENTS, asked)
        for loan_id, kind, moved_fen in cursor.fetchall():
            of_moment = found[MOMENTS[kind]]
            of_moment[loan_id] = of_moment.get(loan_id, 0) + int(moved_fen)
    return found


def _month_end(day: date) -> int:
    """Capture every open loan's month: the plain ones by one statement, those in arrears by the arithmetic."""
    asked: Asked = {"day": day, "first": day.replace(day=1), "today": business_date()}
    with connection.cursor() as cursor:
        cursor.execute(bureau_sql.PLAIN_MONTH, asked)
        plain = int(cursor.rowcount)
        cursor.execute(bureau_sql.NOT_PLAIN, asked)
        others = [row[0] for row in cursor.fetchall()]
    return plain + _keep(MONTH_END, day, dict.fromkeys(others, 0))


def _keep(moment: str, day: date, moved_fen: Mapping[uuid.UUID, int]) -> int:
    before = BureauRecord.objects.filter(kind=moment, business_date=day).count()
    ids = list(moved_fen)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        contents = contents_of(some, moment=moment, day=day, moved_fen=moved_fen)
        BureauRecord.objects.bulk_create(
            (
                _record_of(loan_id, moment, day, content)
                for loan_id, content in contents.items()
                if moment != CLOSE or content["settled_date"] is not None  # else what closed it was taken back
            ),
            ignore_conflicts=True,
        )
    return BureauRecord.objects.filter(kind=moment, business_date=day).count() - before


def _record_of(loan_id: uuid.UUID, moment: str, day: date, content: Content) -> BureauRecord:
    """Make a record, not yet kept; a good one may be reported from today on."""
    bad = is_negative(content)
    return BureauRecord(
        id=new_id(), loan_id=loan_id, kind=moment, business_date=day, content=content, negative=bad,
        released_date=None if bad else business_date(),
    )  # fmt: skip


@opens_transaction
def mind_notices() -> int:
    """End the notices of loans that are overdue no more, owe new ones, release what was told long enough ago.

    Returns how many notices are new. Each is sent by a step of its own.
    """
    asked: Asked = {
        "today": business_date(),
        "after": servicing_parameters.notice_after_days(),
        "ahead": servicing_parameters.notice_ahead_days(),
    }
    with connection.cursor() as cursor:
        cursor.execute(bureau_sql.END_NOTICES, asked)
        cursor.execute(bureau_sql.OWE_NOTICES, asked)
        owed = [row[0] for row in cursor.fetchall()]
        cursor.execute(bureau_sql.RELEASE, asked)
    for notice_id in owed:
        enqueue(SEND_NOTICE, notice_id)
    return len(owed)
