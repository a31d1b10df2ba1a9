"""The books as a whole: close a day, reverse an entry, bring a GL account to where it should stand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Final

from django.db import connection
from django.db.models import Max, Min, Q, Sum

from accounts.ledger.chart import CHART, CUSTOMER_DEPOSITS, OTHER_PAYABLES
from accounts.models import GlDay, JournalEntry, Posting
from accounts.operations.ledger import Line, post_entry
from accounts.operations.quotas import return_quota
from accounts.queries import gl_balance
from core.clock import business_date, now
from core.db.asks import execute
from core.db.rows import INSERT, Row, as_json, new_row
from core.errors import NotFound, StateConflict
from core.operations import within_transaction
from core.tenancy import current_bank

CLOSE: Final = "SELECT pg_advisory_xact_lock(accounts_books_key())"
ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
REVERSAL: Final = "reversal"
MEMO_LENGTH: Final = 100
AT_ONCE: Final = 5000


class DayNotOver(ValueError):
    """Raised where a day is to be closed that the bank's business date has not left: a defect of the caller."""


class NotALedgerAccount(ValueError):
    """Raised where a balance is to be trued up on customers' deposits, or on a code that the chart does not have."""


@within_transaction
def close_books(*, day: date) -> int:
    """Close the books up to and with a business day that is over; return how many days were closed.

    Every day since the last closed one gets one row for each account of the chart. Closed twice is closed once. It waits
    for every entry that is being booked, and whoever would still book on a closed day is refused; so it belongs into a
    transaction of its own, which has booked nothing and locked nothing.

    Raises:
        DayNotOver: the day is not before the business date.
    """
    if day >= business_date():
        msg = f"{day} is not over: the business date is {business_date()}"
        raise DayNotOver(msg)
    with connection.cursor() as cursor:
        cursor.execute(CLOSE)
    last = GlDay.objects.aggregate(day=Max("booking_date"))["day"]
    first = last + timedelta(days=1) if last else JournalEntry.objects.aggregate(day=Min("booking_date"))["day"] or day
    if first > day:
        return 0
    rows = _rows(last, first, day)
    while some := list(islice(rows, AT_ONCE)):
        execute(INSERT.format(table=GlDay._meta.db_table), [as_json(some)])  # noqa: SLF001 -- Django's documented model API
    return (day - first).days + 1


def _rows(last: date | None, first: date, day: date) -> Iterator[Row]:
    """Give the rows of the days to be closed, each account's balance carried from one to the next."""
    closing = dict.fromkeys(CHART, 0)
    if last is not None:
        closing |= dict(GlDay.objects.filter(booking_date=last).values_list("gl_code", "closing_fen"))
    moved = {
        (booked, code): (debit or 0, -(credit or 0))
        for booked, code, debit, credit in Posting.objects.filter(entry__booking_date__range=(first, day))
        .values_list("entry__booking_date", "gl_code")
        .annotate(
            debit=Sum("amount_fen", filter=Q(amount_fen__gt=0)), credit=Sum("amount_fen", filter=Q(amount_fen__lt=0))
        )
    }
    closing |= {code: 0 for _, code in moved if code not in closing}
    closed_at = now()
    for offset in range((day - first).days + 1):
        today = first + timedelta(days=offset)
        for code in sorted(closing):
            debit_fen, credit_fen = moved.get((today, code), (0, 0))
            closing[code] += debit_fen - credit_fen
            yield new_row(
                GlDay, booking_date=today, gl_code=code, debit_fen=debit_fen, credit_fen=credit_fen,
                closing_fen=closing[code], closed_at=closed_at,
            )  # fmt: skip


@within_transaction
def reverse_entry(
    *, entry_id: uuid.UUID, business_ref: str, memo: str, value_date: date, owing_id: uuid.UUID | None = None
) -> uuid.UUID:
    """Book an entry's reversal: a new entry on the present business date with every line negated; return its id.

    What the account `owing_id` would get, which can take nothing any more, is owed instead (2241).

    Once for each entry, by a unique reference. What the entry had counted against quotas is given back on the day on
    which it was counted (ACC-05).

    Raises:
        NotFound: there is no such entry.
        StateConflict: it is reversed already, or is itself a reversal.
        InsufficientFunds, AccountNotActive, BalanceLimitExceeded, DayChanging: see `post_entry`.
        django.db.IntegrityError: the business reference is booked already.
    """
    entry = JournalEntry.objects.select_for_update(of=("self",)).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound
    if entry.reverses_id is not None:
        raise StateConflict("冲正分录不能再冲正")
    if JournalEntry.objects.filter(reverses_id=entry_id).exists():
        raise StateConflict("该分录已冲正")
    lines = [
        Line(gl_code=OTHER_PAYABLES, amount_fen=-posting.amount_fen)
        if posting.account_id is not None and posting.account_id == owing_id
        else Line(gl_code=posting.gl_code, amount_fen=-posting.amount_fen, account_id=posting.account_id)
        for posting in entry.postings.order_by("pk")
    ]
    reversal_id = post_entry(
        business_ref=business_ref,
        kind=REVERSAL,
        lines=lines,
        memo=memo[:MEMO_LENGTH],
        value_date=value_date,
        reverses_id=entry_id,
    )
    return_quota(business_ref=entry.business_ref)
    return reversal_id


@within_transaction
def true_up(
    *, gl_code: str, contra_code: str, target_fen: int, business_ref: str, kind: str, memo: str
) -> uuid.UUID | None:
    """Bring a GL account to a balance: book the difference against another; return the entry's id, None where equal.

    `target_fen` is debit positive. One true-up of an account at a time; a reference that is booked already is not booked
    again, whatever the balance is by now.

    Raises:
        NotALedgerAccount: a code is not of the chart, or is that of customers' deposits, or both are the same.
        DayChanging: the day has been closed under the caller; nothing was booked.
    """
    if gl_code == contra_code or not {gl_code, contra_code} <= CHART.keys() - {CUSTOMER_DEPOSITS}:
        msg = f"{gl_code} against {contra_code}: two different accounts of the chart, none of them customers' deposits"
        raise NotALedgerAccount(msg)
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME, [f"{current_bank().schema}.true_up.{gl_code}"])
    if JournalEntry.objects.filter(business_ref=business_ref).exists():
        return None
    difference_fen = target_fen - gl_balance(gl_code)
    if difference_fen == 0:
        return None
    return post_entry(
        business_ref=business_ref,
        kind=kind,
        lines=[
            Line(gl_code=gl_code, amount_fen=difference_fen),
            Line(gl_code=contra_code, amount_fen=-difference_fen),
        ],
        memo=memo,
    )
