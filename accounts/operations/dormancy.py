"""Find the accounts that nobody uses (ACC-08, 银发〔2016〕261号)."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db import connection

from accounts import parameters
from accounts.models.deposit_account import ACTIVE, CLASS_ONE, OWN
from accounts.models.ledger import ARRIVED, POSTED
from accounts.models.notice import DORMANT as TOLD_DORMANT
from accounts.models.suspension import DORMANT
from accounts.operations.notices import owe_notices
from accounts.operations.suspensions import suspend_accounts
from core.operations import within_transaction
from tenants.parameters import value_of

FEN_PER_YUAN: Final = 100
# An account that was proved again begins anew on that day. What rests on it (a loan and its collection) keeps it awake.
DORMANT_ACCOUNTS: Final = """
WITH candidate AS (
    SELECT a.id, a.customer_id, a.keeper, a.balance_fen,
           greatest(a.opened_date, (SELECT max(s.until_date) FROM accounts_suspension s
                                    WHERE s.account_id = a.id AND s.reason = %(reason)s)) AS since
    FROM accounts_deposit_account a
    WHERE a.status = %(active)s AND a.account_class <> %(class_one)s
      AND a.opened_date + make_interval(months => %(months)s) <= %(day)s
      AND NOT EXISTS (SELECT 1 FROM accounts_suspension s
                      WHERE s.account_id = a.id AND s.reason = %(reason)s AND s.until_date IS NULL)
      AND NOT EXISTS (SELECT 1 FROM accounts_claim c WHERE c.account_id = a.id AND c.released_at IS NULL)
), moved AS (
    SELECT p.account_id, e.booking_date AS on_date
    FROM accounts_posting p JOIN accounts_journal_entry e ON e.id = p.entry_id
    WHERE p.account_id IN (SELECT id FROM candidate)
    UNION ALL
    SELECT p.account_id, p.order_date FROM accounts_payment p
    WHERE p.status = ANY(%(moved)s) AND p.account_id IN (SELECT id FROM candidate)
)
SELECT c.id, c.customer_id FROM candidate c
WHERE c.since + make_interval(months => %(months)s) <= %(day)s
  AND (NOT EXISTS (SELECT 1 FROM moved m
                   WHERE m.account_id = c.id AND m.on_date >= c.since
                     AND m.on_date < c.since + make_interval(months => %(months)s))
       OR (c.keeper = %(own)s AND c.balance_fen < %(cap_fen)s
           AND NOT EXISTS (SELECT 1 FROM moved m
                           WHERE m.account_id = c.id
                             AND m.on_date + make_interval(months => %(months)s) > %(day)s)))
"""


@within_transaction
def suspend_dormant(*, day: date) -> int:
    """Suspend the accounts that are dormant on a day and owe their customers a word; return how many are new."""
    with connection.cursor() as cursor:
        cursor.execute(
            DORMANT_ACCOUNTS,
            {
                "day": day,
                "months": value_of(parameters.DORMANT_MONTHS.name, kind=int, on=day),
                "cap_fen": value_of(parameters.DORMANT_BALANCE_YUAN.name, kind=int, on=day) * FEN_PER_YUAN,
                "reason": DORMANT,
                "active": ACTIVE,
                "class_one": CLASS_ONE,
                "own": OWN,
                "moved": [ARRIVED, POSTED],
            },
        )
        owner_of = dict(cursor.fetchall())
    suspended = suspend_accounts(account_ids=list(owner_of), reason=DORMANT, day=day)
    owe_notices(kind=TOLD_DORMANT, about={owner_of[account_id]: day for account_id in suspended})
    return len(suspended)
