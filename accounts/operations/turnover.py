"""Ask for the ID card of whoever has moved much over Class III accounts, and suspend where it is not shown (ACC-07)."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Final

from django.db import connection

from accounts import parameters
from accounts.models import DepositAccount, DocumentDemand
from accounts.models.deposit_account import ACTIVE, CLASS_THREE
from accounts.models.ledger import ARRIVED, POSTED
from accounts.models.movements import FAILED as TRANSFER_FAILED
from accounts.models.movements import REFUNDING
from accounts.models.notice import DOCUMENT_DEMANDED, DOCUMENT_MISSING
from accounts.models.suspension import NO_DOCUMENT
from accounts.operations.notices import owe_notices
from accounts.operations.suspensions import suspend_accounts
from core.clock import business_date
from core.ids import new_id
from core.money import FEN_PER_YUAN
from core.operations import within_transaction
from tenants.parameters import value_of

# Both ways, over all of a person's Class III accounts, those that are closed included; what was reversed never moved, nor has
# a transfer that came back to its account in the core. Who was asked is not looked at again, so that a day reads the short
# histories of the others only.
TURNOVER: Final = """
WITH held AS (
    SELECT a.id, a.customer_id FROM accounts_deposit_account a
    WHERE a.account_class = %(class_three)s
      AND NOT EXISTS (SELECT 1 FROM accounts_document_demand d WHERE d.customer_id = a.customer_id)
), moved AS (
    SELECT h.customer_id, abs(p.amount_fen) AS fen
    FROM held h JOIN accounts_posting p ON p.account_id = h.id JOIN accounts_journal_entry e ON e.id = p.entry_id
    WHERE e.booking_date < %(day)s AND e.reverses_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM accounts_journal_entry r WHERE r.reverses_id = e.id)
    UNION ALL
    SELECT h.customer_id, p.amount_fen
    FROM held h JOIN accounts_payment p ON p.account_id = h.id
    WHERE p.order_date < %(day)s AND p.request_id IS NOT NULL AND p.status = ANY(%(moved)s)
      AND NOT EXISTS (SELECT 1 FROM accounts_transfer t
                      WHERE p.id IN (t.payment_id, t.refund_id) AND t.status = ANY(%(came_back)s))
)
SELECT customer_id, sum(fen)::bigint FROM moved GROUP BY customer_id HAVING sum(fen) >= %(limit_fen)s
"""


@within_transaction
def demand_documents(*, day: date) -> int:
    """Ask every customer whose Class III accounts have moved the limit before a day for an ID card; return how many."""
    values: dict[str, str | date | int | list[str]] = {
        "class_three": CLASS_THREE,
        "day": day,
        "moved": [ARRIVED, POSTED],
        "came_back": [TRANSFER_FAILED, REFUNDING],
        "limit_fen": value_of(parameters.THREE_TURNOVER.name, kind=int, on=day) * FEN_PER_YUAN,
    }
    with connection.cursor() as cursor:
        cursor.execute(TURNOVER, values)
        turnover_of = dict(cursor.fetchall())
    due_date = day + timedelta(days=value_of(parameters.THREE_DOCUMENT_DAYS.name, kind=int, on=day))
    demands = [
        DocumentDemand(
            id=new_id(), customer_id=customer_id, turnover_fen=turnover_fen, demanded_date=day, due_date=due_date
        )
        for customer_id, turnover_fen in turnover_of.items()
    ]
    DocumentDemand.objects.bulk_create(demands, ignore_conflicts=True)
    return owe_notices(kind=DOCUMENT_DEMANDED, about=dict.fromkeys(turnover_of, due_date))


@within_transaction
def suspend_undocumented(*, day: date) -> int:
    """Suspend the Class III accounts of whoever showed no ID card in time; return how many accounts are new."""
    late = DocumentDemand.objects.filter(met_date=None, due_date__lt=day)
    rows = DepositAccount.objects.filter(
        customer_id__in=late.values("customer_id"), account_class=CLASS_THREE, status=ACTIVE
    )
    owner_of = dict(rows.values_list("pk", "customer_id"))
    suspended = suspend_accounts(account_ids=list(owner_of), reason=NO_DOCUMENT, day=day)
    owe_notices(kind=DOCUMENT_MISSING, about={owner_of[account_id]: day for account_id in suspended})
    return len(suspended)


@within_transaction
def document_shown(*, customer_id: uuid.UUID) -> None:
    """Note that a customer showed their ID card on the business date, where it was asked for."""
    DocumentDemand.objects.filter(customer_id=customer_id, met_date=None).update(met_date=business_date())
