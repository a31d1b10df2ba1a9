"""What stands on accounts, now and at any past date: read from postings and closed days, never from a running row.

A GL account's balance is where the last closed day left it plus the postings booked after it, in one statement, so it
is exact whether or not days are closed. A customer's is what their postings add up to.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import connection
from django.db.models import F, Min, Q, Sum

from accounts.ledger.chart import SUSPENSE
from accounts.models import (
    DepositAccount,
    Hold,
    JournalEntry,
    Posting,
    QuotaCharge,
    QuotaUse,
    Receipt,
    ReceiptUse,
    TopUp,
    Transfer,
)
from accounts.models.deposit_account import OWN
from accounts.models.holds import PENDING
from accounts.models.movements import STRANDED
from accounts.models.quotas import DAY, YEAR

TRIAL: Final = """
WITH closed AS (SELECT max(booking_date) AS day FROM accounts_gl_day WHERE booking_date <= coalesce(%(on)s::date, 'infinity'))
SELECT gl_code, sum(fen)::bigint FROM (
    SELECT d.gl_code, d.closing_fen AS fen FROM accounts_gl_day d WHERE d.booking_date = (SELECT day FROM closed)
    UNION ALL
    SELECT p.gl_code, p.amount_fen FROM accounts_journal_entry e JOIN accounts_posting p ON p.entry_id = e.id
    WHERE e.booking_date > coalesce((SELECT day FROM closed), '-infinity')
      AND e.booking_date <= coalesce(%(on)s::date, 'infinity')
) moved WHERE %(code)s::text IS NULL OR gl_code = %(code)s
GROUP BY gl_code ORDER BY gl_code
"""


COUNTS_LATER: Final = """
SELECT coalesce(sum(p.amount_fen), 0)::bigint FROM accounts_journal_entry e JOIN accounts_posting p ON p.entry_id = e.id
WHERE e.booking_date > %(on)s AND e.value_date > %(on)s AND p.gl_code = %(code)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement of a statement, from the customer's side: money in is positive, in fen."""

    posting: Posting
    amount_fen: int
    balance_after_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement of account over whole business days, both ends included; amounts in fen.

    `opening_fen` plus all lines is `closing_fen`; every line's balance is the former one plus its amount.
    """

    from_date: date
    to_date: date
    opening_fen: int
    lines: list[StatementLine]
    closing_fen: int

    @property
    def credited_fen(self) -> int:
        """Return what came in."""
        return sum(line.amount_fen for line in self.lines if line.amount_fen > 0)

    @property
    def debited_fen(self) -> int:
        """Return what went out, as a positive amount."""
        return -sum(line.amount_fen for line in self.lines if line.amount_fen < 0)


def trial_balance(*, on: date | None = None) -> dict[str, int]:
    """Return every GL account's balance in fen, debit positive, now or at the end of a past date; they sum to zero.

    An account that has never moved may be missing.
    """
    return _balances(on, None)


def gl_balance(gl_code: str, *, on: date | None = None) -> int:
    """Return the balance of a GL account in fen, debit positive, now or at the end of a past booking date."""
    return _balances(on, gl_code).get(gl_code, 0)


def gl_balance_by_value(gl_code: str, *, on: date) -> int:
    """Return the balance of a GL account in fen, debit positive, of all that counts from a date or before it.

    What was booked later, but counts from that date or before it, is in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNTS_LATER, {"on": on, "code": gl_code})
        return gl_balance(gl_code) - int(cursor.fetchone()[0])


def late_value_date(*, booked_on: date) -> date | None:
    """Return from which earlier date on something counts that was booked on a date; None where nothing does."""
    rows = JournalEntry.objects.filter(booking_date=booked_on, value_date__lt=F("booking_date"))
    earliest: date | None = rows.aggregate(earliest=Min("value_date"))["earliest"]
    return earliest


def _balances(on: date | None, gl_code: str | None) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(TRIAL, {"on": on, "code": gl_code})
        return {str(code): int(fen) for code, fen in cursor.fetchall()}


def balance_at(account_id: uuid.UUID, *, on: date) -> int:
    """Return what a customer had on an account kept here at the end of a business date, in fen; one query."""
    return _deposited(account_id, entry__booking_date__lte=on)


def _deposited(account_id: uuid.UUID, **when: date) -> int:
    total = Posting.objects.filter(account_id=account_id, **when).aggregate(total=Sum("amount_fen"))["total"]
    return -int(total or 0)


def statement_of_account(account_id: uuid.UUID, *, from_date: date, to_date: date) -> Statement:
    """Return an account's statement from one business date to another, both included; two queries.

    Raises:
        ValueError: the dates are the wrong way round.
    """
    if from_date > to_date:
        msg = f"a statement goes forward, not from {from_date} to {to_date}"
        raise ValueError(msg)
    opening_fen = balance_fen = _deposited(account_id, entry__booking_date__lt=from_date)
    rows = Posting.objects.filter(account_id=account_id, entry__booking_date__range=(from_date, to_date))
    lines = []
    for posting in rows.select_related("entry").order_by("entry__booking_date", "pk"):
        balance_fen -= posting.amount_fen
        lines.append(StatementLine(posting=posting, amount_fen=-posting.amount_fen, balance_after_fen=balance_fen))
    return Statement(
        from_date=from_date, to_date=to_date, opening_fen=opening_fen, lines=lines, closing_fen=balance_fen
    )


def quota_used_fen(account_id: uuid.UUID, *, direction: str, span: str, starts_date: date) -> int:
    """Return how much of an account's quota of a day or a year is used, in fen."""
    rows = QuotaUse.objects.filter(account_id=account_id, direction=direction, span=span, starts_date=starts_date)
    return rows.values_list("used_fen", flat=True).first() or 0


def deposits_equal_ledger() -> bool:
    """Tell whether the balances of all accounts kept here equal the ledger's customer deposits."""
    held = DepositAccount.objects.filter(keeper=OWN).aggregate(total=Sum("balance_fen"))["total"] or 0
    return bool(held == -gl_balance("2011"))


def suspense_agrees() -> bool:
    """Tell whether the ledger's suspense (3101) is what is left of receipts and what is stranded.

    A part of a receipt on its way to an account in the core counts until its entry is booked.
    """
    left = Receipt.objects.aggregate(total=Sum("left_fen"))["total"] or 0
    on_its_way = ReceiptUse.objects.filter(entry=None, code="").aggregate(total=Sum("amount_fen"))["total"] or 0
    stranded = sum(
        model._default_manager.filter(status=STRANDED, given_back=None).aggregate(total=Sum("amount_fen"))["total"] or 0  # noqa: SLF001 -- documented by Django
        for model in (TopUp, Transfer)
    )
    return bool(left + on_its_way + stranded == -gl_balance(SUSPENSE))


def holds_equal_accounts() -> bool:
    """Tell whether every account's held amount is what its pending holds add up to."""
    pending = dict(Hold.objects.filter(status=PENDING).values_list("account_id").annotate(total=Sum("amount_fen")))
    held = dict(DepositAccount.objects.filter(Q(held_fen__gt=0) | Q(pk__in=pending)).values_list("pk", "held_fen"))
    return held == pending


def quotas_equal_charges() -> bool:
    """Tell whether every quota's counter is what was charged and not given back, day by day and year by year."""
    standing = QuotaCharge.objects.filter(returned_at=None)
    by_day = standing.values_list("account_id", "direction", "charged_date").annotate(total=Sum("amount_fen"))
    expected: dict[tuple[uuid.UUID, str, str, date], int] = {}
    for account_id, direction, day, total in by_day:
        for span, first in ((DAY, day), (YEAR, day.replace(month=1, day=1))):
            key = (account_id, direction, span, first)
            expected[key] = expected.get(key, 0) + total
    uses = QuotaUse.objects.filter(used_fen__gt=0).annotate(first=F("starts_date"))
    found = {
        (account_id, direction, span, first): used
        for account_id, direction, span, first, used in uses.values_list(
            "account_id", "direction", "span", "first", "used_fen"
        )
    }
    return found == expected
